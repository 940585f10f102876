"""An account for each period of the calendar, for budgets and quotas.

What a call reserves is held in its name until it is settled, and then replaced by what was spent, exactly. With the
period everything in it is closed: the next one starts from nothing, and what is settled late cannot be given back to
it. Only what was used beyond a reservation is charged to the period in which it becomes known.

A hold is a lease. If it runs out, because the process died that had the call, the amount held is charged, or released
where the limit says so. To settle afterwards changes nothing: what became of the hold has been decided.

A state is `(period, used, due, held)`: the beginning of the period in seconds since 1970; the units spent or held in
it; when the first lease may run out; and for each holder the units held and the end of the lease. Where nobody holds
anything, as in nearly all of a million accounts, it is `(period, used)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, TypeAlias

from genai_guard.frozen import FrozenDict
from genai_guard.limits.calendars import Calendar
from genai_guard.limits.states.base import MOST_DEBT, MachineClock, Mark
from genai_guard.limits.states.packing import pack, unpack

__all__ = ["Ledger", "OnExpiry"]

OnExpiry: TypeAlias = Literal["charge", "release"]

Held: TypeAlias = Mapping[int, tuple[int, int]]
LedgerState: TypeAlias = tuple[int, int] | tuple[int, int, int, Held]

_Account: TypeAlias = tuple[int, int, int, Held]

_SECOND_NS: Final = 10**9
_NEVER: Final = 1 << 63
_NOTHING: Final[Held] = FrozenDict()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Counts what is spent in each period of the calendar.

    The settled usage of a period is at most `amount` if calls use no more than they reserved. Each step takes time in
    proportion to the calls in flight in the bucket.

    Args:
        amount: Units in each period.
        calendar: The periods.
        lease_ns: How long a hold stands that is neither settled nor renewed. Zero for what is never given back, such
            as requests: it is spent at once.
        on_expiry: What becomes of a hold whose lease has run out.
    """

    clock: ClassVar[MachineClock] = "wall"

    amount: int
    calendar: Calendar
    lease_ns: int = 0
    on_expiry: OnExpiry = "charge"

    @property
    def capacity(self) -> int:
        """The amount."""
        return self.amount

    def reserve(self, state: LedgerState | None, now: int, cost: int, holder: int = 0, /) -> LedgerState | None:
        """Return the account with `cost` more held for `holder`, or None if the period has no room."""
        period, used, due, held = self._current(state, now)
        used += cost
        if used > self.amount and (cost or holder not in held):
            return None
        if self.lease_ns:
            until = now + self.lease_ns
            more = held[holder][0] if holder in held else 0
            return period, used, min(due, until), {**held, holder: (cost + more, until)}
        return (period, used, due, held) if held else (period, used)

    def settle(  # noqa: PLR0917  as the protocol has it
        self, state: LedgerState | None, now: int, mark: Mark, reserved: int, actual: int, holder: int = 0, /
    ) -> LedgerState | None:
        """Return the account with a hold replaced by what was spent, or with a debt from an earlier period."""
        period, used, due, held = self._current(state, now)
        if mark[0] < period:
            used += min(max(0, actual - reserved), MOST_DEBT)
        elif holder in held:
            amount = held[holder][0]
            used += min(actual - amount, MOST_DEBT)
            held = {other: hold for other, hold in held.items() if other != holder} if len(held) > 1 else _NOTHING
        if held:
            return period, used, due, held
        return (period, used) if used else None

    def wait_ns(self, state: LedgerState | None, now: int, cost: int, /) -> int | None:
        """Return how long until the period ends, or until enough holds have been released."""
        if cost > self.amount:
            return None
        period, used, _due, held = self._current(state, now)
        if self.on_expiry == "release":
            for amount, until in sorted(held.values(), key=lambda hold: hold[1]):
                used -= amount
                if used + cost <= self.amount and until < self._end(period):
                    return until - now
        return self._end(period) - now

    def drain_ns(self, state: LedgerState, now: int, /) -> int:
        """Return how long until the period ends; less if there is nothing in it but holds that will be released."""
        period, used, _due, held = self._current(state, now)
        if period != state[0]:
            return self._end(state[0]) - now
        if not used or (self.on_expiry == "release" and used == sum(amount for amount, _until in held.values())):
            return min(max((until for _amount, until in held.values()), default=now), self._end(period)) - now
        return self._end(period) - now

    def used(self, state: LedgerState, now: int, /) -> int:
        """Return the units spent or held in the current period."""
        return self._current(state, now)[1]

    def cleared(self, state: LedgerState, now: int, /) -> None:
        """Close the account: holds are gone, and settling them changes nothing."""

    def part(self, state: LedgerState, /) -> int:
        """Return the period."""
        return state[0]

    def encode(self, state: LedgerState, /) -> bytes:
        """Return the period, what is used, and the holds."""
        period, used, held = state[0], state[1], _NOTHING if len(state) == 2 else state[3]
        return pack((period, used, *(number for holder, hold in held.items() for number in (holder, *hold))))

    def decode(self, data: bytes, _now: int, /) -> LedgerState:
        """Return the account; what is in it does not depend on the amount."""
        period, used, *rest = unpack(data)
        if not rest:
            return period, used
        held = {rest[at]: (rest[at + 1], rest[at + 2]) for at in range(0, len(rest), 3)}
        return period, used, min(until for _amount, until in held.values()), held

    def _current(self, state: LedgerState | None, now: int) -> _Account:
        """Return the account of the period that `now` lies in, without the holds whose leases have run out.

        If the clock has stepped back out of the account's period, that period is the current one still.
        """
        period = self.calendar.period(now)[0]
        if state is None or state[0] < period:
            return period, 0, _NEVER, _NOTHING
        if len(state) == 2:
            return *state, _NEVER, _NOTHING
        return state if now < state[2] else self._expired(state, now)

    def _expired(self, state: _Account, now: int) -> _Account:
        period, used, _due, held = state
        if self.on_expiry == "release":
            used -= sum(amount for amount, until in held.values() if until <= now)
        held = {holder: hold for holder, hold in held.items() if hold[1] > now}
        return period, used, min((until for _amount, until in held.values()), default=_NEVER), held or _NOTHING

    def _end(self, period: int) -> int:
        return self.calendar.period(period * _SECOND_NS)[1] * _SECOND_NS
