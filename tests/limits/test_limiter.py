"""All limits of a call in one step; what it used after it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError, RateLimited
from genai_guard.limits import Limit, MemoryStore, RateLimiter, Ticket

SECOND = 10**9
MINUTE = 60 * SECOND


class Clock:
    """Whole nanoseconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 10**15

    def __call__(self) -> int:
        return self.now


def contents(limiter: RateLimiter) -> dict[Limit, dict[Any, Any]]:
    """Return everything that is kept, as a copy."""
    store: Any = limiter.store
    return {limit: copy.deepcopy(lane.states) for limit, lane in store._lanes.items()}


def used(limiter: RateLimiter, **keys: Any) -> list[float]:
    return [level.used for level in limiter.peek(**keys)]


def refusal(limiter: RateLimiter, **asked: Any) -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        limiter.reserve(**asked)
    return caught.value


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def three(clock: Clock) -> RateLimiter:
    return RateLimiter(
        Limit.requests(60, per="minute"),
        Limit.tokens(1_000, per="minute"),
        Limit.requests(2, per="minute", by="user"),
        clock=clock,
    )


# --- Reserve ------------------------------------------------------------------------------------------


def test_a_call_counts_in_every_limit(three: RateLimiter) -> None:
    three.reserve(user="ann", tokens=300)
    assert used(three, user="ann") == [1, 300, 1]
    assert used(three, user="bob") == [1, 300, 0]


def test_a_refusal_names_every_limit_and_the_longest_wait(three: RateLimiter) -> None:
    three.reserve(user="ann", tokens=900)
    three.reserve(user="ann", tokens=100)
    error = refusal(three, user="ann", tokens=100)
    assert error.limits == ("1000 tokens/minute", "2 requests/minute by user")
    assert error.limit == "1000 tokens/minute"
    assert error.retry_after_s == 65


def test_waiting_as_long_as_told_is_enough_and_no_less_is(three: RateLimiter, clock: Clock) -> None:
    three.reserve(user="ann", tokens=900)
    three.reserve(user="ann", tokens=100)
    wait_s = refusal(three, user="ann", tokens=100).retry_after_s
    assert wait_s is not None
    clock.now += round(wait_s * SECOND) - 1
    refusal(three, user="ann", tokens=100)
    clock.now += 1
    three.reserve(user="ann", tokens=100)


def test_a_call_larger_than_a_limit_is_told_that_it_never_fits(three: RateLimiter) -> None:
    three.reserve(user="ann", requests=2)
    error = refusal(three, user="ann", tokens=1_001)
    assert error.limits == ("1000 tokens/minute", "2 requests/minute by user")
    assert error.limit == "1000 tokens/minute"
    assert error.retry_after_s is None
    assert "larger than the limit" in str(error)


def test_a_refusal_says_nothing_of_who_was_refused(three: RateLimiter) -> None:
    three.reserve(user="ann@example.com", requests=2)
    error = refusal(three, user="ann@example.com")
    assert "ann" not in f"{error} {error!r} {error.__dict__} {three!r} {three.store!r}"


asked = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["ann", "bob", "", None]),
        "tokens": st.integers(0, 700),
        "requests": st.integers(0, 3),
    }
)


@given(st.lists(st.tuples(st.integers(0, 20 * SECOND), asked, st.none() | st.integers(0, 900)), max_size=25))
def test_a_denial_changes_nothing(steps: list[tuple[int, dict[str, Any], int | None]]) -> None:
    clock = Clock()
    limiter = RateLimiter(
        Limit.requests(5, per="minute"),
        Limit.tokens(1_000, per="minute", by="user"),
        Limit.tokens(600, per="minute", by="user", mode="shadow"),
        Limit.requests(3, per="minute", by="user"),
        clock=clock,
    )
    for gap, call, tokens in steps:
        clock.now += gap
        before = contents(limiter)
        ticket = Ticket()
        try:
            limiter.reserve(ticket, **call)
        except RateLimited:
            assert contents(limiter) == before
            assert not ticket.open
            assert not limiter.settle(ticket, tokens=0)
            assert contents(limiter) == before
        else:
            assert limiter.settle(ticket, tokens=tokens) == (not limiter.settle(ticket, tokens=5))


# --- Settle -------------------------------------------------------------------------------------------


def test_tokens_are_settled_by_what_was_used_and_requests_stay(three: RateLimiter) -> None:
    ticket = three.reserve(user="ann", tokens=500)
    assert three.settle(ticket, tokens=321)
    assert used(three, user="ann") == [1, 321, 1]


def test_settling_twice_is_settling_once(three: RateLimiter) -> None:
    other = three.reserve(user="bob", tokens=500)
    ticket = three.reserve(user="ann", tokens=500)
    assert three.settle(ticket, tokens=100)
    once = contents(three)
    assert not three.settle(ticket, tokens=0)
    assert contents(three) == once
    assert other.open
    assert not ticket.open


