"""Several processes, one canary: counts add up, and one decision holds for all, in every store."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genai_guard.errors import ComponentFailed, ConfigurationError
from genai_guard.limits import MemoryStore, SqliteStore
from genai_guard.limits.stores.redis import AsyncRedisStore, RedisStore
from genai_guard.limits.stores.tallies import Claim, Decision, Tally, TallyStore
from genai_guard.routing import ExperimentRouter
from genai_guard.routing.canary import Canary, Errors, SlowCalls, Stage, State, Transition
from genai_guard.testing import FakeClock
from limits.stores.servers import Server, eventually
from routing.canary.calls import Fragile, begin, event, fail, make_router, people, serve, shares, units_of

KINDS = ["memory", "sqlite", "redis"]
Make = Callable[[], TallyStore]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("valkey"))
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Opens the same store again and again, as processes of one application would."""
    opened: list[Any] = []

    def open_again() -> Any:
        if request.param == "memory":
            opened.extend([] if opened else [MemoryStore()])
        elif request.param == "sqlite":
            opened.append(SqliteStore(tmp_path / "canary.sqlite", timeout_s=30))
        else:
            url = request.getfixturevalue("server").url
            opened.append(RedisStore(url, prefix=prefix, timeout_s=30))
        return opened[-1]

    prefix = f"test{os.urandom(4).hex()}"
    yield open_again
    for store in opened:
        if not isinstance(store, MemoryStore):
            store.close()


def process(store: TallyStore, clock: FakeClock | None = None, **more: Any) -> tuple[ExperimentRouter, Canary]:
    """What one process has."""
    router = make_router()
    return router, begin(router, clock, store=store, **more)


# --- tallies ----------------------------------------------------------------------------------------------------------


def test_a_member_counts_once_whoever_brings_it(make: Make) -> None:
    one, other = make().tally("t"), make().tally("t")
    assert one.push("a", 1, [Claim("u1", "x", 1), Claim("u2", "x", 1), Claim("", "y", 5)]) == {"x": 2, "y": 5}
    assert other.push("b", 1, [Claim("u2", "x", 1), Claim("u3", "x", 4), Claim("", "y", 5)]) == {"x": 6, "y": 10}
    assert one.push("a", 1, ()) == {"x": 6, "y": 10}
    assert make().tally("another").push("a", 1, ()) == {}


def test_a_batch_counts_once_however_often_it_is_pushed(make: Make) -> None:
    tally = make().tally("t")
    for _ in range(3):
        assert tally.push("a", 1, [Claim("", "x", 1)]) == {"x": 1}
    assert tally.push("a", 2, [Claim("", "x", 1)]) == {"x": 2}
    assert tally.push("b", 1, [Claim("", "x", 1)]) == {"x": 3}


def test_of_two_decisions_the_first_holds(make: Make) -> None:
    one, other = make().tally("t"), make().tally("t")
    assert one.decided() == Decision()
    assert one.decide(Decision(1, "ü")) == Decision(1, "ü")
    assert other.decide(Decision(1, "late")) == Decision(1, "ü")
    assert other.decide(Decision(3, "early")) == Decision(1, "ü")
    assert other.decide(Decision(2, "next")) == one.decided() == Decision(2, "next")
    one.forget()
    assert other.decided() == Decision()


# --- canaries ---------------------------------------------------------------------------------------------------------


def test_failures_seen_by_two_processes_add_up_to_one_decision_for_all(make: Make) -> None:
    (router, one), (other_router, other) = process(make()), process(make())
    unseen, *bad = units_of(router, "new", 4)
    fail(one, router, bad[:2])
    assert one.refresh().state is State.RUNNING
    fail(other, other_router, bad[2:])
    assert (other.refresh().state, shares(other_router)) == (State.ROLLED_BACK, {"old": 1.0})
    assert one.state is State.RUNNING
    assert (one.refresh().state, shares(router)) == (State.ROLLED_BACK, {"old": 1.0})
    assert router.assign(unseen).variant == "old"


def test_a_unit_that_fails_in_two_processes_fails_once(make: Make) -> None:
    (router, one), (other_router, other) = process(make()), process(make())
    bad = units_of(router, "new", 2)
    for _ in range(5):
        fail(one, router, bad)
        fail(other, other_router, bad)
        one.refresh()
    status = other.refresh()
    assert (status.state, status.metrics[0].canary, status.units) == (State.RUNNING, 2, (0, 2))


