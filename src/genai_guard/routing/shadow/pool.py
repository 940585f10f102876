"""Where copies are made: threads for synchronous functions, tasks of the caller's event loop for asynchronous ones.

Rule 1: A copy begins at once or not at all. There is no queue of requests that nobody waits for.
Rule 2: A copy holds its place until it has really ended. A thread cannot be stopped: one that hangs is given up at its
    deadline, and still counts.
Rule 3: The call does no more than leave a message. Threads are started, and deadlines kept, by a thread of the pool,
    which begins with the first copy and holds up nothing, not even the exit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import TIMEOUT_MAX, Condition
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from genai_guard.concurrently import in_thread
from genai_guard.recording.lifecycle import watch_over
from genai_guard.recording.worker import Worker

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from contextvars import Context

__all__ = ["Pool", "Work"]


class Work(Protocol):
    """A copy to be made. Nothing of it raises."""

    @property
    def context(self) -> Context:
        """Where it is made."""
        ...

    def run(self) -> None:
        """Make it, in this thread, and end it."""
        ...

    def arun(self) -> Coroutine[Any, Any, None]:
        """Make it, in this task."""
        ...

    def end(self) -> None:
        """Say what became of it, unless that was said."""
        ...

    def give_up(self) -> None:
        """End it now, however far it is."""
        ...


class Start(NamedTuple):
    """A copy to be made in a thread, and what is to be called when that has ended."""

    work: Work
    leave: Callable[[object], None]


class Pool:
    """Makes copies, at most `max_concurrent` at a time; each has `deadline_s`."""

    def __init__(self, name: str, *, max_concurrent: int, deadline_s: float) -> None:
        self._most: Final = max_concurrent
        self._warden: Final = Warden(deadline_s)
        self._worker: Final = Worker(f"shadow {name}", self._warden.handle, size=max_concurrent)
        self._closed = False
        self._begin()
        watch_over(self)

    def _begin(self) -> None:
        self._free = Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.running = 0

    def after_fork(self) -> None:
        """Begin anew in a child. What was being made is the parent's."""
        self._begin()
        self._warden.ends_s.clear()
        self._worker.after_fork()

    def begin(self, work: Work, *, is_async: bool) -> str:
        """Make a copy; return why that is not done, or an empty string."""
        refused = self._enter()
        if not refused:
            refused = self._spawn(work) if is_async else self._worker.put(Start(work, self._leave))
            if refused:
                self._leave()
        return refused

    def flush(self, *, timeout_s: float) -> bool:
        """Wait until no copy is being made; return whether that was so in time."""
        with self._free:
            return self._free.wait_for(lambda: self.running <= 0, timeout=min(max(0.0, timeout_s), TIMEOUT_MAX))

    def close(self, *, timeout_s: float = 0.0) -> bool:
        """Make no more copies, and wait for those that are being made. The exit of the process waits for none."""
        del timeout_s
        self._closed = True
        return True

    def _enter(self) -> str:
        if self._closed:
            return "closed"
        with self._free:
            if self.running >= self._most:
                self._forget_lost()
            if self.running >= self._most:
                return "busy"
            self.running += 1
        return ""

    def _leave(self, _: object = None) -> None:
        with self._free:
            self.running -= 1
            self._free.notify_all()

    def _spawn(self, work: Work) -> str:
        import asyncio  # noqa: PLC0415  already loaded by whoever awaits; not worth 46 ms of everybody's import

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a stream that was ended elsewhere, or somebody else's event loop
            return "no_event_loop"
        task = loop.create_task(work.arun(), context=work.context)
        self._tasks.add(task)
        task.add_done_callback(partial(self._landed, work))
        return ""

    def _landed(self, work: Work, task: asyncio.Task[None]) -> None:
        """Say what became of a copy, away from the event loop: to compare texts takes a while."""
        self._tasks.discard(task)
        in_thread(work.end, (), self._leave)

    def _forget_lost(self) -> None:
        """Let go of tasks whose event loop was closed before they ended: nobody will end them any more."""
        lost = [task for task in self._tasks if task.get_loop().is_closed()]
        self._tasks.difference_update(lost)
        self.running -= len(lost)


class Warden:
    """What the thread of a pool does. Apart from the pool, which that thread must not keep alive."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s: Final = deadline_s
        self.ends_s: Final[dict[Work, float]] = {}

    def handle(self, item: Any) -> float | None:
        """Start a copy, and give up those that are late; return after how many seconds to look again."""
        now_s = monotonic()
        for work, end_s in list(self.ends_s.items()):
            if end_s <= now_s and self.ends_s.pop(work, None) is not None:
                in_thread(work.give_up, (), _nothing)
        if isinstance(item, Start):
            self.ends_s[item.work] = now_s + self._deadline_s
            in_thread(item.work.run, (), partial(self._over, item))
        ends_s = list(self.ends_s.values())
        return max(0.0, min(ends_s) - monotonic()) if ends_s else None

    def _over(self, started: Start, result: object) -> None:
        """Let go of a copy at once: it holds texts."""
        self.ends_s.pop(started.work, None)
        started.leave(result)


def _nothing(_: object) -> None: ...
