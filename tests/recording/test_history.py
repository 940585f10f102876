"""Counts that outlast a process, and are added up over all of them."""

from __future__ import annotations

import json
import math
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller, Usage
from genai_guard.recording import Alert, AlertEvent, Event, MetricsHistory, MetricsRecorder, burn_rates
from genai_guard.recording.history.cells import Cell, cell_of, plain
from genai_guard.recording.ledger import Moment
from genai_guard.recording.windows import COUNTED_S
from genai_guard.verdicts import Action, Verdict
from recorders import DAY_S, Clock, call, later, recorder

HOUR_S = 3600.0
BUDGETS = (Alert.budget(usd=3, per="hour"), Alert.budget(usd=20, per="day"), Alert.budget(usd=40, per="month"))
ALERTS = (*burn_rates(slo=0.99), *BUDGETS)


def killed(metrics: MetricsRecorder) -> None:
    """End a recorder as its process would by `kill -9`: the lock is gone, and nothing more is written."""
    assert metrics._keeping is not None
    metrics._keeping._keeper.after_fork()
    metrics._keeping._keeper._closed = True


def made(number: int, source: random.Random, **values: Any) -> Event:
    status = "error" if source.random() < 0.05 else "ok"
    values = {
        "error_type": "APIError" if status == "error" else "",
        "latency_s": source.lognormvariate(0, 0.5),
        **values,
    }
    return call(model="ab"[number % 2], status=status, usage=Usage(100, 10), cost_usd=0.125, **values)


def state(metrics: MetricsRecorder) -> dict[str, Any]:
    """What alerts are decided from."""

    def look(moment: Moment) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for window_s in (2 * HOUR_S, 6 * HOUR_S, DAY_S, COUNTED_S):
            for key, counts in moment.grouped(window_s, (1,)).items():
                found[f"{window_s} {key}"] = (counts.calls, counts.errors, counts.tokens, counts.usd, dict(counts.slow))
        return found | {per: moment.spent(per) for per in ("hour", "day", "month")}

    return metrics._ledger.read(look)


def firing(events: list[AlertEvent]) -> set[str]:
    return {event.name for event in events if event.state == "firing"}


@pytest.fixture
def history(tmp_path: Path) -> MetricsHistory:
    return MetricsHistory(tmp_path / "metrics")


@pytest.mark.parametrize("is_killed", [False, True], ids=["closed", "killed"])
def test_after_a_restart_alerts_and_budgets_see_what_they_would_have_seen(
    history: MetricsHistory, clock: Clock, is_killed: bool
) -> None:
    source = random.Random(5)
    clock.midnight_s += 12 * HOUR_S
    lasting_clock = later(clock)
    lasting = recorder(lasting_clock, alerts=ALERTS)
    metrics = recorder(clock, alerts=ALERTS, history=history)
    for number in range(400):
        event, pause_s = made(number, source), source.expovariate(1 / 400)
        if number % 57 == 56:
            assert metrics.flush(timeout_s=30)
            killed(metrics) if is_killed else metrics.close()
            clock = later(clock)
            metrics = recorder(clock, alerts=ALERTS, history=history)
        for each in (clock, lasting_clock):
            each.now_s += pause_s
        for both in (metrics, lasting):
            both.record(event)
        assert metrics.flush(timeout_s=30)
        if number % 20 == 0:
            assert state(metrics) == state(lasting)
            assert metrics.dropped == {}

    assert state(metrics) == state(lasting)
    assert firing(metrics.alerts()) == firing(lasting.alerts()) != set()
    ours, theirs = [both.timeseries(HOUR_S, window_s=COUNTED_S, by="model") for both in (metrics, lasting)]
    assert [replace(point, window_s=0.0) for point in ours.points] == [
        replace(point, window_s=0.0) for point in theirs.points
    ]
    assert [path.name for path in history.folder.iterdir()] == ["0"]


