"""Which segments are sealed, when they are, and what becomes of the oldest of them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from genai_guard.recording import InferenceLog, MetricsRecorder
from genai_guard.recording.logs.following import follow
from genai_guard.recording.logs.retention import Piece, first_day_kept, prune_segments, surplus
from genai_guard.recording.segments import SegmentWriter, is_sealed, segments
from recorders import call

DAY = "2026-11-20"
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


class Time:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def sealed(folder: Path) -> list[bool]:
    return [is_sealed(segment) for segment in segments(folder)]


# --- sealed or open ---------------------------------------------------------------------------------------------------


def test_a_segment_is_sealed_once_its_writer_has_closed_it(tmp_path: Path) -> None:
    log = SegmentWriter(tmp_path, max_bytes=10)
    log.append(b"12345678\n", day=DAY)
    assert sealed(tmp_path) == [False]
    log.append(b"12345678\n", day=DAY)
    assert sealed(tmp_path) == [True, False]
    log.close()
    assert sealed(tmp_path) == [True, True]


def test_an_empty_segment_is_not_sealed_since_its_writer_may_not_have_its_lock_yet(tmp_path: Path) -> None:
    (tmp_path / f"{DAY}-1-00001.jsonl").touch()

    assert sealed(tmp_path) == [False]
    assert not is_sealed(tmp_path / "gone.jsonl")


LEAVE_OPEN = """
import os, sys, time
from pathlib import Path
from genai_guard.recording.segments import SegmentWriter

log = SegmentWriter(Path(sys.argv[1]), max_bytes=1 << 20)
log.append(b"parent\\n", day="2026-11-20")
if not os.fork():
    print("ready", flush=True)
    time.sleep(60)
    os._exit(0)
