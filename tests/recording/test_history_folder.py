"""What becomes of counts that are kept when files are torn, corrupt, old or large, and when disks are full."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from genai_guard.errors import ConfigurationError
from genai_guard.recording import Alert, MetricsHistory
from recorders import DAY_S, Clock, call, later, recorder

HOUR_S = 3600.0


@pytest.fixture
def history(tmp_path: Path) -> MetricsHistory:
    return MetricsHistory(tmp_path / "metrics")


@pytest.fixture
def kept(history: MetricsHistory, clock: Clock) -> Path:
    """A folder with an hour of 60 calls in it, one a minute; the last of them runs."""
    metrics = recorder(clock, history=history)
    for _ in range(60):
        clock.now_s += 60.0
        metrics.record(call(cost_usd=1.0))
        assert metrics.flush(timeout_s=30)
    metrics.close()
    return Path(history.folder, "0")


def calls_known(history: MetricsHistory, clock: Clock) -> tuple[int, dict[str, int]]:
    metrics = recorder(later(clock), history=history, alerts=[Alert.budget(usd=1e6, per="day")])
    known = metrics._ledger.read(lambda moment: moment.counts(DAY_S).calls)
    metrics.close()
    return known, metrics.dropped


def test_a_line_torn_by_a_crash_is_left_out_and_the_rest_is_known(
    kept: Path, history: MetricsHistory, clock: Clock
) -> None:
    (segment,) = kept.glob("*.jsonl")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-40])  # the last cell that was over held five calls

    assert calls_known(history, clock) == (55, {})


def test_what_is_corrupt_is_told_counted_and_passed_over(kept: Path, history: MetricsHistory, clock: Clock) -> None:
    (segment,) = kept.glob("*.jsonl")
    _, second, *rest = segment.read_bytes().splitlines(keepends=True)
    broken = json.loads(second)
    broken["series"][0]["latency"] = [1, "many"]
    segment.write_bytes(b'{"version": 1}\n' + json.dumps(broken).encode() + b"\n" + b"\x00\xff\n" + b"".join(rest))
    (kept / "running.json").write_text("{", encoding="ascii")

    with capture_logs() as logs:
        known, dropped = calls_known(history, clock)

    assert dropped == {"history.corrupt": 4}
    assert known == 60 - 4 - 5 - 6  # the first two cells, and the two that ran
    assert [log["event"] for log in logs if log.get("reason") == "corrupt"] == ["metrics of before are not all there"]
    assert history.snapshot(DAY_S, until_s=clock.wall()).calls == known


def test_a_crash_between_two_writes_counts_nothing_twice(kept: Path, history: MetricsHistory, clock: Clock) -> None:
    before = shutil.copy(kept / "running.json", kept.parent / "running")
    running = json.loads(Path(before).read_text(encoding="ascii"))["cells"]
    metrics = recorder(later(clock, after_s=HOUR_S), history=history)
    metrics.record(call())
    metrics.close()  # it has appended what ran
    shutil.copy(before, kept / "running.json")

    assert len(running) == 2
    assert history.snapshot(DAY_S, until_s=clock.wall()).calls == 60


def test_what_a_clock_set_back_left_in_the_future_is_not_known_and_told(
    kept: Path, history: MetricsHistory, clock: Clock
) -> None:
    clock.midnight_s -= 40 * 60.0

    known, dropped = calls_known(history, clock)

    assert dropped == {"history.future": 1}
    assert 19 <= known <= 25


def test_a_disk_that_is_full_for_a_while_loses_nothing(
    history: MetricsHistory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = recorder(clock, history=history)
    metrics.record(call())
    assert metrics.flush(timeout_s=30)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for _ in range(10):
            clock.now_s += 120.0
            metrics.record(call())
            assert metrics.flush(timeout_s=30)
    assert metrics.dropped["history.OSError"] > 1
    assert metrics.snapshot().calls == 11
    assert metrics.flush(timeout_s=30)
    assert history.snapshot(until_s=clock.wall()).calls == 11


def test_what_was_counted_before_a_pause_of_hours_is_not_lost(history: MetricsHistory, clock: Clock) -> None:
    metrics = recorder(clock, history=history)
    for _ in range(3):
        metrics.record(call())
        clock.now_s += 20.0
        assert metrics.flush(timeout_s=30)
        clock.now_s += 2 * HOUR_S
    metrics.close()

    assert metrics.dropped == {}
    assert history.snapshot(DAY_S, until_s=clock.wall()).calls == 3


def test_what_was_not_written_for_an_hour_is_told(history: MetricsHistory, clock: Clock) -> None:
    metrics = recorder(clock, history=history)
    metrics.record(call())
    assert metrics.flush(timeout_s=30)
    for _ in range(3):
        clock.now_s += 2 * HOUR_S
        metrics.record(call())
        metrics.snapshot()
    assert metrics.flush(timeout_s=30)

    assert metrics.dropped == {"history.late": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="folders are made writable by other means")
def test_where_nothing_can_be_written_calls_go_on(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    metrics = recorder(clock, history=MetricsHistory(tmp_path / "file" / "metrics"))
    metrics.record(call())

    assert metrics.snapshot().calls == 1
    assert metrics.flush(timeout_s=30)
    assert metrics.dropped["history.NotADirectoryError"] >= 1
    assert metrics.close()


def test_old_files_are_deleted_and_large_ones_too(tmp_path: Path, clock: Clock) -> None:
    history = MetricsHistory(tmp_path, keep_days=3, max_mb=0.005)
    metrics = recorder(clock, history=history)
    for _ in range(60):
        clock.now_s += 3 * HOUR_S
        metrics.record(call(latency_s=clock.now_s / 1e4))
        assert metrics.flush(timeout_s=30)

    names = sorted(path.name for path in (tmp_path / "0").glob("*.jsonl"))
    assert names[0] >= "2024-10-08"  # of eight days
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.jsonl")) < 6000


@pytest.mark.parametrize("wrong", [{"window_s": 5 * DAY_S}, {"model": "large"}])
def test_the_history_answers_for_what_it_has(
    wrong: dict[str, Any], kept: Path, history: MetricsHistory, clock: Clock
) -> None:
    if "model" in wrong:
        assert history.snapshot(until_s=clock.wall(), **wrong).calls == 0
        wrong = {"flavour": "sweet"}
    with pytest.raises(ConfigurationError):
        history.snapshot(until_s=clock.wall(), **wrong)
