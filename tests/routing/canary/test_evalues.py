"""Law 8, for the tests themselves: what is expected of an e-process, and that looking at it all the time costs nothing."""

from __future__ import annotations

import math
import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.routing.canary.evalues import (
    HARM_RATIOS,
    PROMOTION_RATIOS,
    FailureRatioTest,
    Failures,
)

HARM = FailureRatioTest()
ALPHA = 0.05
shares = st.floats(0.001, 0.999)
counts = st.integers(0, 400)
tallies = st.lists(st.tuples(shares, counts, counts), max_size=6).map(Failures.of)


def from_canary(share: float, ratio: float) -> float:
    """Probability that a failure is one of the canary, which fails `ratio` times as often."""
    return share * ratio / (share * ratio + 1 - share)


def expectation(test: FailureRatioTest, ramp: list[float], ratio: float) -> float:
    """Mean of the e-process after one failure at each of these shares, over all that can happen."""
    total = 0.0
    for outcome in product((False, True), repeat=len(ramp)):
        failures, probability = Failures(), 1.0
        for share, is_canary in zip(ramp, outcome, strict=True):
            failures = failures.add(share, is_canary=is_canary)
            chance = from_canary(share, ratio)
            probability *= chance if is_canary else 1 - chance
        total += probability * math.exp(test.log_value(failures))
    return total


def ever_alarmed(test: FailureRatioTest, share: float, ratio: float, failures: int, alpha: float) -> float:
    """Probability of an alarm within so many failures, with a look after each: exact, by the counts without one so far."""
    chance, alarmed = from_canary(share, ratio), 0.0
    quiet = {0: 1.0}
    for number in range(1, failures + 1):
        following: dict[int, float] = {}
        for canary, probability in quiet.items():
            for step, part in ((1, chance), (0, 1 - chance)):
                following[canary + step] = following.get(canary + step, 0.0) + probability * part
        crossed = [
            canary
            for canary in following
            if test.log_value(Failures.of([(share, number - canary, canary)])) >= -math.log(alpha)
        ]
        alarmed += sum(following.pop(canary) for canary in crossed)
        quiet = following
    return alarmed


@settings(max_examples=40)
@given(st.lists(shares, min_size=1, max_size=7))
def test_the_expectation_is_one_without_harm_whatever_the_ramp(ramp: list[float]) -> None:
    assert expectation(HARM, ramp, 1.0) == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=40)
@given(st.lists(shares, min_size=1, max_size=6), st.floats(0.01, 1.0))
def test_the_expectation_is_at_most_one_for_a_better_canary(ramp: list[float], ratio: float) -> None:
    assert expectation(HARM, ramp, ratio) <= 1 + 1e-9


@settings(max_examples=40)
@given(st.lists(shares, min_size=1, max_size=6), st.floats(1.5, 20))
def test_the_expectation_of_a_promotion_is_at_most_one_for_a_canary_that_is_too_bad(
    ramp: list[float], ratio: float
) -> None:
    assert expectation(FailureRatioTest(PROMOTION_RATIOS, 1.5), ramp, ratio) <= 1 + 1e-9


@settings(max_examples=40)
@given(st.lists(shares, min_size=1, max_size=7))
def test_the_expectation_of_a_promotion_is_one_at_the_margin(ramp: list[float]) -> None:
    assert expectation(FailureRatioTest(PROMOTION_RATIOS, 1.5), ramp, 1.5) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_look_after_every_failure_raises_false_alarms_as_seldom_as_was_said(share: float) -> None:
    assert 0 < ever_alarmed(HARM, share, 1.0, 150, ALPHA) <= ALPHA


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_canary_at_the_margin_is_promoted_as_seldom_as_was_said(share: float) -> None:
    test = FailureRatioTest(PROMOTION_RATIOS, 1.5)
    assert ever_alarmed(test, share, 1.5, 150, ALPHA) <= ALPHA < ever_alarmed(test, share, 0.5, 150, ALPHA)


