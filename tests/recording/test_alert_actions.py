"""What alerts do, and what becomes of it afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from genai_guard.errors import BreakerOpen, ConfigurationError, RateLimited
from genai_guard.frozen import FrozenDict
from genai_guard.limits import Limit, RateLimiter
from genai_guard.recording import Alert, AlertEvent, HoldCanary, TightenLimit, Together, TripBreaker
from genai_guard.resilience import Breaker
from recorders import DAY_S, Clock, call, recorder

FIRING = AlertEvent("errors", "firing", "", 1.0, 0.1, "critical", "enforce", 0.0, key="a")
RESOLVED = replace(FIRING, state="resolved", resolved_at_s=1.0)
OTHER, OTHER_RESOLVED = replace(FIRING, key="b"), replace(RESOLVED, key="b")


def limiter() -> RateLimiter:
    return RateLimiter(
        Limit.requests(10, per="minute", burst=4, by="user", overrides={"vip": 100, "root": None}),
        Limit.tokens(1000, per="minute", name="tokens"),
        Limit.usd(1.0, per="day"),
    )


# --- limits ------------------------------------------------------------------------------------------------------


def test_limits_are_tightened_while_it_fires() -> None:
    limits = limiter()
    before = limits.limits
    tighten = TightenLimit(limits, to=0.5)

    tighten(FIRING)
    requests, tokens, usd = limits.limits
    assert (requests.amount, requests.burst, requests.overrides) == (5, 2, {"vip": 50, "root": None})
    assert (tokens.amount, usd.amount) == (500, 0.5)

    tighten(RESOLVED)
    assert limits.limits == before


def test_what_was_used_stays_used() -> None:
    limits = RateLimiter(Limit.tokens(100, per="minute"))
    limits.settle(limits.reserve(tokens=60), tokens=60)
    TightenLimit(limits, to=0.5)(FIRING)

    with pytest.raises(RateLimited):
        limits.reserve(tokens=1)


def test_limits_that_name_each_other_are_tightened_together() -> None:
    tokens = Limit.tokens(1000, per="minute", by="user", overrides={"vip": 5000})
    limits = RateLimiter(tokens, Limit.requests(10, per="minute", unless=tokens.name))
    before = limits.limits
    tighten = TightenLimit(limits)
    tighten(FIRING)
    assert [limit.amount for limit in limits.limits] == [500, 5]

    tighten(RESOLVED)
    assert limits.limits == before


def test_a_limit_is_never_tightened_to_nothing() -> None:
    limits = RateLimiter(Limit.requests(1, per="minute"))
    TightenLimit(limits, to=0.01)(FIRING)

    assert limits.limits[0].amount == 1


def test_only_the_limits_that_are_named_are_tightened() -> None:
    limits = limiter()
    TightenLimit(limits, to=0.1, names=("tokens",))(FIRING)

    assert [limit.amount for limit in limits.limits] == [10, 100, 1.0]


def test_limits_stay_tight_until_the_last_alert_is_over() -> None:
    limits = limiter()
    tighten = TightenLimit(limits)
    amounts: list[float | None] = []
    for event in (FIRING, FIRING, OTHER, RESOLVED, OTHER_RESOLVED, OTHER_RESOLVED):
        tighten(event)
        amounts.append(limits.limits[1].amount)

    assert amounts == [500, 500, 500, 500, 1000, 1000]


def test_limits_that_somebody_else_changed_meanwhile_are_left_as_they_are() -> None:
    limits = limiter()
    tighten = TightenLimit(limits)
    tighten(FIRING)
    limits.replace(*limits.limits[:1], Limit.tokens(77, per="minute", name="tokens"))
    tighten(RESOLVED)

    assert [limit.amount for limit in limits.limits] == [10, 77]


@pytest.mark.parametrize("to", [0, 1, 1.5, -1, True, "0.5"])
def test_a_share_is_between_nothing_and_everything(to: float) -> None:
    with pytest.raises(ConfigurationError, match="to="):
        TightenLimit(limiter(), to=to)


def test_a_limit_that_is_not_there_cannot_be_tightened() -> None:
    with pytest.raises(ConfigurationError, match=r"names=.*no limit 'token', only .*'tokens'"):
        TightenLimit(limiter(), names=("token",))


# --- breakers ----------------------------------------------------------------------------------------------------


def test_a_breaker_opens_and_closes_by_its_own_probes() -> None:
    now_s = 0.0
    breaker = Breaker(open_s=15, clock=lambda: now_s)
    trip = TripBreaker(breaker, target="large")

    trip(FIRING)
    with pytest.raises(BreakerOpen):
        breaker.admit("large")
    breaker.release(breaker.admit("small"), went_well=True)
    trip(RESOLVED)
    assert breaker.state("large") == "open"

    now_s = 15.0
    breaker.release(breaker.admit("large"), went_well=True)
    assert breaker.state("large") == "closed"


def test_the_model_of_the_alert_is_the_target_unless_said_otherwise() -> None:
    breaker = Breaker()
    TripBreaker(breaker)(replace(FIRING, labels=FrozenDict({"model": "large"})))

    assert (breaker.state("large"), breaker.state("small")) == ("open", "closed")


# --- canaries ----------------------------------------------------------------------------------------------------


class Canary:
    """What can be held, as a canary can."""

    def __init__(self, *, held: bool = False) -> None:
        self.held, self.done = held, list[str]()

    def hold(self) -> bool:
        self.done.append("hold")
        changed, self.held = not self.held, True
        return changed

    def resume(self) -> bool:
        self.done.append("resume")
        changed, self.held = self.held, False
        return changed


@pytest.mark.parametrize(
    ("resume", "held", "done"),
    [(False, False, ["hold"]), (True, False, ["hold", "resume"]), (True, True, ["hold"])],
)
def test_a_canary_stays_on_hold_unless_it_was_this_that_held_it_and_may_let_go(
    resume: bool, held: bool, done: list[str]
) -> None:
    canary = Canary(held=held)
    hold = HoldCanary(canary, resume=resume)
    for event in (FIRING, OTHER, RESOLVED, OTHER_RESOLVED):
        hold(event)

    assert canary.done == done


# --- parts that are built later ----------------------------------------------------------------------------------


def test_a_part_may_be_given_by_a_function_that_returns_it() -> None:
    limits, breaker, canary = limiter(), Breaker(), Canary()
    act = Together(
        TightenLimit(lambda: limits), TripBreaker(lambda: breaker, target="x"), HoldCanary(lambda: canary, resume=True)
    )
    act(FIRING)
    assert (limits.limits[1].amount, breaker.state("x"), canary.held) == (500, "open", True)

    act(RESOLVED)
    assert (limits.limits[1].amount, breaker.state("x"), canary.held) == (1000, "open", False)


def test_what_a_function_returns_is_checked_when_the_alert_fires() -> None:
    tighten = TightenLimit(limiter, names=("none",))
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no limit 'none'"):
            tighten(FIRING)
    tighten(RESOLVED)


@pytest.mark.parametrize("build", [TightenLimit, TripBreaker, HoldCanary])
def test_what_is_no_part_and_no_function_is_refused(build: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"\(\w+=\.\.\.\) must be"):
        build(1)


# --- together, and in a recorder ---------------------------------------------------------------------------------


def test_several_things_are_done_though_one_of_them_fails() -> None:
    done: list[str] = []

    def fail(event: AlertEvent) -> None:
        raise ValueError(event.name)

    with pytest.raises(ValueError, match="errors"):
        Together(fail, lambda event: done.append(event.state))(FIRING)
    assert done == ["firing"]
    with pytest.raises(ExceptionGroup):
        Together(fail, fail)(FIRING)


@pytest.mark.parametrize("actions", [(), (1,)])
def test_what_cannot_be_done_is_refused(actions: tuple[object, ...]) -> None:
    with pytest.raises(ConfigurationError, match="functions of one AlertEvent"):
        Together(*actions)  # type: ignore[arg-type]


def test_an_alert_of_a_recorder_acts_and_undoes_it(clock: Clock) -> None:
    limits, canary = limiter(), Canary()
    act = Together(TightenLimit(limits), HoldCanary(canary))
    metrics = recorder(clock, alerts=[Alert.budget(usd=1, on_fire=act), Alert.budget(tokens=1, mode="shadow")])
    metrics.record(call(cost_usd=2.0))
    metrics.flush()
    assert (limits.limits[1].amount, canary.done) == (500, ["hold"])

    clock.now_s += DAY_S
    metrics.flush()
    assert (limits.limits[1].amount, canary.done) == (1000, ["hold"])


def test_an_alert_in_shadow_mode_or_silenced_does_nothing(clock: Clock) -> None:
    done: list[str] = []
    alerts = [
        Alert.budget(usd=1, mode="shadow", on_fire=lambda event: done.append(event.name)),
        Alert.guardrail_hits(),
        Alert.error_rate(above=0, min_calls=1, on_fire=lambda event: done.append(event.name)),
    ]
    metrics = recorder(clock, alerts=alerts)
    metrics.silence("error*", for_s=60)
    metrics.record(call(cost_usd=2.0, status="error"))
    metrics.flush()

    assert done == []
    assert len(metrics.alerts()) == 2


def test_an_action_that_raises_is_counted(clock: Clock) -> None:
    def fail(event: AlertEvent) -> None:
        raise ZeroDivisionError(event.name)

    metrics = recorder(clock, alerts=[Alert.budget(usd=1, on_fire=fail)])
    metrics.record(call(cost_usd=2.0))
    metrics.flush()

    assert metrics.dropped == {"on_fire.ZeroDivisionError": 1}
