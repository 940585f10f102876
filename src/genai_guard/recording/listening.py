"""Who hears of every call, on a thread of their own.

A call only appends to a queue. The thread is woken by the first event after a pause, and looks again every twenty
milliseconds while events keep coming: to be woken for each of many would cost the calls more than all the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from genai_guard.recording.event import Event
from genai_guard.recording.worker import TICK, Worker, attempt

__all__ = ["Listener", "Tap"]

Listener: TypeAlias = Callable[[Event], object]
"""Is told the event of each call, without its texts."""

_PAUSE_S: Final = 0.02
_MOST_WAITING: Final = 10_000


class Tap:
    """One listener, its queue and its thread.

    Args:
        listener: Called with one event at a time, in the order in which they were recorded.
        name: Name of the thread, and in what is counted and told.
        finish: Called when the tap is closed or collected, after the last event.
    """

    __slots__ = ("_closed", "_inbox", "_worker", "name")

    def __init__(self, listener: Listener, *, name: str, finish: Callable[[], object] | None = None) -> None:
        self.name: Final = name
        self._closed = False
        self._inbox = Inbox(listener, name)
        drain = self._inbox.drain
        self._worker = Worker(name, lambda _: drain(), size=2, flush=drain, finish=_after(drain, finish))

    def put(self, event: Event) -> str:
        """Leave an event for the listener; return why it was refused, or an empty string."""
        inbox = self._inbox
        if self._closed:
            return "closed"
        if len(inbox.waiting) >= _MOST_WAITING:
            return "queue_full"
        inbox.waiting.append(event)
        if inbox.is_idle:
            inbox.is_idle = False
            self._worker.put(TICK)
        return ""

    @property
    def failures(self) -> dict[str, int]:
        """How often the listener raised, by class of what it raised."""
        return dict(self._inbox.failures)

    def flush(self, *, until_s: float) -> bool:
        """Wait until it was told all events so far, at most until the monotonic time `until_s`; return whether it was."""
        return self._worker.flush(until_s=until_s)

    def close(self, *, until_s: float) -> bool:
        """Refuse further events, tell it those that wait and end the thread; return whether that was done in time."""
        self._closed = True
        return self._worker.close(until_s=until_s)

    def after_fork(self) -> None:
        """Begin anew in a child. What waited is the parent's to tell."""
        self._inbox.begin()
        self._worker.after_fork()


class Inbox:
    """What waits for a listener; apart from its `Tap`, which the thread must not keep alive."""

    __slots__ = ("_listener", "_name", "failures", "is_idle", "waiting")

    def __init__(self, listener: Listener, name: str) -> None:
        self._listener = listener
        self._name = name
        self.begin()

    def begin(self) -> None:
        """Forget everything."""
        self.waiting: deque[Event] = deque()
        self.failures: dict[str, int] = {}
        self.is_idle = True

    def drain(self) -> float | None:
        """Tell the listener what waits; return after how many seconds to look again, None once nothing comes any more."""
        waiting: deque[Any] = self.waiting
        if waiting:
            for _ in range(len(waiting)):  # and no more: whoever flushes does not wait for what comes meanwhile
                attempt(self._name, self.failures, self._listener, waiting.popleft())
            return _PAUSE_S
        self.is_idle = True
        if not waiting:
            return None
        self.is_idle = False  # an event came in between, and found nobody to wake
        return _PAUSE_S


def _after(drain: Callable[[], object], finish: Callable[[], object] | None) -> Callable[[], object]:
    def both() -> None:
        drain()
        if finish is not None:
            finish()

    return both
