"""Two windows as rows of the drift table, and what they come to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from genai_guard.errors import ConfigurationError
from genai_guard.recording.drift.cells import Cell, Place
from genai_guard.recording.drift.columns import Column, NumberColumn
from genai_guard.recording.drift.comparing import Difference, difference
from genai_guard.recording.drift.metrics import WHOLE, DriftRow, Verdict
from genai_guard.recording.drift.profiling import DATA_TYPES, items, percent
from genai_guard.recording.drift.significance import Test
from genai_guard.routing.analysis.corrections import holm

__all__ = ["LEAST_FOR_PSI", "Rule", "drift_rows", "is_number", "judged", "must", "without_empty"]

LEAST_FOR_PSI: Final = 500
"""With fewer values the population stability index alarms where nothing has changed."""

_TESTS: Final[Mapping[str, str]] = {"ks": "ks_test", "chi_squared": "chi_squared_test", "energy": "energy_test"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What counts as drift.

    Attributes:
        alpha: Probability of any false alarm among the tests that are judged together.
        min_n: Values that both sides must have.
        min_distance: What is closer is no drift, however sure it is.
        psi_above: A population stability index above is drift too; None to report it only.
    """

    alpha: float = 0.05
    min_n: int = 500
    min_distance: float = 0.0
    psi_above: float | None = None

    def check(self, where: str) -> None:
        """Refuse what makes no sense.

        Raises:
            ConfigurationError: it does not.
        """
        must(is_number(self.alpha) and 0 < self.alpha < 1, where, "alpha", "a number between 0 and 1; 5 % is 0.05")
        must(type(self.min_n) is int and self.min_n >= 2, where, "min_n", "a whole number of at least 2")
        is_share = is_number(self.min_distance) and 0 <= self.min_distance < 1
        must(is_share, where, "min_distance", "a number from 0 up to 1")
        is_index = self.psi_above is None or (is_number(self.psi_above) and self.psi_above > 0)
        must(is_index, where, "psi_above", "a number above 0, commonly 0.1 or 0.25, or None")


def drift_rows(
    before: Cell,
    after: Cell,
    *,
    place: Place,
    granularity: str | None,
    window: Mapping[str, str] | None,
    window_cmp: Mapping[str, str] | None,
    drift_type: Literal["CONSECUTIVE", "BASELINE"],
) -> Iterator[tuple[DriftRow, Difference | None]]:
    """Yield how one window differs from another, not yet judged: the calls, then each column that both have."""
    common: dict[str, Any] = {
        "window": window,
        "granularity": granularity,
        "slice_key": place.slice_key,
        "slice_value": place.slice_value,
        "window_cmp": window_cmp,
        "drift_type": drift_type,
    }
    yield _whole(before, after, common), None
    for name, column in after.columns.items():
        other = before.columns.get(name)
        if other is not None and other.kind == column.kind:
            found = difference(other, column)
            yield _row(name, (other, before.rows), (column, after.rows), found, common), found


def _whole(before: Cell, after: Cell, common: Mapping[str, Any]) -> DriftRow:
    had = {name for name, column in before.columns.items() if column.count}
    has = {name for name, column in after.columns.items() if column.count}
    return DriftRow(
        column_name=WHOLE,
        data_type=None,
        count=after.rows,
        count_cmp=before.rows,
        count_delta=after.rows - before.rows,
        non_null_columns_delta={"added": len(has - had), "missing": len(had - has)},
        **common,
    )


def _row(
    name: str, before: tuple[Column, int], after: tuple[Column, int], found: Difference, common: Mapping[str, Any]
) -> DriftRow:
    (old, old_rows), (new, new_rows) = before, after
    tested: dict[str, Any] = {} if found.test is None else {_TESTS[found.by]: _written(found.test)}
    return DriftRow(
        column_name=name,
        data_type=DATA_TYPES[new.kind],
        count=found.counts[1],
        count_cmp=found.counts[0],
        count_delta=new.count - old.count,
        percent_null_delta=_delta(percent(old.nulls, old_rows), percent(new.nulls, new_rows)),
        percent_distinct_delta=_delta(_distinct(old), _distinct(new)),
        js_distance=found.js,
        wasserstein_distance=found.wasserstein,
        population_stability_index=found.psi,
        tv_distance=found.total_variation,
        l_infinity_distance=found.l_infinity,
        test=found.by,
        effect=found.effect_size or None,
        effect_size=found.effect,
        new_items=items(found.new_items) or None,
        **tested,
        **_of_numbers(old, new),
        **common,
    )


def _of_numbers(old: Column, new: Column) -> dict[str, Any]:
    if not (isinstance(old, NumberColumn) and isinstance(new, NumberColumn) and old.count and new.count):
        return {}
    zeros = _delta(percent(old.zeros, old.count), percent(new.zeros, new.count))
    return {"avg_delta": new.mean - old.mean, "percent_zeros_delta": zeros}


def _distinct(column: Column) -> float | None:
    return None if column.distinct is None else percent(column.distinct, column.count)


def _delta(old: float | None, new: float | None) -> float | None:
    return None if old is None or new is None else new - old


def _written(test: Test) -> dict[str, float]:
    return {"statistic": test.statistic, "pvalue": test.p_value}


def judged(found: Iterable[tuple[DriftRow, Difference | None]], rule: Rule) -> tuple[DriftRow, ...]:
    """Return the rows with verdicts. Their p-values are corrected for the number of all that can be tested."""
    listed = list(found)
    tests = {
        place: each.test
        for place, (_, each) in enumerate(listed)
        if each is not None and each.test is not None and min(each.counts) >= rule.min_n
    }
    corrected = dict(zip(tests, holm([test.p_value for test in tests.values()]), strict=True))
    return tuple(_with_verdict(*pair, corrected.get(place), rule) for place, pair in enumerate(listed))


def _with_verdict(row: DriftRow, found: Difference | None, p_corrected: float | None, rule: Rule) -> DriftRow:
    if found is None:
        return row
    p_value = None if found.test is None else found.test.p_value
    verdict: Verdict = "insufficient data"
    if p_corrected is not None:
        is_drift = p_corrected <= rule.alpha and found.distance >= rule.min_distance
        verdict = "drift" if is_drift or _is_unstable(found, rule) else "no drift"
    return replace(row, p_value=p_value, p_corrected=p_corrected, verdict=verdict)


def _is_unstable(found: Difference, rule: Rule) -> bool:
    has_limit = rule.psi_above is not None and found.psi is not None and min(found.counts) >= LEAST_FOR_PSI
    return has_limit and (found.psi or 0.0) > (rule.psi_above or 0.0)


def without_empty(rows: Sequence[DriftRow]) -> tuple[DriftRow, ...]:
    """Leave out columns that have no value anywhere: of texts that were not logged, for instance."""
    filled = {row.column_name for row in rows if row.count or row.count_cmp}
    return tuple(row for row in rows if row.column_name in filled)


def must(holds: bool, where: str, parameter: str, wanted: str) -> None:
    """Refuse a parameter that is not what is wanted.

    Raises:
        ConfigurationError: it is not.
    """
    if not holds:
        raise ConfigurationError(f"{where}({parameter}=...) must be {wanted}")


def is_number(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
