"""A ceiling that a provider lowers, and quiet time raises: a ring whose amount is a share of the configured one.

A refusal by the provider multiplies the share by 0.7, once in a period; every period without one adds 5 % of the
configured amount, up to all of it. Whatever the provider says about a time without calls, or about what is left, is
obeyed besides. This is additive increase and multiplicative decrease, as of congestion windows: Chiu and Jain, "Analysis
of the increase and decrease algorithms for congestion avoidance in computer networks", 1989.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from genai_guard.limits.states.ring import Ring, RingState
from genai_guard.limits.upstream import Remaining

__all__ = ["FULL", "Ceiling", "CeilingState"]

FULL: Final = 1_000
"""The whole of the configured amount, in thousandths."""

_STEP: Final = 50
_LOWEST: Final = 10
_LONGEST_PAUSE_NS: Final = 86_400 * 10**9
"""A provider that asks for more than a day is taken to mean a day: a broken proxy must not stop a service for good."""


class CeilingState(NamedTuple):
    """One bucket.

    Attributes:
        ring: The units in use.
        share: Thousandths of the configured amount, as of `quiet_ns`.
        cut_ns: When the share was last lowered; None for never.
        quiet_ns: Since when there has been quiet that is not in the share yet.
        until_ns: Before this time the provider wants no calls.
        left: Units that are left by the provider's own count; None if it has not said.
        left_until_ns: Until when that is believed.
    """

    ring: RingState | None = None
    share: int = FULL
    cut_ns: int | None = None
    quiet_ns: int = 0
    until_ns: int = 0
    left: int | None = None
    left_until_ns: int = 0


_FRESH: Final = CeilingState()


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Counts units against an amount that the provider may lower. Time is of any clock that never steps back.

    Args:
        amount: Units in any window while all is well.
        period_ns: Length of the window.
    """

    amount: int
    period_ns: int

    def amount_at(self, state: CeilingState | None, now: int, /) -> int:
        """Return the units in any window as of now: never more than the configured amount, and at least one."""
        return self._amount(FULL if state is None else self._recovered(state, now)[0])

    def used(self, state: CeilingState | None, now: int, /) -> int:
        """Return the units in the window."""
        ring = None if state is None else state.ring
        return 0 if ring is None else _ring(self.amount, self.period_ns).used(ring, now)

    def reserve(self, state: CeilingState | None, now: int, cost: int, /) -> CeilingState | None:
        """Return the state with `cost` in it, or None if it does not fit, or the provider wants no calls."""
        state = state or _FRESH
        if now < state.until_ns:
            return None
        left = state.left if now < state.left_until_ns else None
        if left is not None and cost > left:
            return None
        share, quiet_ns = self._recovered(state, now)
        ring = _ring(self._amount(share), self.period_ns).reserve(state.ring, now, cost)
        if ring is None:
            return None
        left = None if left is None else left - cost
        return CeilingState(ring, share, state.cut_ns, quiet_ns, state.until_ns, left, state.left_until_ns)

    def wait_ns(self, state: CeilingState | None, now: int, cost: int, /) -> int | None:
        """Return how long until `cost` fits if nothing else happens, to the nanosecond; None if it never can."""
        if cost > self.amount:
            return None
        state = state or _FRESH
        begins = max(now, state.until_ns)
        if state.left is not None and begins < state.left_until_ns and cost > state.left:
            begins = state.left_until_ns
        for amount, start, end in self._amounts(state, begins):
            if cost <= amount:
                wait = max(0, _ring(amount, self.period_ns).wait_ns(state.ring, start, cost) or 0)
                if end is None or start + wait < end:
                    return start + wait - now
        raise AssertionError("the last amount is the configured one")  # pragma: no cover

    def settle(self, state: CeilingState | None, now: int, part: int, reserved: int, actual: int, /) -> CeilingState:
        """Return the state with `actual` units in place of `reserved`."""
        state = state or _FRESH
        ring = _ring(self.amount, self.period_ns).settle(state.ring, now, (part,), reserved, actual)
        return CeilingState(ring, *state[1:])

    def refused(self, state: CeilingState | None, now: int, /) -> CeilingState:
        """Return the state after the provider has refused a call: lower, unless it was lowered within a period."""
        state = state or _FRESH
        share, _ = self._recovered(state, now)
        if state.cut_ns is None or now >= state.cut_ns + self.period_ns:
            return state._replace(share=max(_LOWEST, share * 7 // 10), cut_ns=now, quiet_ns=max(now, state.until_ns))
        return state._replace(share=share, quiet_ns=max(now, state.until_ns))

    def paused(self, state: CeilingState | None, now: int, for_ns: int, /) -> CeilingState:
        """Return the state after the provider has asked for no calls for so long. A shorter pause ends none."""
        state = state or _FRESH
        share, quiet_ns = self._recovered(state, now)
        until_ns = max(state.until_ns, now + min(for_ns, _LONGEST_PAUSE_NS))
        return state._replace(share=share, quiet_ns=max(quiet_ns, until_ns), until_ns=until_ns)

    def told(self, state: CeilingState | None, now: int, remaining: Remaining, /) -> CeilingState:
        """Return the state after the provider has said what is left.

        It is believed until the provider's limit is whole again, but not for longer than a period: unless nothing is
        left, or it does not say until when.
        """
        state = state or _FRESH
        reset_ns = self.period_ns if remaining.reset_ns is None else remaining.reset_ns
        longest_ns = self.period_ns if remaining.units else _LONGEST_PAUSE_NS
        return state._replace(left=remaining.units, left_until_ns=now + min(reset_ns, longest_ns))

    def is_idle(self, state: CeilingState, now: int, /) -> bool:
        """Whether the state is as good as None."""
        ring = _ring(self.amount, self.period_ns)
        return (
            now >= max(state.until_ns, state.left_until_ns)
            and self._recovered(state, now)[0] == FULL
            and (state.cut_ns is None or now >= state.cut_ns + self.period_ns)
            and (state.ring is None or ring.drain_ns(state.ring, now) <= 0)
        )

    def _amount(self, share: int) -> int:
        return max(1, self.amount * share // FULL)

    def _recovered(self, state: CeilingState, now: int) -> tuple[int, int]:
        """Return the share with the quiet until now in it, and since when there has been quiet that is not."""
        if state.share >= FULL:
            return FULL, state.quiet_ns
        periods = max(0, now - state.quiet_ns) // self.period_ns
        return min(FULL, state.share + periods * _STEP), state.quiet_ns + periods * self.period_ns

    def _amounts(self, state: CeilingState, now: int) -> Iterator[tuple[int, int, int | None]]:
        """Yield the amounts from now on, each with its beginning and its end; the last has none."""
        share, quiet_ns = self._recovered(state, now)
        while share < FULL:
            quiet_ns += self.period_ns
            yield self._amount(share), now, quiet_ns
            share, now = min(FULL, share + _STEP), quiet_ns
        yield self.amount, now, None


@lru_cache(maxsize=1_024)
def _ring(amount: int, period_ns: int) -> Ring:
    """Return a ring that is made once: there are few amounts, and every call needs one."""
    return Ring(amount, period_ns)
