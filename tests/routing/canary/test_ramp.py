"""How a ramp goes up, with time, units, proof, and by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.routing import ExperimentRouter, Variant
from genai_guard.routing.canary import (
    SlowCalls,
    Stage,
    State,
)
from genai_guard.testing import FakeClock
from routing.canary.calls import begin, event, fail, make_canary, make_router, people, serve, shares, units_of


def test_it_begins_at_the_first_stage_whatever_the_weights_were(router: ExperimentRouter) -> None:
    canary = begin(router)
    assert (canary.state, canary.percent) == (State.RUNNING, 10)
    assert shares(router) == {"old": 0.9, "new": 0.1}


def test_a_stage_ends_when_both_minima_are_reached(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock)
    serve(canary, router, units_of(router, "new", 20))
    assert canary.refresh().percent == 10
    clock.advance(60)
    assert canary.refresh().percent == 50


def test_a_stage_lasts_until_enough_units_had_the_canary(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock)
    clock.advance(10_000)
    serve(canary, router, [*units_of(router, "new", 19), *units_of(router, "old", 200)])
    assert canary.refresh().missing == ("1 more units with the canary",)
    assert canary.percent == 10


def test_a_unit_counts_once_in_a_stage_and_again_in_the_next(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock)
    early = units_of(router, "new", 20)
    serve(canary, router, early * 3)
    assert canary.status().units == (0, 20)
    clock.advance(60)
    canary.refresh()
    serve(canary, router, early)
    assert canary.status().units == (0, 20)


def test_nobody_who_has_the_canary_loses_it_as_it_grows(router: ExperimentRouter) -> None:
    everybody = people(2_000)
    begin(router, stages=[Stage(1), Stage(5), Stage(25), Stage(100)])
    had: set[str] = set()
    canary = make_canary(
        stages=[
            Stage(percent, min_units=0, min_s=0, timeout_s=0, on_timeout="advance") for percent in (1, 5, 25, 50, 100)
        ]
    )
    router = make_router()
    canary.bind(router)
    while not canary.state.is_final:
        has = {unit for unit in everybody if router.assign(unit).variant == "new"}
        assert had <= has
        assert abs(len(has) / len(everybody) - canary.percent / 100) < 0.04
        had = has
        canary.refresh()
    assert canary.state is State.PROMOTED


def test_everybody_gets_the_canary_only_with_proof(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock, stages=[Stage(50, min_units=10, min_s=0)])
    serve(canary, router, units_of(router, "new", 20))
    assert canary.refresh().missing == ("proof that errors are less than 1.5 times as frequent",)
    fail(canary, router, units_of(router, "old", 12, prefix="bad"))
    status = canary.refresh()
    assert (status.state, status.reason) == (State.PROMOTED, "proved")
    assert shares(router) == {"new": 1.0}


def test_a_stage_of_everybody_can_be_watched_before_the_end(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock, stages=[Stage(50, min_units=0, min_s=0), Stage(100, min_units=0, min_s=3600)])
    fail(canary, router, units_of(router, "old", 12))
    assert (canary.refresh().state, canary.percent) == (State.RUNNING, 100)
    clock.advance(3600)
    assert canary.refresh().state is State.PROMOTED


@pytest.mark.parametrize(
    ("policy", "state", "percent"),
    [("hold", State.HELD, 10), ("advance", State.RUNNING, 50), ("rollback", State.ROLLED_BACK, 0)],
)
def test_a_stage_that_takes_too_long_ends_as_its_policy_says(
    router: ExperimentRouter, clock: FakeClock, policy: Any, state: State, percent: float
) -> None:
    canary = begin(router, clock, stages=[Stage(10, timeout_s=900, on_timeout=policy), Stage(50)])
    clock.advance(900)
    status = canary.refresh()
    assert (status.state, status.percent, status.reason) == (state, percent, "timeout")


def test_a_clock_that_goes_back_only_makes_time_stand_still(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock)
    serve(canary, router, units_of(router, "new", 20))
    clock.advance(30)
    canary.refresh()
    clock.shift_wall(-86_400)
    assert canary.refresh().missing == ("30 more seconds",)
    clock.shift_wall(86_400 + 30)
    assert canary.refresh().percent == 50


def test_what_somebody_else_changes_of_the_experiment_is_kept(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock)
    router.update(replace(router.experiments[0], coverage=0.5))
    canary.promote()
    assert router.experiments[0].coverage == 0.5
    assert shares(router) == {"new": 1.0}


def test_a_configuration_that_is_read_again_does_not_undo_a_rollback(
    router: ExperimentRouter, clock: FakeClock
) -> None:
    original = router.experiments[0]
    canary = begin(router, clock)
    canary.abort()
    router.replace(replace(original, coverage=0.5))
    assert router.experiments[0].coverage == 0.5
    assert shares(router) == {"old": 1.0}


def test_new_settings_of_a_variant_take_effect_and_move_nobody(router: ExperimentRouter, clock: FakeClock) -> None:
    original = router.experiments[0]
    canary = begin(router, clock)
    who = units_of(router, "new", 20)
    other = tuple(replace(each, params={"model": f"{each.name}-2"}) for each in reversed(original.variants))
    router.replace(replace(original, variants=other))
    assert {router.assign(unit).params["model"] for unit in who} == {"new-2"}
    assert canary.percent == 10


def test_what_a_canary_could_not_move_is_refused_until_it_is_closed(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock)
    canary.abort()
    third = replace(router.experiments[0], variants=(Variant("old"), Variant("third")), total_weight=0)
    with pytest.raises(ConfigurationError, match=r"a canary moves it between 'old' and 'new' by 'user'"):
        router.replace(third)
    canary.close()
    router.replace(third)
    assert shares(router).keys() == {"old", "third"}


def test_units_that_are_not_assigned_as_planned_hold_the_ramp_until_it_begins_anew(
    router: ExperimentRouter, clock: FakeClock
) -> None:
    canary = begin(router, clock)
    clock.advance(60)
    serve(canary, router, units_of(router, "new", 300))
    status = canary.refresh()
    assert (status.state, status.reason, status.percent) == (State.HELD, "sample_ratio", 10)
    assert canary.resume()
    assert canary.refresh().units == (0, 0)
    assert (canary.state, canary.status().run) == (State.RUNNING, 1)


def test_an_honest_split_is_left_alone_through_all_stages(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock)
    for part in range(3):
        serve(canary, router, people(3_000))
        serve(canary, router, people(1_000, prefix=f"{part}."))
        clock.advance(60)
        canary.refresh()
    assert (canary.state, canary.percent) == (State.RUNNING, 50)


def test_whoever_wants_to_start_it_by_hand_can(router: ExperimentRouter) -> None:
    canary = begin(router, autostart=False)
    assert (canary.refresh().state, shares(router)) == (State.DRAFT, {"old": 1.0})
    assert canary.status().missing == ("start()",)
    assert canary.start()
    assert canary.state is State.RUNNING


def test_what_is_done_by_hand_says_whether_it_changed_anything(router: ExperimentRouter) -> None:
    canary = begin(router)
    assert not canary.resume()
    assert canary.hold()
    assert not canary.hold()
    assert canary.resume()
    assert canary.promote()
    assert not canary.promote()
    assert canary.abort()
    assert not canary.abort()
    assert not canary.resume()
    assert shares(router) == {"old": 1.0}


def test_what_begins_anew_counts_anew(router: ExperimentRouter) -> None:
    canary = begin(router)
    fail(canary, router, units_of(router, "new", 5))
    assert canary.start()
    assert (canary.state, canary.percent, canary.refresh().metrics[0].canary) == (State.RUNNING, 10, 0)


def test_what_was_ended_before_it_learned_learns_when_it_begins_anew(router: ExperimentRouter) -> None:
    canary = begin(router, metrics=[SlowCalls(margin=0.5)], baseline_calls=10)
    canary.abort()
    canary.start()
    assert canary.refresh().state is State.DRAFT
    for unit in people(10):
        canary.record(event(router, unit, latency_s=1.0))
    assert canary.state is State.RUNNING
