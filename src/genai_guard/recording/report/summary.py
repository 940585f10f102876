"""What a log holds, added up in one pass: as a whole, over time, by model, by tenant and by variant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from genai_guard.errors import ConfigurationError
from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.report.calls import Arm, Row, call_of
from genai_guard.recording.report.counting import Group, Groups, TimeBins, Weights
from genai_guard.recording.series import Hit
from genai_guard.recording.sketch import quantiles
from genai_guard.recording.snapshot import Quantiles
from genai_guard.wilson import Rate, wilson

if TYPE_CHECKING:
    from genai_guard.recording.feedback import Feedback
    from genai_guard.recording.series import Series

__all__ = ["Figures", "Span", "Summary", "by_calls", "summarize", "summarize_counts"]

_Name = TypeVar("_Name", bound=Any)

_MOST_GROUPS: Final = 200
_FEWEST_SLOTS: Final = 24
_OTHER_ARM: Final = Arm(OTHER, OTHER, "enforce")
_LEFT_OVER: Final = (OTHER, _OTHER_ARM)
_SHARES: Final = (0.5, 0.95, 0.99)
_NO_RATE: Final = wilson(0, 0)
_NO_TIMES: Final = Quantiles()


@dataclass(frozen=True, slots=True)
class Figures:
    """What calls came to. Where the log keeps a sample, each row counts for the calls that it stands for.

    What counts as an error, and which calls a latency is known of, is said at `Snapshot`.

    Attributes:
        calls: How many there were.
        seen: How many rows tell of them.
        statuses: Calls by status.
        errors: Share of calls in which something broke, with its 95 % interval.
        blocked: Calls that a guard refused.
        denied: Calls that a limit or budget refused.
        error_types: Errors by the class of what was raised.
        denials: Calls by the limit that refused them.
        shadow_denials: Calls by the limit in shadow mode that would have.
        hits: Verdicts by guard, action and mode.
        rules: Calls by rule and category of what guards found.
        latency_ms: From beginning to end.
        model_ms: Of it, in the wrapped function and its stream.
        queue_ms: Of it, waiting for room in a limit, of the calls that waited.
        overhead_ms: All the rest.
        first_token_ms: To the first chunk, of the calls that streamed one.
        latencies: How many calls each bucket of `recording.sketch` holds.
        usd: Price of the calls that have one.
        usd_by_model: The same, by model.
        unpriced: Calls with tokens but without a price.
        retried: Calls for which the model was asked more than once.
        fallbacks: Calls that the target of a fallback or tier answered.
        from_cache: Calls that the cache answered.
        up: Thumbs up.
        down: Thumbs down.
    """

    calls: float = 0
    seen: int = 0
    statuses: Mapping[str, float] = field(default_factory=dict[str, float])
    errors: Rate = _NO_RATE
    blocked: float = 0
    denied: float = 0
    error_types: Mapping[str, float] = field(default_factory=dict[str, float])
    denials: Mapping[str, float] = field(default_factory=dict[str, float])
    shadow_denials: Mapping[str, float] = field(default_factory=dict[str, float])
    hits: Mapping[Hit, float] = field(default_factory=dict[Hit, float])
    rules: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    latency_ms: Quantiles = _NO_TIMES
    model_ms: Quantiles = _NO_TIMES
    queue_ms: Quantiles = _NO_TIMES
    overhead_ms: Quantiles = _NO_TIMES
    first_token_ms: Quantiles = _NO_TIMES
    latencies: Mapping[int, float] = field(default_factory=dict[int, float], repr=False)
    input_tokens: float = 0
    output_tokens: float = 0
    cached_tokens: float = 0
    usd: float = 0.0
    usd_by_model: Mapping[str, float] = field(default_factory=dict[str, float])
    unpriced: float = 0
    retried: float = 0
    fallbacks: float = 0
    from_cache: float = 0
    up: int = 0
    down: int = 0

    @property
    def tokens(self) -> float:
        """Input plus output."""
        return self.input_tokens + self.output_tokens

    @property
    def thumbs(self) -> Rate:
        """Share of thumbs that are up, with its 95 % interval."""
        return wilson(self.up, self.up + self.down)

    @classmethod
    def of(cls, group: Group) -> Figures:
        """Return what a group came to."""
        return cls(
            calls=group.calls,
            seen=group.seen,
            statuses=_ranked(group.statuses),
            errors=_rate(group),
            blocked=group.blocked,
            denied=group.denied,
            error_types=_ranked(group.error_types),
            denials=_ranked(group.denials),
            shadow_denials=_ranked(group.shadow_denials),
            hits=_ranked(group.hits),
            rules=_ranked(group.rules),
            latency_ms=_quantiles(group.latency),
            model_ms=_quantiles(group.model_time),
            queue_ms=_quantiles(group.queue),
            overhead_ms=_quantiles(group.overhead),
            first_token_ms=_quantiles(group.first_token),
            latencies=group.latency,
            input_tokens=group.input_tokens,
            output_tokens=group.output_tokens,
            cached_tokens=group.cached_tokens,
            usd=group.usd,
            usd_by_model=_ranked(group.usd_by_model),
            unpriced=group.unpriced,
            retried=group.retried,
            fallbacks=group.fallbacks,
            from_cache=group.from_cache,
            up=group.up,
            down=group.down,
        )


class Span(NamedTuple):
    """A stretch of time.

    Attributes:
        since_s: When it begins, in seconds since 1970.
        until_s: When it is over.
    """

    since_s: float
    until_s: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.until_s - self.since_s


@dataclass(frozen=True, slots=True)
class Summary:
    """What a log holds.

    Attributes:
        span: What is shown: from the beginning of the first slot to the end of the last one.
        calls_span: From the first call to the last one; None without calls.
        width_s: Length of a slot in seconds.
        slots: Figures over time, without a gap: those of `span` cut into stretches of `width_s`, 24 to 120.
        total: Figures of everything.
        models: Figures by model, that with the most calls first; beyond 200 names they are together in `__other__`.
        tenants: The same by tenant.
        pipelines: The same by pipeline.
        arms: The same by variant of an experiment.
        rows: How many rows were read.
        undated: Rows that do not say when they were, which count nowhere.
        outside: Rows before or after what was asked for, which count nowhere.
        sampled: Rows that stand for more than one call.
        feedback: Things that were said of calls.
        unplaced: Of them, those of calls that are not in the log.
        since_s: The first moment that was asked for; None for that of the first call.
        until_s: The first moment that was not asked for any more; None for that behind the last call.
        is_counted: Whether only counts are known, and not each call.
    """

    span: Span
    calls_span: Span | None
    width_s: int
    slots: Sequence[Figures]
    total: Figures
    models: Mapping[str, Figures]
    tenants: Mapping[str, Figures]
    arms: Mapping[Arm, Figures]
    rows: int = 0
    undated: int = 0
    outside: int = 0
    sampled: int = 0
    feedback: int = 0
    unplaced: int = 0
    pipelines: Mapping[str, Figures] = field(default_factory=dict[str, Figures])
    since_s: float | None = None
    until_s: float | None = None
    is_counted: bool = False

    @property
    def seconds(self) -> float:
        """How long the time was in which the calls were made: that which was asked for, else that of the calls."""
        first, last = self.calls_span or (0.0, 0.0)
        return (last if self.until_s is None else self.until_s) - (first if self.since_s is None else self.since_s)


def summarize(
    rows: Iterable[Row],
    *,
    since_s: float | None = None,
    until_s: float | None = None,
    feedback: Iterable[Feedback] = (),
) -> Summary:
    """Add up the rows of an inference log, in one pass and bounded memory. No text of a call is looked at.

    Args:
        rows: As `InferenceLog.read` gives them, in any order.
        since_s: The first moment that counts, in seconds since 1970; that of the first row when None.
        until_s: The first moment that counts no more; none when None.
        feedback: What was said of calls: `store.read()`. It is held in memory.

    Raises:
        ConfigurationError: `since_s` is not before `until_s`.
    """
    if since_s is not None and until_s is not None and not since_s < until_s:
        raise ConfigurationError("a report must begin before it ends: since is not before until")
    fold = _Fold(since_s, until_s, _thumbs(feedback))
    fold.add_all(rows)
    return fold.summary()


def summarize_counts(
    parts: Iterable[tuple[float, Mapping[str, str], Series]],
    *,
    cell_s: int,
    since_s: float | None = None,
    until_s: float | None = None,
) -> Summary:
    """Add up what was counted, of which each call is not known.

    Args:
        parts: As `MetricsHistory.parts` gives them: when a cell of time begins, the values of the dimensions, the calls.
        cell_s: Length of a cell.
        since_s: The first moment that is shown, in seconds since 1970; that of the first cell when None.
        until_s: The first moment that is shown no more; that behind the last cell when None.
    """
    fold = _Fold(since_s, until_s, {}, width_s=cell_s)
    for begins_s, names, series in parts:
        fold.add_counted(begins_s, begins_s + cell_s, names, series)
    return replace(fold.summary(), is_counted=True)


class _Fold:
    """A summary in the making."""

    def __init__(
        self, since_s: float | None, until_s: float | None, thumbs: dict[str, list[int]], *, width_s: int = 1
    ) -> None:
        self._since_s = -math.inf if since_s is None else since_s
        self._until_s = math.inf if until_s is None else until_s
        self._thumbs = thumbs
        self._placed: set[str] = set()
        self._bins = TimeBins(width_s=width_s)
        self._models: Groups[str] = Groups(_MOST_GROUPS, OTHER)
        self._tenants: Groups[str] = Groups(_MOST_GROUPS, OTHER)
        self._pipelines: Groups[str] = Groups(_MOST_GROUPS, OTHER)
        self._arms: Groups[Arm] = Groups(_MOST_GROUPS, _OTHER_ARM)
        self._first_s, self._last_s = math.inf, -math.inf
        self._rows = self._undated = self._outside = self._sampled = 0
        if since_s is not None:
            self._bins.cover(since_s)
        if until_s is not None:
            self._bins.cover(math.nextafter(until_s, 0))

    def add_all(self, rows: Iterable[Row]) -> None:
        since_s, until_s = self._since_s, self._until_s
        at, model, arm, tenant = self._bins.at, self._models.of, self._arms.of, self._tenants.of
        pipeline = self._pipelines.of
        for row in rows:
            self._rows += 1
            call = call_of(row)
            if call is None:
                self._undated += 1
                continue
            time_s = call.time_s
            if not since_s <= time_s < until_s:
                self._outside += 1
                continue
            self._first_s, self._last_s = min(self._first_s, time_s), max(self._last_s, time_s)
            self._sampled += call.weight > 1
            groups = [at(time_s), model(call.model), pipeline(call.pipeline), *[arm(each) for each in call.arms]]
            if call.tenant:
                groups.append(tenant(call.tenant))
            for group in groups:
                group.add(call)
            if self._thumbs:
                self._add_thumbs(call.ids, groups)

    def add_counted(self, begins_s: float, ends_s: float, names: Mapping[str, str], series: Series) -> None:
        self._first_s, self._last_s = min(self._first_s, begins_s), max(self._last_s, ends_s)
        model, variant, tenant = (names.get(each, "") for each in ("model", "variant", "tenant"))
        groups = [self._bins.at(begins_s), self._models.of(model), self._pipelines.of(names.get("pipeline", ""))]
        if variant:
            groups.append(self._arms.of(Arm("", variant, "enforce")))
        if tenant:
            groups.append(self._tenants.of(tenant))
        counted = Group.counted(series, status=names["status"], model=model)
        for group in groups:
            group.merge(counted)

    def _add_thumbs(self, ids: Iterable[str], groups: Iterable[Group]) -> None:
        for each in ids:
            if (said := self._thumbs.get(each)) is not None:
                self._placed.add(each)
                for group in groups:
                    group.up += said[0]
                    group.down += said[1]

    def summary(self) -> Summary:
        bins = self._bins
        bins.settle()
        width_s = bins.width_s
        total = Group()
        for group in bins.bins.values():
            total.merge(group)
        numbers = self._numbers()
        nothing = Figures()
        slots = tuple(Figures.of(bins.bins[each]) if each in bins.bins else nothing for each in numbers)
        return Summary(
            span=Span(numbers.start * width_s, numbers.stop * width_s),
            calls_span=Span(self._first_s, self._last_s) if bins.bins else None,
            width_s=width_s,
            slots=slots,
            total=Figures.of(total),
            models=by_calls(self._models),
            tenants=by_calls(self._tenants),
            pipelines=by_calls(self._pipelines),
            arms=by_calls(self._arms),
            rows=self._rows,
            undated=self._undated,
            outside=self._outside,
            sampled=self._sampled,
            feedback=len(self._thumbs),
            unplaced=len(self._thumbs) - len(self._placed),
            since_s=self._since_s if math.isfinite(self._since_s) else None,
            until_s=self._until_s if math.isfinite(self._until_s) else None,
        )

    def _numbers(self) -> range:
        """Return the slots that are shown, some empty ones around them if they are few and no time was asked for."""
        bins = self._bins
        asked = math.isfinite(self._since_s) or math.isfinite(self._until_s)
        if not bins.bins and not asked:
            return range(0)
        missing = 0 if asked else max(0, _FEWEST_SLOTS - (bins.last - bins.first + 1))
        return range(bins.first - missing // 2, bins.last + 1 + missing - missing // 2)


def _thumbs(feedback: Iterable[Feedback]) -> dict[str, list[int]]:
    """Return how many thumbs are up and how many down, by the id of the call."""
    from genai_guard.recording.feedback import latest  # noqa: PLC0415  most reports have none

    said: dict[str, list[int]] = {}
    for each in latest(feedback):
        counts = said.setdefault(each.request_id, [0, 0])
        if each.name == "thumbs":
            counts[each.value == "down"] += 1
    return said


def _rate(group: Group) -> Rate:
    """Return the share of errors; of a sample, with the interval that so many equally weighted calls would have."""
    if not group.calls:
        return _NO_RATE
    errors, calls = group.errors, group.calls
    if group.seen == calls:
        return wilson(round(errors), group.seen)
    trials = max(1, round(calls * calls / group.squares))  # Kish, "Survey Sampling", 1965
    return wilson(min(trials, round(trials * errors / calls)), trials)


def _quantiles(weights: Weights) -> Quantiles:
    in_ms = [None if each is None else each * 1e3 for each in quantiles(weights, _SHARES)]
    return Quantiles(round(sum(weights.values())), *in_ms)


def _ranked(counts: Mapping[_Name, float]) -> dict[_Name, float]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def by_calls(groups: Mapping[_Name, Group]) -> dict[_Name, Figures]:
    """Return the figures of each group, that with the most calls first, and what is left over last."""
    ordered = sorted(groups.items(), key=lambda pair: (pair[0] in _LEFT_OVER, -pair[1].calls, pair[0]))
    return {name: Figures.of(group) for name, group in ordered}
