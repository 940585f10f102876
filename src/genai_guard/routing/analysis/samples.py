"""The values of a metric as they come in, row by row, and what they come to so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from genai_guard.routing.analysis.exposures import Exposures, Seen
from genai_guard.routing.analysis.metric import Metric, number_in
from genai_guard.routing.analysis.moments import Moments, adjusted, proportion_of, quantile_of, ratio_of

__all__ = ["QuantileSamples", "Samples", "SumSamples"]


class Samples(Protocol):
    """Collects the values of one metric."""

    @property
    def missing(self) -> int:
        """Rows without a value."""
        ...

    def add(self, seen: Seen, /) -> None:
        """Take the value of a row."""
        ...

    def moments(self) -> Mapping[str, Moments]:
        """Return what the values of each variant come to so far."""
        ...


class SumSamples:
    """Sums of each unit: numerator and denominator.

    Args:
        metric: A mean or a ratio.
        exposures: Whose they are.
    """

    __slots__ = ("_covariates", "_exposures", "_metric", "_sums", "binary", "missing", "theta", "without_covariate")

    def __init__(self, metric: Metric, exposures: Exposures) -> None:
        self._metric = metric
        self._exposures = exposures
        self._sums: dict[str, dict[int, tuple[float, float]]] = {}
        self._covariates: dict[int, float] = {}
        self.binary = metric.ratio is None
        self.missing = 0
        self.theta = 0.0
        self.without_covariate = 0

    def add(self, seen: Seen, /) -> None:
        """Take the value of a row."""
        if isinstance(self._metric.cuped, str) and seen.unit not in self._covariates:
            before = number_in(seen.row, self._metric.cuped)
            if before is not None:
                self._covariates[seen.unit] = before
        numbers = [number_in(seen.row, column) for column in self._metric.columns]
        if None in numbers:
            self.missing += 1
            return
        value, weight = cast("float", numbers[0]), cast("float", numbers[1]) if len(numbers) > 1 else 1.0
        if self.binary and value not in {0.0, 1.0}:
            self.binary = False
        of_variant = self._sums.setdefault(seen.variant, {})
        sums, weights = of_variant.get(seen.unit, (0.0, 0.0))
        of_variant[seen.unit] = (sums + value, weights + weight)

    def events(self) -> dict[str, list[int]]:
        """Return the units of each variant that have a 1."""
        return {name: [unit for unit, (value, _) in sums.items() if value > 0] for name, sums in self._sums.items()}

    def units(self) -> dict[str, int]:
        """Return the number of units of each variant that have a value."""
        return {name: len(sums) for name, sums in self._sums.items()}

    def moments(self) -> Mapping[str, Moments]:
        """Return what the values of each variant come to so far."""
        if self._metric.cuped is None:
            return self.unadjusted()
        return self._with_covariates()

    def unadjusted(self) -> Mapping[str, Moments]:
        """Return the same without the covariate."""
        return {name: self._summed(sums) for name, sums in self._sums.items()}

    def _summed(self, sums: Mapping[int, tuple[float, float]]) -> Moments:
        values, weights = self._columns(sums)
        if not self.binary:
            return ratio_of(values, weights, calls=self._calls(sums))
        hits, calls = round(sum(values)), round(sum(weights))
        if calls == len(values):
            return proportion_of(hits, calls)
        return ratio_of(values, weights)._replace(rarer=min(hits, calls - hits))

    def _columns(self, sums: Mapping[int, tuple[float, float]]) -> tuple[list[float], list[float]]:
        if self._metric.per == "call":
            return [value for value, _ in sums.values()], [weight for _, weight in sums.values()]
        values = [float(value > 0) if self.binary else value for value, _ in sums.values()]
        return values, [1.0] * len(values)

    def _calls(self, sums: Mapping[int, tuple[float, float]]) -> int | None:
        return None if self._metric.ratio is None else len(sums)

    def _with_covariates(self) -> Mapping[str, Moments]:
        names = list(self._sums)
        known = [self._covariates_of(list(self._sums[name])) for name in names]
        given = [x for xs in known for x in xs if x is not None]
        middle = sum(given) / len(given) if given else 0.0  # whoever has none is taken for average
        self.without_covariate = sum(x is None for xs in known for x in xs)
        arms = [
            (*self._columns(self._sums[name]), [middle if x is None else x for x in xs])
            for name, xs in zip(names, known, strict=True)
        ]
        moments, self.theta = adjusted(arms)
        rarer = {name: self._summed(self._sums[name]).rarer for name in names}
        return {name: each._replace(rarer=rarer[name]) for name, each in zip(names, moments, strict=True)}

    def _covariates_of(self, units: Sequence[int]) -> list[float | None]:
        source = self._metric.cuped
        if isinstance(source, Mapping):
            return [_given(source, self._exposures.units[unit]) for unit in units]
        return [self._covariates.get(unit) for unit in units]


class QuantileSamples:
    """All values, since a quantile needs them.

    Args:
        metric: A quantile.
    """

    __slots__ = ("_metric", "_values", "missing")

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._values: dict[str, tuple[list[float], list[int]]] = {}
        self.missing = 0

    def add(self, seen: Seen, /) -> None:
        """Take the value of a row."""
        value = number_in(seen.row, self._metric.name)
        if value is None:
            self.missing += 1
            return
        values, units = self._values.setdefault(seen.variant, ([], []))
        values.append(value)
        units.append(seen.unit)

    def moments(self) -> Mapping[str, Moments]:
        """Return what the values of each variant come to so far."""
        return {
            name: quantile_of(values, units, quantile=self._metric.quantile or 0.5)
            for name, (values, units) in self._values.items()
        }


def _given(source: Mapping[object, float], unit: object) -> float | None:
    if unit not in source:
        return None
    return number_in({"cuped": source[unit]}, "cuped")
