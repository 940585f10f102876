"""A window that slides in twelfths, for units known only after the call, such as tokens.

The last window is kept as 12 full cells and the current, partly elapsed one. Usage counts until its cell has left
the ring, so that every interval of a window's length lies within the cells that are still counted. The price is that
a unit counts for up to a twelfth longer than the window.

What was reserved too much is given back to the cell it was reserved in, and to no other: once that cell has left
the ring there is nothing to give back. A refund to the present would give back room that was never taken from it, and
admit up to twice the limit. What was used beyond the reservation is a debt of the current cell.

A state is `(epoch, total, cells)`: the number of the current cell since the clock's zero, the units in all cells, and
the cells as digits of one integer, the current cell lowest. To pass to the next cell is to shift by a digit. Usage
that lies in few recent cells, the common case among a million users, is a small integer; while it lies in the current
one alone, it and the total are one object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, TypeAlias

from genai_guard.limits.states.base import MOST_DEBT, MachineClock, Mark
from genai_guard.limits.states.packing import pack, unpack

__all__ = ["Ring"]

RingState: TypeAlias = tuple[int, int, int]

_CELLS: Final = 12
_BITS: Final = 80  # of a cell; out of reach of any number of calls within a window, each with the most debt
_DIGIT: Final = (1 << _BITS) - 1
_ALL: Final = (1 << _BITS * (_CELLS + 1)) - 1


@dataclass(frozen=True, slots=True)
class Ring:
    """Counts what is reserved first and settled later.

    With no more used than was reserved, the settled usage of every interval of `period_ns` is at most `amount`.

    Args:
        amount: Units in any window.
        period_ns: Length of the window.
    """

    clock: ClassVar[MachineClock] = "steady"

    amount: int
    period_ns: int
    _cell_ns: int = field(init=False, repr=False, compare=False)
    _latest: list[int] = field(init=False, repr=False, compare=False, default_factory=lambda: [0])

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cell_ns", -(-self.period_ns // _CELLS))  # upwards: 12 cells are never too short

    @property
    def capacity(self) -> int:
        """The amount."""
        return self.amount

    def reserve(self, state: RingState | None, now: int, cost: int, _holder: int = 0, /) -> RingState | None:
        """Return the ring with `cost` more units in its current cell, or None if the window has no room."""
        epoch = now // self._cell_ns
        if state is None:
            return (self._shared(epoch), cost, cost) if cost <= self.amount else None
        if state[0] < epoch:
            state = _turned(state, self._shared(epoch))
        current, before, cells = state
        total = before + cost
        if total > self.amount:
            return None
        return (current, total, total if cells is before else cells + cost)

    def settle(
        self, state: RingState | None, now: int, mark: Mark, reserved: int, actual: int, _holder: int = 0, /
    ) -> RingState | None:
        """Return the ring with the rest of a reservation given back to its own cell, or with the debt added."""
        epoch = now // self._cell_ns
        if state is None:
            state = (epoch, 0, 0)
        elif state[0] < epoch:
            state = _turned(state, self._shared(epoch))
        current, total, cells = state
        if actual > reserved:
            debt = min(actual - reserved, MOST_DEBT)
            return current, total + debt, cells + debt
        place = _BITS * (current - mark[0])
        if place >= 0:
            rest = min(reserved - actual, (cells >> place) & _DIGIT)  # of a ring cleared meanwhile nothing is left
            total -= rest
            cells -= rest << place
        if total == cells:
            cells = total
        return (current, total, cells) if total or current > epoch else None

    def wait_ns(self, state: RingState | None, now: int, cost: int, /) -> int | None:
        """Return how long until so many of the oldest cells have left the ring that `cost` fits."""
        if state is None or cost > self.amount:
            return None
        current, total, cells = _turned(state, now // self._cell_ns)
        excess = total + cost - self.amount
        age = _CELLS + 1
        while excess > 0:
            age -= 1
            excess -= (cells >> _BITS * age) & _DIGIT
        return (current - age + _CELLS + 1) * self._cell_ns - now

    def drain_ns(self, state: RingState, now: int, /) -> int:
        """Return how long until the newest cell in use has left the ring."""
        current, total, cells = state
        if not total:
            return current * self._cell_ns - now
        age = ((cells & -cells).bit_length() - 1) // _BITS
        return (current - age + _CELLS + 1) * self._cell_ns - now

    def used(self, state: RingState, now: int, /) -> int:
        """Return the units in the window."""
        return _turned(state, now // self._cell_ns)[1]

    def cleared(self, state: RingState, now: int, /) -> RingState | None:
        """Return an empty ring that is one cell ahead, so that reservations still open belong to a cell before it."""
        current, total, _cells = _turned(state, now // self._cell_ns)
        return (current + 1, 0, 0) if total else state

    def _shared(self, epoch: int) -> int:
        """Return the number of a cell as an object that all buckets have in common: it is a fifth of a state."""
        latest = self._latest[0]
        if latest != epoch:
            self._latest[0] = latest = epoch
        return latest

    def part(self, state: RingState, /) -> int:
        """Return the number of the current cell."""
        return state[0]

    def encode(self, state: RingState, /) -> bytes:
        """Return the number of the current cell, and the units in each from there back to the oldest in use."""
        current, _total, cells = state
        return pack((current, *_digits(cells)))

    def decode(self, data: bytes, _now: int, /) -> RingState:
        """Return the ring; the units in it do not depend on the amount."""
        current, *digits = unpack(data)
        return current, sum(digits), sum(digit << _BITS * age for age, digit in enumerate(digits))


def _digits(cells: int) -> list[int]:
    """Return the cells, the newest first."""
    digits: list[int] = []
    while cells:
        digits.append(cells & _DIGIT)
        cells >>= _BITS
    return digits


def _turned(state: RingState, epoch: int) -> RingState:
    """Return the ring with `epoch` as its current cell; unchanged if it is there already, or ahead."""
    steps = epoch - state[0]
    if steps <= 0:
        return state
    cells = (state[2] << _BITS * steps) & _ALL if steps <= _CELLS else 0
    return epoch, cells % _DIGIT, cells  # modulo a base less one is the sum of the digits
