"""One chain, whoever writes it: several processes, forks, and processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from audits import audit

PRELUDE = """
import os, sys
from genai_guard.recording import AuditLog, Redactor, no_scan
log = AuditLog(sys.argv[1], key=lambda: "correct horse battery staple", redact=Redactor(scan=no_scan), max_segment_mb=0.02)
"""
BOUNDED = """
for number in range(100):
    log.record("change", number=number)
    if number % 10 == 0: log.flush(timeout_s=30)
assert log.close(timeout_s=30)
"""
FOREVER = """
from itertools import count
for number in count():
    log.record("change", number=number)
    assert log.flush(timeout_s=30)
    print(number, flush=True)
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL and no fork")


def start(script: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PRELUDE + script, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    both = [start(BOUNDED, tmp_path) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    for each in both:
        assert each.stdout is not None
        each.stdout.close()

    log = audit(tmp_path)

    assert log.verify().ok
    assert Counter(record["process"] for record in log.read()) == {each.pid: 100 for each in both}
    assert len(log.segments()) > 2


@posix
def test_no_flushed_record_is_lost_to_kill_9_and_the_next_process_goes_on(tmp_path: Path) -> None:
    flushed = 0
    for kill_after in (1, 40, 17):
        with start(FOREVER, tmp_path) as child:
            assert child.stdout is not None
            flushed += len(list(islice(child.stdout, kill_after)))
            child.send_signal(signal.SIGKILL)
            flushed += len([line for line in child.stdout if line.endswith("\n")])

        found = audit(tmp_path).verify()

        assert found.ok
        assert flushed <= found.records <= flushed + 3


@posix
def test_a_lock_held_by_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    script = """
import time
from genai_guard.recording.locking import locked
from pathlib import Path
with locked(Path(sys.argv[1]) / "audit.lock"):
    print("held", flush=True)
    time.sleep(60)
"""
    with start(script, tmp_path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        waiting = audit(tmp_path)
        waiting.record("change")
        assert not waiting.flush(timeout_s=0.1)
        child.send_signal(signal.SIGKILL)
        assert waiting.flush(timeout_s=30)
    waiting.close()

    assert waiting.verify().records == 1


@posix
def test_a_forked_child_writes_the_same_chain(tmp_path: Path) -> None:
    script = """
log.record("change", who="parent")
log.flush(timeout_s=30)
child = os.fork()
for number in range(20): log.record("change", who="parent" if child else "child")
assert log.close(timeout_s=30)
if not child: os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    with start(script, tmp_path) as parent:
        assert parent.wait(60) == 0

    log = audit(tmp_path)

    assert log.verify().ok
    assert Counter(record["facts"]["who"] for record in log.read()) == {"parent": 21, "child": 20}


def test_records_of_the_last_moment_are_written_at_the_exit(tmp_path: Path) -> None:
    with start('for number in range(50): log.record("change")', tmp_path) as child:
        assert child.wait(60) == 0

    assert audit(tmp_path).verify().records == 50


def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    with audit(tmp_path / "audit", anchor=tmp_path / "heads.jsonl") as log:
        log.record("change")

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 3
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
