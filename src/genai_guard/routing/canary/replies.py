"""Calls that may still be given feedback."""

from __future__ import annotations

from threading import Lock
from typing import Final

from genai_guard.routing.canary.intake import Place

__all__ = ["Replies"]


class Replies:
    """The latest calls by their ids.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self.begin()

    def begin(self) -> None:
        """Forget all of them, locks included."""
        self._lock = Lock()
        self._kept: dict[str, tuple[int, Place]] = {}

    def keep(self, request_id: str, bucket: int, place: Place) -> None:
        """Keep a call, in the place of the oldest if there are too many."""
        with self._lock:
            self._kept[request_id] = (bucket, place)
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]

    def take(self, request_id: str) -> tuple[int, Place] | None:
        """Return the unit and place of a call, once."""
        with self._lock:
            return self._kept.pop(request_id, None)
