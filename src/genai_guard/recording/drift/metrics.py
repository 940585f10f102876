"""The tables of a monitor: their rows and columns.

The columns are those of the `profile_metrics` and `drift_metrics` tables of Databricks' monitors, and our own behind them.
A window is a mapping of `start` and `end`, the beginning of the next one, both ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeAlias

from genai_guard.recording.drift.tables import Table, cell
from genai_guard.routing.analysis.wording import shown

__all__ = ["DriftRow", "DriftTable", "ProfileRow", "ProfileTable", "Verdict"]

Verdict: TypeAlias = Literal["drift", "no drift", "insufficient data"]

WHOLE: Final = ":table"
"""The name in `column_name` of what is said of no column, but of the calls."""

VERSION: Final = 1

_Window: TypeAlias = Mapping[str, str]
_Test: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """What one column was like in one window and slice. Percentages are from 0 to 100.

    Attributes:
        window: From when to when.
        log_type: `INPUT`.
        logging_table_commit_version: None: an inference log has no commits.
        monitor_version: Version of what is computed here.
        granularity: Length of the window as it was asked for.
        slice_key: By what the calls are a slice; None for all.
        slice_value: Of what value.
        column_name: The feature; `:table` for the calls themselves.
        data_type: `double`, `string` or `array<double>`.
        count: Values; of `:table` calls.
        num_nulls: Calls without a value.
        avg: Mean of numbers.
        quantiles: Of numbers: minimum, the nine deciles, maximum.
        min: The smallest number.
        max: The largest.
        stddev: Sample standard deviation.
        num_zeros: Numbers that are zero.
        num_nan: Values that are no finite number.
        min_length: Characters of the shortest text or label.
        max_length: Characters of the longest.
        avg_length: Their mean.
        non_null_columns: Of `:table`: which have a value.
        frequent_items: The commonest labels, or words: `item` and `count`. A word is shown if at least five texts hold it.
        median: Of numbers.
        distinct_count: Different values; None where not all are kept.
        percent_nan: Of the calls.
        percent_null: Of the calls.
        percent_zeros: Of the values.
        percent_distinct: Of the values.
    """

    window: _Window | None
    log_type: str = "INPUT"
    logging_table_commit_version: int | None = None
    monitor_version: int = VERSION
    granularity: str | None
    slice_key: str | None
    slice_value: str | None
    column_name: str
    data_type: str | None
    count: int
    num_nulls: int | None = None
    avg: float | None = None
    quantiles: Sequence[float] | None = None
    min: float | None = None
    max: float | None = None
    stddev: float | None = None
    num_zeros: int | None = None
    num_nan: int | None = None
    min_length: float | None = None
    max_length: float | None = None
    avg_length: float | None = None
    non_null_columns: Sequence[str] | None = None
    frequent_items: Sequence[Mapping[str, Any]] | None = None
    median: float | None = None
    distinct_count: int | None = None
    percent_nan: float | None = None
    percent_null: float | None = None
    percent_zeros: float | None = None
    percent_distinct: float | None = None

    @property
    def slice(self) -> str:
        """The slice, for people."""
        return _slice(self)

    @property
    def commonest(self) -> str:
        """The commonest label or word, and of how many values it is."""
        first = next(iter(self.frequent_items or ()), None)
        return "" if first is None else f"{first['item']} ({100 * first['count'] / self.count:.0f} %)"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRow:
    """How one column of one window and slice differs from the window before or from the baseline.

    Attributes:
        window: The window that is compared.
        granularity: Its length as it was asked for.
        monitor_version: Version of what is computed here.
        slice_key: By what the calls are a slice; None for all.
        slice_value: Of what value.
        column_name: The feature; `:table` for the calls themselves.
        data_type: `double`, `string` or `array<double>`.
        window_cmp: The window that it is compared with; None for the baseline.
        drift_type: `CONSECUTIVE` or `BASELINE`.
        count_delta: More values than there.
        avg_delta: Mean minus mean.
        percent_null_delta: In percentage points.
        percent_zeros_delta: In percentage points.
        percent_distinct_delta: In percentage points.
        non_null_columns_delta: Of `:table`: columns `added` that had no value, and `missing` that have none any more.
        js_distance: Jensen-Shannon distance, from 0 to 1.
        ks_test: Of numbers and words: `statistic` and `pvalue`.
        wasserstein_distance: Of numbers, in their unit.
        population_stability_index: Of numbers in ten bins of the compared window, or of labels.
        chi_squared_test: Of labels: `statistic` and `pvalue`.
        tv_distance: Total variation, of labels.
        l_infinity_distance: Largest change of the share of a label.
        energy_test: Of vectors: `statistic` and `pvalue`.
        test: Which test decides: `ks`, `chi_squared` or `energy`.
        count: Values in the window, as they are tested.
        count_cmp: Those that they are compared with.
        p_value: Of the test, by itself.
        p_corrected: Corrected for all tests of the table, by Holm's method; None where there is too little to test.
        effect: How large the difference is: `cliffs_delta`, `cramers_v` or `energy_coefficient`.
        effect_size: Its size: from -1 to 1 for Cliff's delta, positive for larger values; from 0 to 1 for the others.
        new_items: Labels and words that are common now and were not there before: `item` and `count`.
        verdict: `drift`, `no drift` or `insufficient data`; None of `:table`.
    """

    window: _Window | None
    granularity: str | None
    monitor_version: int = VERSION
    slice_key: str | None
    slice_value: str | None
    column_name: str
    data_type: str | None
    window_cmp: _Window | None
    drift_type: Literal["CONSECUTIVE", "BASELINE"]
    count_delta: int
    avg_delta: float | None = None
    percent_null_delta: float | None = None
    percent_zeros_delta: float | None = None
    percent_distinct_delta: float | None = None
    non_null_columns_delta: Mapping[str, int] | None = None
    js_distance: float | None = None
    ks_test: _Test | None = None
    wasserstein_distance: float | None = None
    population_stability_index: float | None = None
    chi_squared_test: _Test | None = None
    tv_distance: float | None = None
    l_infinity_distance: float | None = None
    energy_test: _Test | None = None
    test: str | None = None
    count: int
    count_cmp: int
    p_value: float | None = None
    p_corrected: float | None = None
    effect: str | None = None
    effect_size: float | None = None
    new_items: Sequence[Mapping[str, Any]] | None = None
    verdict: Verdict | None = None

    @property
    def slice(self) -> str:
        """The slice, for people."""
        return _slice(self)


@dataclass(frozen=True)
class ProfileTable(Table[ProfileRow]):
    """What each column was like. Prints as a table of the most important columns, and shows as one in a notebook."""

    row_type: ClassVar[type] = ProfileRow
    shown: ClassVar[Mapping[str, str]] = {
        "window": "window",
        "slice": "slice",
        "column_name": "column",
        "count": "count",
        "num_nulls": "nulls",
        "avg": "mean",
        "median": "median",
        "stddev": "sd",
        "min": "min",
        "max": "max",
        "distinct_count": "distinct",
        "commonest": "commonest",
    }


@dataclass(frozen=True)
class DriftTable(Table[DriftRow]):
    """How each column changed. Prints as a table of the most important columns, and shows as one in a notebook.

    Attributes:
        alpha: Probability of any false `drift` in the whole table, at most.
        min_n: Values that both sides must have.
    """

    row_type: ClassVar[type] = DriftRow
    shown: ClassVar[Mapping[str, str]] = {
        "window": "window",
        "slice": "slice",
        "column_name": "column",
        "count_cmp": "before",
        "count": "now",
        "avg_delta": "mean delta",
        "p_corrected": "p",
        "effect_size": "effect",
        "population_stability_index": "psi",
        "js_distance": "js",
        "verdict": "verdict",
    }

    alpha: float = field(default=0.05, kw_only=True)
    min_n: int = field(default=500, kw_only=True)

    @property
    def drifted(self) -> tuple[DriftRow, ...]:
        """The rows that say `drift`."""
        return tuple(row for row in self.rows if row.verdict == "drift")

    def summary(self) -> str:
        """Return a line for each drift, and what it was found among."""
        verdicts = [row.verdict for row in self.rows if row.verdict is not None]
        tested = sum(each != "insufficient data" for each in verdicts)
        few = f"; {len(verdicts) - tested} of {len(verdicts)} have insufficient data" if tested < len(verdicts) else ""
        if not self.drifted:
            return f"No drift in {tested} tests at alpha {self.alpha:g}{few}."
        return "\n".join([*self._sentences(), f"{len(self.drifted)} of {tested} tests say drift{few}."])

    def _sentences(self) -> Iterator[str]:
        for row in self.drifted:
            when = f"{cell(row.window, 'window')}  " if row.granularity else ""
            where = f" ({shown(row.slice)})" if row.slice else ""
            items = [shown(str(each["item"])) for each in row.new_items or ()]
            yield f"{when}{finding(row)}{where}" + (f", new: {', '.join(items[:5])}" if items else "")


def finding(row: DriftRow) -> str:
    """Return what was found of a column in a few words; of names and numbers, and nothing that stood in a call."""
    p = row.p_corrected or 0.0
    return f"{row.column_name}: {row.effect} {row.effect_size:.2f}, " + ("p < 0.0001" if p < 1e-4 else f"p = {p:.2g}")


def _slice(row: ProfileRow | DriftRow) -> str:
    return "" if row.slice_key is None else f"{row.slice_key}={row.slice_value}"