def test_settling_without_a_figure_keeps_the_reservation(three: RateLimiter) -> None:
    ticket = three.reserve(user="ann", tokens=500)
    assert three.settle(ticket)
    assert not three.settle(ticket, tokens=0)
    assert used(three, user="ann") == [1, 500, 1]


def test_settling_never_refuses_and_an_overrun_is_a_debt(three: RateLimiter) -> None:
    ticket = three.reserve(user="ann", tokens=500)
    assert three.settle(ticket, tokens=5_000)
    assert used(three, user="bob") == [1, 5_000, 0]
    assert refusal(three, user="bob", tokens=0).limits == ("1000 tokens/minute",)


@given(st.lists(st.integers(0, 100), max_size=20))
def test_tokens_settled_to_nothing_leave_nothing(costs: list[int]) -> None:
    limiter = RateLimiter(Limit.tokens(2_000, per="minute", by="user"), clock=Clock())
    tickets = [limiter.reserve(user=index % 3, tokens=cost) for index, cost in enumerate(costs)]
    for ticket in tickets:
        limiter.settle(ticket, tokens=0)
    assert all(level == (level.limit, 0, 2_000, 0.0) for user in range(3) for level in limiter.peek(user=user))


def test_a_ticket_never_granted_settles_to_nothing(three: RateLimiter) -> None:
    assert not three.settle(Ticket(), tokens=900)
    assert used(three) == [0, 0, 0]


def test_another_limiter_s_ticket_is_left_alone(three: RateLimiter, clock: Clock) -> None:
    twin = RateLimiter(*three.limits, clock=clock)
    ticket = twin.reserve(tokens=500)
    assert not three.settle(ticket, tokens=0)
    assert ticket.open
    assert used(twin) == [1, 500, 1]


def test_a_ticket_serves_one_call(three: RateLimiter) -> None:
    ticket = Ticket()
    assert three.reserve(ticket, tokens=1) is ticket
    with pytest.raises(ConfigurationError, match="every call takes its own"):
        three.reserve(ticket)
    three.settle(ticket)
    with pytest.raises(ConfigurationError, match="every call takes its own"):
        three.reserve(ticket)


def test_a_refused_ticket_may_try_again(three: RateLimiter, clock: Clock) -> None:
    three.reserve(tokens=1_000)
    ticket = Ticket()
    with pytest.raises(RateLimited):
        three.reserve(ticket, tokens=1)
    clock.now += 2 * MINUTE
    three.reserve(ticket, tokens=1)
    assert ticket.open


def test_a_ticket_says_how_it_stands() -> None:
    limiter = RateLimiter(Limit.requests(60, per="minute"))
    ticket = Ticket()
    assert repr(ticket) == "<Ticket, empty>"
    assert repr(limiter.reserve(ticket)) == "<Ticket, open>"
    limiter.settle(ticket)
    assert repr(ticket) == "<Ticket, settled>"


# --- Shadow -------------------------------------------------------------------------------------------


def test_a_shadow_limit_is_reported_and_refuses_nothing(clock: Clock) -> None:
    limiter = RateLimiter(
        Limit.requests(1, per="minute", by="user", mode="shadow", name="trial"),
        Limit.tokens(100, per="minute", mode="shadow", name="tokens"),
        clock=clock,
    )
    assert limiter.reserve(user="ann", tokens=60).shadow_denials == ()
    assert limiter.reserve(user="ann", tokens=60).shadow_denials == ("trial", "tokens")
    assert limiter.reserve(user="bob", tokens=40).shadow_denials == ()


@given(st.lists(st.tuples(st.integers(0, 20 * SECOND), st.integers(0, 150), st.integers(0, 300)), max_size=25))
def test_a_shadow_limit_counts_as_if_it_were_enforced(steps: list[tuple[int, int, int]]) -> None:
    clock = Clock()
    limits = Limit.tokens(200, per="minute", name="limit"), Limit.requests(100, per="minute")
    enforced = RateLimiter(*limits, clock=clock)
    shadow = RateLimiter(Limit.tokens(200, per="minute", name="limit", mode="shadow"), limits[1], clock=clock)
    for gap, cost, actual in steps:
        clock.now += gap
        ticket = shadow.reserve(tokens=cost)
        shadow.settle(ticket, tokens=actual)
        denied: tuple[str, ...] = ()
        try:
            enforced.settle(enforced.reserve(tokens=cost), tokens=actual)
        except RateLimited as error:
            denied = error.limits
        assert ticket.shadow_denials == denied
        assert shadow.peek()[0] == enforced.peek()[0]


def test_a_shadow_limit_does_not_count_what_another_refuses(clock: Clock) -> None:
    limiter = RateLimiter(Limit.requests(5, per="minute", mode="shadow"), Limit.requests(1, per="hour"), clock=clock)
    limiter.reserve()
    assert refusal(limiter).limits == ("1 request/hour",)
    assert used(limiter) == [1, 1]


