"""Tiers: when the next one is asked, and what all of them cost."""

from __future__ import annotations

from typing import Any

import pytest

from calls import STREAMED, WHOLE, Events, World, consume
from genai_guard import ComponentFailed, ConfigurationError, Limit, Pipeline, RateLimited
from genai_guard.guards import PII
from genai_guard.resilience import Cache, Fallback, Resilience, Tiered

from .faults import DOWN, APIStatusError, Script

TIERS = [{"model": "medium"}, {"model": "large"}]


def tiers(*targets: Any) -> Resilience:
    return Resilience(tiers=Tiered(targets or TIERS, escalate=lambda reply: "not sure" in reply))


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize(
    ("replies", "models", "answered_by"),
    [
        (["sure"], ["small"], ""),
        (["not sure", "sure"], ["small", "medium"], "medium"),
        (["not sure", "not sure", "sure"], ["small", "medium", "large"], "large"),
        (["not sure", "not sure", "not sure"], ["small", "medium", "large"], "large"),
    ],
)
def test_the_next_tier_is_asked_while_the_rule_says_so(
    kind: str, replies: list[str], models: list[str], answered_by: str
) -> None:
    model, tested = Script(kind, list(replies)), World(parts={"resilience": tiers()})
    assert consume(kind, tested.pipeline(model.fn), "hello") == replies[-1]
    assert (model.models, tested.event.answered_by, tested.event.attempts) == (models, answered_by, len(models))
    assert len(tested.limiter.settled) == len(models)
    assert sum(filter(None, tested.limiter.settled)) == tested.event.usage.total_tokens
    assert tested.limiter.open == []


def test_the_cost_of_all_tiers_is_counted() -> None:
    events = Events()
    prices = {"small": (1.0, 1.0), "medium": (5.0, 5.0), "large": (25.0, 25.0)}
    fn = Pipeline(resilience=tiers(), prices=prices, recorder=events).wrap(Script("def", ["not sure", "sure"]).fn)
    fn("hello", model="small")
    assert events[0].cost_usd == pytest.approx(((2 + 2) * 1 + (2 + 1) * 5) / 1e6)


@pytest.mark.parametrize("kind", STREAMED)
def test_a_stream_is_handed_out_as_it_comes(kind: str) -> None:
    model = Script(kind, [["not ", "sure"]])
    assert consume(kind, Pipeline(resilience=tiers()).wrap(model.fn), "hello") == "not sure"
    assert model.calls == 1


def test_the_rule_is_shown_what_guards_made_of_the_reply() -> None:
    seen: list[str] = []

    def escalate(reply: str) -> bool:
        seen.append(reply)
        return False

    parts = Resilience(tiers=Tiered(TIERS, escalate=escalate))
    Pipeline(output=[PII()], resilience=parts).wrap(Script("def", ["to bob@example.com"]).fn)("hello")
    assert seen == ["to [EMAIL]"]


def test_a_tier_that_fails_is_not_escalated() -> None:
    model = Script("def", [DOWN, "sure"])
    with pytest.raises(APIStatusError):
        Pipeline(resilience=tiers()).wrap(model.fn)("hello")
    assert model.calls == 1


def test_a_fallback_sees_to_a_tier_that_fails() -> None:
    model = Script("def", ["not sure", DOWN, DOWN, "sure"])
    parts = Resilience(tiers=tiers().tiers, fallback=Fallback([{"model": "spare"}]))
    outcome = Pipeline(resilience=parts).run(model.fn, "hello")
    assert (outcome.value, model.models, outcome.answered_by) == (
        "sure",
        ["small", "medium", "large", "spare"],
        "spare",
    )


def test_a_fallback_is_no_tier() -> None:
    model = Script("def", ["not sure"])
    parts = Resilience(tiers=tiers({"model": "large"}).tiers, fallback=Fallback([{"model": "spare"}]))
    Pipeline(resilience=parts).run(model.fn, "hello")
    assert model.models == ["small", "large"]


def test_a_tier_that_a_limit_refuses_is_a_refusal() -> None:
    tested = World((Limit.requests(1, per="hour"),), {"resilience": tiers()})
    with pytest.raises(RateLimited):
        tested.pipeline(Script("def", ["not sure"]).fn)("hello")
    assert (tested.event.status, tested.event.attempts, tested.limiter.open) == ("rate_limited", 1, [])


def test_what_a_tier_answered_is_kept_in_the_cache() -> None:
    model = Script("def", ["not sure", "sure"])
    fn = Pipeline(resilience=Resilience(tiers=tiers().tiers, cache=Cache())).wrap(model.fn)
    assert [fn("hello"), fn("hello"), model.calls] == ["sure", "sure", 2]


def test_a_rule_that_breaks_fails_the_call() -> None:
    def escalate(_: str) -> bool:
        raise KeyError

    tested = World(parts={"resilience": Resilience(tiers=Tiered(TIERS, escalate=escalate))})
    with pytest.raises(ComponentFailed, match="tiers failed in stage output: KeyError"):
        tested.pipeline(Script("def", ["fine"]).fn)("hello")
    assert (tested.event.status, tested.limiter.open) == ("component_failed", [])


def test_what_makes_no_sense_is_refused_when_it_is_built() -> None:
    with pytest.raises(ConfigurationError, match="at least one target"):
        Tiered([], escalate=bool)
    with pytest.raises(ConfigurationError, match="escalate"):
        Tiered(TIERS, escalate=3)  # type: ignore[arg-type]
