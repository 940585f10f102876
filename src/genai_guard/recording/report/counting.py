"""Calls added up: of a stretch of time, a model, a variant; and time cut into stretches that suit what was seen.

Memory is bounded whatever a log holds: sketches have a few hundred buckets, names beyond a number are counted together,
and there are never more than `MOST_BINS` stretches of time.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, TypeAlias, TypeVar, cast

from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.report.calls import Call
from genai_guard.recording.series import ERRORS, NANO, Hit, Series
from genai_guard.recording.sketch import merge

__all__ = ["MOST_BINS", "Group", "Groups", "TimeBins", "Weights"]

Name = TypeVar("Name", bound=Hashable)

Weights: TypeAlias = dict[int, float]
"""Buckets of a sketch, with how many calls each holds. That is no whole number where the log keeps a sample."""

MOST_BINS: Final = 240
"""Stretches of time kept while reading; a report has half as many at most."""

_WIDTHS_S: Final = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400)
_MOST_NAMES: Final = 64


class Group:
    """Calls added up.

    Attributes:
        calls: How many there were.
        seen: How many rows they stand for.
        squares: Sum of the squares of their weights.
        reached: Those that reached the model.
        latency: Buckets of the calls that reached the model, as are `model_time` and `first_token`.
        usd_by_model: What calls cost, by model.
    """

    __slots__ = (
        "cached_tokens", "calls", "denials", "down", "error_types", "fallbacks", "first_token", "from_cache", "hits",
        "input_tokens", "latency", "model_time", "output_tokens", "overhead", "priced", "queue", "retried", "rules",
        "seen", "shadow_denials", "squares", "statuses", "unpriced", "up", "usd", "usd_by_model",
    )  # fmt: skip

    def __init__(self) -> None:
        self.calls: float = 0
        self.seen = 0
        self.squares: float = 0
        self.statuses: dict[str, float] = {}
        self.error_types: dict[str, float] = {}
        self.denials: dict[str, float] = {}
        self.shadow_denials: dict[str, float] = {}
        self.hits: dict[Hit, float] = {}
        self.rules: dict[tuple[str, str], float] = {}
        self.latency: Weights = {}
        self.model_time: Weights = {}
        self.overhead: Weights = {}
        self.queue: Weights = {}
        self.first_token: Weights = {}
        self.input_tokens: float = 0
        self.output_tokens: float = 0
        self.cached_tokens: float = 0
        self.usd = 0.0
        self.usd_by_model: dict[str, float] = {}
        self.priced: float = 0
        self.unpriced: float = 0
        self.retried: float = 0
        self.fallbacks: float = 0
        self.from_cache: float = 0
        self.up = 0
        self.down = 0

    def add(self, call: Call) -> None:
        """Add a call."""
        weight, status = call.weight, call.status
        self.calls += weight
        self.seen += 1
        self.squares += weight * weight
        _count(self.statuses, status, weight)
        tokens = call.input_tokens + call.output_tokens
        if tokens:
            self.input_tokens += call.input_tokens * weight
            self.output_tokens += call.output_tokens * weight
            self.cached_tokens += call.cached_tokens * weight
        if call.usd is not None:
            self.priced += weight
            self.usd += call.usd * weight
            _count(self.usd_by_model, call.model, call.usd * weight)
        elif tokens:
            self.unpriced += weight
        self._add_times(call, weight)
        if call.attempts > 1:
            self.retried += weight
        if call.answered_by:
            if call.answered_by == "cache":
                self.from_cache += weight
            else:
                self.fallbacks += weight
        if call.hits or status != "ok" or call.shadow_denials:
            self._add_names(call, weight)

    def _add_times(self, call: Call, weight: float) -> None:
        _count_bucket(self.overhead, call.overhead, weight)
        _count_bucket(self.latency, call.latency, weight)
        _count_bucket(self.model_time, call.model_time, weight)
        if call.queue is not None:
            _count_bucket(self.queue, call.queue, weight)
        if call.first_token is not None:
            _count_bucket(self.first_token, call.first_token, weight)

    def _add_names(self, call: Call, weight: float) -> None:
        if call.status in ERRORS:
            _count(self.error_types, call.error_type or call.status, weight)
        if call.denied_by:
            _count(self.denials, call.denied_by, weight)
        for limit in call.shadow_denials:
            _count(self.shadow_denials, limit, weight)
        for hit in call.hits:
            _count(self.hits, hit, weight, Hit(OTHER, hit.action, hit.mode))
        for rule in call.rules:
            _count(self.rules, rule, weight, (OTHER, ""))

    @classmethod
    def counted(cls, series: Series, *, status: str, model: str) -> Group:
        """Return calls of which only counts are known: no rules, and retries instead of the calls that needed any."""
        group, rare = cls(), series.rare
        group.calls = group.seen = group.squares = series.calls
        group.statuses = {status: group.calls}
        group.error_types, group.hits = {**rare.error_types}, {**rare.hits}
        group.denials, group.shadow_denials = {**rare.denials}, {**rare.shadow_denials}
        group.latency, group.model_time = {**series.latency}, {**series.latency}
        merge(group.model_time, {**series.model})
        group.overhead, group.queue, group.first_token = {**series.overhead}, {**series.queue}, {**series.first_token}
        group.input_tokens, group.output_tokens = series.input_tokens, series.output_tokens
        group.cached_tokens, group.unpriced = series.cached_tokens, series.unpriced
        group.usd = series.cost_nano_usd / NANO
        group.usd_by_model = {model: group.usd} if group.usd else {}
        group.retried, group.fallbacks, group.from_cache = rare.retries, sum(rare.fallbacks.values()), rare.cache_hits
        return group

    def merge(self, other: Group) -> None:
        """Add the calls of `other`."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, dict):
                merge(cast("dict[Any, float]", mine), theirs)
            else:
                setattr(self, name, mine + theirs)

    @property
    def errors(self) -> float:
        """The calls in which something broke."""
        return sum(count for status, count in self.statuses.items() if status in ERRORS)

    @property
    def blocked(self) -> float:
        """The calls that a guard refused."""
        return self.statuses.get("blocked", 0)

    @property
    def denied(self) -> float:
        """The calls that a limit or budget refused."""
        return self.statuses.get("rate_limited", 0) + self.statuses.get("budget_exceeded", 0)


