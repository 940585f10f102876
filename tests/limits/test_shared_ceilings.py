"""What a provider says to one process lowers the ceilings of all that share its limits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError, Limit, RateLimited, RateLimiter
from genai_guard.limits import Adaptive, MemoryStore
from genai_guard.limits.hearsay import Hearsay, Word
from genai_guard.limits.stores.sqlite import SqliteStore
from genai_guard.limits.stores.tallies import Decision, MemoryTally, TallyStore
from genai_guard.testing import FakeClock
from limits.test_adaptive import SlowDown

LIMITS = (Limit.requests(100, per="minute", by="model"),)
PROCESSES: list[Adaptive] = []


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TallyStore:
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "limits.db", timeout_s=30)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    while PROCESSES:
        hearsay = PROCESSES.pop().hearsay
        assert hearsay is not None
        hearsay.close()
        assert hearsay._thread is None or not hearsay._thread.is_alive()


def process(store: TallyStore, clock: FakeClock, *limits: Limit, every_s: float = 60) -> Adaptive:
    """Return the ceilings of one process, whose thread looks seldom: the tests look themselves."""
    clocks: dict[str, Any] = {"clock": clock.monotonic_ns, "wall_clock": clock.time}
    PROCESSES.append(Adaptive(*(limits or LIMITS), **clocks, store=store, share_every_s=every_s))
    return PROCESSES[-1]


def look(*processes: Adaptive) -> None:
    for each in processes:
        assert each.hearsay is not None
        each.hearsay.look()


def test_a_pause_that_one_hears_holds_for_the_other(store: TallyStore) -> None:
    clock = FakeClock()
    one, other = process(store, clock), process(store, clock)
    one.hear(SlowDown(retry_after="7"), model="big")
    look(one, other)
    assert other.ceilings(model="big") == one.ceilings(model="big")
    assert other.ceilings(model="big")[0][2:] == (70, 7)
    assert other.ceilings(model="small")[0][2:] == (100, 0)


def test_a_limiter_refuses_what_another_was_refused(store: TallyStore) -> None:
    clock = FakeClock()
    one, other = process(store, clock), process(store, clock)
    limiter = RateLimiter(Limit.requests(10, per="minute"), clock=clock.monotonic_ns, adapt=other)
    one.hear(SlowDown(retry_after="7"), model="big")
    look(one, other)
    with pytest.raises(RateLimited) as caught:
        limiter.reserve(model="big")
    assert caught.value.retry_after_s == 7
    limiter.reserve(model="small")


def test_what_was_heard_is_obeyed_once_however_often_it_is_told() -> None:
    clock, store = FakeClock(), MemoryStore()
    one, other, third = (process(store, clock) for _ in range(3))
    one.hear(SlowDown(), model="big")
    look(one, other)
    clock.advance(90)
    third.hear(SlowDown(), model="another")
    look(third, other, other, one)
    assert other.ceilings(model="big")[0].amount == one.ceilings(model="big")[0].amount == 75


def test_who_comes_later_hears_of_it() -> None:
    clock, store = FakeClock(), MemoryStore()
    one = process(store, clock)
    one.hear(SlowDown(retry_after="20"), model="big")
    look(one)
    clock.advance(5)
    late = process(store, clock)
    look(late)
    assert late.ceilings(model="big")[0][2:] == (70, 15)


def test_what_two_hear_at_the_same_time_is_told_by_both(store: TallyStore) -> None:
    clock = FakeClock()
    processes = [process(store, clock) for _ in range(4)]
    for number, each in enumerate(processes):
        each.hear(SlowDown(), model=f"m{number}")
    look(*processes, *processes)
    for each in processes:
        assert [each.ceilings(model=f"m{number}")[0].amount for number in range(4)] == [70] * 4


def test_limits_that_are_not_the_same_are_not_shared() -> None:
    clock, store = FakeClock(), MemoryStore()
    one, other = process(store, clock), process(store, clock, Limit.tokens(100, per="minute", by="model"))
    one.hear(SlowDown(retry_after="7"), model="big")
    look(one, other)
    assert other.ceilings(model="big")[0][2:] == (100, 0)


def test_a_long_key_is_shared_as_its_digest() -> None:
    clock, store = FakeClock(), MemoryStore()
    one, other = process(store, clock), process(store, clock)
    one.hear(SlowDown(), model="m" * 1_000)
    look(one, other)
    assert other.ceilings(model="m" * 1_000)[0].amount == 70


def test_calls_alone_have_others_asked() -> None:
    clock, store = FakeClock(), MemoryStore()
    one = process(store, clock)
    other = process(store, clock, every_s=0.001)
    limiter = RateLimiter(Limit.requests(10, per="minute"), clock=clock.monotonic_ns, adapt=other)
    one.hear(SlowDown(retry_after="7"), model="big")
    look(one)
    limiter.reserve(model="small")
    assert eventually(lambda: other.ceilings(model="big")[0].paused_s == 7)


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait for a thread, as long as it takes."""
    import threading

    pause = threading.Event()
    return any(holds() or pause.wait(0.002) for _ in range(15_000)) or holds()


