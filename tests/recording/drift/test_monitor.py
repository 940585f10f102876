"""`DriftMonitor`: windows of recorded calls, judged as they go by, and what happens then."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drifting import event
from genai_guard import ConfigurationError, MetricsRecorder
from genai_guard.messages import Usage
from genai_guard.recording import Event, HoldCanary, Redactor, Together
from genai_guard.recording.drift import Baseline, Call, DriftAction, DriftEvent, DriftMonitor, Feature

SECRET = "sk-proj-9f8A7b6C5d4E3f2G1h0I9j8K7l6M5n4O3p2Q1r0S"


def calls(lengths: Iterable[int], **values: Any) -> list[Event]:
    return [event("x" * length, number, **values) for number, length in enumerate(lengths)]


def usual(count: int, *, seed: int, factor: float = 1.0) -> list[Event]:
    drawn = np.random.default_rng(seed).lognormal(4, 0.5, count) * factor
    return calls(max(1, round(length)) for length in drawn)


def fed(monitor: DriftMonitor, *batches: Iterable[Event]) -> DriftMonitor:
    """Hand over what a recorder would; one more call ends the last window."""
    redactor = Redactor(scan=lambda _: ())
    for batch in (*batches, usual(1, seed=0)):
        for each in batch:
            monitor.write(redactor.event(each, texts=monitor.wants_text))
    return monitor


def monitor(told: list[Any] | None = None, **values: Any) -> DriftMonitor:
    on_drift: DriftAction | None = None if told is None else told.append
    defaults: dict[str, Any] = {"features": ["prompt_chars", "output_tokens"], "window": 500, "learn": 1000}
    return DriftMonitor(on_drift=on_drift, **defaults | values)


def test_it_learns_from_the_first_calls_and_tells_when_drift_begins_and_ends() -> None:
    told: list[DriftEvent] = []
    watch = fed(
        monitor(told), usual(1000, seed=1), *(usual(500, seed=2 + n, factor=f) for n, f in enumerate((1, 2, 2, 1)))
    )
    assert watch.baseline is not None
    assert watch.baseline.rows == 1000
    assert [len(table.drifted) for table in watch.tables] == [0, 1, 1, 0]
    assert [each.state for each in told] == ["firing", "resolved"]
    assert told[0].message.startswith("prompt_chars: cliffs_delta 0.")
    assert (told[0].value, told[0].threshold, told[0].table) == (1.0, 0.0, watch.tables[1])
    assert told[1].fired_at_s == told[0].fired_at_s
    assert not watch.drifting


def test_a_window_may_be_a_time() -> None:
    rows = [each._replace(time_s=1.7e9 + number * 7) for number, each in enumerate(usual(3000, seed=1))]
    made = Baseline.of(_rows(usual(1000, seed=3)), features=["prompt_chars"])
    watch = monitor(baseline=made, features=["prompt_chars"], window="1 hour")
    for each in rows:
        watch.write(each)
    counts = [table.rows[0].count for table in watch.tables]
    assert counts[1:] == [515, 514, 514, 515, 514]
    window = watch.tables[1].rows[0].window
    assert window is not None
    assert window["start"].endswith(":00:00+00:00")


def test_a_window_ends_when_the_clock_is_set_back() -> None:
    made = Baseline.of(_rows(usual(1000, seed=3)), features=["prompt_chars"])
    watch = monitor(baseline=made, features=["prompt_chars"], window="1 hour")
    for shift_s in (86_400, 86_400 - 1800, 0):  # the second call only began before its window
        watch.write(event("x", time_s=1.7e9 + shift_s))
    assert [table.rows[0].count for table in watch.tables] == [2]


def _rows(events: Iterable[Event]) -> list[dict[str, Any]]:
    from genai_guard.recording.rows import row

    return [row(each) for each in events]


def test_looking_again_and_again_does_not_add_up_to_false_alarms() -> None:
    made = Baseline.of(_rows(usual(1000, seed=1)), features=["output_tokens", "cost_usd", "latency_ms"])
    source = random.Random(6)
    told: list[Any] = []
    watch = monitor(told, baseline=made, features=["output_tokens", "cost_usd"], min_n=50, window=50, looks=100)
    quiet = [event("x", usage=Usage(1, source.randrange(100)), cost_usd=source.random()) for _ in range(5001)]
    watch.rebase(Baseline.of(_rows(quiet[:1000]), features=["output_tokens", "cost_usd"]))
    fed(watch, quiet[1000:])
    assert len(watch.tables) == 80
    assert told == []
    p_values = [row.p_corrected for table in watch.tables for row in table if row.p_corrected is not None]
    assert min(p_values) < 0.2  # which a single look at 0.05 might have taken for drift sooner or later
    assert watch.tables[0].alpha == 0.05 / 100


def test_whatever_an_alert_does_drift_can_do() -> None:
    class Canary:
        held = 0

        def hold(self) -> bool:
            self.held += 1
            return True

        def resume(self) -> bool:
            return True

    canary, told = Canary(), list[Any]()
    watch = DriftMonitor(
        features=["prompt_chars"], window=500, learn=1000, on_drift=Together(HoldCanary(canary), told.append)
    )
    fed(watch, usual(1000, seed=1), usual(500, seed=2, factor=2), usual(500, seed=3, factor=2))
    assert canary.held == 1
    assert isinstance(told[0], DriftEvent)


def test_what_a_callback_or_a_feature_raises_is_counted_and_nothing_ends() -> None:
    def fail(_: object) -> None:
        raise RuntimeError("nobody trains today")

    def broken(call: Call) -> float:
        raise ValueError(call.prompt)

    watch = DriftMonitor(features=["prompt_chars", Feature("broken", broken)], window=500, learn=1000, on_drift=fail)
    fed(watch, usual(1000, seed=1), usual(500, seed=2, factor=2), usual(500, seed=3))
    assert watch.failures == {"broken.ValueError": 2001, "on_drift.RuntimeError": 2}
    assert len(watch.tables) == 2


def test_another_baseline_is_compared_with_after_a_change_that_was_meant() -> None:
    told: list[DriftEvent] = []
    watch = fed(monitor(told), usual(1000, seed=1), usual(500, seed=2, factor=2))
    assert watch.drifting
    watch.rebase()
    assert not watch.drifting
    fed(watch, usual(1000, seed=3, factor=2), usual(500, seed=4, factor=2))
    assert [len(table.drifted) for table in watch.tables] == [1, 0]
    assert [each.state for each in told] == ["firing"]


def test_a_sample_of_the_calls_is_looked_at() -> None:
    watch = monitor(sample=0.25, learn=500)
    fed(watch, usual(2400, seed=1))
    assert watch.baseline is not None


def test_texts_are_handed_over_only_if_a_feature_looks_at_them() -> None:
    assert monitor().wants_text
    assert not monitor(features=["latency_ms", "status", "guard_hits"]).wants_text


def test_behind_a_recorder_no_secret_is_kept_and_nothing_is_lost(tmp_path: Path) -> None:
    told: list[DriftEvent] = []
    features = ["prompt_chars", "prompt_vocabulary", "model", "guard_hits"]
    watch = DriftMonitor(features=features, window=500, learn=500, on_drift=told.append)
    recorder = MetricsRecorder(sinks=[watch], queue_size=5000)
    for number in range(1001):
        recorder.record(event(f"my key is {SECRET} and so on" + " penguins" * (number // 500 * 9), number))
    assert recorder.close(timeout_s=60)
    assert recorder.dropped == {}
    assert len(watch.tables) == len(told) == 1
    assert watch.baseline is not None
    watch.baseline.save(tmp_path / "b.json")
    shown = [repr(watch), str(watch.tables[0]), watch.tables[0].to_json(), told[0].message, repr(told[0])]
    shown.append((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert not [text for text in shown if SECRET in text or "sk-proj" in text]
    assert "penguins" in watch.tables[0].to_json()  # a new word of a redacted text, which five hundred calls hold
    assert "penguins" not in told[0].message


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork_the_child_begins_anew() -> None:
    watch = fed(monitor(), usual(400, seed=1))
    pid = os.fork()
    if pid == 0:
        watch.write(usual(1, seed=2)[0])
        os._exit(0 if watch._window.cells and next(iter(watch._window.cells.values())).rows == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"window": 100}, "at least min_n calls, which is 500"),
        ({"window": "soon"}, "'1 hour'"),
        ({"looks": 0}, "looks"),
        ({"learn": 100}, "learn"),
        ({"sample": 0}, "sample"),
        ({"on_drift": 3}, "on_drift"),
        ({"redact": "all"}, "redact"),
        ({"severity": "loud"}, "severity"),
        ({"name": ""}, "name"),
        ({"baseline": "nowhere.json"}, "cannot be read"),
        ({"max_values": 100}, "max_values"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        DriftMonitor(**wrong)
