"""Who follows a folder sees every line once, whole, and nothing of what is torn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from genai_guard.recording.logs import following
from genai_guard.recording.logs.following import follow


def look(follower: Iterator[bytes | None]) -> list[str]:
    return [line.decode().rstrip("\n") for line in iter(lambda: next(follower), None)]


def append(segment: Path, text: str) -> None:
    with segment.open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    return tmp_path / "2026-11-20-7-00001.jsonl"


def test_a_torn_line_is_waited_for_and_may_be_cut_off(tmp_path: Path, segment: Path) -> None:
    follower = follow(tmp_path)
    assert look(follower) == []
    append(segment, "a\nb")
    assert look(follower) == ["a"]
    append(segment, "b\ntorn")
    assert look(follower) == ["bb"]
    segment.write_text(segment.read_text().removesuffix("torn"))
    assert look(follower) == []
    append(segment, "c\n")
    assert look(follower) == ["c"]


@pytest.mark.parametrize(("back", "seen"), [(0, []), (1, []), (3, ["bb"]), (4, ["bb"]), (5, ["bb"]), (6, ["aa", "bb"])])
def test_the_latest_lines_may_come_first_but_never_a_part_of_one(
    back: int, seen: list[str], tmp_path: Path, segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_LOOK_BACK_BYTES", back)
    append(segment, "aa\nbb\n")
    follower = follow(tmp_path, since_s=0)
    assert look(follower) == seen
    append(segment, "cc\n")
    assert look(follower) == ["cc"]


def test_what_was_last_written_before_is_taken_as_read(tmp_path: Path, segment: Path) -> None:
    append(segment, "old\n")
    os.utime(segment, (1e9, 1e9))
    append(segment.with_name("2026-11-21-7-00001.jsonl"), "new\n")
    follower = follow(tmp_path, since_s=1.1e9)
    assert look(follower) == ["new"]
    append(segment, "late\n")
    assert look(follower) == ["late"]
