"""What could not be written, counted until the chain itself can say so."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

__all__ = ["Losses"]

_BATCH: Final = 128


class Losses:
    """Counts by reason. `add` never waits; the other methods take a lock that `add` does not need."""

    __slots__ = ("_added", "_lock", "_total", "_untold")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._added: deque[tuple[str, int]] = deque()
        self._untold: dict[str, int] = {}
        self._total: dict[str, int] = {}

    def add(self, reason: str, times: int = 1) -> None:
        """Count something that was lost."""
        self._added.append((reason, times))
        if len(self._added) >= _BATCH and self._lock.acquire(blocking=False):  # or they fill the memory of who hangs
            try:
                self._count()
            finally:
                self._lock.release()

    def untold(self) -> dict[str, int]:
        """Return what the chain does not say yet."""
        with self._lock:
            self._count()
            return dict(self._untold)

    def told(self, losses: dict[str, int]) -> None:
        """Note that the chain says so now."""
        with self._lock:
            for reason, times in losses.items():
                self._untold[reason] -= times
                if not self._untold[reason]:
                    del self._untold[reason]

    def total(self) -> dict[str, int]:
        """Return all that was lost since the beginning."""
        with self._lock:
            self._count()
            return dict(self._total)

    def _count(self) -> None:
        for _ in range(len(self._added)):
            reason, times = self._added.popleft()
            self._untold[reason] = self._untold.get(reason, 0) + times
            self._total[reason] = self._total.get(reason, 0) + times
