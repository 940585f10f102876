"""Recorders under servers that fork, in processes that are frozen, killed or ended in some other way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from audits import audit
from genai_guard.recording import InferenceLog

posix = pytest.mark.skipif(sys.platform == "win32", reason="no fork and no signals")

PRELUDE = """
import os, sys, threading, time
import genai_guard.recording.lifecycle
from genai_guard.recording import Alert, AuditLog, Event, ExposureLog, InferenceLog, MetricsRecorder, Redactor, no_scan
from genai_guard.verdicts import Action, Finding, Verdict

plain = Redactor(scan=no_scan)
log = InferenceLog(sys.argv[1] + "/log", redact=plain)
audit = AuditLog(sys.argv[1] + "/audit", key=lambda: "correct horse battery staple", redact=plain)
metrics = MetricsRecorder(log=log, audit=audit, alerts=[Alert.guardrail_hits()])

def call(name):
    verdicts = (Verdict(Action.BLOCK, findings=(Finding("pii.email", "EMAIL", 0, 3),), guard="pii"),)
    metrics.record(Event(1.7e9, str(name), status="blocked", verdicts=verdicts))
"""


def run(script: str, folder: Path, *, expects: int = 0) -> str:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PRELUDE + script, str(folder)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == expects
    return done.stdout


def kept(folder: Path) -> Counter[str]:
    """Return the calls in the log, which are those in the audit as well."""
    trail = audit(folder / "audit")
    rows = Counter(row["request_id"] for row in InferenceLog(folder / "log").read())
    assert trail.verify().ok
    assert Counter(record["facts"]["request_id"] for record in trail.read()) == rows
    return rows


def names(*prefixes: str, count: int) -> Counter[str]:
    return Counter(f"{prefix}{number}" for prefix in prefixes for number in range(count))


# --- a server that forks -----------------------------------------------------------------------------------------------

APPLICATION = """
import sys, os
sys.argv[1:] = [os.environ["FOLDER"]]
exec(os.environ["PRELUDE"])
call("preloaded")                                   # by the parent, which has threads when it forks
metrics.flush()

