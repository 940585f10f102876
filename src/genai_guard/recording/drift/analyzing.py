"""`profile` and `drift`: from calls to tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from genai_guard.errors import ConfigurationError
from genai_guard.recording.drift.baseline import MAX_VALUES, Baseline, collected, compared_by
from genai_guard.recording.drift.cells import Cell, Collector, Place
from genai_guard.recording.drift.comparing import Difference
from genai_guard.recording.drift.drifting import Rule, drift_rows, judged, without_empty
from genai_guard.recording.drift.features import Feature
from genai_guard.recording.drift.granularity import seconds_of
from genai_guard.recording.drift.metrics import DriftRow, DriftTable, ProfileTable
from genai_guard.recording.drift.profiling import profile_rows, window_of

__all__ = ["against", "drift", "profile"]


def profile(
    data: object,
    *,
    features: Iterable[str | Feature] | None = None,
    granularity: str | None = None,
    slices: Iterable[str] = (),
    max_values: int = MAX_VALUES,
) -> ProfileTable:
    """Return what each feature of calls was like, by window and slice, in the columns of `profile_metrics`.

    `profile("inference/", granularity="1 day", slices=["variant"])`.

    Args:
        data: The calls: an `InferenceLog`, the path of its folder, a `.jsonl` or `.csv` file, a table of pandas, polars or
            pyarrow, or an iterable of mappings, with the columns of the log. Any order will do. Of a log with a sample, the
            blocks and errors are left out that it keeps beside the sample, and counted; it is read twice.
        features: Names and `Feature`s; all that work here when None. A name is one of `FEATURES` or of `QUALITY`, or that of
            a column with numbers.
        granularity: Length of the windows: `5 minutes` up to `1 week`, or more; one window for all when None.
        slices: By what calls are told apart besides: names of columns, and conditions such as `output_tokens > 500`, which
            make a slice `true` and a slice `false`. At most fifty values of each.
        max_values: Most values kept of a column. Quantiles are exact up to that number, and those of a random sample of it
            beyond; counts, means and extremes are always exact. Of texts two thousand are kept at most, of vectors 512.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """
    collector = _collected(data, features, granularity, slices, max_values, where="profile")
    length_s = collector.length_s
    rows = [
        row
        for place, cell in _in_order(collector)
        for row in profile_rows(place, cell, granularity=granularity, length_s=length_s)
    ]
    filled = {row.column_name for row in rows if row.count} if features is None else None
    kept = tuple(row for row in rows if filled is None or row.column_name in filled)
    return ProfileTable(kept, dict(collector.failures), dict(collector.left_out))


def drift(
    data: object,
    *,
    baseline: object = None,
    features: Iterable[str | Feature] | None = None,
    granularity: str | None = None,
    slices: Iterable[str] = (),
    alpha: float = 0.05,
    min_n: int = 500,
    min_distance: float = 0.0,
    psi_above: float | None = None,
    max_values: int = MAX_VALUES,
) -> DriftTable:
    """Return how each feature of calls changed, by window and slice, in the columns of `drift_metrics`.

    Each window is compared with the baseline, or without one with the window right before it. `drift` is said where a test
    is significant after the correction for the number of all tests of the table (Holm), so that the probability of any
    false one is `alpha` at most. The tests are those of Kolmogorov and Smirnov for numbers, Pearson's chi-squared or, for
    rare labels, Fisher's for labels, and that of the energy distance for vectors; of texts the share of words that the
    other side does not know is compared. Calls are taken to be independent of each other: those of one conversation are
    not, so slice or sample them.

    Args:
        data: As for `profile`.
        baseline: A `Baseline`, the file of one, which ends in `.json`, or calls, given as for `data`.
        features: As for `profile`; those of the baseline when None, if that is a `Baseline`.
        granularity: As for `profile`. Needed without a baseline.
        slices: As for `profile`. A slice is compared with the same one of the baseline.
        alpha: Probability of any false `drift` in the whole table.
        min_n: Values that both sides must have; below that a column has `insufficient data`. Of words the baseline's side
            counts half of its calls.
        min_distance: What is closer is no drift, however sure it is: from 0 to 1, the statistic of Kolmogorov and Smirnov,
            the total variation, or the coefficient of energy. With a hundred thousand calls a percent is significant.
        psi_above: Say `drift` as well where the population stability index is above, commonly 0.1 or 0.25, and both sides
            have 500 values. This is no test: `alpha` does not hold for it.
        max_values: As for `profile`.

    Raises:
        ConfigurationError: one of them is not what it must be, or there is neither baseline nor granularity.
    """
    rule = Rule(alpha=alpha, min_n=min_n, min_distance=min_distance, psi_above=psi_above)
    rule.check("drift")
    if baseline is None and granularity is None:
        raise ConfigurationError("drift(...) needs a baseline=, or a granularity= to compare each window with the last")
    keys = (slices,) if isinstance(slices, str) else tuple(slices)
    known, chosen = compared_by(baseline, features, keys, max_values=max_values, where="drift")
    collector = _collected(data, chosen, granularity, keys, max_values, where="drift")
    found = _consecutive(collector, granularity) if known is None else against(known, collector, granularity)
    rows = judged(found, rule)
    kept = without_empty(rows) if features is None else rows
    failures, left_out = dict(collector.failures), dict(collector.left_out)
    return DriftTable(kept, failures, left_out, alpha=alpha, min_n=min_n)


def against(
    baseline: Baseline, collector: Collector, granularity: str | None
) -> Iterator[tuple[DriftRow, Difference | None]]:
    """Yield how each window differs from the baseline; a slice that the baseline does not know is compared with nothing."""
    for place, cell in _in_order(collector):
        yield from drift_rows(
            baseline.cell(place) or collector.empty(),
            cell,
            place=place,
            granularity=granularity,
            window=window_of(place, cell, collector.length_s),
            window_cmp=None,
            drift_type="BASELINE",
        )


def _consecutive(collector: Collector, granularity: str | None) -> Iterator[tuple[DriftRow, Difference | None]]:
    """Yield how each window differs from the one right before it."""
    length_s = collector.length_s or 0
    for place, cell in _in_order(collector):
        earlier = place._replace(start_s=(place.start_s or 0.0) - length_s)
        if earlier in collector.cells:
            yield from drift_rows(
                collector.cells[earlier],
                cell,
                place=place,
                granularity=granularity,
                window=window_of(place, cell, length_s),
                window_cmp=window_of(earlier, collector.cells[earlier], length_s),
                drift_type="CONSECUTIVE",
            )


def _in_order(collector: Collector) -> list[tuple[Place, Cell]]:
    def order(pair: tuple[Place, Cell]) -> tuple[float, str, str]:
        place = pair[0]
        return place.start_s or 0.0, place.slice_key or "", place.slice_value or ""

    return sorted(collector.cells.items(), key=order)


def _collected(
    data: object,
    features: Iterable[str | Feature] | None,
    granularity: str | None,
    slices: Iterable[str],
    max_values: int,
    *,
    where: str,
) -> Collector:
    granularity_s = None if granularity is None else seconds_of(granularity, where=where)
    return collected(
        data, features=features, slices=slices, granularity_s=granularity_s, max_values=max_values, where=where
    )
