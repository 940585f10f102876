"""Kills processes that are at work, at random moments and so often that the moments add up.

Starting a Python for each would take a third of a second. So one process with a single thread, in which all that is needed
has been imported, forks the others: a script that runs in a process of its own, see `run`.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["Work", "kill_at_random", "run"]

Acknowledge: TypeAlias = Callable[[str], None]
Work: TypeAlias = Callable[[Acknowledge], object]
"""What a child does until it is killed, or is done; it says what must not be lost from then on."""


def kill_at_random(work: Work, *, within_s: float, chance: random.Random) -> list[str]:
    """Do some work in a child, kill it within so many seconds from the first word, and return what it had acknowledged.

    One that is done by itself earlier is let go; with `within_s` infinite every one is.
    """
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        code = 1
        try:
            work(lambda word: _say(writes, word))
            code = 0
        finally:
            os._exit(code)
    os.close(writes)
    heard = os.read(reads, 1 << 16)
    heard += b"".join(_heard(reads, chance.random() * within_s))
    os.kill(child, signal.SIGKILL)
    while more := os.read(reads, 1 << 16):
        heard += more
    os.close(reads)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, f"the child failed by itself: {status}"
    return heard.decode().split()


def run(script: str, *arguments: object, timeout_s: float = 120.0) -> Any:
    """Run a script in a process of its own, and return what it printed, which is JSON.

    It finds this module as `recording.killing`.
    """
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", script, *map(str, arguments)]
    environ = {**os.environ, "PYTHONPATH": tests}
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_s, env=environ)
    return json.loads(done.stdout)


def _say(pipe: int, word: str) -> None:
    os.write(pipe, f"{word}\n".encode())  # in one piece, as it is short


def _heard(pipe: int, for_s: float) -> Iterator[bytes]:
    """Listen, so that the child never waits for the pipe."""
    until_s = time.monotonic() + for_s
    while (left_s := until_s - time.monotonic()) > 0:
        if select.select([pipe], [], [], min(left_s, 60.0))[0]:
            said = os.read(pipe, 1 << 16)
            if not said:
                return
            yield said
