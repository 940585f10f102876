"""The compiled rules against the same rules written to be read."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Final

import mmh3
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.messages import Caller
from genai_guard.routing import Experiment, ExperimentRouter, Holdout, Reason, Schedule, Slot, Variant
from genai_guard.routing.sticky import MemoryStickyStore, StickyKey

SPACE: Final = 2**32
UNITS: Final = [f"u{number}" for number in range(6)]
NOW_S: Final = 1_800_000_000.0

share = st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    """Rules of an experiment, some of which are there."""
    rules: dict[str, st.SearchStrategy[Any]] = {
        "enabled": st.sampled_from([True, True, True, False]),
        "coverage": share,
        "overrides": st.dictionaries(st.sampled_from(UNITS), st.sampled_from("ab"), max_size=2),
        "holdout": st.builds(Holdout, st.just("autumn"), share=st.just(0.3), by=st.just("user")),
        "targeting": st.sampled_from(['plan == "pro"', 'plan in ["pro", "team"]']),
        "schedule": st.sampled_from([Schedule(start="2020-01-01T00:00Z"), Schedule(end="2020-01-01T00:00Z")]),
        "by": st.sampled_from(["user", "session", "plan"]),
        "sticky": st.booleans(),
        "salt": st.sampled_from(["x", "y"]),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(rules)), max_size=4, unique=True))
    return {name: draw(rules[name]) for name in chosen}


def place(salt: str, purpose: str, by: str, unit: str) -> Fraction:
    return Fraction(mmh3.mmh3_32_uintdigest(f"{salt}.{purpose}:{by}:{unit}".encode(), 0), SPACE)


def by_the_book(  # noqa: C901, PLR0911, PLR0912  all of the book
    experiment: Experiment, caller: Caller, given: dict[str, str], kept: dict[str, str], rivals: list[Experiment]
) -> tuple[str, Reason]:
    """Return the variant and the reason."""
    units = {"user": caller.user, "session": caller.session, **caller.tags}
    unit, salt = units.get(experiment.by, ""), experiment.salt or experiment.name
    start_s, end_s = experiment.schedule.bounds if experiment.schedule else (-math.inf, math.inf)
    if not experiment.enabled:
        return "", Reason.DISABLED
    if not start_s <= NOW_S < end_s:
        return "", Reason.NOT_SCHEDULED
    if not unit:
        return "", Reason.NO_UNIT
    if unit in experiment.overrides:
        return experiment.overrides[unit], Reason.OVERRIDE
    held = experiment.holdout
    if held and units.get(held.by) and place(held.name, "holdout", held.by, units[held.by]) < Fraction(held.share):
        return "", Reason.HELD_OUT
    if experiment.targeting:
        if not caller.tags.get("plan"):
            return "", Reason.ATTRIBUTE_MISSING
        if caller.tags["plan"] not in (["pro"] if "==" in experiment.targeting else ["pro", "team"]):
            return "", Reason.NOT_TARGETED
    if any(given[other] != variant for other, variant in experiment.requires.items()):
        return "", Reason.PREREQUISITE
    slot = experiment.layer
    if slot:
        at = place(slot.layer, "layer", experiment.by, unit)
        taken = any(rival.enabled and unit in rival.overrides for rival in rivals)
        if taken or not Fraction(slot.start) <= at < Fraction(slot.end):
            return "", Reason.OTHER_SLOT
    if place(salt, "enrol", experiment.by, unit) >= Fraction(experiment.coverage):
        return "", Reason.NOT_ENROLLED
    if experiment.sticky and unit in kept:
        return kept[unit], Reason.STICKY
    scaled = place(salt, "variant", experiment.by, unit) * 3
    return ("a" if scaled < 1 else "b"), Reason.SPLIT


@settings(max_examples=80)
@given(
    st.tuples(options(), options(), options()),
    st.builds(
        Caller,
        user=st.sampled_from(["", *UNITS]),
        session=st.sampled_from(["", *UNITS]),
        tags=st.fixed_dictionaries({}, optional={"plan": st.sampled_from(["", "pro", "team", "free"])}),
    ),
    st.dictionaries(st.sampled_from(UNITS), st.sampled_from("ab")),
)
def test_the_compiled_rules_say_what_the_rules_say(
    rules: tuple[dict[str, Any], ...], caller: Caller, kept: dict[str, str]
) -> None:
    arms = (Variant("a", weight=1), Variant("b", weight=2))
    first, second, third = rules
    second["layer"], third["layer"] = Slot("chat", start=0, end=0.5), Slot("chat", start=0.5, end=1)
    third["by"] = second.get("by", "user")
    third["overrides"] = {
        unit: arm for unit, arm in third.get("overrides", {}).items() if unit not in second.get("overrides", {})
    }
    experiments = [
        Experiment("third", *arms, requires={"first": "b"}, **{**third, "salt": "third"}),
        Experiment("first", *arms, **{**first, "salt": "first"}),
        Experiment("second", *arms, **second),
    ]
    store = MemoryStickyStore()
    for experiment in experiments:
        for unit, arm in kept.items():
            store.set(StickyKey(experiment.name, 1, unit), arm)
    routed = ExperimentRouter(*experiments, sticky=store, clock=lambda: NOW_S).route(caller)
    given: dict[str, str] = {}
    for experiment in (experiments[1], experiments[0], experiments[2]):
        rivals = [each for each in experiments if each is not experiment and each.layer]
        variant, reason = by_the_book(experiment, caller, given, kept, rivals)
        given[experiment.name] = variant
        found = next(each for each in routed if each.experiment == experiment.name)
        assert (found.variant, found.reason) == (variant, reason)
