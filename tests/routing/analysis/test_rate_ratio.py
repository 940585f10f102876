"""The exact test of the ratio of two rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.routing.analysis.rate_ratio import Stratum, rate_ratio_interval, rate_ratio_log_e

SHARES = st.floats(0.01, 0.99)
FEW = settings(max_examples=30)
STRATA = st.lists(st.builds(Stratum, SHARES, st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=4)


def expected_e(share: float, events: int, *, ratio: float, truth: float, sides: int) -> float:
    """Return the mean of the e-process over everything that so many events can be, exactly."""
    theta = share * truth / (share * truth + 1 - share)
    return sum(
        math.comb(events, hits)
        * theta**hits
        * (1 - theta) ** (events - hits)
        * math.exp(rate_ratio_log_e([Stratum(share, hits, events - hits)], ratio, sides=sides))
        for hits in range(events + 1)
    )


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("sides", [2, 1, -1])
def test_under_the_null_the_mean_is_one(share: float, ratio: float, sides: int) -> None:
    for events in (1, 7, 40):
        assert expected_e(share, events, ratio=ratio, truth=ratio, sides=sides) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(("sides", "truth"), [(1, 0.6), (-1, 1.7)])
def test_on_the_wrong_side_the_mean_is_below_one(sides: int, truth: float) -> None:
    assert expected_e(0.3, 25, ratio=1.0, truth=truth, sides=sides) < 1.0


@FEW
@given(strata=STRATA, alpha=st.sampled_from([0.2, 0.05, 0.001]))
def test_the_interval_holds_what_is_not_refused(strata: list[Stratum], alpha: float) -> None:
    low, high = rate_ratio_interval(strata, alpha=alpha)
    limit = math.log(1 / alpha)
    assert 0 <= low <= high
    if low == high:  # the strata contradict each other: no ratio is left
        assert rate_ratio_log_e(strata, low) >= limit
        return
    for edge, outside in ((low, 0.99), (high, 1.01)):
        if 1e-12 < edge < 1e12:
            assert rate_ratio_log_e(strata, edge) == pytest.approx(limit, abs=1e-6)
            assert rate_ratio_log_e(strata, edge * outside) > limit


@FEW
@given(strata=STRATA)
def test_swapping_the_variants_turns_the_ratio_around(strata: list[Stratum]) -> None:
    low, high = rate_ratio_interval(strata, alpha=0.05)
    swapped = [Stratum(1 - share, control, treated) for share, treated, control in strata]
    other_low, other_high = rate_ratio_interval(swapped, alpha=0.05)
    assert other_low == pytest.approx(1 / high if high < math.inf else 0.0, rel=1e-6, abs=1e-12)
    assert other_high == pytest.approx(1 / low if low > 0 else math.inf, rel=1e-6)


@FEW
@given(strata=STRATA, sides=st.sampled_from([1, -1]))
def test_a_bound_on_one_side_lies_where_refusal_begins(strata: list[Stratum], sides: int) -> None:
    low, high = rate_ratio_interval(strata, alpha=0.05, sides=sides)
    edge = low if sides == 1 else high
    if 1e-12 < edge < 1e12:
        assert rate_ratio_log_e(strata, edge, sides=sides) == pytest.approx(math.log(20), abs=1e-6)


def test_strata_that_contradict_each_other_leave_nothing() -> None:
    low, high = rate_ratio_interval([Stratum(0.5, 50, 0), Stratum(0.5, 0, 50)], alpha=0.05)
    assert low == high


def test_no_events_say_nothing() -> None:
    assert rate_ratio_interval([Stratum(0.1, 0, 0)], alpha=0.05) == (0.0, math.inf)
    assert rate_ratio_log_e([Stratum(0.1, 0, 0)], 1.0) == 0.0


def test_many_events_narrow_the_interval_around_the_truth() -> None:
    low, high = rate_ratio_interval([Stratum(0.5, 20_000, 10_000)], alpha=0.05)
    assert 1.9 < low < 2.0 < high < 2.1


def test_a_look_after_every_event_raises_few_false_alarms_while_the_share_grows() -> None:
    rng = np.random.default_rng(3)
    shares = [0.01] * 60 + [0.05] * 60 + [0.25] * 60
    alarms = 0
    for row in rng.random((200, len(shares))) < shares:
        counts = {share: [0, 0] for share in shares}
        for share, treated in zip(shares, row.tolist(), strict=True):
            counts[share][0 if treated else 1] += 1
            log_e = rate_ratio_log_e([Stratum(each, *found) for each, found in counts.items()], 1.0)
            if log_e >= math.log(20):
                alarms += 1
                break
    assert alarms / 200 <= 0.05