class Broken:
    """A store that fails until it is mended."""

    def __init__(self) -> None:
        self.down = True
        self.kept = MemoryTally()

    def tally(self, _name: str, /) -> Any:
        return self

    def decided(self) -> Decision:
        if self.down:
            raise OSError("gone")
        return self.kept.decided()

    def decide(self, decision: Decision, /) -> Decision:
        return self.kept.decide(decision)

    def push(self, *_: Any) -> dict[str, int]:
        raise NotImplementedError

    forget = push


def test_a_store_that_fails_is_told_later_what_was_heard_meanwhile() -> None:
    clock, store = FakeClock(), Broken()
    one, other = process(store, clock), process(store, clock)
    one.hear(SlowDown(), model="a")
    look(one)
    assert one.hearsay is not None
    assert one.hearsay.failures >= 1
    assert one.ceilings(model="a")[0].amount == 70
    one.hear(SlowDown(retry_after="9"), model="a")
    store.down = False
    look(one, other)
    assert other.ceilings(model="a")[0][2:] == (70, 9)


def test_what_is_over_is_left_out() -> None:
    clock, store = FakeClock(), Broken()
    store.down = False
    one = process(store, clock)
    one.hear(SlowDown(retry_after="5"), model="old")
    look(one)
    clock.advance(61)
    one.hear(SlowDown(), model="new")
    look(one)
    assert list(json.loads(store.kept.decided().document)) == ["0 new"]


@given(
    st.text()
    | st.sampled_from(
        [
            '{"0 m": [1]}',
            '{"9 m": [1, 2]}',
            '{"m": [1, 2]}',
            "[1]",
            '{"0 m": [1e999, NaN]}',
            '{"0 m": [0, 1' + "0" * 400 + "]}",
            '{"0:zz": [1, 2]}',
            "null",
        ]
    )
)
def test_a_document_that_nobody_here_wrote_changes_nothing(document: str) -> None:
    clock, store = FakeClock(), Broken()
    store.down = False
    store.kept.decide(Decision(1, document))
    one = process(store, clock)
    look(one)
    assert one.ceilings(model="m")[0][2:] == (100, 0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 99), st.floats(0, 99)), max_size=6))
def test_the_order_in_which_words_are_told_is_irrelevant(said: list[tuple[str, float, float]]) -> None:
    documents = []
    for order in (said, said[::-1]):
        store, words = Broken(), dict[str, Word]()
        store.down = False
        shared = Hearsay(store, "x", take=words.update, every_s=60, lasts_s=200, wall=lambda: 0.0)
        for bucket, until_s, refused_s in order:
            shared._heard[bucket] = shared._heard.get(bucket, Word()).later(Word(until_s, refused_s))
        shared.look()
        documents.append(words)
    assert documents[0] == documents[1]


def test_another_process_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    program = f"""
import sys
sys.path[:] = {sys.path!r}
from genai_guard import Limit
from genai_guard.limits import Adaptive
from genai_guard.limits.stores.sqlite import SqliteStore
from limits.test_adaptive import SlowDown
one = Adaptive(Limit.requests(100, per="minute", by="model"), store=SqliteStore({str(path)!r}, timeout_s=30))
one.hear(SlowDown(retry_after="600"), model="big")
one.hearsay.look()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
    other = Adaptive(*LIMITS, store=SqliteStore(path, timeout_s=30))
    look(other)  # in this thread: no call was made
    assert 0 < other.ceilings(model="big")[0].paused_s <= 600


@pytest.mark.parametrize("store", ["redis://localhost", object()])
def test_a_store_in_which_nobody_can_meet_is_refused(store: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"Adaptive\(store=...\): takes a MemoryStore, SqliteStore or RedisStore"
    ):
        Adaptive(*LIMITS, store=store)


@pytest.mark.parametrize("seconds", [0, -1, 61, "1", True, float("nan")])
def test_a_wrong_time_between_questions_is_refused(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"share_every_s=.*must be above 0 and at most 60 seconds"):
        Adaptive(*LIMITS, store=MemoryStore(), share_every_s=seconds)


def test_what_was_heard_last_is_told_when_it_is_closed() -> None:
    clock, store = FakeClock(), MemoryStore()
    one, other = process(store, clock), process(store, clock)
    one.hear(SlowDown(), model="big")
    assert one.hearsay is not None
    one.hearsay.close()
    look(other)
    assert other.ceilings(model="big")[0].amount == 70
