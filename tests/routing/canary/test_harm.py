"""What counts as harm, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard.routing import ExperimentRouter
from genai_guard.routing.canary import (
    Blocks,
    CanaryMetric,
    Errors,
    HighCost,
    SlowCalls,
    State,
    ThumbsDown,
    Timeouts,
)
from genai_guard.testing import FakeClock
from routing.canary.calls import begin, event, fail, make_router, people, serve, shares, units_of


def test_harm_gives_everybody_the_control_within_the_call_that_shows_it(router: ExperimentRouter) -> None:
    canary = begin(router)
    first, second, third = units_of(router, "new", 3)
    states: list[State] = []
    for unit in (first, second, third):
        fail(canary, router, [unit])
        states.append(canary.state)
    assert states == [State.RUNNING, State.RUNNING, State.ROLLED_BACK]
    assert canary.status().reason == "harm: errors"
    assert shares(router) == {"old": 1.0}


def test_failures_of_both_alike_are_no_harm(router: ExperimentRouter) -> None:
    canary = begin(router)
    fail(canary, router, people(3_000))
    assert canary.state is State.RUNNING


def test_of_one_unit_only_the_first_failure_counts(router: ExperimentRouter) -> None:
    canary = begin(router)
    fail(canary, router, units_of(router, "new", 2) * 50)
    assert (canary.state, canary.status().metrics[0].canary) == (State.RUNNING, 2)


def test_requests_are_units_of_their_own_where_the_experiment_goes_by_them() -> None:
    router = make_router(by="request")
    canary = begin(router)
    serve(canary, router, people(300))
    fail(canary, router, people(10, prefix="f"))
    status = canary.refresh()
    assert sum(status.units) == 310
    assert sum(status.metrics[0][1:3]) == 10


def test_calls_that_began_before_a_ramp_count_at_the_share_they_were_assigned_with(
    router: ExperimentRouter, clock: FakeClock
) -> None:
    canary = begin(router, clock)
    late = [event(router, unit, status="error") for unit in units_of(router, "new", 2, prefix="late")]
    serve(canary, router, units_of(router, "new", 20))
    clock.advance(60)
    canary.refresh()
    before = canary.status().metrics[0].evidence
    for each in late:
        canary.record(each)
    expected = sum((ratio / (0.1 * ratio + 0.9)) ** 2 for ratio in (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)) / 8
    assert before == 1.0
    assert canary.status().metrics[0].evidence == pytest.approx(expected)


def test_a_late_call_of_an_earlier_stage_does_not_count_its_unit_twice(
    router: ExperimentRouter, clock: FakeClock
) -> None:
    canary = begin(router, clock)
    early = units_of(router, "new", 20)
    late = event(router, early[0], status="error")
    serve(canary, router, early)
    clock.advance(60)
    canary.refresh()
    serve(canary, router, early)
    canary.record(late)
    serve(canary, router, early)
    assert canary.status().units == (0, 20)


def test_harm_is_seen_while_the_ramp_is_held(router: ExperimentRouter) -> None:
    canary = begin(router)
    assert canary.hold()
    fail(canary, router, units_of(router, "new", 5))
    assert canary.state is State.ROLLED_BACK


def test_overrides_and_forced_variants_do_not_count() -> None:
    router = make_router(overrides={f"t{number}": "new" for number in range(50)})
    canary = begin(router)
    fail(canary, router, people(50, prefix="t"))
    with router.force(model="new"):
        fail(canary, router, people(50))
    assert canary.refresh().units == (0, 0)
    assert canary.state is State.RUNNING


def test_a_rollback_beats_overrides_too() -> None:
    router = make_router(overrides={"tester": "new"})
    begin(router).abort()
    assert router.assign("tester").variant == "old"


@pytest.mark.parametrize(
    ("metric", "call"),
    [
        (Errors(), {"status": "error"}),
        (Errors(), {"status": "breaker_open"}),
        (Timeouts(margin=0.5), {"status": "timeout"}),
        (Blocks(margin=0.5), {"status": "blocked"}),
        (SlowCalls(above_s=2.0, margin=0.5), {"latency_s": 2.1}),
        (HighCost(above_usd=0.01, margin=0.5), {"cost_usd": 0.02}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, CanaryMetric) else "",
)
def test_each_metric_sees_its_kind_of_failure_and_no_other(
    router: ExperimentRouter, metric: CanaryMetric, call: dict[str, Any]
) -> None:
    canary = begin(router, metrics=[metric])
    fine: list[dict[str, Any]] = [
        {},
        {"status": "rate_limited", "latency_s": 60.0},
        {"status": "abandoned"},
        {"latency_s": 2.0, "cost_usd": 0.01},
    ]
    for number, more in enumerate(fine):
        for unit in units_of(router, "new", 30, prefix=f"fine{number}."):
            canary.record(event(router, unit, **more))
    assert canary.status().metrics[0].canary == 0
    for unit in units_of(router, "new", 5, prefix="bad"):
        canary.record(event(router, unit, **call))
    assert canary.state is State.ROLLED_BACK


def test_the_probability_of_a_false_alarm_is_split_by_weight(router: ExperimentRouter) -> None:
    canary = begin(router, metrics=[Errors(weight=3), Timeouts()], alpha=0.04)
    assert [each.rollback_at for each in canary.status().metrics] == pytest.approx([1 / 0.03, 1 / 0.01])


def test_feedback_counts_as_a_failure_of_its_call_once(router: ExperimentRouter) -> None:
    canary = begin(router, metrics=[Errors(), ThumbsDown()])
    liked, *others = units_of(router, "new", 5)
    serve(canary, router, [liked, *others])
    assert canary.feedback(liked, thumbs="up")
    assert not canary.feedback(liked, thumbs="down")
    assert not canary.feedback("nobody's", thumbs="down")
    assert [canary.feedback(unit, thumbs="down") for unit in others] == [True] * 4
    assert canary.status().reason == "harm: thumbs_down"


def test_a_threshold_is_learned_before_and_never_moved_by_the_canary(router: ExperimentRouter) -> None:
    canary = begin(router, metrics=[SlowCalls(percentile=95, margin=0.5)], baseline_calls=100)
    assert canary.refresh().missing == ("0 of 100 calls of the control to learn from",)
    for number, unit in enumerate(people(100)):
        assert router.assign(unit).variant == "old"
        canary.record(event(router, unit, latency_s=number / 100))
    assert (canary.state, canary.status().metrics[0].threshold) == (State.RUNNING, 0.94)
    for unit in units_of(router, "new", 2, prefix="slow"):
        canary.record(event(router, unit, latency_s=50.0))
    assert canary.status().metrics[0][2:3] == (2,)
    assert canary.status().metrics[0].threshold == 0.94
