"""Events, kept in memory."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_guard.recording.event import Event

__all__ = ["MemoryLog"]


class MemoryLog:
    """Keeps every event, in order.

    Works in two places: as a pipeline's recorder, `Pipeline(recorder=log)`, where it gets events as they are and at
    once; and as a recorder's log, `MetricsRecorder(log=log)`, where it gets them redacted, from a thread: use `wait`.

    Attributes:
        wants_text: Whether events come with the texts of their request and reply.
    """

    def __init__(self, *, wants_text: bool = False) -> None:
        """Start empty.

        Args:
            wants_text: Ask for the texts of requests and replies too.
        """
        self.wants_text = wants_text
        self._events: list[Event] = []
        self._arrived = Condition()

    @property
    def events(self) -> tuple[Event, ...]:
        """What was recorded until now."""
        return tuple(self._events)

    @property
    def last(self) -> Event:
        """What was recorded last.

        Raises:
            LookupError: nothing was recorded yet.
        """
        if not self._events:
            raise LookupError("nothing was recorded yet")
        return self._events[-1]

    def write(self, event: Event, /) -> None:
        """Keep an event."""
        with self._arrived:
            self._events.append(event)
            self._arrived.notify_all()

    def record(self, event: Event, /) -> None:
        """Keep an event, where a recorder is expected."""
        self.write(event)

    def wait(self, count: int = 1, *, timeout_s: float = 5.0) -> tuple[Event, ...]:
        """Wait until `count` events have arrived, and return all of them.

        Args:
            count: How many, counted from the beginning.
            timeout_s: How long to wait at most, in real seconds.

        Raises:
            TimeoutError: fewer arrived.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._events) >= count, timeout_s):
                raise TimeoutError(f"{len(self._events)} of {count} events arrived within {timeout_s:g} s")
            return self.events

    def clear(self) -> None:
        """Forget all events."""
        with self._arrived:
            self._events.clear()

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __repr__(self) -> str:
        return f"<MemoryLog of {len(self._events)} events>"
