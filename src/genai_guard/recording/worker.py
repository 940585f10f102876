"""A thread that does what must not be done in a call.

Rule 1: `put` never waits. What finds no room is refused, with the reason.
Rule 2: The thread starts with the first item. It is a daemon: it never holds up the exit.
Rule 3: What the handler raises is counted by class, told once, and ends nothing.
Rule 4: The thread holds no reference to its worker: when that is collected, the thread finishes its queue and ends.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from errno import errorcode
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Final, NamedTuple, TypeAlias

__all__ = ["TICK", "Handler", "Worker", "attempt", "count", "tell"]

TICK: Final = object()
"""What a handler is given when the pause that it asked for is over."""

Handler: TypeAlias = Callable[[Any], float | None]
"""Takes an item. Returns after how many seconds it wants a `TICK` if nothing else comes; None for never."""

_STOP: Final = object()


class Job(NamedTuple):
    """What the thread of a worker does, and where it keeps count of what went wrong."""

    name: str
    handle: Handler
    flush: Callable[[], object] | None
    finish: Callable[[], object] | None
    failures: dict[str, int]


class Worker:
    """One thread and its queue.

    Args:
        name: Name of the thread, and in what is told.
        handle: Takes an item.
        size: Most items that wait.
        flush: Called when the worker is flushed, after the last item.
        finish: Called when the worker is closed or collected, after the last item.
        failures: Where to count what was raised; a new mapping when None.
    """

    def __init__(
        self,
        name: str,
        handle: Handler,
        *,
        size: int,
        flush: Callable[[], object] | None = None,
        finish: Callable[[], object] | None = None,
        failures: dict[str, int] | None = None,
    ) -> None:
        self.name: Final = name
        self._job = Job(name, handle, flush, finish, {} if failures is None else failures)
        self._size = size
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._ending = weakref.finalize(self, self._queue.put, _STOP)
        self._ending.atexit = False

    @property
    def failures(self) -> dict[str, int]:
        """How often the handler raised, by class of what it raised."""
        return dict(self._job.failures)

    def put(self, item: object) -> str:
        """Leave an item for the thread; return why it was refused, or an empty string."""
        if self._closed:
            return "closed"
        queue = self._queue
        if queue.qsize() >= self._size:
            return "queue_full"
        queue.put(item)
        if self._thread is None:
            self._start()
        return ""

    def flush(self, *, until_s: float) -> bool:
        """Wait until all items so far are handled, at most until the monotonic time `until_s`; return whether they are."""
        if self._closed or (self._thread is None and self._queue.empty()):
            return self._queue.empty()
        done = threading.Event()
        self._queue.put(done)
        self._start()
        return done.wait(_left_s(until_s))

    def close(self, *, until_s: float) -> bool:
        """Refuse further items, handle those that wait and end the thread; return whether all that was done in time."""
        if not self._closed:
            self._closed = True
            self._queue.put(_STOP)
            self._start()
        thread = self._thread
        if thread is None:  # it could not be started
            return False
        thread.join(_left_s(until_s))
        return not thread.is_alive()

    def after_fork(self) -> None:
        """Begin anew in a child. What waited is the parent's to handle."""
        self._ending.detach()
        self._job.failures.clear()
        self._begin()

    def _start(self) -> None:
        """Start the thread, unless it runs, another call is at it, or the interpreter is shutting down."""
        if self._thread is not None or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                name = f"genai_guard {self.name}"
                thread = threading.Thread(target=_run, args=(self._queue, self._job), name=name, daemon=True)
                thread.start()
                self._thread = thread
        except RuntimeError:
            pass
        finally:
            self._starting.release()


def tell(event: str, /, **values: object) -> None:
    """Log a warning through structlog, whatever that is configured to do."""
    import structlog  # noqa: PLC0415  loaded when there is something to tell

    structlog.get_logger("genai_guard").warning(event, **values)


def count(counts: dict[str, int], name: str) -> int:
    """Add one, and return the sum."""
    counts[name] = total = counts.get(name, 0) + 1
    return total


def _left_s(until_s: float) -> float:
    return min(max(0.0, until_s - monotonic()), threading.TIMEOUT_MAX)


def _run(queue: SimpleQueue[Any], job: Job) -> None:
    pause: float | None = None
    stopping = False
    while True:
        try:
            item = queue.get(block=not stopping, timeout=pause)
        except Empty:
            if stopping:
                break
            item = TICK
        if item is _STOP:
            stopping = True
        elif isinstance(item, threading.Event):
            attempt(job.name, job.failures, job.flush)
            item.set()
        else:
            pause = attempt(job.name, job.failures, job.handle, item)
        del item  # it may be large, and the next one may be long in coming
    attempt(job.name, job.failures, job.finish)


def attempt(name: str, failures: dict[str, int], action: Callable[..., Any] | None, *args: object) -> Any:
    """Return what `action` returns; what it raises is counted by class, and told once for each."""
    try:
        return action(*args) if action is not None else None
    except BaseException as error:  # noqa: BLE001  not even SystemExit may end the thread in silence
        kind = type(error).__name__
        if count(failures, kind) == 1:
            code = errorcode.get(error.errno or 0, "") if isinstance(error, OSError) else ""
            with suppress(Exception):
                tell("recording failed; calls go on", sink=name, error=kind, **({"code": code} if code else {}))
        return None
