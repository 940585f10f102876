"""The state of one circuit breaker: pure, without lock and clock."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

__all__ = ["Circuit", "Terms"]

_CELLS: Final = 10
"""Parts of a window. A call counts for between 9 and 10 of them."""


class Terms(NamedTuple):
    """When a circuit opens and closes; see `Breaker`."""

    failure_rate: float
    minimum_calls: int
    window_s: float
    open_s: float
    probes: int


class Circuit:
    """Closed: calls pass and are counted. Open: none passes. Half-open: exactly `probes` pass, and their results decide.

    `admit` answers with the generation that the call belongs to. What comes of a call of an earlier generation says
    nothing about the present one, and is not counted.
    """

    __slots__ = ("_cells", "_opened_at", "_out", "_passed", "generation", "state")

    def __init__(self) -> None:
        self.state = "closed"
        self.generation = 0
        self._cells: deque[list[float]] = deque()
        self._opened_at = 0.0
        self._out = 0
        self._passed = 0

    def admit(self, terms: Terms, now: float) -> int | None:
        """Return the generation of a call that may be made; None if it may not."""
        if self.state == "closed":
            return self.generation
        if self.state == "open":
            if now - self._opened_at < terms.open_s:
                return None
            self._turn("half-open")
        if self._out + self._passed >= terms.probes:
            return None
        self._out += 1
        return self.generation

    def retry_after_s(self, terms: Terms, now: float) -> float:
        """Return the seconds until an open circuit lets a probe pass."""
        return max(0.0, self._opened_at + terms.open_s - now) if self.state == "open" else 0.0

    def take(self, terms: Terms, generation: int, went_well: bool | None, now: float) -> None:
        """Take what came of a call; None for what says nothing about the target, such as a cancellation."""
        if generation != self.generation:
            return
        if self.state == "closed":
            if went_well is not None:
                self._count(terms, went_well, now)
            return
        self._out -= 1
        if went_well is False:
            self._open(now)
        elif went_well:
            self._passed += 1
            if self._passed >= terms.probes:
                self._turn("closed")

    def trip(self, now: float) -> None:
        """Open, whatever was counted."""
        self._open(now)

    def _count(self, terms: Terms, went_well: bool, now: float) -> None:
        cells, width = self._cells, terms.window_s / _CELLS
        if not cells or now - cells[-1][0] >= width:
            cells.append([now, 0, 0])
        while now - cells[0][0] >= terms.window_s:
            cells.popleft()
        cell = cells[-1]
        cell[1] += 1
        if went_well:
            return
        cell[2] += 1
        calls = sum(cell[1] for cell in cells)
        if calls >= terms.minimum_calls and sum(cell[2] for cell in cells) >= terms.failure_rate * calls:
            self._open(now)

    def _open(self, now: float) -> None:
        self._turn("open")
        self._opened_at = now

    def _turn(self, state: str) -> None:
        self.state = state
        self.generation += 1
        self._cells.clear()
        self._out = self._passed = 0