def test_a_budget_that_is_spent_is_told_by_the_next_process(history: MetricsHistory, clock: Clock) -> None:
    metrics = recorder(clock, history=history)
    metrics.record(call(cost_usd=30.0))
    metrics.close()

    told: list[str] = []
    later_clock = later(clock, after_s=60.0)
    following = recorder(
        later_clock,
        history=history,
        alerts=[Alert.budget(usd=25, per="day")],
        on_alert=lambda event: told.append(event.name),
    )
    assert firing(following.alerts()) == {"budget_25_usd_per_day"}
    assert following.flush(timeout_s=30)
    assert told == ["budget_25_usd_per_day"]
    tomorrow = recorder(later(clock, after_s=DAY_S), history=history, alerts=[Alert.budget(usd=25, per="day")])
    assert firing(tomorrow.alerts()) == set()


def test_what_all_processes_counted_is_added_up_exactly(history: MetricsHistory, clock: Clock) -> None:
    source = random.Random(7)
    recorders = [recorder(clock, history=history, dimensions=("model",)) for _ in range(3)]
    latencies: list[float] = []
    hits = (Verdict(Action.REDACT, guard="pii"),)
    for number in range(900):
        clock.now_s += 4.0
        event = made(number, source, verdicts=hits if number % 9 == 0 else (), retries=1, attempts=2, queue_s=0.1)
        latencies.append(event.latency_s)
        recorders[number % 3].record(event)
    for each in recorders[:2]:
        each.close()
    assert recorders[2].flush(timeout_s=30)

    found = history.snapshot(2 * HOUR_S, until_s=clock.wall())

    parts = [each.snapshot(HOUR_S) for each in recorders]
    assert found.calls == sum(part.calls for part in parts) == 900
    assert found.cost_usd == 900 * 0.125
    assert (found.retries, found.guardrail_hits, found.queue_ms.count) == (900, {"pii": {"redact": 100}}, 900)
    assert found.statuses["error"] == found.error_types["APIError"] == sum(part.errors for part in parts)
    exact = sorted(latencies)
    for share, ours in ((0.5, found.latency_ms.p50), (0.95, found.latency_ms.p95), (0.99, found.latency_ms.p99)):
        assert ours == pytest.approx(exact[math.ceil(share * 900) - 1] * 1e3, rel=0.01)
    models = history.breakdown("model", window_s=2 * HOUR_S, until_s=clock.wall())
    assert {model: each.calls for model, each in models.items()} == {"a": 450, "b": 450}
    steps = history.timeseries(600.0, window_s=2 * HOUR_S, until_s=clock.wall(), model="a")
    assert sum(point.calls for point in steps.points) == 450
    assert steps.points[-2].latency_ms.p95 is not None


def test_a_forgotten_recorder_writes_what_it_counted_and_lets_the_next_take_over(history: MetricsHistory) -> None:
    metrics = MetricsRecorder(history=history)
    metrics.record(call())
    assert metrics.snapshot().calls == 1
    (thread,) = [each for each in threading.enumerate() if each.name == "genai_guard history"]
    del metrics

    thread.join(30)
    assert not thread.is_alive()
    with MetricsRecorder(history=history) as following:
        assert following._ledger.read(lambda moment: moment.counts(DAY_S).calls) == 1
    assert [path.name for path in history.folder.iterdir()] == ["0"]


