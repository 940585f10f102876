"""From rows to what an experiment has shown."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genai_guard import (
    Experiment,
    ExperimentRouter,
    InferenceLog,
    MetricsRecorder,
    Pipeline,
    Variant,
)
from genai_guard.context import caller
from genai_guard.routing.analysis import Comparison, Metric, analyze
from routing.analysis.tables import Rows, draw, log_row

ROWS = draw(lift=0.05)


def echo(prompt: str) -> str:
    return prompt


def only(data: object, metric: str | Metric = "latency_ms", **more: Any) -> Comparison:
    (comparison,) = analyze(data, metrics=[metric], points=0, **more).comparisons
    return comparison


def without(rows: Rows, *columns: str) -> Rows:
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


def values(rows: Rows, variant: str, column: str = "latency_ms") -> list[float]:
    return [row[column] for row in rows if row["variant"] == variant]


# --- what is computed -------------------------------------------------------------------------------------------------


def test_means_are_compared_as_by_scipy() -> None:
    found = only(ROWS)
    expected = stats.ttest_ind(values(ROWS, "treatment"), values(ROWS, "control"), equal_var=False)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.treatment.estimate == pytest.approx(np.mean(values(ROWS, "treatment")), rel=1e-12)
    assert found.outcome == "worse"


def test_units_with_many_calls_do_not_count_as_many() -> None:
    rows = draw(300, calls=8)
    together, apart = only(rows), only(rows, by_unit=False)
    assert (together.treatment.units + together.control.units, together.treatment.calls) == (
        300,
        8 * together.treatment.units,
    )
    assert together.difference is not None
    assert apart.difference is not None
    width = together.difference.high - together.difference.low
    assert width > 1.8 * (apart.difference.high - apart.difference.low)
    assert any(
        "taken for independent" in warning for warning in analyze(rows, metrics="cost_usd", by_unit=False).warnings
    )


def test_a_ratio_is_one_of_sums() -> None:
    found = analyze(ROWS, ratio=("cost_usd", "tokens"), points=0)["cost_usd per tokens"]
    expected = sum(values(ROWS, "control", "cost_usd")) / sum(values(ROWS, "control", "tokens"))
    assert found.control.estimate == pytest.approx(expected, rel=1e-12)


def test_a_quantile_is_that_of_all_calls() -> None:
    found = only(draw(3000), quantile=0.95)
    assert found.metric == "p95 of latency_ms"
    assert found.control.estimate == pytest.approx(np.quantile(values(draw(3000), "control"), 0.95), rel=1e-12)
    assert found.outcome == "inconclusive"


def test_a_sum_of_each_unit_can_be_compared() -> None:
    found = only(draw(300, calls=3), Metric("cost_usd", per="unit"))
    expected = sum(values(draw(300, calls=3), "control", "cost_usd")) / found.control.units
    assert found.control.estimate == pytest.approx(expected, rel=1e-12)


def test_whether_a_unit_had_any_can_be_compared() -> None:
    rows = draw(600, calls=3)
    found = only(rows, Metric("failed", per="unit"))
    hit = {row["unit"] for row in rows if row["variant"] == "control" and row["failed"]}
    assert found.control.estimate == pytest.approx(len(hit) / found.control.units)


def test_a_covariate_reduces_the_variance_by_what_it_explains() -> None:
    plain, reduced = only(ROWS), only(ROWS, cuped="before")
    assert reduced.variance_reduction == pytest.approx(0.5, abs=0.1)
    assert plain.difference is not None
    assert reduced.difference is not None
    ratio = (reduced.difference.high - reduced.difference.low) / (plain.difference.high - plain.difference.low)
    assert ratio**2 == pytest.approx(1 - (reduced.variance_reduction or 0), rel=0.01)


def test_a_covariate_may_come_from_elsewhere() -> None:
    before = {row["unit"]: row["before"] for row in ROWS}
    assert only(ROWS, cuped=before).difference == only(ROWS, cuped="before").difference


def test_units_without_a_covariate_are_counted() -> None:
    before = {row["unit"]: row["before"] for row in ROWS[100:]}
    assert any(note.startswith("100 units have no covariate") for note in only(ROWS, cuped=before).notes)


def test_several_variants_are_each_compared_with_the_control() -> None:
    found = analyze(draw(variants=("a", "b", "c")), metrics="latency_ms", control="b", points=0)
    assert [(each.treatment.variant, each.control.variant) for each in found.comparisons] == [("a", "b"), ("c", "b")]


def test_a_correction_is_over_all_comparisons() -> None:
    found = analyze(draw(variants=("a", "b", "c")), metrics=["latency_ms", "failed"], control="a", correction="holm")
    raw = sorted(each.p for each in found.comparisons if each.p is not None)
    assert len(raw) == 4
    assert min(each.p_corrected or 1 for each in found.comparisons) == pytest.approx(min(1, 4 * raw[0]))


# --- laws -------------------------------------------------------------------------------------------------------------

EACH_METHOD: list[dict[str, Any]] = [
    {"metrics": ["latency_ms", "failed"], "method": "fixed"},
    {"metrics": ["latency_ms"], "method": "fixed", "quantile": 0.9},
    {"metrics": ["latency_ms"], "method": "fixed", "cuped": "before"},
    {"metrics": ["failed"], "method": "exact"},
    {"metrics": ["latency_ms"], "method": "group_sequential", "looks": 3, "look": 2},
]


@pytest.mark.parametrize("how", EACH_METHOD)
@settings(max_examples=3)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(how: dict[str, Any], seed: int) -> None:
    shuffled = ROWS[:]
    random.Random(seed).shuffle(shuffled)
    one, other = analyze(ROWS, points=0, **how), analyze(shuffled, points=0, **how)
    if how.get("cuped"):
        assert other.comparisons[0].p == pytest.approx(one.comparisons[0].p, rel=1e-9)
    else:
        assert other.comparisons == one.comparisons


@pytest.mark.parametrize("how", EACH_METHOD)
def test_swapping_the_variants_flips_the_sign(how: dict[str, Any]) -> None:
    for one, other in zip(
        analyze(ROWS, points=0, **how).comparisons,
        analyze(ROWS, points=0, control="treatment", **how).comparisons,
        strict=True,
    ):
        assert other.p == pytest.approx(one.p, rel=1e-9)
        if one.difference is not None and other.difference is not None:
            assert other.difference.low == pytest.approx(-one.difference.high, rel=1e-9)
        elif one.relative is not None and other.relative is not None:
            assert 1 + other.relative.low == pytest.approx(1 / (1 + one.relative.high), rel=1e-6)


@pytest.mark.parametrize("how", [how for how in EACH_METHOD if how["method"] != "exact"])
def test_another_unit_of_measure_changes_no_p_value(how: dict[str, Any]) -> None:
    seconds = [row | {"latency_ms": row["latency_ms"] / 1000} for row in ROWS]
    one, other = (analyze(rows, points=0, **how).comparisons[0] for rows in (ROWS, seconds))
    assert other.p == pytest.approx(one.p, rel=1e-9)
    assert other.relative == pytest.approx(one.relative, rel=1e-6)


# --- methods ----------------------------------------------------------------------------------------------------------


def test_any_look_has_wider_intervals_than_planned_ones_and_these_than_one() -> None:
    rows = draw(4000)

    def width(**how: Any) -> float:
        found = only(rows, **how).difference
        assert found is not None
        return found.high - found.low

    assert width() < width(method="group_sequential", looks=5, look=3) < width(method="sequential")


def test_exactly_compared_are_the_shares_of_units_with_an_event() -> None:
    rows = draw(3000, rate=0.005, rate_ratio=8.0)
    found = only(rows, Metric("failed", goal="down"), method="exact")
    assert found.difference is None
    assert found.relative is not None
    assert found.relative.low > 0
    assert found.relative.estimate == pytest.approx(found.treatment.estimate / found.control.estimate - 1)
    assert found.outcome == "worse"


def ramped(units: int = 4000, *, seed: int = 5) -> Rows:
    """Return units of which more are treated later, when more fail, whatever they are given."""
    rng = random.Random(seed)
    rows: Rows = []
    for number in range(units):
        late = number > 0.75 * units
        share = 0.5 if late else 0.05
        treated = rng.random() < share
        rows.append(
            {
                "variant": "treatment" if treated else "control",
                "propensity": share if treated else 1 - share,
                "failed": rng.random() < (0.2 if late else 0.02),
                "late": late,
            }
        )
    return rows


@pytest.mark.parametrize("method", ["fixed", "exact"])
def test_what_changes_with_time_while_shares_change_is_no_effect(method: Any) -> None:
    totals = only(without(ramped(), "propensity"), "failed")
    assert totals.outcome == "worse"  # who compares the totals is misled
    assert only(ramped(), "failed", method=method).outcome == "inconclusive"


def test_units_are_compared_within_the_times_of_equal_shares() -> None:
    found = only(ramped(), "failed")
    parts = []
    for late in (False, True):
        rows = [row for row in ramped() if row["late"] == late]
        rates = [
            np.mean([row["failed"] for row in rows if row["variant"] == name]) for name in ("treatment", "control")
        ]
        parts.append((len(rows) / 4000) * (rates[0] - rates[1]))
    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(sum(parts), rel=1e-9)
    assert found.notes[0].startswith("the shares of the variants changed; units are compared within")


def test_while_shares_change_intervals_miss_as_often_as_they_say() -> None:
    missed = sum(only(ramped(800, seed=seed), "failed").outcome != "inconclusive" for seed in range(40))
    assert missed <= 6


@pytest.mark.parametrize("method", ["fixed", "exact"])
def test_the_sample_ratio_goes_by_the_shares_of_each_time(method: Any) -> None:
    found = analyze(ramped(), metrics="failed", method=method).sample_ratio
    assert found is not None
    assert not found.mismatch
    assert found.shares["treatment"] == pytest.approx(0.05 * 0.75 + 0.5 * 0.25, abs=1e-3)
    lost = [row for number, row in enumerate(ramped()) if row["variant"] == "control" or number % 2]
    found = analyze(lost, metrics="failed", method=method).sample_ratio
    assert found is not None
    assert found.mismatch


def test_a_quantile_while_shares_change_is_noted() -> None:
    rows = [row | {"latency_ms": 100 + number % 97} for number, row in enumerate(ramped())]
    assert "may look like an effect" in only(rows, quantile=0.5).notes[0]


@pytest.mark.parametrize(("lift", "outcome"), [(0.0, "not_worse"), (0.04, "inconclusive"), (0.2, "inconclusive")])
def test_within_its_margin_a_treatment_is_not_worse(lift: float, outcome: str) -> None:
    assert only(draw(lift=lift), relative_margin=0.05).outcome == outcome


def test_not_worse_is_asked_in_the_direction_that_is_good() -> None:
    assert only(ROWS, Metric("latency_ms", margin=5)).alternative == "less"
    assert only(ROWS, Metric("latency_ms", margin=5, goal="up")).alternative == "greater"


def test_exact_takes_a_relative_margin() -> None:
    rows = draw(6000, rate=0.2)
    found = only(rows, Metric("failed", goal="down", relative_margin=0.5), method="exact")
    assert found.outcome == "not_worse"


@pytest.mark.parametrize(("goal", "alternative"), [("up", "greater"), ("down", "less")])
def test_better_is_what_the_goal_says(goal: Any, alternative: str) -> None:
    assert only(ROWS, Metric("latency_ms", goal=goal), alternative="better").alternative == alternative


# --- segments ---------------------------------------------------------------------------------------------------------


def test_segments_are_compared_besides_all() -> None:
    found = analyze(ROWS, metrics="latency_ms", segments="plan")
    assert found.comparisons[0].segment == ""
    assert {each.segment for each in found.comparisons[1:]} == {"plan=free", "plan=paid"}
    assert sum(each.control.units for each in found.comparisons[1:]) == found.comparisons[0].control.units


def test_the_number_of_segments_is_warned_about() -> None:
    found = analyze(ROWS, metrics=["latency_ms", "failed"], segments="plan")
    assert "4 comparisons within them: without any effect, 0.2 of them" in found.warnings[0]
    assert "corrected for their number" in analyze(ROWS, metrics="failed", segments="plan", correction="bh").warnings[0]
    one = analyze([row | {"region": "eu"} for row in ROWS], metrics="failed", segments="region")
    assert one.warnings[0].startswith("1 segment, 1 comparison within them: without any effect, 0.05 of them")


@pytest.mark.parametrize("method", ["fixed", "exact"])
def test_a_segment_without_the_control_is_refused(method: Any) -> None:
    rows = [row | {"plan": "x" if row["variant"] == "control" else "y"} for row in ROWS]
    overall, of_y = analyze(rows, metrics="failed", segments="plan", method=method).comparisons
    assert overall.outcome == "inconclusive"
    assert (of_y.segment, of_y.outcome) == ("plan=y", "refused")


def test_only_the_largest_segments_are_looked_at() -> None:
    rows = [row | {"plan": f"p{number % 30}"} for number, row in enumerate(ROWS)]
    found = analyze(rows, metrics="latency_ms", segments="plan")
    assert len(found.comparisons) == 21


def test_values_that_one_variant_lacks_more_often_are_noted() -> None:
    lacking = [
        row | {"latency_ms": None} if row["variant"] == "control" and row["failed"] else row for row in draw(3000)
    ]
    assert "may be the reason for a difference" in " ".join(only(lacking).notes)
    alike = [row | {"latency_ms": None} if row["failed"] else row for row in draw(3000)]
    assert "may be the reason for a difference" not in " ".join(only(alike).notes)


# --- over time --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", EACH_METHOD)
def test_the_last_interval_over_time_is_that_of_the_result(how: dict[str, Any]) -> None:
    found = analyze(ROWS, **how).comparisons[0]
    assert found.history[-1].interval == (found.difference or found.relative)
    assert found.history[-1].units == 600


def test_planned_looks_are_the_moments_of_their_history() -> None:
    found = analyze(ROWS, metrics="latency_ms", method="group_sequential", looks=4, look=3).comparisons[0]
    assert [look.units for look in found.history] == [200, 400, 600]


def test_before_the_first_look_there_is_no_history() -> None:
    found = analyze(draw(3000), metrics="latency_ms", method="sequential").comparisons[0]
    assert found.history[0].units >= 2000


# --- the inference log ------------------------------------------------------------------------------------------------


def test_a_log_is_read_from_its_folder(tmp_path: Path) -> None:
    router = ExperimentRouter(
        Experiment("tone", Variant("control"), Variant("treatment"), overrides={"tester": "treatment"})
    )
    recorder = MetricsRecorder(log=InferenceLog(tmp_path / "log"))
    ask = Pipeline(router=router, recorder=recorder).wrap(echo)
    for user in [*(f"u{number % 150}" for number in range(300)), "tester"]:
        with caller(user=user):
            ask("hello")
    assert recorder.close(timeout_s=60)
    found = analyze(tmp_path / "log", experiment="tone", metrics=["latency_ms", "error"])
    assert sum(found.units.values()) == 150
    assert dict(found.left_out) == {"override": 1}
    assert found["latency_ms"].outcome != "refused"
    assert found["error"].outcome == "refused"


def test_late_feedback_is_a_metric() -> None:
    rows = [log_row(number, ("control", "treatment")[number % 2]) for number in range(200)]
    stars = [{"request_id": f"r{number}", "stars": 3 + number % 2 + (number % 7) / 7} for number in range(150)]
    found = analyze(rows, metrics="stars", outcomes=stars)["stars"]
    assert found.outcome == "better"
    assert found.notes == ("50 of 200 rows have no value",)
