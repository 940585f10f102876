"""How many rows may be under way, and which result goes out next. Neither threads nor clocks."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

__all__ = ["Window"]

T = TypeVar("T")


class Window(Generic[T]):
    """The rows that have begun and whose results have not gone out.

    Args:
        size: Most of them.
        ordered: Whether results go out in the order in which rows began, or as they end.
    """

    def __init__(self, size: int, *, ordered: bool) -> None:
        self._size: Final = size
        self._ordered: Final = ordered
        self._begun = 0
        self._gone = 0
        self._running = 0
        self._early: dict[int, T] = {}
        self._ready: deque[T] = deque()

    @property
    def has_room(self) -> bool:
        """Whether another row may begin."""
        return self._begun - self._gone < self._size

    @property
    def running(self) -> int:
        """Rows that have begun and not ended."""
        return self._running

    def begin(self) -> int:
        """Let a row begin; return its place."""
        self._begun += 1
        self._running += 1
        return self._begun - 1

    def end(self, place: int, result: T) -> None:
        """Take the result of the row at a place."""
        self._running -= 1
        if not self._ordered:
            self._ready.append(result)
            return
        self._early[place] = result
        while (following := self._gone + len(self._ready)) in self._early:
            self._ready.append(self._early.pop(following))

    def take(self) -> T | None:
        """Return the next result, if there is one."""
        if not self._ready:
            return None
        self._gone += 1
        return self._ready.popleft()
