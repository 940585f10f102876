"""One file, several processes: exact over them, whether they fork, end or are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from threading import Thread

import pytest

from genai_guard.errors import ComponentFailed, RateLimited
from genai_guard.limits import Limit, RateLimiter, SqliteStore, Ticket

LIMITS = Limit.tokens(300, per="day"), Limit.requests(10_000, per="day", by="user"), Limit.concurrent(1_000)

WORKER = """
    import sys
    from threading import Thread
    from genai_guard.errors import RateLimited
    from genai_guard.limits import Limit, RateLimiter, SqliteStore

    limits = Limit.tokens(300, per="day"), Limit.requests(10_000, per="day", by="user"), Limit.concurrent(1_000)
    limiter = RateLimiter(*limits, store=SqliteStore(sys.argv[1], timeout_s=30, synchronous="off"))
    admitted = []

    def work():
        for number in range(60):
            try:
                ticket = limiter.reserve(user=number % 7, tokens=1)
            except RateLimited:
                continue
            limiter.settle(ticket, tokens=1)
            admitted.append(1)

    threads = [Thread(target=work) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(len(admitted))
"""

DOOMED = """
    import sys, time
    from genai_guard.limits import Limit, RateLimiter, SqliteStore

    limits = Limit.tokens(300, per="day"), Limit.requests(10_000, per="day", by="user"), Limit.concurrent(1_000)
    limiter = RateLimiter(*limits, store=SqliteStore(sys.argv[1], timeout_s=30))
    tickets = [limiter.reserve(user="ann", tokens=100) for _ in range(2)]
    print("held", flush=True)
    while True:
        limiter.settle(limiter.reserve(user="bob", tokens=1), tokens=0)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits.sqlite"


def start(code: str, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def limiter_of(path: Path) -> RateLimiter:
    return RateLimiter(*LIMITS, store=SqliteStore(path, timeout_s=30))


def test_four_processes_are_admitted_exactly_as_often_as_the_limit_says(path: Path) -> None:
    workers = [start(WORKER, path) for _ in range(4)]
    admitted = sum(int(worker.communicate()[0]) for worker in workers)
    assert admitted == 300
    assert [level.used for level in limiter_of(path).peek()][::2] == [300, 0]


def test_what_a_killed_process_holds_is_bounded_and_the_file_is_whole(path: Path) -> None:
    worker = start(DOOMED, path)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "held\n"
    limiter = limiter_of(path)
    for _ in range(20):
        limiter.settle(limiter.reserve(user="cho", tokens=5), tokens=0)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    tokens, _mine, flying = (level.used for level in limiter.peek(user="ann"))
    assert tokens in {200, 201}
    assert flying in {2, 3}
    assert limiter.settle(limiter.reserve(tokens=99), tokens=0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_fork_opens_the_file_anew_and_a_ticket_of_both_is_settled_once(path: Path) -> None:
    limiter = limiter_of(path)
    ticket = limiter.reserve(user="ann", tokens=100)

    def keep_busy() -> None:
        for _ in range(50):
            limiter.settle(limiter.reserve(user="bob", tokens=1), tokens=0)

    thread = Thread(target=keep_busy)  # so that the fork may come in the middle of a change
    thread.start()
    children = [_fork(limiter, ticket) for _ in range(3)]
    thread.join()
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sorted(codes) == [0, 0, 1]
    assert not limiter.settle(ticket, tokens=0)
    assert [level.used for level in limiter.peek(user="cho")] == [40, 3, 0]


def _fork(limiter: RateLimiter, ticket: Ticket) -> int:
    child = os.fork()
    if child:
        return child
    code = 9
    try:
        limiter.settle(limiter.reserve(user="cho", tokens=2), tokens=0)
        code = int(limiter.settle(ticket, tokens=40))
    finally:
        os._exit(code)


def test_the_file_is_closed_before_workers_are_forked(path: Path) -> None:
    limiter = limiter_of(path)
    assert not Path(f"{path}-wal").exists()
    limiter.reserve()
    assert Path(f"{path}-wal").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no limit on the size of files")
def test_a_disk_with_no_room_at_all_fails_the_call(path: Path) -> None:
    code = """
        import resource, signal, sys
        from genai_guard.errors import ComponentFailed
        from genai_guard.limits import Limit, RateLimiter, SqliteStore

        limiter = RateLimiter(Limit.tokens(300, per="day"), store=SqliteStore(sys.argv[1], timeout_s=30))
        ticket = limiter.reserve(tokens=100)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        failed = 0
        for _ in range(10):
            try:
                limiter.reserve(tokens=1)
            except ComponentFailed as error:
                failed += 1
        limiter.settle(ticket, tokens=250)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        limiter.reserve(tokens=0)
        print(failed > 0, limiter.peek()[0].used - (10 - failed))
    """
    worker = start(code, path)
    assert worker.communicate()[0] == "True 250\n"


def test_busy_neighbours_are_no_denial(path: Path) -> None:
    limiter = limiter_of(path)
    workers = [start(WORKER, path) for _ in range(2)]
    refused = failed = 0
    for number in range(60):
        try:
            limiter.settle(limiter.reserve(user=f"own-{number}", requests=0), tokens=0)
        except RateLimited:
            refused += 1
        except ComponentFailed:
            failed += 1
    for worker in workers:
        worker.communicate()
    assert (refused, failed) == (0, 0)
