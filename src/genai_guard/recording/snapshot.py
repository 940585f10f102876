"""What happened in a window, as values and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from genai_guard.printed import shown
from genai_guard.recording.dimensions import OTHER, Key
from genai_guard.recording.frames import flat, frame
from genai_guard.recording.series import ERRORS, NANO, Hit, Series
from genai_guard.recording.sketch import Buckets, merge, quantiles
from genai_guard.recording.tables import by_guard, html, listed, milliseconds
from genai_guard.recording.tallies import Tally

__all__ = ["Part", "Quantiles", "Snapshot", "snapshot"]

Part: TypeAlias = Series | Tally
"""Calls that have a key in common; of a tally no durations are known."""

Hits: TypeAlias = Mapping[str, Mapping[str, int]]

_SHARES: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Durations in milliseconds, within 1 % of the exact ones; None when there were none, or only their number is kept.

    Attributes:
        count: Number of durations.
        p50: Half of them were not longer.
        p95: 95 % of them were not longer.
        p99: 99 % of them were not longer.
    """

    count: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None

    @classmethod
    def of(cls, buckets: Buckets) -> Quantiles:
        """Return the quantiles of durations that were counted in seconds."""
        in_ms = (None if each is None else each * 1e3 for each in quantiles(buckets, _SHARES))
        return cls(sum(buckets.values()), *in_ms)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What happened in a window, or to one slice of it. Prints as a table, and shows as one in a notebook.

    Latency and model time are those of the calls that reached the model: refusals take microseconds, and would make
    an overloaded service look fast. Errors are the calls that ended as `error`, `timeout` or `component_failed`. What
    the policy refused (`blocked`, `denied`) and what the caller gave up (`cancelled`, `abandoned`) is not an error.

    Attributes:
        window_s: Length of the window in seconds; it begins up to ten seconds earlier, with the slice it falls into.
        begins_s: When that was, in seconds since 1970.
        slice: The dimensions asked for and their values; empty for all calls.
        calls: All calls.
        errors: Those in which something broke.
        error_rate: Errors divided by calls; 0 without calls.
        blocked: Those that a guard refused.
        denied: Those that a limit or budget refused.
        statuses: Calls by status.
        latency_ms: From beginning to end, of the calls that reached the model.
        model_ms: The part of it spent in the wrapped function and its stream.
        overhead_ms: All the rest but waiting for a limit, of every call; for a stream this includes waiting for its reader.
        first_token_ms: To the first chunk released, of the calls that streamed one.
        inter_token_ms: From one chunk to the next, as a mean of each call that streamed more than one; see
            `Event.inter_token_s`.
        queue_ms: Waiting for room in a limit, of the calls that did.
        input_tokens: Tokens of requests, cached ones included.
        output_tokens: Tokens of replies.
        cached_tokens: Those of the input that the provider had cached.
        cost_usd: Price of the calls that have one.
        unpriced: Calls with tokens but without a price: `cost_usd` leaves them out.
        guardrail_hits: Verdicts by guard, then by action. A guard counts once for each side of a call.
        shadow_hits: The same for guards in shadow mode.
        error_types: Errors by the class of what was raised.
        denials: Calls by the limit that refused them.
        shadow_denials: Calls by the limit in shadow mode that would have refused them.
        retries: Attempts that repeated what had failed.
        fallbacks: Calls by the target of a fallback or tier that answered.
        cache_hits: Calls that were answered with an old reply.
        overflowed: Calls that may belong to this slice, but were counted under `__other__`; see `max_series`.
        dropped: What sinks missed since the recorder was made, by sink and reason.
    """

    window_s: float
    begins_s: float = 0.0
    slice: Mapping[str, str] = field(default_factory=dict[str, str])
    calls: int = 0
    errors: int = 0
    error_rate: float = 0.0
    blocked: int = 0
    denied: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict[str, int])
    latency_ms: Quantiles = Quantiles()
    model_ms: Quantiles = Quantiles()
    overhead_ms: Quantiles = Quantiles()
    first_token_ms: Quantiles = Quantiles()
    inter_token_ms: Quantiles = Quantiles()
    queue_ms: Quantiles = Quantiles()
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    guardrail_hits: Hits = field(default_factory=dict[str, Mapping[str, int]])
    shadow_hits: Hits = field(default_factory=dict[str, Mapping[str, int]])
    error_types: Mapping[str, int] = field(default_factory=dict[str, int])
    denials: Mapping[str, int] = field(default_factory=dict[str, int])
    shadow_denials: Mapping[str, int] = field(default_factory=dict[str, int])
    retries: int = 0
    fallbacks: Mapping[str, int] = field(default_factory=dict[str, int])
    cache_hits: int = 0
    overflowed: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])

    def __str__(self) -> str:
        rows = tuple(self._rows(_durations))
        width = max(len(name) for name, _ in rows)
        return "\n".join([self._title(), *(f"  {name:<{width}}  {shown(text)}".rstrip() for name, text in rows)])

    def _repr_html_(self) -> str:
        return html(self._title(), (), self._rows(_durations_in_words), left=(0, 1))

    def row(self) -> dict[str, Any]:
        """Return everything but `dropped` in one flat row, with a column for each name that is counted."""
        return flat(self)

    def to_pandas(self) -> Any:
        """Return that row as a `pandas.DataFrame`.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        return frame([self.row()])

    def _title(self) -> str:
        of = ", ".join(f"{name} {value!r}" for name, value in self.slice.items())
        return f"{self.calls:,} calls in the last {self.window_s:g} s" + (f", {of}" if of else "")

    def _rows(self, durations: Callable[[Quantiles], str]) -> Iterator[tuple[str, str]]:
        yield "errors", f"{self.errors:,} ({self.error_rate:.2%})" + _names(self.error_types)
        yield "blocked", f"{self.blocked:,}"
        yield "denied", f"{self.denied:,}" + _names(self.denials)
        if self.shadow_denials:
            yield "denied in shadow", listed(self.shadow_denials)
        yield "statuses", listed(self.statuses)
        yield "latency", durations(self.latency_ms)
        yield "of it model", durations(self.model_ms)
        yield "overhead", durations(self.overhead_ms)
        yield "first token", durations(self.first_token_ms)
        if self.inter_token_ms.count:
            yield "between tokens", durations(self.inter_token_ms)
        if self.queue_ms.count:
            yield "waited", f"{durations(self.queue_ms)}  of {self.queue_ms.count:,} calls"
        yield "tokens", f"in {self.input_tokens:,}, out {self.output_tokens:,}, cached {self.cached_tokens:,}"
        yield "cost", f"${self.cost_usd:,.4f}" + (f" ({self.unpriced:,} calls have no price)" if self.unpriced else "")
        if self.retries or self.fallbacks or self.cache_hits:
            yield (
                "answered",
                f"retries {self.retries:,}, cache hits {self.cache_hits:,}, fallbacks {listed(self.fallbacks)}",
            )
        yield "guardrail hits", by_guard(self.guardrail_hits)
        if self.shadow_hits:
            yield "in shadow mode", by_guard(self.shadow_hits)
        if self.overflowed:
            yield "not in this slice", f"{self.overflowed:,} calls counted under __other__ may belong to it"
        if self.dropped:
            yield "dropped", listed(self.dropped)


