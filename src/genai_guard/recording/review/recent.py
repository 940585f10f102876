"""The latest calls of a process, in case somebody complains of one."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

from genai_guard.recording.event import Event

__all__ = ["Recent"]

_MOST_CALLS: Final = 1_000
_MOST_CHARS: Final = 8_000_000


class Recent:
    """The latest 1 000 calls that nobody chose, with their texts as they were: in memory, and nowhere else.

    There are fewer when their texts together have more than eight million characters.
    """

    __slots__ = ("_chars", "_events", "_lock")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget everything, the lock included."""
        self._lock = Lock()
        self._events: OrderedDict[str, Event] = OrderedDict()
        self._chars = 0

    def put(self, event: Event) -> None:
        """Remember a call."""
        with self._lock:
            self._drop(event.request_id)
            self._events[event.request_id] = event
            self._chars += _size(event)
            while self._events and (len(self._events) > _MOST_CALLS or self._chars > _MOST_CHARS):
                self._drop(next(iter(self._events)))

    def take(self, request_id: str) -> Event | None:
        """Return a call, and forget it; None if it is not known."""
        with self._lock:
            return self._drop(request_id)

    def forget(self, user: str) -> None:
        """Forget the calls of a user."""
        with self._lock:
            for request_id in [name for name, event in self._events.items() if event.caller.user == user]:
                self._drop(request_id)

    def _drop(self, request_id: str) -> Event | None:
        event = self._events.pop(request_id, None)
        if event is not None:
            self._chars -= _size(event)
        return event


def _size(event: Event) -> int:
    return sum([len(part.text) for part in (*event.request, *event.response)])
