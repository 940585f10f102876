"""What holds for limits of every kind together, in the memory of one process."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError, Rejected
from genai_guard.limits import Limit, MemoryStore, RateLimiter, Ticket
from limits.books import Book

LIMITS = (
    Limit.requests(4, per="minute", by="user", overrides={"ann": 7}),
    Limit.requests(30, per="day", calendar=True),
    Limit.tokens(1_000, per="minute", by=("user", "model")),
    Limit.output_tokens(400, per="hour", mode="shadow"),
    Limit.input_tokens(3_000, per="month", calendar=True, by="user", on_expiry="release", lease_s=30),
    Limit.usd(2, per="day", by="user", lease_s=90),
    Limit.usd(3, per="day", calendar=False),
    Limit.concurrent(3, by="user", lease_s=60),
)

users = st.sampled_from(["ann", "bob", None])
calls = st.fixed_dictionaries(
    {
        "user": users,
        "model": st.sampled_from(["small", "large"]),
        "input_tokens": st.integers(0, 700),
        "output_tokens": st.integers(0, 300),
        "usd": st.integers(0, 100).map(lambda cents: cents / 100),
    }
)
actuals = st.fixed_dictionaries(
    {
        "input_tokens": st.none() | st.integers(0, 700),
        "output_tokens": st.none() | st.integers(0, 300),
        "usd": st.none() | st.integers(0, 150).map(lambda cents: cents / 100),
    }
)
steps = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["reserve", "extend", "settle"]), calls, actuals), max_size=30
)


def contents(book: Book) -> dict[Limit, dict[Any, Any]]:
    store: Any = book.store
    return {limit: copy.deepcopy(lane.states) for limit, lane in store._lanes.items()}


def more(call: dict[str, Any]) -> dict[str, Any]:
    return {name: amount for name, amount in call.items() if name not in {"user", "model"}}


@given(steps)
def test_a_denial_changes_nothing_and_settling_twice_is_settling_once(events: list[Any]) -> None:
    book, tickets = Book(*LIMITS), list[Ticket]()
    for gap, what, call, actual in events:
        book.wait(gap)
        before = contents(book)
        try:
            if what == "reserve":
                tickets.append(book.limiter.reserve(**call))
            elif what == "extend" and tickets:
                book.limiter.extend(tickets[-1], **more(call))
            elif tickets:
                ticket = tickets.pop(0)
                assert book.limiter.settle(ticket, **actual)
                settled = contents(book)
                assert not book.limiter.settle(ticket, tokens=0, usd=0)
                assert contents(book) == settled
        except Rejected:
            assert contents(book) == before


@given(st.lists(st.tuples(st.integers(0, 40), calls), max_size=20), calls)
def test_the_wait_of_a_denial_is_exact_to_the_nanosecond(events: list[Any], call: dict[str, Any]) -> None:
    book = Book(*LIMITS)
    for gap, each in events:
        book.wait(gap)
        book.admits(**each)
    try:
        book.limiter.reserve(**call)
    except Rejected as error:
        wait_s: float | None = error.retry_after_s  # type: ignore[attr-defined]
        if wait_s is not None:
            for step_ns, fits in ((round(wait_s * 10**9) - 1, False), (1, True)):
                book.clock.now += step_ns
                book.wall.now += step_ns
                assert book.admits(**call) == fits


@given(st.lists(st.tuples(st.integers(0, 3), calls), max_size=20))
def test_all_settled_to_nothing_leaves_requests_alone(events: list[Any]) -> None:
    book = Book(*LIMITS[2:])
    tickets = []
    for _gap, call in events:
        try:
            tickets.append(book.limiter.reserve(**call))
        except Rejected:
            continue
    for ticket in tickets:
        book.limiter.settle(ticket, input_tokens=0, output_tokens=0, usd=0)
    assert len(book.limiter.usage()) == 0
    assert all(not state for states in contents(book).values() for state in states.values())


# --- Threads ------------------------------------------------------------------------------------------


@pytest.fixture
def switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Any, threads: int = 8) -> list[Any]:
    results: list[Any] = [None] * threads
    start = Barrier(threads)

    def run(index: int) -> None:
        start.wait()
        results[index] = work(index)

    workers = [Thread(target=run, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return results


@pytest.mark.usefixtures("switching")
@pytest.mark.parametrize(
    ("limit", "asked"),
    [
        (Limit.requests(500, per="month", calendar=True), {}),
        (Limit.usd(5, per="month"), {"usd": 0.01}),
        (Limit.output_tokens(500, per="month", calendar=True, timezone="Asia/Tokyo"), {"output_tokens": 1}),
        (Limit.requests(500, per="day", by="user", overrides={"ann": 500}), {"user": "ann"}),
    ],
)
def test_eight_threads_are_admitted_exactly_as_often_as_the_limit_says(limit: Limit, asked: dict[str, Any]) -> None:
    limiter = RateLimiter(limit)

    def work(_index: int) -> int:
        admitted = 0
        for _ in range(100):
            try:
                limiter.settle(limiter.reserve(**asked), **more(asked))
                admitted += 1
            except Rejected:
                continue
        return admitted

    assert sum(in_threads(work)) == 500


@pytest.mark.usefixtures("switching")
def test_eight_threads_are_never_in_flight_beyond_the_places() -> None:
    limiter = RateLimiter(Limit.concurrent(3))
    flying: list[int] = []
    most: list[int] = []

    def work(index: int) -> int:
        admitted = 0
        for _ in range(100):
            try:
                ticket = limiter.reserve()
            except Rejected:
                continue
            flying.append(index)
            most.append(len(flying))
            flying.remove(index)
            admitted += limiter.settle(ticket)
        return admitted

    assert sum(in_threads(work)) > 0
    assert max(most) <= 3
    assert len(limiter.usage()) == 0


# --- Full tables ----------------------------------------------------------------------------------------


def test_a_full_table_may_count_all_further_keys_together() -> None:
    book = Book(Limit.requests(5, per="minute", by="user", overrides={"vip": 9}), max_keys=2, when_full="share")
    assert [book.count(3, user=user) for user in ("ann", "bob", "cho", "dan", "eve")] == [3, 3, 3, 2, 0]
    assert book.count(user="ann") == 2
    assert book.count(user="vip") == 9
    assert book.used(user="eve") == [5]
    assert "<others>" in [row.key for row in book.limiter.usage()]


def test_what_shares_a_bucket_is_settled_there() -> None:
    book = Book(Limit.tokens(10, per="minute", by="user"), max_keys=1, when_full="share")
    book.limiter.reserve(user="ann", tokens=1)
    ticket = book.limiter.reserve(user="bob", tokens=8)
    assert not book.admits(user="cho", tokens=3)
    book.limiter.settle(ticket, tokens=2)
    assert book.admits(user="cho", tokens=8)


def test_when_full_is_one_of_two_words() -> None:
    with pytest.raises(ConfigurationError, match="'deny' or 'share'"):
        MemoryStore(when_full="evict")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [5, lambda: 1.5])
def test_a_wall_clock_counts_whole_nanoseconds(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"wall_clock.*time\.time_ns"):
        MemoryStore(wall_clock=wrong)