def test_stages_and_proof_are_reached_together(make: Make, clock: FakeClock) -> None:
    stages = [Stage(10, min_units=20, min_s=60), Stage(50, min_units=0, min_s=0)]
    (router, one), (other_router, other) = [process(make(), clock, stages=stages) for _ in range(2)]
    early = units_of(router, "new", 20)
    serve(one, router, early[:10])
    serve(other, other_router, early[10:])
    one.refresh()
    clock.advance(60)
    assert other.refresh().percent == 50
    assert (one.refresh().percent, shares(router)) == (50, {"old": 0.5, "new": 0.5})
    bad = units_of(router, "old", 12, prefix="bad")
    fail(one, router, bad[:6])
    fail(other, other_router, bad[6:])
    one.refresh()
    assert [other.refresh().state, one.refresh().state] == [State.PROMOTED] * 2


def test_a_process_that_comes_later_takes_what_was_decided(make: Make, clock: FakeClock) -> None:
    router, one = process(make(), clock)
    one.hold()
    clock.advance(5)
    late_router, late = process(make(), clock)
    assert (late.state, late.percent, shares(late_router)) == (State.HELD, 10, shares(router))
    assert late.start() is False
    late.abort()
    assert one.refresh().state is State.ROLLED_BACK
    one.start()
    assert (late.refresh().state, late.status().run) == (State.RUNNING, 1)


def test_thresholds_are_learned_by_one_and_hold_for_all(make: Make) -> None:
    options: dict[str, Any] = {"metrics": [Errors(), SlowCalls()], "baseline_calls": 10}
    (router, one), (_, other) = process(make(), **options), process(make(), **options)
    for number, unit in enumerate(people(10)):
        one.record(event(router, unit, latency_s=number / 10))
    one.refresh()
    assert other.refresh().metrics[1].threshold == one.status().metrics[1].threshold == 0.9
    assert other.state is State.RUNNING


def test_another_plan_or_version_is_another_canary(make: Make) -> None:
    _, one = process(make())
    one.abort()
    assert process(make(), version="2")[1].state is State.RUNNING
    assert process(make(), stages=[Stage(50)])[1].state is State.RUNNING
    assert process(make())[1].state is State.ROLLED_BACK


