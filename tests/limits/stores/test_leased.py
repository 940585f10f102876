"""Most calls do not ask the store, and no more is granted than the store has granted in advance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from threading import Thread
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError, RateLimited, Rejected
from genai_guard.limits import Limit, MemoryStore, RateLimiter
from genai_guard.limits.stores.leased import LeasedStore
from limits.books import SECOND, Clock


class Watched:
    """A store that counts how often it is asked."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.asked = 0

    def bind(self, limits: Sequence[Limit], previous: Any = None, /) -> Any:
        counts: Any = self.store.bind(limits, previous)
        for name in ("reserve", "settle", "extend"):
            setattr(counts, name, self._watched(getattr(counts, name)))
        return counts

    def _watched(self, work: Any) -> Any:
        def watched(*args: Any) -> Any:
            self.asked += 1
            return work(*args)

        return watched


class Fleet:
    """Processes that share a store in which time is a test's."""

    def __init__(self, *limits: Limit, processes: int = 2, share: float = 0.1, hold_s: float = 1) -> None:
        self.clock = Clock(1_768_345_200 * SECOND)
        self.store = Watched(MemoryStore(clock=self.clock, wall_clock=self.clock))
        self.leased = [
            LeasedStore(self.store, share=share, hold_s=hold_s, now=lambda: self.clock.now / SECOND)
            for _ in range(processes)
        ]
        self.limiters = [RateLimiter(*limits, store=leased) for leased in self.leased]

    def used(self) -> list[float]:
        return [level.used for level in self.limiters[0].peek()]

    def count(self, most: int, process: int = 0, **asked: Any) -> int:
        admitted = 0
        for _ in range(most):
            try:
                self.limiters[process].reserve(**asked)
            except Rejected:
                continue
            admitted += 1
        return admitted


def test_most_calls_do_not_ask_the_store() -> None:
    fleet = Fleet(Limit.requests(10_000, per="day"), Limit.tokens(1_000_000, per="day"))
    for _ in range(900):
        fleet.limiters[0].settle(fleet.limiters[0].reserve(tokens=500), tokens=100)
    assert fleet.store.asked <= 3


def test_no_more_is_admitted_than_the_limit_says() -> None:
    fleet = Fleet(Limit.requests(1_000, per="day"), processes=4)
    assert sum(fleet.count(50, process % 4) for process in range(40)) == 1_000


def test_a_call_larger_than_a_lease_is_asked_for_by_itself() -> None:
    fleet = Fleet(Limit.tokens(1_000, per="day"))
    assert fleet.count(2, tokens=500) == 2
    with pytest.raises(RateLimited):
        fleet.limiters[0].reserve(tokens=1)


def test_what_is_left_of_a_lease_is_given_back_when_it_is_over() -> None:
    fleet = Fleet(Limit.tokens(1_000, per="day"), Limit.usd(10, per="day"))
    tickets = [fleet.limiters[0].reserve(tokens=10, usd=0.1) for _ in range(3)]
    assert fleet.used() == [100, 1]
    for ticket in tickets[:2]:
        assert fleet.limiters[0].settle(ticket, tokens=4, usd=0.01)
    fleet.leased[0].end()
    assert fleet.used() == [100, 1]  # one call is in flight still
    assert fleet.limiters[0].settle(tickets[2], tokens=30, usd=0.02)
    assert fleet.used() == [38, 0.04]


def test_a_lease_is_renewed_in_time_and_the_one_before_given_back() -> None:
    fleet = Fleet(Limit.tokens(1_000, per="day"))
    fleet.limiters[0].settle(fleet.limiters[0].reserve(tokens=10), tokens=7)
    fleet.clock.now += 2 * SECOND
    fleet.limiters[0].settle(fleet.limiters[0].reserve(tokens=10), tokens=7)
    assert fleet.used() == [107]
    fleet.leased[0].end()
    assert fleet.used() == [14]


def test_a_ticket_is_settled_once() -> None:
    fleet = Fleet(Limit.tokens(1_000, per="day"))
    ticket = fleet.limiters[0].reserve(tokens=10)
    assert not fleet.limiters[1].settle(ticket, tokens=0)
    assert fleet.limiters[0].settle(ticket, tokens=10)
    assert not fleet.limiters[0].settle(ticket, tokens=0)
    fleet.leased[0].end()
    assert fleet.used() == [10]


def test_a_call_can_be_extended_within_its_lease_and_beyond() -> None:
    fleet = Fleet(Limit.tokens(1_000, per="day"))
    ticket = fleet.limiters[0].reserve(tokens=10)
    asked = fleet.store.asked
    assert fleet.limiters[0].extend(ticket, tokens=50)
    assert fleet.store.asked == asked
    assert fleet.limiters[0].extend(ticket, tokens=500)
    with pytest.raises(RateLimited):
        fleet.limiters[0].extend(ticket, tokens=500)
    assert fleet.limiters[0].settle(ticket, tokens=555)
    fleet.leased[0].end()
    assert fleet.used() == [555]


def test_calls_in_flight_survive_new_limits() -> None:
    fleet = Fleet(Limit.tokens(1_000, per="day"))
    ticket = fleet.limiters[0].reserve(tokens=10)
    fleet.limiters[0].replace(Limit.tokens(2_000, per="day"))
    assert fleet.limiters[0].settle(ticket, tokens=3)
    assert fleet.used() == [3]


def test_threads_take_no_more_than_is_leased() -> None:
    fleet = Fleet(Limit.requests(2_000, per="day"), processes=1)
    admitted: list[int] = []
    threads = [Thread(target=lambda: admitted.append(fleet.count(600))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 2_000


@pytest.mark.parametrize("seed", range(6))
def test_on_every_interval_no_more_than_the_open_leases_comes_on_top(seed: int) -> None:
    amount, share, processes, period = 1_000, 0.1, 3, 60
    fleet = Fleet(Limit.tokens(amount, per="minute"), processes=processes, share=share, hold_s=20)
    choose = random.Random(seed)
    used: list[tuple[float, int]] = []
    for _ in range(1_500):
        fleet.clock.now += choose.choice([0, 0, SECOND // 10, SECOND, 7 * SECOND])
        limiter = choose.choice(fleet.limiters)
        try:
            ticket = limiter.reserve(tokens=choose.randint(1, 60))
        except RateLimited:
            continue
        actual = choose.randint(0, 1)
        limiter.settle(ticket, tokens=actual)
        used.append((fleet.clock.now / SECOND, actual))
        try:
            limiter.reserve(tokens=(cost := choose.randint(1, 60)))
            used.append((fleet.clock.now / SECOND, cost))
        except RateLimited:
            continue
    worst = max(sum(units for at, units in used if start <= at < start + period) for start, _units in used)
    assert amount * 0.5 < worst <= amount + processes * round(share * amount)


@pytest.mark.parametrize(
    ("name", "value"), [("share", 0), ("share", 0.6), ("share", "1"), ("hold_s", 0), ("hold_s", True)]
)
def test_a_parameter_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        LeasedStore(MemoryStore(), **{name: value})


@pytest.mark.parametrize("limit", [Limit.concurrent(5), Limit.tokens(5, per="day", mode="shadow")])
def test_what_cannot_be_leased_is_refused(limit: Limit) -> None:
    with pytest.raises(ConfigurationError, match="cannot be leased"):
        RateLimiter(limit, store=LeasedStore(MemoryStore()))