class Groups(dict[Name, Group]):
    """Groups by name. The first names are told apart, further ones count together.

    Args:
        most: How many are told apart.
        other: The name of the rest.
    """

    def __init__(self, most: int, other: Name) -> None:
        super().__init__()
        self._most = most
        self._other = other
        self._beyond = 0

    def of(self, name: Name) -> Group:
        """Return the group to count under."""
        group = self.get(name)
        if group is None:
            if len(self) >= self._most:
                name = self._other
                group = self.get(name)
            if group is None:
                group = self[name] = Group()
        return group


class TimeBins:
    """Time cut into stretches of one length, which grows with what there is to be shown."""

    def __init__(self, *, width_s: int = _WIDTHS_S[0]) -> None:
        self.width_s = width_s
        self.bins: dict[int, Group] = {}
        self.first = self.last = 0
        self._empty = True

    def at(self, time_s: float) -> Group:
        """Return the group of a moment."""
        group = self.bins.get(int(time_s // self.width_s))
        if group is None:
            self.cover(time_s)
            group = self.bins[int(time_s // self.width_s)] = Group()
        return group

    def cover(self, time_s: float) -> None:
        """Let a moment be among what is shown, whether there are calls or not."""
        number = int(time_s // self.width_s)
        if self._empty:
            self.first = self.last = number
            self._empty = False
        self.first, self.last = min(self.first, number), max(self.last, number)
        while self.last - self.first >= MOST_BINS:
            self._widen(_wider(self.width_s))

    def settle(self) -> None:
        """Go over to the length that a report has."""
        if self.last - self.first >= MOST_BINS // 2:
            self._widen(2 * self.width_s)

    def _widen(self, width_s: int) -> None:
        times = width_s // self.width_s
        groups: dict[int, Group] = {}
        for number, group in self.bins.items():
            known = groups.setdefault(number // times, group)
            if known is not group:
                known.merge(group)
        self.bins, self.width_s = groups, width_s
        self.first, self.last = self.first // times, self.last // times


def _wider(width_s: int) -> int:
    """Return the next length: one that days can be cut into, then ever more days."""
    return next((each for each in _WIDTHS_S if each > width_s), 2 * width_s)


def _count(counts: dict[Name, float], name: Name, times: float, other: Name | None = None) -> None:
    """Count a name; of very many only the first are told apart."""
    known = counts.get(name)
    if known is None and len(counts) >= _MOST_NAMES:
        name = OTHER if other is None else other  # type: ignore[assignment]
        known = counts.get(name)
    counts[name] = times if known is None else known + times


def _count_bucket(buckets: Weights, index: int | None, weight: float) -> None:
    if index is not None:
        buckets[index] = buckets.get(index, 0) + weight