def test_random_ramps_and_drifts_raise_false_alarms_as_seldom_as_was_said() -> None:
    """Error rates wander between 1 and 30 %, and the share jumps; the canary has no part in it."""
    rng = random.Random(5)
    repetitions, alarms = 400, 0
    for _ in range(repetitions):
        logs = [0.0] * len(HARM_RATIOS)
        share, rate = 0.05, 0.02
        for _request in range(400):
            if rng.random() < 0.01:
                share, rate = rng.choice((0.01, 0.05, 0.25, 0.5)), rng.uniform(0.01, 0.3)
            if rng.random() < rate:
                steps = HARM.steps(share, is_canary=rng.random() < share)
                logs = [before + step for before, step in zip(logs, steps, strict=True)]
                if sum(map(math.exp, logs)) / len(logs) >= 1 / ALPHA:
                    alarms += 1
                    break
    assert alarms / repetitions <= ALPHA


def test_a_canary_that_fails_three_times_as_often_is_found_in_time() -> None:
    """Wald: log(1 / alpha) over the information in a failure is about 27 failures at a share of 10 %."""
    rng = random.Random(6)
    needed: list[int] = []
    for _ in range(101):
        failures, number = Failures(), 0
        while HARM.log_value(failures) < -math.log(ALPHA):
            number += 1
            failures = failures.add(0.1, is_canary=rng.random() < from_canary(0.1, 3.0))
        needed.append(number)
    assert 25 <= sorted(needed)[50] <= 55


@settings(max_examples=40)
@given(tallies, st.sampled_from([0.0, 1.0]), st.booleans(), st.integers(1, 100))
def test_a_share_of_nobody_or_everybody_changes_nothing(
    failures: Failures, share: float, is_canary: bool, times: int
) -> None:
    assert failures.add(share, is_canary=is_canary, times=times) == failures
    assert set(HARM.steps(share, is_canary=is_canary)) == {0.0}


@settings(max_examples=40)
@given(tallies, tallies)
def test_evidence_of_two_processes_adds_up_for_each_ratio(one: Failures, other: Failures) -> None:
    both = HARM.log_values(one.plus(other))
    apart = [a + b for a, b in zip(HARM.log_values(one), HARM.log_values(other), strict=True)]
    assert both == pytest.approx(apart, rel=1e-9, abs=1e-6)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([0.01, 0.05, 0.5]), st.booleans()), max_size=30), st.randoms())
def test_the_order_of_failures_does_not_matter_to_the_last_bit(
    seen: list[tuple[float, bool]], shuffler: random.Random
) -> None:
    def evidence(order: list[tuple[float, bool]]) -> float:
        failures = Failures()
        for share, is_canary in order:
            failures = failures.add(share, is_canary=is_canary)
        return HARM.log_value(failures)

    shuffled = shuffler.sample(seen, len(seen))
    assert evidence(seen) == evidence(shuffled)


@settings(max_examples=40)
@given(tallies)
def test_sums_are_those_of_single_steps(failures: Failures) -> None:
    steps = [0.0] * len(HARM_RATIOS)
    for share, control, canary in failures.counts:
        for times, is_canary in ((control, False), (canary, True)):
            for place, step in enumerate(HARM.steps(share, is_canary=is_canary)):
                steps[place] += times * step
    assert HARM.log_values(failures) == pytest.approx(steps, rel=1e-9, abs=1e-9)


def test_huge_counts_neither_overflow_nor_underflow() -> None:
    many = 10**9
    assert HARM.log_value(Failures.of([(0.1, many, many)])) > 1e8
    assert -1e9 < HARM.log_value(Failures.of([(0.1, many, 0)])) < -1e6


@pytest.mark.parametrize(
    "build",
    [
        lambda: FailureRatioTest(()),
        lambda: FailureRatioTest((1.5, 0.5)),
        lambda: FailureRatioTest((1.0,)),
        lambda: FailureRatioTest((math.inf,)),
        lambda: FailureRatioTest((2.0,), 0.0),
    ],
)
def test_tests_that_cannot_work_are_refused(build: object) -> None:
    with pytest.raises(ConfigurationError):
        build()  # type: ignore[operator]
