"""A user asks to be forgotten: every row goes, what happened stays, and the chain stays valid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from audits import KEY, PLAIN, audit, blocked, lines, put
from genai_guard import ConfigurationError, InferenceLog, MetricsRecorder
from genai_guard.messages import Caller, Part
from genai_guard.recording import ExposureLog
from genai_guard.recording.audit.canonical import canonical
from genai_guard.recording.audit.erasing import ranges
from genai_guard.recording.segments import SegmentWriter, blank
from genai_guard.recording.segments import lines as whole_lines
from genai_guard.routing import Assignment, Reason


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def test_a_user_is_taken_out_of_everything_and_the_chain_stays_valid(tmp_path: Path) -> None:
    log, exposures = InferenceLog(tmp_path / "log", redact=PLAIN), ExposureLog(tmp_path / "exposures")
    trail = audit(tmp_path / "audit", anchor=tmp_path / "heads.jsonl")
    with trail, MetricsRecorder(log=log, exposures=exposures, audit=trail) as recorder:
        for number in range(6):
            user = f"zoe-{number % 2}"
            given_to = Assignment("x", "a", {}, Reason.SPLIT, 1, 0.5, unit=user)
            made_for = Caller(user=user, session=f"s-{user}")
            recorder.record(
                blocked(str(number), caller=made_for, assignments=(given_to,), attempts=1, request=(Part("hello"),))
            )
        erased = recorder.erase(user="zoe-1")
        recorder.record(blocked("6", caller=Caller(user="zoe-0")))

    assert erased == {"log": 3, "exposures": 1, "audit": 3}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"zoe-1" in path.read_bytes()]
    assert [row["request_id"] for row in log.read()] == ["0", "2", "4", "6"]
    assert len(list(exposures.read())) == 1
    found = trail.verify()
    assert (found.ok, found.records, found.erased) == (True, 8, 3)
    assert [record["facts"].get("request_id") for record in trail.read()] == ["0", "1", "2", "3", "4", "5", None, "6"]


def test_a_subject_that_somebody_took_out_without_saying_so_is_missed(tmp_path: Path) -> None:
    with audit(tmp_path) as trail:
        for number in range(3):
            trail.hear(blocked(str(number)))
        trail.flush()
        trail.erase(user="nobody")
    changed = lines(tmp_path)
    record = json.loads(changed[1])
    del record["subject"]
    put(tmp_path, [changed[0], canonical(record) + b"\n", changed[2]])

    problem = trail.verify().problem

    assert problem is not None
    assert problem.sequence == 2


def test_an_erasure_that_was_interrupted_is_finished_by_another(tmp_path: Path) -> None:
    with audit(tmp_path) as trail:
        for number in range(3):
            trail.hear(blocked(str(number)))
        trail.flush()
        before = lines(tmp_path)
        trail.erase(user="u-1")
        (_, _, _, erasure) = lines(tmp_path)
        put(tmp_path, [*before, erasure])
        assert trail.verify().ok
        assert trail.erase(user="u-1") == 3
        trail.record("change")
        trail.flush()

    assert trail.verify().erased == 3
    assert trail.verify().ok


def test_lines_that_are_no_records_are_left_as_they_are(tmp_path: Path) -> None:
    with audit(tmp_path) as trail:
        trail.hear(blocked())
        trail.flush()
        put(tmp_path, [*lines(tmp_path), b"no record\n"])
        trail.erase(user="u-1")

    assert b"no record\n" in lines(tmp_path)


@pytest.mark.parametrize("user", ["", None, 7])
def test_nobody_cannot_be_erased(tmp_path: Path, user: str) -> None:
    for log in (audit(tmp_path), InferenceLog(tmp_path), ExposureLog(tmp_path)):
        with pytest.raises(ConfigurationError, match="user"):
            log.erase(user=user)


@given(st.sets(st.integers(1, 60)))
def test_ranges_are_the_numbers_and_none_touches_the_next(numbers: set[int]) -> None:
    found = list(ranges(sorted(numbers)))

    assert {each for first, last in found for each in range(first, last + 1)} == numbers
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))


def test_who_writes_at_the_end_of_a_segment_does_not_notice_that_lines_are_blanked(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, max_bytes=1 << 20)
    for row in (b"one\n", b"two\n", b"three\n"):
        writer.append(row, day="2026-11-20")
    (segment,) = tmp_path.iterdir()

    blanked = blank(segment, lambda line: line == b"two")
    writer.append(b"four\n", day="2026-11-20")
    writer.close()

    assert blanked == 1
    assert list(whole_lines(segment)) == [b"one", b"   ", b"three", b"four"]


def test_a_row_that_was_erased_is_not_told_as_damaged(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path, redact=PLAIN)
    writer = log.writer()
    writer.write(blocked("r"))
    writer.close()
    skipped: list[int] = []

    log.erase(user="u-1")

    assert list(log.read(on_skip=lambda _, line: skipped.append(line))) == []
    assert skipped == []


def test_an_erased_record_is_signed_as_before(tmp_path: Path) -> None:
    with audit(tmp_path) as trail:
        trail.hear(blocked())
        trail.flush()
        (before,) = trail.read()
        trail.erase(user="u-1")
    after, _ = trail.read()

    assert {**after, "subject": before["subject"]} == before
    assert KEY.id == after["key"]