def test_processes_that_decide_at_once_decide_once(make: Make, clock: FakeClock) -> None:
    told: list[Transition] = []
    pairs = [process(make(), clock, on_transition=told.append) for _ in range(4)]
    serve(pairs[0][1], pairs[0][0], units_of(pairs[0][0], "new", 20))
    pairs[0][1].refresh()
    clock.advance(60)
    threads = [threading.Thread(target=canary.refresh) for _, canary in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {canary.refresh().percent for _, canary in pairs} == {50}
    assert {canary._course.progress.version for _, canary in pairs} == {2}
    for _, canary in pairs:
        canary.flush()
        canary.close()
    assert sorted(each.reason for each in told) == ["advanced"] * 4 + ["started"] * 4


# --- a store that is out of reach -------------------------------------------------------------------------------------


def test_a_process_that_cannot_reach_the_store_stays_where_it_is_and_counts_on(clock: FakeClock) -> None:
    store = Fragile()
    router, canary = process(store, clock)
    store.down = True
    serve(canary, router, units_of(router, "new", 20))
    clock.advance(60)
    status = canary.refresh()
    assert (status.percent, status.store, status.units) == (10, "ConnectionError", (0, 20))
    with pytest.raises(ComponentFailed, match="ConnectionError"):
        canary.promote()
    store.down = False
    assert (canary.refresh().percent, canary.status().store) == (50, "up")


def test_harm_is_answered_without_the_store_and_told_to_the_others_later() -> None:
    store = Fragile()
    (router, one), (other_router, other) = process(store), process(store)
    store.down = True
    fail(one, router, units_of(router, "new", 3))
    assert (one.refresh().state, shares(router)) == (State.ROLLED_BACK, {"old": 1.0})
    other.refresh()
    assert other.percent == 10
    store.down = False
    other.hold()
    assert one.refresh().state is State.ROLLED_BACK
    assert (other.refresh().state, shares(other_router)) == (State.ROLLED_BACK, {"old": 1.0})


def test_a_canary_that_never_reached_its_store_gives_everybody_the_control() -> None:
    store = Fragile()
    store.down = True
    router, canary = process(store)
    assert (canary.state, shares(router)) == (State.DRAFT, {"old": 1.0})
    store.down = False
    assert canary.refresh().state is State.RUNNING


def test_what_the_store_did_and_did_not_say_counts_once() -> None:
    store = Fragile()
    router = make_router(by="request")
    canary = begin(router, store=store)
    serve(canary, router, people(40))
    store.mute = True
    for _ in range(3):
        canary.refresh()
    store.mute = False
    assert sum(canary.refresh().units) == 40


def test_what_was_not_pushed_in_a_run_does_not_count_in_the_next() -> None:
    store = Fragile()
    pairs = [(router := make_router(by="request"), begin(router, store=store)) for _ in range(2)]
    (router, one), (_, other) = pairs
    serve(one, router, people(40))
    store.fails = "push"
    one.refresh()
    store.fails = ""
    other.abort()
    other.start()
    assert (one.refresh().run, one.status().units, other.refresh().units) == (1, (0, 0), (0, 0))


def test_a_rollback_during_an_outage_outdoes_a_promotion() -> None:
    store = Fragile()
    (_, one), (other_router, other) = process(store), process(store)
    store.down = True
    assert one.abort()
    store.down = False
    other.promote()
    assert one.refresh().state is State.ROLLED_BACK
    assert (other.refresh().state, shares(other_router)) == (State.ROLLED_BACK, {"old": 1.0})


def test_a_store_that_lost_everything_does_not_begin_again_what_was_withdrawn(clock: FakeClock) -> None:
    store = Fragile()
    (_, one), (_, other) = process(store, clock), process(store, clock)
    one.abort()
    other.refresh()
    store.lose()
    assert [other.refresh().state, one.refresh().state] == [State.ROLLED_BACK] * 2
    assert process(store, clock)[1].state is State.ROLLED_BACK


def test_a_store_that_lost_everything_leaves_the_stage_and_counts_anew(clock: FakeClock) -> None:
    store = Fragile()
    (router, one), (_, other) = process(store, clock), process(store, clock)
    serve(one, router, units_of(router, "new", 20))
    one.refresh()
    clock.advance(60)
    assert other.refresh().percent == one.refresh().percent == 50
    store.lose()
    assert (other.refresh().percent, one.refresh().percent) == (50, 50)
    serve(one, router, units_of(router, "new", 20))
    assert (one.refresh().units, other.refresh().units) == ((0, 20), (0, 20))


def test_what_somebody_else_wrote_there_is_an_outage() -> None:
    store = Fragile()
    _, canary = process(store)
    next(iter(store.store._tallies.values())).decide(Decision(2, '{"state": "elsewhere"}'))
    status = canary.refresh()
    assert (status.state, status.store) == (State.RUNNING, "ValueError")


def test_a_store_that_cannot_count_for_canaries_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="takes a MemoryStore, a SqliteStore or a RedisStore"):
        Canary("model", store=AsyncRedisStore("redis://localhost:1"))  # type: ignore[arg-type]


def test_a_server_that_comes_back_with_nothing_is_told_what_was_decided_without_it(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        server.start()
        store = RedisStore(server.url, timeout_s=5, retry_s=0.001, failures=1)
        router, canary = process(store)
        serve(canary, router, people(30))
        canary.refresh()
        server.kill()
        fail(canary, router, units_of(router, "new", 3, prefix="bad"))
        assert (canary.refresh().state, canary.status().store) == (State.ROLLED_BACK, "Outage")
        server.start()
        status = eventually(lambda: canary.refresh().store == "up" and canary.status())
        assert (status.state, status.reason) == (State.ROLLED_BACK, "harm: errors")
        assert process(store)[1].state is State.ROLLED_BACK
        store.close()
    finally:
        server.close()


# --- real processes ---------------------------------------------------------------------------------------------------


def test_units_that_two_processes_count_at_once_add_up(make: Make) -> None:
    tallies: list[Tally] = [make().tally("t") for _ in range(4)]

    def work(number: int) -> None:
        for batch in range(1, 11):
            claims = [Claim(f"u{number * 10 + batch + shift}", "x", 1) for shift in range(5)]
            tallies[number].push(f"w{number}", batch, claims)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tallies[0].push("reader", 1, ()) == {"x": 44}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_counts_for_itself_and_what_the_parent_has_seen_once(tmp_path: Path) -> None:
    router, canary = process(SqliteStore(tmp_path / "canary.sqlite", timeout_s=30))
    serve(canary, router, people(20))

    def child() -> None:
        serve(canary, router, people(20, prefix="child"))
        canary.refresh()

    forked = multiprocessing.get_context("fork").Process(target=child)
    forked.start()
    forked.join(30)
    assert forked.exitcode == 0
    assert sum(canary.refresh().units) == 40
