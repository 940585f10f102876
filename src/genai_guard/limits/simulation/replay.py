"""Calls, one after the other, through the limits of a policy, on a clock that does not wait."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from genai_guard.errors import BudgetExceeded, RateLimited, UnpricedModel
from genai_guard.limits.limit import Limit
from genai_guard.limits.limiter import RateLimiter
from genai_guard.limits.simulation.traffic import Row, Traffic
from genai_guard.limits.stores.memory import MemoryStore
from genai_guard.limits.ticket import Level, Ticket
from genai_guard.messages import Usage
from genai_guard.prices import Prices

__all__ = ["LimitResult", "Result", "replay"]

_NANO: Final = 10**9
_MOST_TRIES: Final = 64  # of a call that waits
_SETTLE, _ARRIVE = range(2)  # at one moment, what ends makes room before what begins


@dataclass(slots=True)
class LimitResult:
    """What one limit did.

    Attributes:
        limit: The limit.
        refused: Calls that it refused, alone or with others; of a limit in shadow mode, that it would have refused.
        held_up: Calls that it refused at first, and that came through later.
        longest_wait_s: The longest time after which a refused call was told to come back.
        never: Calls that were larger than the limit.
        peak: Most units in use at once, of the key for which that was most in relation to what it may use.
        capacity: Units that this key may use at once.
        peak_key: That key; several with a comma between them.
        keys: How many keys there were.
        usage: For each span of time, the greatest share in use of any key whose calls came in it; None without calls.
        refusals: For each span of time, how many calls it refused.
    """

    limit: Limit
    refused: int = 0
    held_up: int = 0
    longest_wait_s: float = 0.0
    never: int = 0
    peak: float = 0.0
    capacity: float | None = None
    peak_key: str = ""
    keys: int = 0
    usage: list[float | None] = field(default_factory=list[float | None])
    refusals: list[int] = field(default_factory=list[int])


@dataclass(slots=True)
class Result:
    """What all limits did together.

    Attributes:
        start_s: When the first call came.
        end_s: When the last call came.
        limits: What each limit did.
        calls: How many calls there were.
        admitted: Calls that were let through, after a wait or without.
        unpriced: Calls refused because no price is known of their model.
        waits_s: The waits of the calls that came through after one, in order.
        tokens: Tokens of the calls that were let through.
        usd: Dollars of those.
    """

    start_s: float
    end_s: float
    limits: list[LimitResult]
    calls: int = 0
    admitted: int = 0
    unpriced: int = 0
    waits_s: list[float] = field(default_factory=list[float])
    tokens: int = 0
    usd: float = 0.0

    @property
    def refused(self) -> int:
        """Calls that were not let through."""
        return self.calls - self.admitted


def replay(
    traffic: Traffic,
    limits: Sequence[Limit],
    *,
    prices: Prices | None = None,
    expected_output_tokens: int = 256,
    wait_s: float = 0.0,
    spans: int = 60,
) -> Result:
    """Return what limits would have done to calls.

    A call reserves what a pipeline would, which knows its input and estimates its output by the replies before it; and
    is settled after its duration by what it took. A refused call is gone, unless it may wait: then it comes back when
    the limits said, as often as there is time. There is no queue: calls that wait may be overtaken.

    Args:
        traffic: The calls.
        limits: The limits.
        prices: What models cost.
        expected_output_tokens: Reserved for replies of a model of which few are known.
        wait_s: The longest that a call may wait.
        spans: Into how many spans of equal length the time is divided.
    """
    replaying = _Replay(traffic, limits, prices or Prices(), default=expected_output_tokens, wait_s=wait_s, spans=spans)
    return replaying.run()


class _Replay:
    def __init__(
        self,
        traffic: Traffic,
        limits: Sequence[Limit],
        prices: Prices,
        *,
        default: int,
        wait_s: float,
        spans: int,
    ) -> None:
        first, last = traffic.rows[0].time_s, traffic.rows[-1].time_s
        self.rows = traffic.rows
        self.prices = prices
        self.default = default
        self.wait_ns = round(wait_s * _NANO)
        self.spans = spans
        self.now = _ns(first)
        self.length_ns = max(1, _ns(last) - self.now)
        self.limiter = RateLimiter(*limits, store=MemoryStore(clock=self.clock, wall_clock=self.clock))
        self.results = [LimitResult(limit, usage=[None] * spans, refusals=[0] * spans) for limit in limits]
        self.of_name = {result.limit.name: result for result in self.results}
        self.seen: list[set[tuple[str, ...]]] = [set() for _ in limits]
        self.result = Result(first, last, self.results)
        self.events: list[tuple[int, int, int, Any]] = []
        self.numbers = count()

    def clock(self) -> int:
        return self.now

    def run(self) -> Result:
        for row in self.rows:
            self._run_until(_ns(row.time_s))
            self.result.calls += 1
            self._arrive(row, self.now)
        self._run_until(None)
        self.result.waits_s.sort()
        for result, seen in zip(self.results, self.seen, strict=True):
            result.keys = len(seen)
        return self.result

    def _run_until(self, time_ns: int | None) -> None:
        """Let happen what is due before a call arrives, or all there is."""
        while self.events and (time_ns is None or self.events[0][0] <= time_ns):
            self.now, kind, _, what = heapq.heappop(self.events)
            if kind == _SETTLE:
                self._settle(*what)
            else:
                self._arrive(*what)
        if time_ns is not None:
            self.now = max(self.now, time_ns)

    def _later(self, after_ns: int, kind: int, *what: Any) -> None:
        heapq.heappush(self.events, (self.now + after_ns, kind, next(self.numbers), what))

    def _arrive(self, row: Row, came_ns: int) -> None:
        keys: dict[str, Any] = {name: row.keys.get(name, "") for name in self.limiter.keys}
        expected = self.limiter.estimates.expected(row.model, max_tokens=row.max_tokens, default=self.default)
        ticket = Ticket()
        try:
            if row.usd is None:
                self.prices.check(row.model)
            usd = self._usd(row, Usage(row.input_tokens, expected))
            self.limiter.reserve(ticket, input_tokens=row.input_tokens, output_tokens=expected, usd=usd, **keys)
        except UnpricedModel:
            self.result.unpriced += 1
            return
        except (RateLimited, BudgetExceeded) as error:
            self._look(keys)
            self._refused(row, came_ns, error)
            return
        self._look(keys)
        for name in ticket.shadow_denials:
            self._count(self.of_name[name])
        self._admitted(row, came_ns, ticket)

    def _admitted(self, row: Row, came_ns: int, ticket: Ticket) -> None:
        result = self.result
        result.admitted += 1
        if self.now > came_ns:
            result.waits_s.append((self.now - came_ns) / _NANO)
        usage = Usage(
            row.input_tokens,
            row.output_tokens,
            row.cached_tokens,
            row.reasoning_tokens,
            cache_write_tokens=row.cache_write_tokens,
        )
        usd = self._usd(row, usage)
        result.tokens += usage.total_tokens
        result.usd += usd
        if row.duration_s:
            self._later(_ns(row.duration_s), _SETTLE, row.model, ticket, usage, usd)
        else:
            self._settle(row.model, ticket, usage, usd)

    def _settle(self, model: str, ticket: Ticket, usage: Usage, usd: float) -> None:
        self.limiter.settle(ticket, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, usd=usd)
        self.limiter.estimates.learn(model, usage.output_tokens)

    def _refused(self, row: Row, came_ns: int, error: RateLimited | BudgetExceeded) -> None:
        step = self._step(error)
        comes_back = step is not None and self.now + step <= came_ns + self.wait_ns
        for refusal in error.details:
            result = self.of_name[refusal.limit]
            if comes_back:
                result.held_up += self.now == came_ns
            else:
                self._count(result)
            result.never += refusal.retry_after_s is None
            result.longest_wait_s = max(result.longest_wait_s, refusal.retry_after_s or 0.0)
        if comes_back and step is not None:
            patience = min(came_ns + self.wait_ns - self.now, self.wait_ns // _MOST_TRIES)
            self._later(max(step, patience, 1), _ARRIVE, row, came_ns)

    def _step(self, error: RateLimited | BudgetExceeded) -> int | None:
        """Return when a refused call has a chance; None for never."""
        if error.retry_after_s is None:
            return None
        step = math.ceil(error.retry_after_s * _NANO)
        # Calls in flight say only when the lease of one ends, and most are over long before that.
        in_flight = any(refusal.unit == "concurrent" for refusal in error.details)
        return min(step, self.wait_ns // _MOST_TRIES + 1) if in_flight else step

    def _count(self, result: LimitResult) -> None:
        result.refused += 1
        result.refusals[self._span()] += 1

    def _look(self, keys: dict[str, str]) -> None:
        """See how full the limits are for a caller."""
        span = self._span()
        for result, level, seen in zip(self.results, self.limiter.peek(**keys), self.seen, strict=True):
            by = result.limit.by
            names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
            key = tuple(keys[name] for name in names)
            seen.add(key)
            if level.capacity:
                self._note(result, level, span, key)

    @staticmethod
    def _note(result: LimitResult, level: Level, span: int, key: tuple[str, ...]) -> None:
        capacity = level.capacity or 1
        share = level.used / capacity
        result.usage[span] = max(result.usage[span] or 0.0, share)
        if result.capacity is None or share > result.peak / result.capacity:
            result.peak, result.capacity, result.peak_key = level.used, capacity, ", ".join(key)

    def _span(self) -> int:
        passed = self.now - _ns(self.result.start_s)
        return min(self.spans - 1, passed * self.spans // self.length_ns)

    def _usd(self, row: Row, usage: Usage) -> float:
        if row.usd is not None:
            return row.usd
        price = self.prices.of_call(row.model, row.model) if self.prices else None
        return 0.0 if price is None else price.cost_usd(usage)


def _ns(seconds: float) -> int:
    return round(seconds * _NANO)