def snapshot(
    parts: Iterable[tuple[Key, Part]],
    *,
    window_s: float,
    wanted: Mapping[int, str],
    dimensions: Key,
    dropped: Mapping[str, int],
    begins_s: float = 0.0,
) -> Snapshot:
    """Add up the parts that have the `wanted` values, by the place of their dimension in the key."""
    series, tally = Series(), Tally()
    statuses: dict[str, int] = {}
    overflowed = 0
    for key, part in parts:
        if all(key[place] == value for place, value in wanted.items()):
            merge(statuses, {key[0]: part.calls})
            if isinstance(part, Series):
                series.merge(part)
            else:
                tally.add(part)
        elif all(key[place] in {value, OTHER} for place, value in wanted.items()):
            overflowed += part.calls
    counted_only = tally.reached
    tally.add(Tally.of(series))
    merge(series.model, series.latency)
    calls, rare = tally.calls, tally.rare
    errors = sum(count for status, count in statuses.items() if status in ERRORS)
    return Snapshot(
        window_s=window_s,
        begins_s=begins_s,
        slice={dimensions[place]: value for place, value in wanted.items()},
        calls=calls,
        errors=errors,
        error_rate=errors / calls if calls else 0.0,
        blocked=statuses.get("blocked", 0),
        denied=statuses.get("rate_limited", 0) + statuses.get("budget_exceeded", 0),
        statuses=_ranked(statuses),
        latency_ms=Quantiles(counted_only) if counted_only else Quantiles.of(series.latency),
        model_ms=Quantiles(counted_only) if counted_only else Quantiles.of(series.model),
        overhead_ms=Quantiles.of(series.overhead),
        first_token_ms=Quantiles.of(series.first_token),
        inter_token_ms=Quantiles.of(series.inter_token),
        queue_ms=Quantiles.of(series.queue),
        input_tokens=tally.input_tokens,
        output_tokens=tally.output_tokens,
        cached_tokens=tally.cached_tokens,
        cost_usd=tally.cost_nano_usd / NANO,
        unpriced=tally.unpriced,
        guardrail_hits=_hits(rare.hits, shadow=False),
        shadow_hits=_hits(rare.hits, shadow=True),
        error_types=_ranked(rare.error_types),
        denials=_ranked(rare.denials),
        shadow_denials=_ranked(rare.shadow_denials),
        retries=rare.retries,
        fallbacks=_ranked(rare.fallbacks),
        cache_hits=rare.cache_hits,
        overflowed=overflowed,
        dropped=dict(dropped),
    )


def _hits(counts: Mapping[Hit, int], *, shadow: bool) -> dict[str, dict[str, int]]:
    hits: dict[str, dict[str, int]] = {}
    for hit, count in sorted(counts.items()):
        if (hit.mode == "shadow") is shadow:
            merge(hits.setdefault(hit.guard, {}), {hit.action: count})
    return hits


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _durations(of: Quantiles) -> str:
    """Return durations for a terminal, below each other."""
    return "  ".join(f"{name} {milliseconds(value):>12}" for name, value in _named(of))


def _durations_in_words(of: Quantiles) -> str:
    """Return durations for a page, which would swallow the blanks."""
    return ", ".join(f"{name} {milliseconds(value)}" for name, value in _named(of))


def _named(of: Quantiles) -> tuple[tuple[str, float | None], ...]:
    return ("p50", of.p50), ("p95", of.p95), ("p99", of.p99)


def _names(counts: Mapping[str, int]) -> str:
    return f": {listed(counts)}" if counts else ""
