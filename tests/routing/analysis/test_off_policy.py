"""What another policy would have brought."""

from __future__ import annotations

import numpy as np
import pytest

from genai_guard import ConfigurationError
from genai_guard.routing.analysis import Interval, evaluate_policy

TRUTH = {"a": 0.2, "b": 0.5}
Rows = list[dict[str, object]]


def logged(count: int, *, seed: int = 1, share: float = 0.3, per_unit: int = 1) -> Rows:
    """Return rows of a policy that gives `b` more often to those with a context of 1, who also gain more."""
    rng = np.random.default_rng(seed)
    rows: Rows = []
    for number in range(count):
        context = int(rng.random() < 0.5)
        to_b = share + 0.3 * context
        variant = "b" if rng.random() < to_b else "a"
        gain = float(rng.random() < TRUTH[variant] + 0.2 * context)
        rows += [
            {
                "variant": variant,
                "propensity": to_b if variant == "b" else 1 - to_b,
                "context": context,
                "gain": gain,
                "unit": number,
            }
        ] * per_unit
    return rows


def inside(value: float, interval: Interval | None) -> bool:
    return interval is not None and interval.low <= value <= interval.high


def test_every_estimator_finds_the_value_of_a_policy_that_was_not_used() -> None:
    found = evaluate_policy(logged(8000), "b", reward="gain")
    assert all(inside(0.6, each) for each in (found.ips, found.snips, found.doubly_robust))
    assert not inside(0.6, found.logged)


def test_a_policy_may_look_at_the_row() -> None:
    found = evaluate_policy(
        logged(8000), lambda row: {"b": 1.0} if row["context"] else {"a": 0.5, "b": 0.5}, reward="gain"
    )
    assert inside((0.7 + 0.35) / 2, found.doubly_robust)


def test_intervals_miss_about_as_often_as_they_say() -> None:
    missed = {"ips": 0, "snips": 0, "doubly_robust": 0}
    for seed in range(60):
        found = evaluate_policy(logged(400, seed=seed), "b", reward="gain")
        for name in missed:
            missed[name] += not inside(0.6, getattr(found, name))
    assert max(missed.values()) <= 8


def test_a_model_of_rewards_narrows_the_interval() -> None:
    rows = logged(5000)
    found = evaluate_policy(
        rows, "b", reward="gain", model=lambda row, action: TRUTH[action] + 0.2 * float(row["context"])
    )
    plain = evaluate_policy(rows, "b", reward="gain")
    assert found.doubly_robust is not None
    assert plain.ips is not None
    assert found.doubly_robust.high - found.doubly_robust.low < 0.9 * (plain.ips.high - plain.ips.low)


def test_the_policy_that_was_used_has_weights_of_one() -> None:
    rows = [row | {"propensity": 0.5} for row in logged(1000)]
    found = evaluate_policy(rows, {"a": 0.5, "b": 0.5}, reward="gain")
    assert found.effective_rows == pytest.approx(1000)
    assert found.max_weight == 1
    assert found.ips == found.logged


def test_rows_are_worth_what_kish_says() -> None:
    rows = logged(2000)
    weights = [1 / float(str(row["propensity"])) if row["variant"] == "b" else 0.0 for row in rows]
    found = evaluate_policy(rows, "b", reward="gain")
    assert found.effective_rows == pytest.approx(sum(weights) ** 2 / sum(weight**2 for weight in weights))
    assert found.max_weight == pytest.approx(1 / 0.3)


def test_rows_of_one_unit_are_taken_together() -> None:
    once, thrice = (evaluate_policy(logged(2000, per_unit=times), "b", reward="gain") for times in (1, 3))
    assert thrice.ips == pytest.approx(once.ips)


def test_a_cap_of_the_weights_is_kept() -> None:
    assert evaluate_policy(logged(2000), "b", reward="gain", max_weight=2.0).max_weight == 2.0


def test_too_few_rows_are_refused_with_the_reason() -> None:
    found = evaluate_policy(logged(60), "b", reward="gain")
    assert found.ips is None
    assert "60 rows are worth" in found.refused
    assert str(found).startswith("The value of the policy cannot be told")


def test_a_result_prints_as_a_sentence() -> None:
    assert str(evaluate_policy(logged(2000), "b", reward="gain")).startswith("The policy is worth 0.5")


@pytest.mark.parametrize(
    ("rows", "policy", "message"),
    [
        ([{"variant": "a", "gain": 1.0}, {"variant": "b", "gain": 1.0}], "a", "no propensity"),
        ([{"variant": name, "gain": 1.0, "propensity": 0.0} for name in "ab"], "a", "above 0"),
        ([{"variant": name, "gain": 1.0, "propensity": 0.5} for name in "ab"], "c", "never given"),
        ([{"variant": name, "gain": 1.0, "propensity": 0.5} for name in "ab"], {"a": 0.4}, "add up to 1"),
        ([{"variant": name, "gain": None, "propensity": 0.5} for name in "ab"], "a", "no row has a number"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(rows: Rows, policy: str | dict[str, float], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        evaluate_policy(rows, policy, reward="gain")


@pytest.mark.parametrize(("more", "message"), [({"alpha": 0.0}, "alpha="), ({"max_weight": 0.0}, "max_weight=")])
def test_settings_that_cannot_be_are_refused(more: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        evaluate_policy(logged(100), "b", reward="gain", **more)  # type: ignore[arg-type]