def application(environ, start_response):
    call(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""


@contextmanager
def gunicorn(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the application with two workers; yield the address and the parent."""
    pytest.importorskip("gunicorn")
    (folder / "application.py").write_text(APPLICATION)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-m", "gunicorn", "-w", "2", "--preload"]
        command += ["--bind", f"fd://{listening.fileno()}", "--log-level", "error", *options, "application"]
        environ = {**os.environ, "FOLDER": str(folder), "PRELUDE": PRELUDE}
        with subprocess.Popen(command, cwd=folder, env=environ, pass_fds=[listening.fileno()]) as parent:
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}", parent
            finally:
                parent.kill()


@posix
def test_workers_of_gunicorn_that_are_told_to_end_have_written_every_call_that_they_answered(tmp_path: Path) -> None:
    with gunicorn(tmp_path) as (url, parent):

        def ask(number: int) -> str:
            with urllib.request.urlopen(f"{url}/?{number}", timeout=30) as answer:
                return str(answer.read(), "ascii")

        with ThreadPoolExecutor(8) as threads:
            workers = set(threads.map(ask, range(60)))
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(30) == 0

    assert kept(tmp_path) == names("", count=60) + Counter(["preloaded"])
    assert 1 <= len(workers) <= 2
    assert str(parent.pid) not in workers


# --- frozen, and gone on -------------------------------------------------------------------------------------------------


@posix
def test_a_process_that_was_frozen_goes_on_where_it_was(tmp_path: Path) -> None:
    """As a function of a cloud is between two invocations: it flushes at the end of each, and finds the clock far ahead."""
    script = """
jump_s = 0.0
metrics = MetricsRecorder(log=log, audit=audit, clock=lambda: time.monotonic() + jump_s, wall_clock=lambda: time.time() + jump_s)
for invocation in range(3):
    for number in range(4): call(f"{invocation}-{number}")
    assert metrics.flush(timeout_s=30)
    print(metrics.snapshot(60).calls, flush=True)
    sys.stdin.readline()
    jump_s += 5000.0
os._exit(0)
"""
    command = [sys.executable, "-c", PRELUDE + script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for invocation in range(3):
            assert process.stdout.readline() == "4\n", "an hour later nothing of the last invocation is in the window"
            process.send_signal(signal.SIGSTOP)
            assert kept(tmp_path) == sum((names(f"{done}-", count=4) for done in range(invocation + 1)), Counter())
            process.send_signal(signal.SIGCONT)
            process.stdin.write("\n")
            process.stdin.flush()
        assert process.wait(30) == 0


# --- processes of other kinds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"] if sys.platform != "win32" else ["spawn"])
def test_workers_of_multiprocessing_write_before_they_end(method: str, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        PRELUDE.replace("sys.argv[1]", repr(str(tmp_path)))
        + """
def work(name):
    call(name)
    return metrics.flush(timeout_s=30)
"""
    )
    script = f"""
import multiprocessing
sys.path.insert(0, sys.argv[1])
import work
if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        assert all(pool.map(work.work, range(20)))
"""
    run(script, tmp_path)

    assert kept(tmp_path) == names("", count=20)


ENDINGS = {
    "the end of the script": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "an exception": ("sys.stderr = open(os.devnull, 'w'); raise ValueError", 1),
    "a daemon thread that goes on": ("threading.Thread(target=threading.Event().wait, daemon=True).start()", 0),
    "os._exit after a flush": ("assert metrics.flush(timeout_s=30); os._exit(5)", 5),
    "SIGTERM that is turned into an exit": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(6)); os.kill(os.getpid(), signal.SIGTERM)", 6
    ),
    "SIGTERM after a flush": ("assert metrics.flush(timeout_s=30); os.kill(os.getpid(), signal.SIGTERM)", -15),
}  # fmt: skip


@posix
def test_however_a_process_ends_what_it_recorded_is_there(tmp_path: Path) -> None:
    """Each process is a fork of one that has imported everything, and goes to its own end."""
    script = f"""
import json, signal
ended = {{}}
for ending, (script, _) in {ENDINGS!r}.items():
    child = os.fork()
    if not child:
        sys.argv[1] += "/" + ending
        exec({PRELUDE!r})
        for number in range(50): call(number)
        exec(script)
        break
    ended[ending] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
else:
    print(json.dumps(ended))
"""
    assert json.loads(run(script, tmp_path).splitlines()[-1]) == {ending: code for ending, (_, code) in ENDINGS.items()}
    assert {ending: kept(tmp_path / ending) for ending in ENDINGS} == dict.fromkeys(ENDINGS, names("", count=50))


def test_threads_that_still_call_at_the_exit_hold_nothing_up_and_tear_nothing(tmp_path: Path) -> None:
    script = """
from itertools import count
def forever():
    for number in count(): call(number); time.sleep(0)
for _ in range(4): threading.Thread(target=forever, daemon=True).start()
time.sleep(0.1)
"""
    began = time.monotonic()
    run(script, tmp_path)

    assert time.monotonic() - began < 20
    skipped: list[int] = []
    rows = list(InferenceLog(tmp_path / "log").read(on_skip=lambda _, line: skipped.append(line)))
    assert rows
    assert skipped == []
    assert audit(tmp_path / "audit").verify().ok


def test_in_the_loop_of_a_notebook_calls_are_recorded_and_flushed(tmp_path: Path) -> None:
    """A notebook runs its cells within a loop that is running; nothing here may want to run another."""
    script = """
import asyncio
from genai_guard import Pipeline

async def cells():
    async def ask(prompt): return "fine"
    pipeline = Pipeline(recorder=metrics)
    assert (await pipeline.arun(ask, "hello")).value == "fine"
    assert pipeline.run(lambda prompt: "fine", "hello").value == "fine"
    assert metrics.flush(timeout_s=30)
    assert "2" in metrics.snapshot()._repr_html_()
    print(len(list(log.read())))
asyncio.run(cells())
"""
    assert run(script, tmp_path) == "2\n"
