"""Who follows a log sees every row once, whole, and nothing of what is torn or erased."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from genai_guard.recording.event import Event
from genai_guard.recording.following import SegmentFollower
from genai_guard.recording.inference_log import InferenceLog


def ids(follower: SegmentFollower) -> list[str]:
    return [row["request_id"] for row in follower.poll()]


def append(segment: Path, text: str) -> None:
    with segment.open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    return tmp_path / "2026-11-20-7-00001.jsonl"


@pytest.fixture
def log(tmp_path: Path) -> InferenceLog:
    return InferenceLog(tmp_path)


def test_each_row_is_seen_once_across_segments_and_their_folder_may_come_later(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path / "later", max_segment_mb=0.002)
    follower = log.follow()
    assert ids(follower) == []
    writer = log.writer()
    for number in range(9):
        writer.write(Event(1_795_269_330.0, f"r{number}"))
        assert ids(follower) == [f"r{number}"]
    assert len(log.segments()) > 2
    assert ids(follower) == []
    log.segments()[0].unlink()
    assert ids(follower) == []


def test_a_torn_line_is_waited_for_and_may_be_cut_off(log: InferenceLog, segment: Path) -> None:
    follower = log.follow()
    append(segment, '{"request_id": "a"}\n{"requ')
    assert ids(follower) == ["a"]
    append(segment, 'est_id": "b"}\n{"torn')
    assert ids(follower) == ["b"]
    segment.write_text(segment.read_text().removesuffix('{"torn'))
    assert ids(follower) == []
    append(segment, '{"request_id": "c"}\n')
    assert ids(follower) == ["c"]


def test_what_is_no_row_is_counted_and_what_was_erased_is_not(log: InferenceLog, segment: Path) -> None:
    follower = log.follow()
    append(segment, '   \nno json\n[]\n\xff\n{"request_id": "a"}\n')
    assert (ids(follower), follower.skipped) == (["a"], 3)


@pytest.mark.parametrize(("back_bytes", "seen"), [(0, []), (20, ["b"]), (21, ["b"]), (39, ["b"]), (40, ["a", "b"])])
def test_a_follower_may_begin_at_the_end_but_never_within_a_line(
    back_bytes: int, seen: list[str], log: InferenceLog, segment: Path
) -> None:
    append(segment, '{"request_id": "a"}\n{"request_id": "b"}\n')
    follower = log.follow(back_bytes=back_bytes)
    assert ids(follower) == seen
    append(segment, '{"request_id": "c"}\n')
    assert ids(follower) == ["c"]


def test_a_segment_that_was_exchanged_is_read_from_its_beginning(log: InferenceLog, segment: Path) -> None:
    follower = log.follow()
    append(segment, '{"request_id": "a"}\n')
    assert ids(follower) == ["a"]
    other = segment.with_suffix(".other")
    append(other, '{"request_id": "b"}\n')
    other.replace(segment)
    assert ids(follower) == ["b"]


def test_what_was_last_written_long_ago_may_be_taken_as_read(log: InferenceLog, segment: Path) -> None:
    append(segment, '{"request_id": "old"}\n')
    os.utime(segment, (1e9, 1e9))
    append(segment.with_name("2026-11-21-7-00001.jsonl"), '{"request_id": "new"}\n')
    follower = log.follow(since_s=1.1e9)
    assert ids(follower) == ["new"]
    append(segment, '{"request_id": "late"}\n')
    assert ids(follower) == ["late"]
