"""The counts of a limiter with the ceilings of its provider around them: a call needs room in both, or counts in none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction
from typing import Any, Final, TypeVar

from genai_guard.limits.adaptive import Adaptive
from genai_guard.limits.buckets import Buckets
from genai_guard.limits.stores.base import Answer, Counts
from genai_guard.limits.ticket import Demand, Denial, Ticket

__all__ = ["adapted"]

T = TypeVar("T")


def adapted(counts: Counts, adaptive: Adaptive | None) -> Counts:
    """Return counts that ask the ceilings first, which cost no round trip, and give back to them what the limits refuse."""
    if adaptive is None:
        return counts
    return _AsyncAdapted(counts, adaptive) if iscoroutinefunction(counts.reserve) else _Adapted(counts, adaptive)


class _Base:
    def __init__(self, counts: Any, adaptive: Adaptive) -> None:
        self._counts: Final = counts
        self._adaptive: Final = adaptive
        self.extend = counts.extend
        self.peek = counts.peek
        self.usage = counts.usage
        self.reset = counts.reset


class _Adapted(_Base):
    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        denials: Sequence[Denial] = self._adaptive.reserve(ticket, buckets, demand)
        if denials:
            return denials
        passed = False
        try:
            denials = self._counts.reserve(ticket, buckets, demand)
            passed = not denials
        finally:
            if not passed:
                self._adaptive.cancel(ticket)
        return denials

    def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> bool:
        try:
            settled: bool = self._counts.settle(ticket, actual)
        finally:
            self._adaptive.settle(ticket, actual)
        return settled


class _AsyncAdapted(_Base):
    async def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        denials: Sequence[Denial] = self._adaptive.reserve(ticket, buckets, demand)
        if denials:
            return denials
        passed = False
        try:
            denials = await self._counts.reserve(ticket, buckets, demand)
            passed = not denials
        finally:
            if not passed:
                self._adaptive.cancel(ticket)
        return denials

    def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> Answer[bool]:
        settle: Callable[..., Answer[bool]] = self._counts.settle
        return self._settled(settle, ticket, actual)

    def settle_later(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> bool:
        note = getattr(self._counts, "settle_later", None)
        return note is not None and self._settled(note, ticket, actual)

    def _settled(self, settle: Callable[..., T], ticket: Ticket, actual: tuple[int | None, ...]) -> T:
        try:
            return settle(ticket, actual)
        finally:
            self._adaptive.settle(ticket, actual)