def by_user(amount: int = 1) -> RateLimiter:
    return RateLimiter(Limit.requests(amount, per="minute", by="user"), clock=Clock())


# --- What the pipeline reads --------------------------------------------------------------------------


def test_a_limiter_says_what_it_needs(three: RateLimiter) -> None:
    assert three.needs_tokens
    assert three.keys == {"user"}
    assert not by_user().needs_tokens
    assert not three.is_async
    assert three.on_error == "block"
    assert RateLimiter(Limit.requests(1, per="day", on_error="allow")).on_error == "allow"


def test_limiters_are_equal_by_their_limits(three: RateLimiter) -> None:
    twin = RateLimiter(*three.limits)
    assert three == twin
    assert hash(three) == hash(twin)
    assert three != by_user()
    assert three != three.limits


def test_the_repr_builds_the_limiter_again(three: RateLimiter) -> None:
    assert eval(repr(three)) == three


# --- Bad input ----------------------------------------------------------------------------------------


def limit(amount: int = 60, **parameters: Any) -> Limit:
    return Limit.requests(amount, **{"per": "minute", **parameters})


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ([], "at least one limit"),
        ([[limit()]], "not list"),
        (["60/minute"], "not str"),
        ([limit(), limit()], "the name '60 requests/minute'.*drop one"),
        ([limit(name="a"), limit(by="user", name="a")], "the name 'a'"),
        ([limit(60), limit(100)], "'60 requests/minute' refuses all that '100 requests/minute' would"),
        ([limit(name="a"), limit(name="b")], "refuses all"),
        ([Limit.tokens(9, per="day"), Limit.tokens(10, per="day")], "'9 tokens/day' refuses all"),
    ],
)
def test_limits_that_make_no_sense_together_are_refused(limits: Sequence[Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        RateLimiter(*limits)


def test_limits_that_refuse_different_calls_stand_together() -> None:
    limits = (limit(60, burst=60), limit(100, burst=10), limit(60, by="user"), limit(60, per="hour"))
    assert RateLimiter(*limits).limits == limits
    assert len(RateLimiter(limit(60), limit(80, mode="shadow")).limits) == 2


@pytest.mark.parametrize("wrong", [-1, 1.0, float("nan"), "5", None, True])
@pytest.mark.parametrize("unit", ["requests", "tokens"])
def test_a_cost_is_a_whole_number_of_at_least_zero(three: RateLimiter, unit: str, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{unit}="):
        three.reserve(user="ann", **{unit: wrong})
    assert used(three, user="ann") == [0, 0, 0]


@pytest.mark.parametrize("wrong", [-1, 1.0, float("nan"), "5", True])
def test_a_wrong_figure_settles_nothing(three: RateLimiter, wrong: Any) -> None:
    ticket = three.reserve(tokens=5)
    with pytest.raises(ConfigurationError, match=r"^tokens="):
        three.settle(ticket, tokens=wrong)
    assert ticket.open


def test_whole_numbers_of_other_kinds_are_welcome(three: RateLimiter) -> None:
    class Whole:
        def __index__(self) -> int:
            return 7

    whole: Any = Whole()
    ticket = three.reserve(tokens=whole)
    three.settle(ticket, tokens=whole)
    assert used(three) == [1, 7, 1]


def test_a_clock_goes_with_the_store(clock: Clock) -> None:
    with pytest.raises(ConfigurationError, match="give the clock to the store"):
        RateLimiter(limit(), store=MemoryStore(), clock=clock)


# --- Peek and reset -----------------------------------------------------------------------------------


def test_peek_tells_what_is_left_and_changes_nothing(three: RateLimiter) -> None:
    three.reserve(user="ann", tokens=400)
    before = contents(three)
    requests, tokens, mine = three.peek(user="ann")
    assert contents(three) == before
    assert (requests.limit, requests.used, requests.capacity, requests.remaining) == ("60 requests/minute", 1, 60, 59)
    assert (tokens.remaining, mine.remaining) == (600, 1)
    assert (requests.drained_s, mine.drained_s) == (1, 30)


def test_reset_forgets_one_caller_in_the_limits_by_that_key(three: RateLimiter) -> None:
    three.reserve(user="ann", tokens=100)
    three.reserve(user="bob", tokens=100)
    three.reset(user="ann")
    assert used(three, user="ann") == [2, 200, 0]
    assert used(three, user="bob") == [2, 200, 1]


def test_reset_of_everything_leaves_nothing_to_give_back(three: RateLimiter) -> None:
    old = three.reserve(user="ann", tokens=1_000)
    three.reset()
    assert used(three, user="ann") == [0, 0, 0]
    three.reserve(user="bob", tokens=1_000)
    three.settle(old, tokens=0)
    assert refusal(three, user="cho", tokens=1).limits == ("1000 tokens/minute",)


def test_reset_by_a_key_that_no_limit_has_is_an_error(three: RateLimiter) -> None:
    with pytest.raises(ConfigurationError, match=r"reset\(usr=.*user"):
        three.reset(usr="ann")
