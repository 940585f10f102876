"""The order of the rules: each beats all that come after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from genai_guard.messages import ANONYMOUS, Caller
from genai_guard.routing import Experiment, ExperimentRouter, Holdout, Reason, Schedule, Slot, Variant
from genai_guard.routing.assignment import SPACE, bucket_of
from genai_guard.routing.sticky import MemoryStickyStore, StickyKey
from genai_guard.testing import FakeClock

USER: Final = Caller(user="u-1", tags={"plan": "pro"})
ARMS: Final = (Variant("control"), Variant("treatment"))
NOW_S: Final = 1_800_000_000.0  # January 2027

RULES: Final[dict[Reason, tuple[dict[str, Any], Caller]]] = {
    Reason.DISABLED: ({"enabled": False}, USER),
    Reason.NOT_SCHEDULED: ({"schedule": Schedule(end="2026-12-01T00:00Z")}, USER),
    Reason.NO_UNIT: ({}, replace(USER, user="")),
    Reason.OVERRIDE: ({"overrides": {"u-1": "treatment"}}, USER),
    Reason.HELD_OUT: ({"holdout": Holdout("all", share=1)}, USER),
    Reason.NOT_TARGETED: ({"targeting": 'plan == "free"'}, USER),
    Reason.PREREQUISITE: ({"requires": {"first": "b"}}, USER),
    Reason.OTHER_SLOT: ({"layer": Slot("chat", start=0, end=2**-32)}, USER),
    Reason.NOT_ENROLLED: ({"coverage": 0}, USER),
    Reason.STICKY: ({"sticky": True}, USER),
    Reason.SPLIT: ({}, USER),
}
"""What makes each rule apply, in the order of the rules: a change of the experiment, and who calls."""


def routed(changes: dict[str, Any], caller: Caller) -> Any:
    store = MemoryStickyStore()
    store.set(StickyKey("models", 1, "u-1"), "treatment")
    first = Experiment("first", Variant("a", ranges=[(0, SPACE)]), Variant("b", ranges=()), mode="shadow")
    models = Experiment("models", *ARMS, mode="shadow")
    router = ExperimentRouter(replace(models, **changes), first, sticky=store, clock=FakeClock(wall_s=NOW_S).time)
    return router.route(caller)[0]


@pytest.mark.parametrize("reason", RULES)
def test_each_rule_decides_by_itself(reason: Reason) -> None:
    assert routed(*RULES[reason]).reason is reason


@pytest.mark.parametrize("reason", list(RULES)[:-1])
def test_each_rule_beats_all_that_come_after_it(reason: Reason) -> None:
    later = list(RULES)[list(RULES).index(reason) :]
    changes = {key: value for each in later for key, value in RULES[each][0].items()}
    assert routed(changes, RULES[reason][1]).reason is reason


def test_the_reasons_are_named_in_the_order_in_which_they_are_asked() -> None:
    assert [each for each in Reason if each not in {Reason.ATTRIBUTE_MISSING, Reason.UNAVAILABLE}] == list(RULES)


@pytest.mark.parametrize("reason", RULES)
def test_a_rule_that_gives_no_variant_sets_nothing(reason: Reason) -> None:
    given = routed(*RULES[reason])
    assert given.enrolled is (reason in {Reason.OVERRIDE, Reason.STICKY, Reason.SPLIT})
    assert (given.propensity > 0) is given.enrolled
    assert (given.bucket is not None) is (reason is Reason.SPLIT)


def test_a_forced_variant_beats_what_an_override_beats() -> None:
    schedule, off = RULES[Reason.NOT_SCHEDULED][0], RULES[Reason.DISABLED][0]
    later = {key: value for each in list(RULES)[3:] for key, value in RULES[each][0].items()}
    for changes, reason in [(later, Reason.OVERRIDE), (schedule, Reason.NOT_SCHEDULED), (off, Reason.DISABLED)]:
        first = Experiment("first", Variant("a"), Variant("b"), mode="shadow")
        experiment = replace(Experiment("models", *ARMS, mode="shadow"), **changes)
        router = ExperimentRouter(experiment, first, sticky=MemoryStickyStore(), clock=FakeClock(wall_s=NOW_S).time)
        with router.force(models="control"):
            assert router.route(ANONYMOUS)[0].reason is reason
            assert router.assign(None, experiment="models").reason is reason


# --- Targeting -------------------------------------------------------------------------------------------------------


def test_who_lacks_an_attribute_is_not_let_in_and_that_is_the_reason() -> None:
    router = ExperimentRouter(Experiment("models", *ARMS, targeting='plan == "pro"'))
    assert router.route(Caller(user="u-1"))[0].reason is Reason.ATTRIBUTE_MISSING
    assert router.assign("u-1").reason is Reason.ATTRIBUTE_MISSING
    assert router.assign("u-1", caller=USER).reason is Reason.SPLIT


def test_a_condition_is_kept_in_one_way_of_writing() -> None:
    one, other = (Experiment("models", *ARMS, targeting=text) for text in ('plan=="pro"', "(plan == 'pro')"))
    assert one == other
    assert one.targeting == 'plan == "pro"'


def test_the_unit_of_an_assignment_is_an_attribute_of_the_caller() -> None:
    router = ExperimentRouter(
        Experiment("models", *ARMS, targeting='user startswith "u-"'),
        Experiment("regions", *ARMS, by="region", targeting='region == "eu" and has(user)'),
    )
    assert router.assign("u-1", experiment="models").reason is Reason.SPLIT
    assert router.assign("x-1", experiment="models", caller=USER).reason is Reason.NOT_TARGETED
    assert router.assign("eu", experiment="regions", caller=USER).reason is Reason.SPLIT
    assert USER.tags == {"plan": "pro"}


def test_calls_get_an_id_where_targeting_asks_for_it() -> None:
    assert not ExperimentRouter(Experiment("models", *ARMS)).by_request
    assert ExperimentRouter(Experiment("models", *ARMS, targeting="has(request)")).by_request
    assert ExperimentRouter(Experiment("models", *ARMS, holdout=Holdout("h", share=0.1, by="request"))).by_request


# --- Sticky ----------------------------------------------------------------------------------------------------------


def test_a_sticky_unit_keeps_its_variant_whatever_the_weights() -> None:
    router = ExperimentRouter(Experiment("models", *ARMS, sticky=True), sticky=MemoryStickyStore())
    first = router.assign("u-1")
    other = next(name for name in ("control", "treatment") if name != first.variant)
    router.update(
        Experiment("models", *(Variant(arm.name, weight=1 + 10**6 * (arm.name == other)) for arm in ARMS), sticky=True)
    )
    again = router.assign("u-1")
    assert (first.reason, again.reason, again.variant) == (Reason.SPLIT, Reason.STICKY, first.variant)
    router.update(replace(router.experiments[0], bucket_version=2))
    assert (router.assign("u-1").variant, router.assign("u-1").reason) == (other, Reason.STICKY)


def test_who_has_no_variant_is_not_kept() -> None:
    store = MemoryStickyStore()
    router = ExperimentRouter(Experiment("models", *ARMS, sticky=True, coverage=0), sticky=store)
    router.assign("u-1")
    assert len(store) == 0


def test_a_variant_that_is_no_more_is_assigned_anew() -> None:
    store = MemoryStickyStore()
    store.set(StickyKey("models", 1, "u-1"), "gone")
    router = ExperimentRouter(Experiment("models", *ARMS, sticky=True), sticky=store)
    assert router.assign("u-1").reason is Reason.SPLIT
    assert store.get(StickyKey("models", 1, "u-1")) == router.assign("u-1").variant


def test_experiments_that_are_not_sticky_leave_the_store_alone() -> None:
    store = MemoryStickyStore()
    ExperimentRouter(Experiment("models", *ARMS, holdout=Holdout("h", share=0)), sticky=store).assign("u-1")
    assert len(store) == 0


# --- Units of any text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit", ["\0", "\ud800", "x\udfffy", "u" * 2**20, "\U0010ffff" * 2**18, 42, 10**600, 10**700, True, None]
)
def test_any_unit_is_assigned_or_refused(unit: Any) -> None:
    rules: dict[str, Any] = {
        "holdout": Holdout("h", share=0.001),
        "layer": Slot("chat", start=0, end=0.999),
        "sticky": True,
    }
    experiment = Experiment("models", *ARMS, coverage=0.999, targeting="has(user)", **rules)
    router = ExperimentRouter(experiment, sticky=MemoryStickyStore())
    given = router.assign(unit)
    assert given.reason in {Reason.SPLIT, Reason.NO_UNIT, Reason.HELD_OUT, Reason.OTHER_SLOT, Reason.NOT_ENROLLED}
    assert router.assign(unit).variant == given.variant


def test_each_purpose_hashes_by_the_specification() -> None:
    def place(purpose: str, salt: str) -> float:
        return bucket_of(f"{salt}.{purpose}:user:u-1".encode()) / SPACE

    held, slot, enrolled = place("holdout", "h"), place("layer", "chat"), place("enrol", "models")
    edge = 2**-32
    rules: dict[str, Any] = {"holdout": Holdout("h", share=held), "layer": Slot("chat", start=slot, end=slot + edge)}
    experiment = Experiment("models", *ARMS, coverage=enrolled + edge, **rules)
    assert ExperimentRouter(experiment).assign("u-1").reason is Reason.SPLIT
    cases: list[tuple[dict[str, Any], Reason]] = [
        ({"holdout": Holdout("h", share=held + edge)}, Reason.HELD_OUT),
        ({"layer": Slot("chat", start=slot + edge, end=1)}, Reason.OTHER_SLOT),
        ({"layer": Slot("chat", start=0, end=slot)}, Reason.OTHER_SLOT),
        ({"coverage": enrolled}, Reason.NOT_ENROLLED),
    ]
    for changes, reason in cases:
        assert ExperimentRouter(replace(experiment, **changes)).assign("u-1").reason is reason
