"""The counts of a recorder for Prometheus, read when it scrapes: a call pays nothing for it.

Needs the extra `prometheus`: `pip install 'genai_guard[prometheus]'`. Nothing else of the library imports this module.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.recording.dimensions import Key
from genai_guard.recording.promql import labels_of
from genai_guard.recording.recorder import MetricsRecorder
from genai_guard.recording.series import NANO, Series
from genai_guard.recording.shown import ShownKeys
from genai_guard.recording.sketch import Buckets, at_most, merge, total
from genai_guard.recording.telemetry.names import OVERHEAD_BOUNDS, SECONDS_BOUNDS

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
    from prometheus_client.registry import Collector
except ImportError as error:
    raise ConfigurationError(
        "genai_guard.recording.prometheus needs the package prometheus-client: pip install 'genai_guard[prometheus]'"
    ) from error

__all__ = ["PrometheusCollector"]

_Rows: TypeAlias = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class _Counter:
    """A counter of each series, or several of them, apart by labels of their own."""

    name: str
    about: str
    labels: tuple[str, ...]
    rows: Callable[[Series], _Rows]


@dataclass(frozen=True, slots=True)
class _Histogram:
    name: str
    about: str
    bounds: Sequence[float]
    buckets: Callable[[Series], Buckets]


def _model_s(one: Series) -> Buckets:
    buckets = dict(one.latency)
    merge(buckets, one.model)
    return buckets


_COUNTERS: Final = (
    _Counter(
        "tokens",
        "Tokens of calls; cached ones are among the input.",
        ("type",),
        lambda one: (
            (("input",), one.input_tokens),
            (("output",), one.output_tokens),
            (("cached",), one.cached_tokens),
        ),
    ),
    _Counter("cost_usd", "Price of calls in US dollars.", (), lambda one: (((), one.cost_nano_usd / NANO),)),
    _Counter("unpriced", "Calls with tokens but without a price.", (), lambda one: (((), one.unpriced),)),
    _Counter(
        "guardrail_hits",
        "Verdicts of guards, plain allowances excepted.",
        ("guard", "action", "mode"),
        lambda one: ((tuple(hit), count) for hit, count in one.rare.hits.items()),
    ),
    _Counter(
        "errors",
        "Calls in which something broke, by the class of what was raised.",
        ("error_type",),
        lambda one: (((name,), count) for name, count in one.rare.error_types.items()),
    ),
    _Counter(
        "denials",
        "Calls that a limit refused.",
        ("limit",),
        lambda one: (((name,), count) for name, count in one.rare.denials.items()),
    ),
    _Counter(
        "shadow_denials",
        "Calls that a limit in shadow mode would have refused.",
        ("limit",),
        lambda one: (((name,), count) for name, count in one.rare.shadow_denials.items()),
    ),
    _Counter(
        "fallbacks",
        "Calls that the target of a fallback or tier answered.",
        ("fallback",),
        lambda one: (((name,), count) for name, count in one.rare.fallbacks.items()),
    ),
    _Counter("retries", "Attempts that repeated what had failed.", (), lambda one: (((), one.rare.retries),)),
    _Counter("cache_hits", "Calls answered with an old reply.", (), lambda one: (((), one.rare.cache_hits),)),
)

_HISTOGRAMS: Final = (
    _Histogram("latency_seconds", "Duration of calls that reached the model.", SECONDS_BOUNDS, lambda one: one.latency),
    _Histogram("model_seconds", "The part of it that the model took.", SECONDS_BOUNDS, _model_s),
    _Histogram("overhead_seconds", "All the rest, of every call.", OVERHEAD_BOUNDS, lambda one: one.overhead),
    _Histogram("first_token_seconds", "Time to the first chunk.", SECONDS_BOUNDS, lambda one: one.first_token),
    _Histogram("inter_token_seconds", "Mean time to each further one.", SECONDS_BOUNDS, lambda one: one.inter_token),
    _Histogram("queue_seconds", "Waiting for a limit, where calls did.", SECONDS_BOUNDS, lambda one: one.queue),
)


class PrometheusCollector(Collector):
    """Counters and histograms of a recorder, for a registry of `prometheus_client`.

    `REGISTRY.register(PrometheusCollector(recorder))`. Counters are exact. Histograms are made of the recorder's
    sketches: a duration within 1 % of a bound may be counted on its other side, and sums are within 1 %. There are at most
    `max_series` combinations of labels and one for each status, ever: what comes later counts as `__other__`. Values that
    callers give (users, tenants, sessions, tags) are redacted, those that look alike then are one. Durations
    that alerts ask about are bounds of the buckets of `genai_guard_latency_seconds`.

    Each process has counts of its own; with several workers let Prometheus scrape each of them, for the multiprocess mode
    of `prometheus_client` leaves collectors out.

    Args:
        recorder: Whose counts. They begin with the hour before the first scrape.
        labels: The dimensions of the recorder that become labels; all of them unless given. `status` always is one of
            the counter `genai_guard_calls_total`, and of no other.
        prefix: Beginning of every name; another one for a second recorder in the same registry.

    Raises:
        ConfigurationError: a label is no dimension, two would be written alike, or the prefix is no name.
    """

    def __init__(
        self, recorder: MetricsRecorder, /, *, labels: Iterable[str] | None = None, prefix: str = "genai_guard"
    ) -> None:
        dimensions = recorder.dimensions
        wanted = tuple(name for name in (dimensions if labels is None else labels) if name != "status")
        for name in wanted:
            if name not in dimensions:
                raise ConfigurationError(
                    f"PrometheusCollector(labels=...): {name!r} is none of the recorder's dimensions, which are "
                    f"{', '.join(dimensions)}"
                )
        if not re.fullmatch(r"[a-zA-Z_]\w*", prefix, re.ASCII):
            raise ConfigurationError(f"PrometheusCollector(prefix={prefix!r}): must be letters, digits and underscores")
        self._recorder = recorder
        self._places = tuple(dimensions.index(name) for name in wanted)
        self._labels = labels_of(wanted)
        self._shown = ShownKeys(dimensions)
        thresholds_s = {alert.slow_after_s for alert in recorder.watched if alert.slow_after_s is not None}
        self._latency_bounds = tuple(sorted({*SECONDS_BOUNDS, *thresholds_s}))
        self._prefix = prefix

    def describe(self) -> Iterator[Metric]:
        """Yield the metrics without their values, so that a registry knows the names."""
        return self._metrics({}, {}, {})

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        events = self._recorder.alerts()
        firing = Counter[tuple[str, str]]((each.name, each.severity) for each in events if each.state == "firing")
        return self._metrics(self._recorder.totals(), self._recorder.dropped, firing)

    def _metrics(
        self, totals: Mapping[Key, Series], dropped: Mapping[str, int], firing: Mapping[tuple[str, str], int]
    ) -> Iterator[Metric]:
        yield self._calls(totals)
        series = self._merged(totals)
        for counter in _COUNTERS:
            family = self._counter(counter.name, counter.about, (*self._labels, *counter.labels))
            for values, each in series.items():
                for more, count in counter.rows(each):
                    family.add_metric([*values, *more], count)
            yield family
        for histogram in _HISTOGRAMS:
            yield self._histogram(histogram, series)
        lost = self._counter("dropped", "What sinks missed, by sink and reason.", ("sink",))
        for name, count in dropped.items():
            lost.add_metric([name], count)
        yield lost
        alerts = GaugeMetricFamily(
            f"{self._prefix}_alert_firing", "Alerts that fire now.", labels=("alert", "severity")
        )
        for alert, count in firing.items():  # several, where it is by dimensions
            alerts.add_metric(alert, count)
        yield alerts

    def _calls(self, totals: Mapping[Key, Series]) -> Metric:
        counts: dict[tuple[str, ...], int] = {}
        for key, each in totals.items():
            merge(counts, {(key[0], *self._values(key)): each.calls})
        family = self._counter("calls", "Calls, by how they ended.", ("status", *self._labels))
        for values, count in counts.items():
            family.add_metric(values, count)
        return family

    def _merged(self, totals: Mapping[Key, Series]) -> dict[tuple[str, ...], Series]:
        """Return the series by their labels, whatever their status."""
        merged: dict[tuple[str, ...], Series] = {}
        for key, each in totals.items():
            merged.setdefault(self._values(key), Series()).merge(each)
        return merged

    def _histogram(self, of: _Histogram, series: Mapping[tuple[str, ...], Series]) -> Metric:
        bounds = self._latency_bounds if of.name == "latency_seconds" else of.bounds
        family = HistogramMetricFamily(f"{self._prefix}_{of.name}", of.about, labels=self._labels)
        for values, each in series.items():
            buckets = of.buckets(each)
            counts = zip(bounds, at_most(buckets, bounds), strict=True)
            rows = [*((str(float(bound)), count) for bound, count in counts), ("+Inf", sum(buckets.values()))]
            family.add_metric(values, rows, total(buckets))
        return family

    def _counter(self, name: str, about: str, labels: Sequence[str]) -> CounterMetricFamily:
        return CounterMetricFamily(f"{self._prefix}_{name}", about, labels=labels)

    def _values(self, key: Key) -> tuple[str, ...]:
        shown = self._shown.of(key)
        return tuple([shown[place] for place in self._places])
