"""The same steps, on the same clock, in memory and in a file: the same decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.errors import BudgetExceeded, RateLimited
from genai_guard.limits import Limit, MemoryStore, RateLimiter, SqliteStore, Ticket

SECOND = 10**9
HOUR = 3_600 * SECOND


class Clock:
    """Whole nanoseconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 1_767_225_600 * SECOND

    def __call__(self) -> int:
        return self.now


LIMITS = [
    Limit.requests(5, per="minute", by="user", burst=3),
    Limit.requests(40, per="day", calendar=True, timezone="Europe/Berlin"),
    Limit.tokens(1_000, per="minute", by="user", overrides={"ann": 400, "bob": None}),
    Limit.tokens(700, per="minute", by="user", mode="shadow", name="trial"),
    Limit.output_tokens(900, per="hour", by=("user", "model")),
    Limit.usd(2, per="day", by="user", lease_s=90, on_expiry="release"),
    Limit.usd(5, per="hour", calendar=False, name="rolling"),
    Limit.concurrent(3, by="user", lease_s=60),
]

calls = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["ann", "bob", "cho", None]),
        "model": st.sampled_from(["large", "small"]),
        "input_tokens": st.integers(0, 300),
        "output_tokens": st.integers(0, 300),
        "usd": st.sampled_from([0, 0.001, 0.3, 1.1]),
        "requests": st.sampled_from([0, 1, 1, 1, 2]),
    }
)
actuals = st.fixed_dictionaries(
    {"input_tokens": st.none() | st.integers(0, 400), "output_tokens": st.none() | st.integers(0, 400)}
) | st.fixed_dictionaries({"tokens": st.integers(0, 900), "usd": st.sampled_from([0, 0.2, 1.3])})
steps = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), calls),
        st.tuples(st.just("settle"), st.integers(0, 5), actuals),
        st.tuples(st.just("extend"), st.integers(0, 5), st.integers(0, 200)),
        st.tuples(st.just("pass"), st.sampled_from([1, SECOND, 7 * SECOND, 61 * SECOND, HOUR, 5 * HOUR])),
        st.tuples(st.just("reset"), st.sampled_from(["ann", "cho"])),
        st.tuples(st.just("replace"), st.sampled_from([0.5, 2])),
    ),
    max_size=25,
)


class Twin:
    """The same steps on a limiter, told as what came of them."""

    def __init__(self, store: Any) -> None:
        self.limiter = RateLimiter(*LIMITS, store=store)
        self.tickets: list[Ticket] = []

    def do(self, kind: str, *what: Any) -> object:
        try:
            return getattr(self, kind)(*what)
        except (RateLimited, BudgetExceeded) as error:
            return type(error), error.limits, error.retry_after_s, error.details

    def reserve(self, call: dict[str, Any]) -> object:
        self.tickets.append(self.limiter.reserve(**call))
        return self.tickets[-1].shadow_denials

    def settle(self, which: int, actual: dict[str, Any]) -> object:
        return self.tickets and self.limiter.settle(self.tickets[-1 - which % len(self.tickets)], **actual)

    def extend(self, which: int, tokens: int) -> object:
        return self.tickets and self.limiter.extend(
            self.tickets[-1 - which % len(self.tickets)], output_tokens=tokens, usd=tokens / 1_000
        )

    def reset(self, user: str) -> None:
        self.limiter.reset(user=user)

    def replace(self, factor: float) -> None:
        """Change all amounts but those of rates of requests: the file gives them their new rate key by key."""
        changed = (
            limit if limit.unit == "requests" and not limit.calendar else _times(limit, factor) for limit in LIMITS
        )
        self.limiter.replace(*changed)


def _times(limit: Limit, factor: float) -> Limit:
    assert limit.amount is not None
    amount = limit.amount * factor
    return replace(limit, amount=amount if limit.unit == "usd" else int(amount), name=limit.identity[0])


@settings(max_examples=30)
@given(steps)
def test_every_decision_is_that_of_the_memory_store(tmp_path_factory: pytest.TempPathFactory, taken: list[Any]) -> None:
    clock = Clock()
    path = tmp_path_factory.mktemp("twins") / "limits.sqlite"
    store = SqliteStore(path, clock=clock, wall_clock=clock, timeout_s=5, synchronous="off")
    twins = [Twin(MemoryStore(clock=clock, wall_clock=clock)), Twin(store)]
    for kind, *what in taken:
        if kind == "pass":
            clock.now += what[0]
            continue
        memory, file = (twin.do(kind, *what) for twin in twins)
        assert file == memory
        for user in ("ann", "bob", None):
            memory, file = (twin.limiter.peek(user=user, model="small") for twin in twins)
            assert file == memory
    memory, file = (sorted(map(repr, twin.limiter.usage())) for twin in twins)
    assert file == memory
    store.close()
