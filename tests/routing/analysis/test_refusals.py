"""What an analysis refuses, warns about, and will not read."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.routing.analysis import Analysis, analyze
from routing.analysis.tables import Rows, draw

ROWS = draw(lift=0.05)


def without(rows: Rows, *columns: str) -> Rows:
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "how", "reason"),
    [
        (draw(40), {}, "units in a variant: the normal approximation needs 30"),
        (ROWS, {"method": "sequential"}, "units in a variant: the first look comes at 1,000"),
        (draw(rate=0.01), {"metrics": "failed"}, "too rare for a normal approximation"),
        (draw(rate=0.01), {"metrics": "failed"}, "method='exact' needs none"),
        (ROWS, {"quantile": 0.99}, "calls lie beyond the quantile, 20 are needed"),
        (ROWS, {"method": "exact"}, "compares truth values"),
        (ROWS, {"method": "exact", "metrics": "failed", "quantile": 0.5}, "no ratio, quantile or covariate"),
        (without(ROWS, "propensity"), {"method": "exact", "metrics": "failed"}, "the probability of assignment"),
        ([row | {"latency_ms": 5} for row in ROWS], {}, "all values are equal"),
    ],
)
def test_what_would_mislead_is_refused_with_the_reason(rows: Rows, how: dict[str, Any], reason: str) -> None:
    (found,) = analyze(rows, **({"metrics": "latency_ms"} | how)).comparisons
    assert found.outcome == "refused"
    assert reason in found.refused
    assert (found.p, found.difference, found.relative, found.history) == (None, None, None, ())
    assert f"refused, {found.refused}" in str(found)


def test_with_planned_shares_exact_needs_no_propensity() -> None:
    found = analyze(
        without(ROWS, "propensity"), metrics="failed", method="exact", shares={"control": 1, "treatment": 1}
    )
    assert found["failed"].outcome == "inconclusive"


def test_what_is_refused_counts_for_no_correction() -> None:
    found = analyze(draw(rate=0.01), metrics=["latency_ms", "failed"], correction="holm")
    assert found["latency_ms"].p_corrected == found["latency_ms"].p
    assert found["failed"].p_corrected is None


def test_values_of_which_few_weigh_heavily_are_noted() -> None:
    rng = random.Random(1)
    rows = [{"variant": rng.choice("ab"), "usd": rng.paretovariate(1.1)} for _ in range(500)]
    (found,) = analyze(rows, metrics="usd", control="a").comparisons
    assert "a few large values weigh heavily" in found.notes[0]


# --- what casts doubt on all of it ------------------------------------------------------------------------------------


def warnings(analysis: Analysis) -> str:
    return " ".join(analysis.warnings)


def test_a_fixed_test_before_the_plan_is_done_is_warned_about() -> None:
    assert "at 600 of 2,000 planned units" in warnings(analyze(ROWS, metrics="failed", planned_units=2000))
    assert analyze(ROWS, metrics="failed", planned_units=600).warnings == ()


def test_a_sample_ratio_mismatch_comes_first() -> None:
    rows = [row for number, row in enumerate(ROWS) if row["variant"] == "control" or number % 3]
    found = analyze(rows, metrics="latency_ms")
    assert found.sample_ratio is not None
    assert found.sample_ratio.mismatch
    assert str(found).startswith("Warning: Sample ratio mismatch")


def test_shares_may_be_said() -> None:
    found = analyze(ROWS, metrics="latency_ms", shares={"control": 3, "treatment": 1})
    assert found.sample_ratio is not None
    assert found.sample_ratio.mismatch


def test_units_that_switched_are_told() -> None:
    rows = [*ROWS, *({**row, "variant": "control"} for row in ROWS[:100] if row["variant"] == "treatment")]
    assert "were given another variant later; they count for the first" in warnings(analyze(rows, metrics="failed"))


def test_outcomes_without_a_request_are_told() -> None:
    rows = [row | {"request_id": number} for number, row in enumerate(ROWS)]
    assert "1 outcomes belong to no request" in warnings(
        analyze(rows, metrics="latency_ms", outcomes=[{"request_id": "x", "stars": 3}])
    )


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"metrics": []}, "needs metrics="),
        ({"metrics": "speed"}, "no row has a number in 'speed'; there are before, cost_usd, failed, latency_ms"),
        ({"metrics": ["failed", "failed"]}, "has 'failed' twice"),
        ({"cuped": "age"}, "no row has a number in 'age'"),
        ({"experiment": "tone"}, None),
        ({"control": "old"}, "control='old' is no variant; there are control, treatment"),
        ({"method": "bayes"}, "method='bayes' must be 'fixed', 'group_sequential', 'sequential' or 'exact'"),
        ({"alpha": 5}, "5 % is 0.05"),
        ({"alternative": "higher"}, "alternative='higher'"),
        ({"correction": "bonferroni"}, "must be 'holm' or 'bh'"),
        ({"looks": 3}, "belong to method='group_sequential'"),
        ({"method": "group_sequential"}, "needs looks"),
        ({"method": "group_sequential", "looks": 3, "look": 4}, "from 1 to 3"),
        ({"method": "group_sequential", "looks": 1, "look": 1}, "from 2 to 50"),
        ({"method": "group_sequential", "looks": [0.5, 0.4, 1.0], "look": 1}, "rising shares"),
        ({"method": "group_sequential", "looks": 3, "look": 1, "bounds": "haybittle"}, "bounds='haybittle'"),
        ({"shares": {"control": 1}}, "lacks the variant 'treatment'"),
        ({"shares": {"control": 1, "treatment": 0}}, "above zero"),
        ({"planned_units": -3}, "planned_units=-3"),
        ({"points": -1}, "points=-1"),
        ({"segments": "age"}, "segments='age'"),
        ({"unit": "who"}, "unit='who'"),
    ],
)
def test_bad_input_is_told(how: dict[str, Any], message: str | None) -> None:
    if message is None:
        assert analyze(ROWS, **({"metrics": "latency_ms"} | how)).experiment == "tone"
        return
    with pytest.raises(ConfigurationError, match=message):
        analyze(ROWS, **({"metrics": "latency_ms"} | how))


def test_without_a_control_there_must_be_one_of_this_name() -> None:
    with pytest.raises(ConfigurationError, match="say which variant is the control"):
        analyze(draw(variants=("a", "b")), metrics="failed")


def test_a_value_that_is_no_number_is_told() -> None:
    with pytest.raises(ConfigurationError, match="not finite"):
        analyze([*ROWS, ROWS[0] | {"latency_ms": math.nan}], metrics="latency_ms")
