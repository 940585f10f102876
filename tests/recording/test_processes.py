"""What happens at the end of a process, when it forks and when it is killed. Each script runs in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from genai_guard.recording import InferenceLog

PRELUDE = """
import os, sys, threading
import genai_guard.recording.lifecycle
from genai_guard.recording import Alert, Event, InferenceLog, MetricsRecorder, Redactor, no_scan

def call(name, **values):
    return Event(1.7e9, name, **values)

log = InferenceLog(sys.argv[1], redact=Redactor(scan=no_scan))
"""


def run(script: str, folder: Path) -> str:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PRELUDE + script, str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def ids(folder: Path) -> list[str]:
    return [values["request_id"] for values in InferenceLog(folder).read()]


def test_rows_recorded_just_before_the_exit_are_written(tmp_path: Path) -> None:
    run("metrics = MetricsRecorder(log=log)\nfor number in range(500): metrics.record(call(str(number)))", tmp_path)

    assert ids(tmp_path) == [str(number) for number in range(500)]


def test_an_alert_that_is_due_at_the_exit_is_told(tmp_path: Path) -> None:
    script = """
metrics = MetricsRecorder(alerts=[Alert.budget(usd=1)], on_alert=lambda event: os.write(1, event.name.encode()))
metrics.record(call("r", cost_usd=2.0))
"""
    assert "budget_1_usd_per_day" in run(script, tmp_path)


def test_a_sink_that_hangs_holds_up_the_exit_no_longer_than_it_may(tmp_path: Path) -> None:
    script = """
genai_guard.recording.lifecycle.EXIT_TIMEOUT_S = 0.1
class Hung:
    def write(self, event): threading.Event().wait()
metrics = MetricsRecorder(sinks=[Hung()])
metrics.record(call("r"))
print("done")
"""
    assert run(script, tmp_path) == "done\n"


forks = pytest.mark.skipif(not hasattr(sys.modules["os"], "fork"), reason="no fork on this system")


@forks
def test_a_forked_child_counts_and_logs_for_itself(tmp_path: Path) -> None:
    script = """
metrics = MetricsRecorder(log=log, alerts=[Alert.guardrail_hits()])
for number in range(3): metrics.record(call(f"parent {number}"))
assert metrics.flush()
metrics.record(call("parent 3"))
child = os.fork()
for number in range(2): metrics.record(call(f"{'parent' if child else 'child'} {4 + number}"))
assert metrics.flush(timeout_s=30)
calls = metrics.snapshot().calls
if child:
    assert os.waitpid(child, 0)[1] == 0
    print(calls)
else:
    os._exit(calls != 2)
"""
    assert run(script, tmp_path) == "6\n"
    assert sorted(ids(tmp_path)) == ["child 4", "child 5", *[f"parent {number}" for number in range(6)]]
    assert len({segment.name.split("-")[3] for segment in InferenceLog(tmp_path).segments()}) == 2


@forks
def test_a_lock_held_while_forking_does_not_hang_the_child(tmp_path: Path) -> None:
    script = """
metrics = MetricsRecorder(log=log, alerts=[Alert.guardrail_hits()])
metrics._ledger._lock.acquire()
for worker in metrics._workers: getattr(worker, "_worker", worker)._starting.acquire()
if child := os.fork():
    sys.exit(os.waitpid(child, 0)[1])
metrics.record(call("child"))
os._exit(not (metrics.snapshot().calls == 1 and metrics.flush(timeout_s=30)))
"""
    run("import genai_guard.recording.lifecycle\n" + script.replace("sys.exit", "os._exit"), tmp_path)

    assert ids(tmp_path) == ["child"]


FOREVER = """
from itertools import count
metrics = MetricsRecorder(log=log)
for number in count():
    metrics.record(call(str(number)))
    assert metrics.flush(timeout_s=30)
    print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_no_flushed_row_is_lost_to_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PRELUDE + FOREVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        flushed = [line.strip() for line in islice(child.stdout, 200)]
        child.send_signal(signal.SIGKILL)
        flushed += [line.strip() for line in child.stdout if line.endswith("\n")]

    found = ids(tmp_path)

    assert found[: len(flushed)] == flushed
    assert len(found) <= len(flushed) + 1


def test_importing_and_building_loads_nothing_heavy_and_writes_nothing(tmp_path: Path) -> None:
    script = """
MetricsRecorder(log=log, alerts=[Alert.latency_p99(above_ms=500)], on_alert=print)
heavy = {"asyncio", "pydantic", "structlog", "tiktoken", "opentelemetry", "logging", "socket"}
print(sorted(heavy & set(sys.modules)), os.listdir(sys.argv[1]))
"""
    assert run(script, tmp_path) == "[] []\n"