def test_a_disk_that_hangs_holds_up_neither_calls_nor_the_end(
    history: MetricsHistory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, let_go = threading.Event(), threading.Event()

    def hang(_: object) -> int | None:
        reached.set()
        let_go.wait()
        return None

    monkeypatch.setattr("genai_guard.recording.history.slots.claimed", hang)
    metrics = recorder(clock, history=history)
    metrics.record(call())
    assert reached.wait(30)
    began_s = time.monotonic()
    assert not metrics.close(timeout_s=0.05)
    assert time.monotonic() - began_s < 5
    assert metrics.snapshot().calls == 1
    monkeypatch.undo()
    let_go.set()


def test_nothing_about_persons_is_kept(history: MetricsHistory, clock: Clock) -> None:
    metrics = recorder(clock, history=history, dimensions=("model", "user", "session"))
    metrics.record(call(model="large", caller=Caller(user="u-4711", session="s-4711")))
    metrics.close()

    written = b"".join(path.read_bytes() for path in history.folder.rglob("*") if path.is_file())
    assert b"large" in written
    assert b"4711" not in written
    assert history.snapshot(until_s=clock.wall(), model="large", user="__other__").calls == 1


def test_recorders_may_have_other_dimensions_than_those_before(history: MetricsHistory, clock: Clock) -> None:
    first = recorder(clock, history=history, dimensions=("model", "tenant"))
    first.record(call(model="large", caller=Caller(tenant="acme")))
    first.close()
    second = recorder(clock, history=history, dimensions=("variant", "model"))
    second.record(call(model="small"))

    known = second._ledger.read(lambda moment: moment.grouped(DAY_S, (1,)))
    assert {key: each.calls for key, each in known.items()} == {("large",): 1, ("small",): 1}
    second.close()
    assert history.snapshot(until_s=clock.wall(), tenant="acme").calls == 1
    assert {model: each.calls for model, each in history.breakdown("model", until_s=clock.wall()).items()} == {
        "large": 1,
        "small": 1,
    }


def test_what_was_never_asked_nor_called_touches_no_disk(history: MetricsHistory, clock: Clock) -> None:
    recorder(clock, history=history).close()

    assert not history.folder.exists()
    assert history.snapshot().calls == 0
    assert history.timeseries(by="model").lines == {}


def test_a_cell_comes_back_as_it_was_written() -> None:
    metrics, source = MetricsRecorder(alerts=[Alert.latency_p99(above_ms=500)]), random.Random(1)
    verdicts = (Verdict(Action.REDACT, guard="pii"), Verdict(Action.FLAG, guard="tone", mode="shadow"))
    for number in range(50):
        more = {"first_token_s": 0.2, "inter_token_s": 0.01, "answered_by": ["", "cache", "backup"][number % 3]}
        metrics.record(
            made(number, source, verdicts=verdicts, denied_by="l", shadow_denials=("s",), model_s=0.01, **more)
        )
    series = dict(metrics._ledger.read(lambda moment: moment.windows.since(0.0)[0][1]))
    cell = Cell("id", 7, metrics.dimensions, series)

    assert plain(cell_of(json.loads(json.dumps(plain(cell))))) == plain(cell)


@pytest.mark.parametrize(
    ("values", "said"),
    [({"keep_days": 2}, "from 3 on"), ({"max_mb": 0}, "above 0"), ({"path": ""}, "path of a folder")],
)
def test_what_cannot_be_kept_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        MetricsHistory(**{"path": "metrics", **values})


SCRIPT = """
import os, sys, time
from genai_guard.recording import Event, MetricsHistory, MetricsRecorder
metrics = MetricsRecorder(history=MetricsHistory(sys.argv[1]))
def record(count):
    for number in range(count): metrics.record(Event(1.7e9, "r", cost_usd=1.0))
record(100)
assert metrics.flush(timeout_s=30)
if sys.argv[2] == "fork":
    child = os.fork()
    record(10)
    assert metrics.flush(timeout_s=30)
    if child: assert os.waitpid(child, 0)[1] == 0
    else: os._exit(0)
print("done", flush=True)
if sys.argv[2] == "wait": time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork and no SIGKILL")
def test_processes_of_all_kinds_leave_what_they_counted(history: MetricsHistory) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT, str(history.folder)]
    with subprocess.Popen([*command, "wait"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "done\n"
        subprocess.run([*command, "fork"], check=True, capture_output=True, timeout=60)
        child.send_signal(signal.SIGKILL)

    found = history.snapshot()
    assert (found.calls, found.cost_usd, found.dropped) == (100 + 110 + 10, 220.0, {})
    assert sorted(path.name for path in history.folder.iterdir()) == ["0", "1", "2"]
    metrics = MetricsRecorder(history=history, alerts=[Alert.budget(usd=100, per="month")])
    assert firing(metrics.alerts()) == {"budget_100_usd_per_month"}
    metrics.close()
