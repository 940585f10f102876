"""Texts through the guards of a policy in several processes, which scanning alone profits from."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from genai_guard.batch.scanner import Scanner
from genai_guard.errors import ComponentFailed, ConfigurationError
from genai_guard.guards.base import Side
from genai_guard.verdicts import Verdict

__all__ = ["Scanned", "scan"]

_MOST_PROCESSES: Final = 61  # that Windows can wait for
_AHEAD: Final = 2
"""Chunks that are given out for each process: one that it works on, and one for when it is done."""

_Answers: TypeAlias = list[Verdict | Exception]


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the guards say of one text.

    Attributes:
        index: Place of the text in the input, from 0.
        verdict: As from `Pipeline.scan_input`, without its `value`; None if there is an error.
        error: Why there is no verdict: what was given is no text.
    """

    index: int
    verdict: Verdict | None = None
    error: Exception | None = None


def scan(
    texts: Iterable[str],
    *,
    policy: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    factory: str | None = None,
    side: Side = "input",
    processes: int | None = None,
    chunk: int = 64,
    start_method: str | None = None,
) -> Generator[Scanned, None, None]:
    """Scan texts in several processes, and yield what the guards say of each, in their order.

    Each process builds the guards once. At most two chunks for each process are in memory; texts may be endless. To
    close the generator, or to drop it, ends the processes. Where they are spawned, a script needs its
    `if __name__ == "__main__":`, as for every pool of processes.

    Args:
        texts: The texts.
        policy: Path of a policy file, or the policy as a mapping.
        factory: In place of a policy, `package.module:name` of a `Pipeline` or of a function that returns one.
        side: Whose guards: `input` or `output`.
        processes: How many; as many as there are processors for this process unless said.
        chunk: Texts that are sent to a process at a time.
        start_method: `fork`, `forkserver` or `spawn`; what is usual for the system and the version of Python unless said.

    Raises:
        ConfigurationError: an argument or the policy is wrong; now, and not when the first verdict is asked for.
        ComponentFailed: a process died.
        Exception: what the texts raised, after the verdicts of those before.
    """
    _whole("chunk", chunk, 1, 10**6)
    if processes is not None:
        _whole("processes", processes, 1, _MOST_PROCESSES)
    if start_method is not None and start_method not in multiprocessing.get_all_start_methods():
        raise ConfigurationError(f"scan(start_method={start_method!r}): this system has no such")
    scanner = Scanner(policy, factory=factory, side=side)
    return _scanned(scanner, iter(texts), processes or _processors(), chunk, start_method)


def _scanned(
    scanner: Scanner, texts: Iterator[str], processes: int, chunk: int, start_method: str | None
) -> Generator[Scanned, None, None]:
    pool = ProcessPoolExecutor(
        processes, multiprocessing.get_context(start_method), initializer=_begin, initargs=(scanner,)
    )
    given: deque[Future[_Answers]] = deque()
    numbers = itertools.count()
    pieces, piece = _pieces(texts, chunk), None
    try:
        while True:
            while len(given) < _AHEAD * processes and isinstance(piece := next(pieces, None), list):
                given.append(pool.submit(_scan, piece))
            if not given:
                if isinstance(piece, Exception):
                    raise piece
                return
            for answer in given.popleft().result():
                index = next(numbers)
                yield Scanned(index, answer) if isinstance(answer, Verdict) else Scanned(index, error=answer)
    except BrokenProcessPool as error:
        raise ComponentFailed("a process of scan", "scan", "it died") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _pieces(texts: Iterator[str], chunk: int) -> Iterator[list[str] | Exception]:
    """Yield chunks of texts; the last is followed, over and over, by what kept further texts from being read."""
    while True:
        piece: list[str] = []
        failure: Exception | None = None
        try:
            piece.extend(itertools.islice(texts, chunk))
        except Exception as error:  # noqa: BLE001  it is raised when the verdicts before it were handed out
            failure = error
        if piece:
            yield piece
        while failure is not None:
            yield failure
        if not piece:
            return


_scanner: Scanner | None = None


def _begin(scanner: Scanner) -> None:
    """Get a process ready: Ctrl-C is for its parent, and it does not outlive that."""
    global _scanner  # noqa: PLW0603  the only way from the start of a worker to its work
    _scanner = scanner
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _scan(texts: list[str]) -> _Answers:
    return [_answer(text) for text in texts]


def _answer(text: str) -> Verdict | Exception:
    assert _scanner is not None  # noqa: S101  `_begin` was called before
    try:
        verdict = _scanner.scan(text)
    except Exception as error:  # noqa: BLE001  it is that of one text
        return error
    return verdict if verdict.value is None else replace(verdict, value=None)  # which may not pickle


def _processors() -> int:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(count, _MOST_PROCESSES)


def _whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigurationError(f"scan({name}={value!r}): must be a whole number from {least} to {most}")
