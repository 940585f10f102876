"""How many units a comparison takes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from genai_guard import ConfigurationError
from genai_guard.routing.analysis import power


@pytest.mark.parametrize(
    ("share", "ratio", "units"),
    [(0.1, 1.5, 19338), (0.1, 2, 6272), (0.1, 3, 2264), (0.1, 5, 890), (0.5, 1.5, 6022), (0.5, 2, 1793), (0.5, 3, 587)],
)
def test_shares_need_the_units_of_the_formula(share: float, ratio: float, units: int) -> None:
    """(z.95 + z.8)^2 (p1 q1 / share + p0 q0 / (1 - share)) / (p1 - p0)^2, worked out for p0 = 2 %."""
    found = power(0.02, mde=0.02 * (ratio - 1), share=share, alternative="greater")
    assert found.units == pytest.approx(units, abs=1)
    assert found.control + found.treatment == found.units


def test_means_agree_with_statsmodels() -> None:
    """statsmodels 0.15, `NormalIndPower().solve_power(effect_size=0.04, power=0.8, alpha=0.05)`: 9811.0756 each."""
    assert power(100.0, sd=50.0, mde=2.0).units == pytest.approx(2 * 9811.0756, abs=1)


@pytest.mark.parametrize("method", ["fixed", "group_sequential", "sequential"])
@pytest.mark.parametrize(("baseline", "sd"), [(0.1, None), (100.0, 50.0)])
def test_units_effect_and_power_agree(method: str, baseline: float, sd: float | None) -> None:
    looks = 4 if method == "group_sequential" else None
    common = {"sd": sd, "method": method, "looks": looks}
    units = power(baseline, relative_mde=0.05, **common).units  # type: ignore[arg-type]
    assert power(baseline, units=units, **common).relative_mde == pytest.approx(0.05, rel=1e-3)  # type: ignore[arg-type]
    both = power(baseline, units=units, relative_mde=0.05, **common)  # type: ignore[arg-type]
    assert both.power == pytest.approx(0.8, abs=1e-3)


def test_the_power_is_that_of_a_simulation() -> None:
    plan = power(0.05, mde=0.01)
    rng = np.random.default_rng(7)
    one = rng.binomial(plan.treatment, 0.06, 4000) / plan.treatment
    other = rng.binomial(plan.control, 0.05, 4000) / plan.control
    error = np.sqrt(one * (1 - one) / plan.treatment + other * (1 - other) / plan.control)
    assert (np.abs(one - other) / error > 1.959964).mean() == pytest.approx(0.8, abs=0.02)


def test_more_looks_take_more_units() -> None:
    fixed = power(100.0, sd=50.0, mde=2.0).units
    group = power(100.0, sd=50.0, mde=2.0, method="group_sequential", looks=5).units
    pocock = power(100.0, sd=50.0, mde=2.0, method="group_sequential", looks=5, bounds="pocock").units
    always = power(100.0, sd=50.0, mde=2.0, method="sequential").units
    tuned_elsewhere = power(100.0, sd=50.0, mde=2.0, method="sequential", tuned_for=2000.0).units
    assert fixed < group < pocock < always < tuned_elsewhere


def test_several_comparisons_share_alpha() -> None:
    assert power(0.1, mde=0.01, comparisons=5).units == power(0.1, mde=0.01, alpha=0.01).units


def test_a_margin_makes_no_difference_something_to_show() -> None:
    found = power(0.9, mde=0.0, margin=0.02, alternative="greater")
    assert found.units == pytest.approx((1.644854 + 0.841621) ** 2 * 4 * 0.09 / 0.02**2, abs=2)


def test_a_decrease_is_negative() -> None:
    assert power(0.1, units=5000, alternative="less").mde < 0


def test_a_plan_prints_as_a_sentence() -> None:
    assert str(power(0.1, mde=0.01)) == (
        "29,497 units (14,749 control, 14,748 treatment) show a difference of +0.01 (+10 %) with probability 0.8 at "
        "alpha 0.05, method fixed."
    )


@pytest.mark.parametrize(
    ("baseline", "more", "message"),
    [
        (0.1, {}, "say what is given"),
        (0.1, {"mde": 0.1, "relative_mde": 1.0}, "exclude each other"),
        (1.1, {"mde": 0.1}, "a share between 0 and 1"),
        (0.1, {"mde": 0.95}, "must stay between 0 and 1"),
        (0.1, {"mde": 0.0}, "takes a margin"),
        (0.1, {"mde": math.nan}, "must be a number"),
        (5.0, {"mde": 0.1, "sd": 0.0}, "sd="),
        (0.1, {"units": 1}, "two or more"),
        (0.1, {"units": 20, "alternative": "less"}, "too few to find"),
        (0.1, {"mde": 0.1, "power": 1.0}, "power="),
        (0.1, {"mde": 0.1, "alpha": 0.0}, "alpha="),
        (0.1, {"mde": 0.1, "share": 1.5}, "share="),
        (0.1, {"mde": 0.1, "margin": 0.1}, "the direction that is good"),
        (0.1, {"mde": 0.1, "margin": -0.1}, "zero or more"),
        (0.1, {"mde": 0.1, "comparisons": 0}, "one or more"),
        (0.1, {"mde": 0.1, "method": "exact"}, "method='exact'"),
        (0.1, {"mde": 0.1, "method": "group_sequential"}, "needs looks"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(baseline: float, more: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        power(baseline, **more)  # type: ignore[arg-type]
