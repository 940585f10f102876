"""Who is kept apart: layers, holdouts, prerequisites and schedules."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from math import sqrt
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller
from genai_guard.routing import Experiment, ExperimentRouter, Holdout, Reason, Schedule, Slot, Variant
from genai_guard.testing import FakeClock

ARMS: Final = (Variant("a"), Variant("b"))
USERS: Final = [Caller(user=f"user-{number}") for number in range(4000)]

any_text = st.text(st.characters(exclude_categories=()), min_size=1)


def experiment(name: str, **options: Any) -> Experiment:
    return Experiment(name, *ARMS, **options)


def enrolled(router: ExperimentRouter) -> list[set[str]]:
    """Users of each experiment."""
    routed = [router.route(caller) for caller in USERS]
    return [{each.unit for each in given if each.enrolled} for given in zip(*routed, strict=True)]


def is_about(count: int, share: float) -> bool:
    return abs(count - share * len(USERS)) <= 4 * sqrt(share * (1 - share) * len(USERS))


# --- Layers ----------------------------------------------------------------------------------------------------------


@given(any_text, st.lists(st.floats(0, 1), min_size=2, max_size=6, unique=True))
def test_no_unit_is_in_two_experiments_of_a_layer(unit: str, cuts: list[float]) -> None:
    slots = [Slot("chat", start=start, end=end) for start, end in zip(sorted(cuts), sorted(cuts)[1:], strict=False)]
    router = ExperimentRouter(*(experiment(f"e{number}", layer=slot) for number, slot in enumerate(slots)))
    assert sum(each.enrolled for each in router.route(Caller(user=unit))) <= 1


def test_slots_have_their_shares_and_the_split_inside_is_even() -> None:
    slots = [Slot("chat", start=0, end=0.2), Slot("chat", start=0.2, end=0.5), Slot("chat", start=0.5, end=1)]
    router = ExperimentRouter(*(experiment(f"e{number}", layer=slot) for number, slot in enumerate(slots)))
    users = enrolled(router)
    assert sum(map(len, users)) == len(USERS) == len(set.union(*users))
    for slot, members in zip(slots, users, strict=True):
        assert is_about(len(members), slot.end - slot.start)
    variants = Counter(router.assign(user, experiment="e2").variant for user in users[2])
    assert abs(variants["a"] - variants["b"]) <= 4 * sqrt(len(users[2]))


def test_slots_meet_where_floats_say_they_nearly_do() -> None:
    slots = [Slot("chat", start=0, end=0.1 + 0.2), Slot("chat", start=0.3, end=1)]
    users = enrolled(ExperimentRouter(*(experiment(f"e{number}", layer=slot) for number, slot in enumerate(slots))))
    assert sum(map(len, users)) == len(USERS) == len(set.union(*users))


def test_a_slot_that_grows_moves_nobody() -> None:
    small, large = (ExperimentRouter(experiment("e", layer=Slot("chat", start=0.3, end=end))) for end in (0.4, 0.6))
    assert enrolled(small)[0] < enrolled(large)[0]
    assert all(small.route(user)[0][1] in {"", large.route(user)[0][1]} for user in USERS[:500])


def test_experiments_of_one_layer_may_set_the_same() -> None:
    def models(name: str, start: float) -> Experiment:
        arms = [Variant(arm, params={"model": f"{name}-{arm}"}, target=str.upper) for arm in "ab"]
        return Experiment(name, *arms, layer=Slot("models", start=start, end=start + 0.5))

    router = ExperimentRouter(models("one", 0), models("two", 0.5))
    assert router.param_names == {"model"}
    with pytest.raises(ConfigurationError, match=r"both set the parameter 'model'.*slots of one layer"):
        router.update(replace(models("two", 0.5), layer=Slot("others", start=0, end=1)))


def test_an_override_takes_the_unit_out_of_the_rest_of_the_layer() -> None:
    one = experiment("one", layer=Slot("chat", start=0, end=0.5), overrides={user.user: "b" for user in USERS})
    two = experiment("two", layer=Slot("chat", start=0.5, end=1))
    assert list(map(len, enrolled(ExperimentRouter(one, two)))) == [len(USERS), 0]
    users = enrolled(ExperimentRouter(replace(one, enabled=False), two))
    assert is_about(len(users[1]), 0.5)


def test_a_forced_variant_has_the_layer_to_itself() -> None:
    one, two = (experiment(name, layer=Slot("chat", start=at, end=at + 0.5)) for name, at in (("one", 0), ("two", 0.5)))
    router = ExperimentRouter(one, two)
    with router.force(one="b"):
        assert {router.route(user)[1].reason for user in USERS[:50]} == {Reason.OTHER_SLOT}


LAYERS: Final[list[tuple[dict[str, Any], dict[str, Any], str]]] = [
    (
        {"layer": Slot("chat", start=0.2, end=0.6)},
        {"layer": Slot("chat", start=0.5, end=0.9)},
        r"'one' and 'two' overlap in the layer 'chat', from 0.5 to 0.6: .*free is 0 to 0.2 and 0.9 to 1",
    ),
    ({"layer": Slot("chat", start=0, end=1)}, {"layer": Slot("chat", start=0.1, end=0.2)}, "overlap.*nothing is free"),
    (
        {"layer": Slot("chat", start=0, end=0.5)},
        {"layer": Slot("chat", start=0.5, end=1), "by": "session"},
        "'one' by user and 'two' by session cannot exclude each other in the layer 'chat'",
    ),
    (
        {"layer": Slot("chat", start=0, end=0.5), "overrides": {"u": "a"}},
        {"layer": Slot("chat", start=0.5, end=1), "overrides": {"u": "b"}},
        "exclude each other in the layer 'chat', but both have an override for the same unit",
    ),
]


@pytest.mark.parametrize(("one", "two", "message"), LAYERS)
def test_what_cannot_exclude_each_other_is_refused(one: dict[str, Any], two: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ExperimentRouter(experiment("one", **one), experiment("two", **two))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": "a:b", "start": 0, "end": 1}, "layer='a:b'"),
        ({"layer": "chat", "start": 0.5, "end": 0.5}, "must be above start"),
        ({"layer": "chat", "start": 10, "end": 20}, "from 0 to 1; 10 % is 0.1"),
    ],
)
def test_a_slot_is_a_part_of_a_layer(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Slot(**arguments)


# --- Holdouts --------------------------------------------------------------------------------------------------------


def test_who_is_held_out_is_in_none_of_the_experiments() -> None:
    held = Holdout("autumn", share=0.2)
    router = ExperimentRouter(*(experiment(name, holdout=held) for name in ("one", "two")), experiment("free"))
    one, two, free = enrolled(router)
    assert one == two < free
    assert len(free) == len(USERS)
    assert is_about(len(one), 0.8)
    more = enrolled(ExperimentRouter(experiment("one", holdout=Holdout("autumn", share=0.3))))[0]
    assert more < one


def test_a_holdout_by_user_holds_out_all_sessions_of_the_user() -> None:
    held = Holdout("autumn", share=0.5)
    router = ExperimentRouter(experiment("users", holdout=held), experiment("sessions", by="session", holdout=held))
    for user in USERS[:100]:
        reasons = {each.reason for number in range(3) for each in router.route(replace(user, session=f"s{number}"))}
        assert len(reasons) == 1
    assert router.route(Caller(session="s"))[1].reason is Reason.SPLIT
    assert router.assign("s", experiment="sessions").reason is Reason.SPLIT


def test_a_holdout_is_the_same_for_all_that_share_it() -> None:
    one, two = (experiment(name, holdout=Holdout("h", share=share)) for name, share in (("one", 0.1), ("two", 0.2)))
    with pytest.raises(ConfigurationError, match="'one' and 'two' have different holdouts called 'h'"):
        ExperimentRouter(one, two)


def test_purposes_and_names_are_hashed_apart() -> None:
    """Pairs of halves, of which each must hold half of the other."""
    names = ["x", "y"]
    halves = [
        *(experiment(f"holdout-{name}", holdout=Holdout(name, share=0.5)) for name in names),
        *(experiment(f"layer-{name}", layer=Slot(name, start=0, end=0.5)) for name in names),
        *(experiment(name, coverage=0.5) for name in names),
    ]
    sets = enrolled(ExperimentRouter(*halves))
    sets += [
        {user.user for user in USERS if ExperimentRouter(experiment(name)).assign(user.user).variant == "a"}
        for name in names[:1]
    ]
    for one, other in combinations(sets, 2):
        assert is_about(len(one & other), 0.25)


# --- Prerequisites ---------------------------------------------------------------------------------------------------


def test_who_has_not_the_variant_that_is_required_is_left_out() -> None:
    router = ExperimentRouter(
        experiment("third", requires={"second": "a", "first": "b"}),
        experiment("second", requires={"first": "b"}),
        experiment("first", coverage=0.9),
    )
    for user in USERS[:300]:
        third, second, first = router.route(user)
        assert second.enrolled is (first.variant == "b")
        assert third.enrolled is (second.variant == "a")
        assert router.assign(user.user, experiment="third") == third
    with router.force(first="b", second="a"):
        assert all(router.route(user)[0].enrolled for user in USERS[:50])


def test_what_is_required_may_go_by_another_unit() -> None:
    router = ExperimentRouter(experiment("chats", by="session", requires={"users": "a"}), experiment("users"))
    for user in USERS[:50]:
        chats, users = router.route(replace(user, session="s-1"))
        assert chats.enrolled is (users.variant == "a")
        assert router.assign("s-1", experiment="chats", caller=user) == chats


CIRCLE: Final = "in a circle: one -> two -> one"


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        ({"requires": {"thre": "a"}}, {}, r"requires 'thre', and no experiment has that name; there are one, two"),
        ({"requires": {"two": "c"}}, {}, "requires the variant 'c' of 'two'; there are a, b"),
        ({"requires": {"two": "a"}}, {"requires": {"one": "a"}}, CIRCLE),
        ({"requires": {"two": "a"}}, {"mode": "shadow"}, "requires 'two', which is in shadow mode"),
    ],
)
def test_what_cannot_be_required_is_refused(one: dict[str, Any], two: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ExperimentRouter(experiment("one", **one), experiment("two", **two))


@pytest.mark.parametrize(
    ("requires", "message"),
    [(["one"], "must be a mapping"), ({"two": 1}, "names of variants"), ({"one": "a"}, "requires itself")],
)
def test_prerequisites_are_names_of_others(requires: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        experiment("one", requires=requires)


def test_a_long_chain_is_followed() -> None:
    chain = [
        experiment("e0"),
        *(experiment(f"e{number}", requires={f"e{number - 1}": "a"}) for number in range(1, 400)),
    ]
    routed = ExperimentRouter(*reversed(chain)).route(USERS[0])
    assert [each.experiment for each in routed] == [each.name for each in reversed(chain)]


# --- Schedules -------------------------------------------------------------------------------------------------------

WINTER: Final = Schedule(start="2026-12-01T09:00", end="2027-01-01", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("wall_s", "runs"),
    [(1_796_111_999.0, False), (1_796_112_000.0, True), (1_798_757_999.0, True), (1_798_758_000.0, False)],
)
def test_an_experiment_runs_from_its_start_until_its_end(wall_s: float, runs: bool) -> None:
    router = ExperimentRouter(experiment("e", schedule=WINTER), clock=FakeClock(wall_s=wall_s).time)
    assert router.route(USERS[0])[0].reason is (Reason.SPLIT if runs else Reason.NOT_SCHEDULED)
    assert router.assign("user-0").enrolled is runs


@pytest.mark.parametrize(
    "start", ["2026-12-01T09:00+01:00", "2026-12-01T08:00Z", "20261201T0800Z", "2026-12-01 03:00:00-05:00"]
)
def test_one_moment_may_be_written_in_many_ways(start: str) -> None:
    assert Schedule(start=start).bounds == (1_796_112_000.0, float("inf"))


def test_an_hour_that_comes_twice_is_the_first() -> None:
    assert Schedule(end="2026-10-25T02:30", timezone="Europe/Berlin").bounds[1] == 1_792_888_200.0


def test_a_clock_that_goes_backwards_starts_and_ends_nothing_twice() -> None:
    clock = FakeClock(wall_s=1_796_111_999.0)
    router = ExperimentRouter(experiment("e", schedule=WINTER), clock=clock.time)
    seen = []
    for step_s in (0, 1, -1, 3600, 2_645_999, -10, 0, 11):
        clock.shift_wall(step_s)
        seen.append(router.route(USERS[0])[0].enrolled)
        router.replace(experiment("e", schedule=WINTER))
    assert seen == [False, True, True, True, False, False, False, False]


def test_the_clock_is_asked_only_where_it_matters() -> None:
    def clock() -> float:
        raise AssertionError

    router = ExperimentRouter(experiment("e", holdout=Holdout("h", share=0.1)), clock=clock)
    (plain,) = router.route(USERS[0])
    with router.force(e="a"):
        (forced,) = router.route(USERS[0])
    assert {plain.experiment, forced.experiment} == {"e"}
    assert forced.variant == "a"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": "tomorrow"}, "start='tomorrow' must be a text in ISO 8601"),
        ({"end": 1_796_112_000}, "end=1796112000 must be a text"),
        ({"start": "2026-12-01T09:00"}, "does not say where: add timezone='Europe/Berlin'"),
        ({"start": "2026-12-01T09:00", "timezone": "Europe/Berln"}, "did you mean 'Europe/Berlin'"),
        ({"start": "2026-12-01T09:00Z", "end": "2026-12-01T10:00+01:00"}, "must be later than start"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Schedule(**arguments)


@pytest.mark.parametrize(
    ("field", "value"), [("holdout", "h"), ("layer", "chat"), ("schedule", "2026-12-01"), ("sticky", 1)]
)
def test_a_rule_is_given_as_what_it_is(field: str, value: Any) -> None:
    arguments: dict[str, Any] = {field: value}
    with pytest.raises(ConfigurationError, match=rf"Experiment\('e'\): {field}.* must be"):
        experiment("e", **arguments)


def test_sticky_needs_a_store() -> None:
    with pytest.raises(
        ConfigurationError, match=r"Experiment\('e'\): sticky needs a store: ExperimentRouter\(..., sticky="
    ):
        ExperimentRouter(experiment("e", sticky=True))


def test_targeting_asks_for_what_is_declared() -> None:
    router = ExperimentRouter(experiment("e", targeting='plan == "pro"'), attributes={"plan": "text"})
    with pytest.raises(ConfigurationError, match=r"Experiment\('e'\): .*pla.* did you mean plan"):
        router.replace(experiment("e", targeting='pla == "pro"'))
    with pytest.raises(ConfigurationError, match=r"Experiment\('e'\): targeting: column 6"):
        experiment("e", targeting="plan = 1")


@pytest.mark.parametrize("kind", ["str", None, str])
def test_what_an_attribute_is_has_one_of_three_names(kind: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"attributes\['plan'\]=.* must be 'text' or 'number' or 'bool'"):
        ExperimentRouter(experiment("e"), attributes={"plan": kind})


def test_attributes_are_a_mapping() -> None:
    wrong: Any = ["plan"]
    with pytest.raises(ConfigurationError, match="attributes must be a mapping such as"):
        ExperimentRouter(experiment("e"), attributes=wrong)
