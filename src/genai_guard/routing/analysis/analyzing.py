"""From rows to what an experiment has shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing.analysis import checks
from genai_guard.routing.analysis.comparing import ask
from genai_guard.routing.analysis.corrections import Correction, correct
from genai_guard.routing.analysis.exposures import Exposures, find_exposures
from genai_guard.routing.analysis.group_bounds import Shape
from genai_guard.routing.analysis.metric import Metric
from genai_guard.routing.analysis.question import Question
from genai_guard.routing.analysis.results import Analysis, Comparison, Method
from genai_guard.routing.analysis.sample_ratios import sample_ratio_of
from genai_guard.routing.analysis.segments import segment_warning, segments_of

__all__ = ["analyze"]

ShowThat: TypeAlias = Literal["two-sided", "greater", "less", "better"]

DEFAULT_PLAN: int = 10_000
"""Units of two variants for which an always-valid interval is tightest, unless a plan says otherwise."""


def analyze(
    data: object,
    *,
    metrics: Iterable[str | Metric] | str | Metric = (),
    experiment: str | None = None,
    control: str | None = None,
    method: Method = "fixed",
    alpha: float = 0.05,
    alternative: ShowThat = "two-sided",
    margin: float = 0.0,
    relative_margin: float = 0.0,
    correction: Correction | None = None,
    ratio: tuple[str, str] | None = None,
    quantile: float | None = None,
    cuped: str | Mapping[Any, float] | None = None,
    outcomes: object = None,
    unit: str | None = None,
    variant: str = "variant",
    time: str | None = None,
    by_unit: bool = True,
    segments: str | None = None,
    shares: Mapping[str, float] | None = None,
    planned_units: int | None = None,
    looks: int | Sequence[float] | None = None,
    look: int | None = None,
    bounds: Shape = "obrien_fleming",
    points: int = 20,
) -> Analysis:
    """Compare the variants of an experiment.

    Rows of an inference log are those of the experiment that were assigned by its split; overrides and shadow
    assignments are left out, by reason, and so are rows that a log with a sample of the calls keeps always. A unit counts for the variant that it was first given, whatever came later. Its
    calls are taken together. A method that would mislead is refused, with the reason, in the comparison that it is
    about; its numbers are then None.

    Args:
        data: An `InferenceLog` or `SqliteInferenceLog`, the path of its folder or file, a .jsonl or .csv file, a pandas,
            polars or pyarrow table, a mapping of columns, or an iterable of mappings. What is no log needs a column with variants.
        metrics: Columns, or `Metric(...)` where there is more to say about one.
        experiment: Name of the experiment; may be left out where there is only one.
        control: The variant that the others are compared with; `control` if there is one of this name.
        method: `fixed`: one look at a size chosen beforehand. `group_sequential`: several looks that were planned.
            `sequential`: any look at any time, from 1000 units of each variant on. `exact`: any look at any time, of
            truth values, also rare ones, by the ratio of the shares of units that have one.
        alpha: Probability of a false alarm.
        alternative: What is to be shown: that variants differ, that the treatment is higher, lower, or better.
        margin: How much worse is still not worse, in units of the metric, for metrics given by name: asks for
            non-inferiority.
        relative_margin: The same as a share of the control's value.
        correction: `holm` or `bh`, over all comparisons. Intervals are not corrected.
        ratio: Numerator and denominator, two columns: one more metric.
        quantile: Compare this quantile of the metrics given by name, instead of their means.
        cuped: A covariate from before the experiment, for the metrics given by name; see `Metric`.
        outcomes: What became known later: a table with `request_id`, or a mapping from request id to values.
        unit: Column that tells who a row is of. Without it: of a log, whom its experiment assigned; else the column
            `unit`; else every row is a unit of its own.
        variant: Column with the variant, for tables that are no log.
        time: Column with times; `time`, `time_s`, `timestamp` or `request_time` unless said, else rows are in order.
        by_unit: False takes every row for independent, also those of one unit.
        segments: Column to compare within, besides overall; a unit is in the segment of its first row.
        shares: Planned share or weight of each variant; read from the propensities if there are any.
        planned_units: Units of all variants that were planned. A fixed test before is warned about; `sequential` is
            tightest there.
        looks: For `group_sequential`: how many looks were planned, at equal distances, or at which shares of the plan.
        look: For `group_sequential`: which look this is, from 1.
        bounds: For `group_sequential`: `obrien_fleming` or `pocock`.
        points: How many moments the intervals over time have; 0 for none.

    Raises:
        ConfigurationError: no such experiment, metric or column, no rows, one variant only, a value that is no finite
            number, or settings that do not go together.
    """
    asked = checks.metrics(
        metrics, ratio=ratio, quantile=quantile, cuped=cuped, margin=margin, relative_margin=relative_margin
    )
    checks.settings(method, alpha=alpha, alternative=alternative, points=points, planned_units=planned_units)
    fractions = checks.looks(method, looks=looks, look=look, bounds=bounds)
    found = find_exposures(data, experiment=experiment, unit=unit, variant=variant, time=time, outcomes=outcomes)
    checks.columns(asked, found.seen)
    if not by_unit:
        found = _each_row(found)
    base = _control_of(found, control)
    question = Question(
        method=method,
        alpha=alpha,
        alternative=alternative,
        control=base,
        tuned_for=float(planned_units or DEFAULT_PLAN),
        fractions=fractions,
        look=look or 1,
        bounds=bounds,
        shares=_planned(found, shares),
        points=points,
    )
    comparisons = ask(found, asked, question)
    parts = segments_of(found, segments) if segments is not None else ()
    for label, part in parts:
        comparisons += ask(part, asked, replace(question, points=0), segment=label)
    split = sample_ratio_of(found, shares, looks="always" if method in {"sequential", "exact"} else "once")
    return Analysis(
        experiment=found.experiment,
        method=method,
        alpha=alpha,
        correction=correction,
        comparisons=_corrected(comparisons, correction),
        units=FrozenDict(found.counts()),
        sample_ratio=split,
        left_out=found.left_out,
        switched=found.switched,
        warnings=tuple(
            warning
            for warning in (
                f"{split} Find out why before you believe anything else."
                if split is not None and split.mismatch
                else "",
                _peeking(found, method, planned_units),
                _clusters(found, by_unit=by_unit),
                _switched(found),
                segment_warning(comparisons, parts, alpha=alpha, correction=correction),
                f"{found.unmatched:,} outcomes belong to no request of the data." if found.unmatched else "",
            )
            if warning
        ),
    )


def _control_of(found: Exposures, control: str | None) -> str:
    names = list(found.counts())
    wanted = "control" if control is None else control
    if wanted in names:
        return wanted
    if control is None:
        raise ConfigurationError(f"say which variant is the control: control=..., one of {', '.join(names)}")
    raise ConfigurationError(f"control={control!r} is no variant; there are {', '.join(names)}")


def _planned(found: Exposures, shares: Mapping[str, float] | None) -> Mapping[str, float] | None:
    if shares is None:
        return found.shares()
    checks.shares(shares, found.counts())
    return shares


def _corrected(comparisons: Sequence[Comparison], correction: Correction | None) -> tuple[Comparison, ...]:
    if correction is None:
        return tuple(comparisons)
    tested = [each.p for each in comparisons if each.p is not None]
    corrected = iter(correct(tested, how=correction))
    return tuple(each if each.p is None else replace(each, p_corrected=next(corrected)) for each in comparisons)


# --- what casts doubt on everything -----------------------------------------------------------------------------------


def _each_row(found: Exposures) -> Exposures:
    seen = tuple(each._replace(unit=number) for number, each in enumerate(found.seen))
    return replace(
        found,
        seen=seen,
        units=tuple(found.units[each.unit] for each in found.seen),
        variants=tuple(each.variant for each in found.seen),
        propensities=tuple(found.propensities[each.unit] for each in found.seen),
    )


def _peeking(found: Exposures, method: Method, planned_units: int | None) -> str:
    units = len(found.variants)
    if method != "fixed" or planned_units is None or units >= planned_units:
        return ""
    return (
        f"This is a look at {units:,} of {planned_units:,} planned units with a test for one look: who looks again and "
        "stops when p is small has more false alarms than alpha. Use method='sequential', or planned looks."
    )


def _clusters(found: Exposures, *, by_unit: bool) -> str:
    repeated = len(found.seen) - len(set(found.units))
    if by_unit or not repeated:
        return ""
    return f"{repeated:,} rows are of units that have others; taken for independent, they make intervals too narrow."


def _switched(found: Exposures) -> str:
    share = found.switched / len(found.variants)
    if share < 0.01:
        return ""
    return f"{found.switched:,} units ({100 * share:.1f} %) were given another variant later; they count for the first."