time.sleep(60)
"""


@forks
def test_the_segment_of_a_process_that_was_killed_is_sealed_even_if_its_child_lives_on(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", LEAVE_OPEN, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        assert sealed(tmp_path) == [False]
        parent.kill()
        parent.wait()
        assert sealed(tmp_path) == [True]
        os.killpg(parent.pid, 9)


def test_names_are_never_given_twice(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):  # as a container does that always has process number 1, and whose old segments are deleted
        log = SegmentWriter(tmp_path, max_bytes=100)
        log.append(b"x\n", day=DAY)
        log.close()
        (segment,) = segments(tmp_path)
        names.add(segment.name)
        segment.unlink()

    assert len(names) == 3


# --- rotation by age, and the disk ------------------------------------------------------------------------------------


def test_an_old_segment_is_closed_by_the_next_line_or_by_a_tick(tmp_path: Path) -> None:
    clock = Time()
    log = SegmentWriter(tmp_path, max_bytes=100, max_age_s=60, clock=clock)
    assert log.tick() is None
    log.append(b"1\n", day=DAY)
    clock.now_s = 20.0
    assert log.tick() == 40.0
    clock.now_s = 60.0
    log.append(b"2\n", day=DAY)
    assert sealed(tmp_path) == [True, False]
    clock.now_s = 120.0
    assert log.tick() is None
    assert sealed(tmp_path) == [True, True]


@pytest.mark.parametrize(("fsync", "synced"), [(False, 0), (True, 4), (5.0, 1)])
def test_lines_are_brought_to_the_disk_as_the_policy_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: bool | float, synced: int
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    clock = Time()
    log = SegmentWriter(tmp_path, max_bytes=100, fsync=fsync, clock=clock)
    for _ in range(4):
        log.append(b"1\n", day=DAY)
        clock.now_s += 1
        log.tick()
    calls_meanwhile = len(calls) - bool(fsync)  # once for the name of the file
    clock.now_s = 5.0
    log.tick()

    assert calls_meanwhile == (synced if fsync is True else 0)
    assert len(calls) - bool(fsync) == synced


def test_what_waits_for_the_disk_is_brought_there_by_a_flush_and_at_the_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    log = InferenceLog(tmp_path, fsync=3600).writer()
    for finish in (log.flush, log.close):
        log.write(call())
        monkeypatch.setattr(os, "fsync", calls.append)
        finish()
        monkeypatch.undo()

    assert len(calls) == 2
    assert log.tick() is None


# --- retention --------------------------------------------------------------------------------------------------------


def piece(day: int, size_bytes: int = 10, **values: Any) -> Piece:
    return Piece(f"2026-11-{day:02d}-1-00001.jsonl", size_bytes, values.get("at", day), values.get("is_sealed", True))


@pytest.mark.parametrize(
    ("first_day", "max_total_bytes", "deleted"),
    [
        ("", 1e9, []),
        ("2026-11-03", 1e9, [1, 2]),
        ("", 25, [1, 2]),
        ("", 0, [1, 2, 3, 4]),
        ("2026-11-02", 25, [1, 2]),
    ],
)
def test_the_oldest_segments_are_surplus(first_day: str, max_total_bytes: float, deleted: list[int]) -> None:
    found = surplus(map(piece, (4, 2, 3, 1)), first_day=first_day, max_total_bytes=max_total_bytes)

    assert [int(each.name[8:10]) for each in found] == deleted


def test_a_segment_that_is_written_to_is_no_surplus_and_the_next_oldest_goes_in_its_place() -> None:
    found = surplus([piece(1, is_sealed=False), piece(2), piece(3)], first_day="2026-12-01", max_total_bytes=0)

    assert [each.name[8:10] for each in found] == ["02", "03"]


def test_days_are_kept_whole() -> None:
    assert first_day_kept(date(2026, 11, 20), max_age_days=7) == "2026-11-13"
    assert first_day_kept(date(2026, 11, 20), max_age_days=None) == ""
    assert first_day_kept(date(2026, 11, 20), max_age_days=10**7) == ""


def test_pruning_leaves_what_others_write_and_what_is_no_segment(tmp_path: Path) -> None:
    other = SegmentWriter(tmp_path, max_bytes=100)
    other.append(b"x\n", day=DAY)
    (tmp_path / f"{DAY}-1-00001.jsonl").write_bytes(b"x\n")
    (tmp_path / "notes.txt").write_bytes(b"x\n")

    pruned = prune_segments(tmp_path, first_day="2027-01-01", max_total_bytes=0)

    assert pruned == (1, 0, 2)
    assert len(list(tmp_path.iterdir())) == 2
    other.append(b"y\n", day=DAY)
    assert [segment.read_bytes() for segment in segments(tmp_path)] == [b"x\ny\n"]


def test_a_log_prunes_when_it_begins_a_segment_and_counts_it(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path, max_segment_mb=0.001, max_total_mb=0.003)
    writer = log.writer()
    for number in range(30):
        writer.write(call(request_id=str(number)))

    kept = [row["request_id"] for row in log.read()]
    assert kept == [str(number) for number in range(30 - len(kept), 30)]
    assert sum(segment.stat().st_size for segment in log.segments()) < 0.005 * (1 << 20)
    assert writer.pruned.segments == 30 - len(kept)
    assert InferenceLog(tmp_path, max_age_days=1).prune(now_s=1.7e9 + 3 * 86_400).segments == len(kept) - 1


def test_what_cannot_be_deleted_loses_no_row_and_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError

    log = InferenceLog(tmp_path, max_segment_mb=0.001, max_total_mb=0.001)
    with MetricsRecorder(log=log) as recorder:
        monkeypatch.setattr(Path, "unlink", refuse)
        for _ in range(4):
            recorder.record(call())
        assert recorder.flush(timeout_s=30)
        dropped = recorder.dropped

    assert len(list(log.read())) == 4
    assert dropped == {"log.PermissionError": 2}


# --- following --------------------------------------------------------------------------------------------------------


def test_following_tells_whole_lines_of_all_segments_as_they_come(tmp_path: Path) -> None:
    first = SegmentWriter(tmp_path, max_bytes=8)
    first.append(b"old\n", day=DAY)
    told = follow(tmp_path)

    def look() -> list[bytes]:
        return list(iter(lambda: next(told), None))

    assert look() == []
    first.append(b"new\n", day=DAY)
    second = SegmentWriter(tmp_path, max_bytes=100)
    second.append(b"other\n", day=DAY)
    assert sorted(look()) == [b"new\n", b"other\n"]
    with segments(tmp_path)[0].open("ab") as torn:
        torn.write(b"tor")
    assert look() == []
    segments(tmp_path)[0].unlink()
    first.append(b"1\n", day=DAY)
    assert look() == [b"1\n"]
