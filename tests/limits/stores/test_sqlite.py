"""One machine: the same decisions as in memory, over threads, processes, deaths, full disks and clocks that are set."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from genai_guard.errors import ComponentFailed, ConfigurationError, RateLimited, Rejected
from genai_guard.limits import Limit, RateLimiter, SqliteStore, Ticket

SECOND = 10**9
HOUR = 3_600 * SECOND
DAY = 24 * HOUR


class Clock:
    """Whole nanoseconds that a test moves on, or back."""

    def __init__(self) -> None:
        self.now = 1_767_225_600 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits.sqlite"


def store_of(path: Path, clock: Clock, **parameters: Any) -> SqliteStore:
    return SqliteStore(path, clock=clock, wall_clock=clock, timeout_s=5, **parameters)


def admits(limiter: RateLimiter, **asked: Any) -> bool:
    try:
        limiter.reserve(**asked)
    except Rejected:
        return False
    return True


def used(limiter: RateLimiter, **keys: Any) -> list[float]:
    return [level.used for level in limiter.peek(**keys)]


def rows(path: Path, table: str = "usage") -> int:
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT count(*) FROM limits_{table}_1").fetchone()[0]
    connection.close()
    return int(found)


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


@pytest.mark.parametrize(
    "key", ["", "a:b", "a\0b", "\ud800", "ß" * 128, "k" * 2**20, 7, "'; DROP TABLE limits_usage_1; --"], ids=range(8)
)
def test_any_key_is_a_key_of_its_own(path: Path, clock: Clock, key: str | int) -> None:
    limits = Limit.requests(1, per="day", by="user"), Limit.requests(1, per="hour", by=("user", "model"))
    first, second = (RateLimiter(*limits, store=store_of(path, clock)) for _ in range(2))
    assert admits(first, user=key, model=key)
    assert not admits(second, user=key, model=key)
    assert admits(second, user=f"{key}+", model=key)
    assert used(first, user=key, model=key) == [1, 1]
    assert len(first.usage()) == 4


# --- Kept ---------------------------------------------------------------------------------------------


def test_usage_outlives_the_limiter_and_goes_on_with_another_amount(path: Path, clock: Clock) -> None:
    RateLimiter(Limit.tokens(100, per="hour", by="user"), store=store_of(path, clock)).reserve(user="ann", tokens=70)
    limiter = RateLimiter(Limit.tokens(150, per="hour", by="user"), store=store_of(path, clock))
    assert used(limiter, user="ann") == [70]
    assert not admits(limiter, user="ann", tokens=81)
    assert admits(limiter, user="ann", tokens=80)


def test_keys_with_nothing_in_use_are_removed(path: Path, clock: Clock) -> None:
    limiter = RateLimiter(Limit.requests(1, per="second", by="user"), store=store_of(path, clock, synchronous="off"))
    for number in range(600):
        clock.now += SECOND // 20
        limiter.reserve(user=number)
    assert 20 <= rows(path) <= 60


def test_tickets_that_nobody_settles_are_forgotten(path: Path, clock: Clock) -> None:
    limiter = RateLimiter(Limit.tokens(10, per="second", by="user"), store=store_of(path, clock, synchronous="off"))
    for number in range(300):
        clock.now += HOUR
        limiter.reserve(user=number, tokens=1)
    assert 24 <= rows(path, "ticket") <= 60


def test_what_is_settled_leaves_no_ticket(path: Path, clock: Clock) -> None:
    limiter = RateLimiter(*LIMITS, store=store_of(path, clock))
    assert limiter.settle(limiter.reserve(user="ann", tokens=5, usd=0.1), tokens=0, usd=0)
    assert rows(path, "ticket") == 0
    assert [level.used for level in limiter.peek(user="ann", model="")] == [1, 1, 0, 0, 0, 0, 0, 0]


# --- Clocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [HOUR, -HOUR, 400 * DAY, -400 * DAY])
def test_setting_the_clock_of_the_machine_changes_no_rate(path: Path, clock: Clock, step: int) -> None:
    wall = Clock()
    limits = Limit.requests(5, per="minute"), Limit.tokens(50, per="minute"), Limit.concurrent(6)
    limiter = RateLimiter(*limits, store=SqliteStore(path, clock=clock, wall_clock=wall))
    assert sum(admits(limiter, tokens=10) for _ in range(9)) == 5
    before = limiter.peek()
    wall.now += step
    assert limiter.peek() == before
    again = RateLimiter(*limits, store=SqliteStore(path, clock=clock, wall_clock=wall))
    assert again.peek() == before
    assert not admits(again)
    clock.now += 12 * SECOND
    assert admits(again)


@pytest.mark.parametrize("limit", [Limit.requests(5, per="day", calendar=True), Limit.usd(5, per="month")])
@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_wall_clock_that_was_wrong_for_a_while_makes_no_budget_forgotten(
    path: Path, clock: Clock, step: int, limit: Limit
) -> None:
    wall = Clock()
    wall.now += 30 * DAY + 12 * HOUR
    limiter = RateLimiter(limit, store=SqliteStore(path, clock=clock, wall_clock=wall))
    assert sum(admits(limiter, usd=1) for _ in range(9)) == 5
    wall.now += step
    assert not admits(limiter, usd=1)
    for _ in range(20):
        RateLimiter(Limit.tokens(9, per="second", by="user"), store=limiter.store).reserve(user=str(_), tokens=1)
    wall.now -= step
    assert not admits(limiter, usd=1)


def test_after_the_machine_has_started_anew_time_goes_on(path: Path) -> None:
    boot, wall = Clock(), Clock()
    limit = Limit.tokens(120, per="hour")
    RateLimiter(limit, store=SqliteStore(path, clock=boot, wall_clock=wall)).reserve(tokens=120)
    boot.now = 0
    wall.now += 30 * 60 * SECOND
    limiter = RateLimiter(limit, store=SqliteStore(path, clock=boot, wall_clock=wall))
    assert limiter.peek()[0].drained_s == 35 * 60
    boot.now, wall.now = 0, 0  # and has forgotten what time it is
    limiter = RateLimiter(limit, store=SqliteStore(path, clock=boot, wall_clock=wall))
    assert used(limiter) == [120]


def test_time_is_that_of_the_machine_unless_said_otherwise(path: Path) -> None:
    limiter = RateLimiter(Limit.requests(1, per="hour"), store=SqliteStore(path, timeout_s=5))
    limiter.reserve()
    with pytest.raises(RateLimited) as first:
        limiter.reserve()
    time.sleep(0.001)
    with pytest.raises(RateLimited) as second:
        limiter.reserve()
    assert first.value.retry_after_s is not None
    assert second.value.retry_after_s is not None
    assert 3_590 < second.value.retry_after_s <= first.value.retry_after_s - 0.001


# --- Threads and tickets ------------------------------------------------------------------------------


def in_threads(work: Callable[[int], Any], threads: int = 8) -> list[Any]:
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


def test_threads_are_admitted_exactly_as_often_as_the_limit_says(path: Path) -> None:
    limits = Limit.requests(100, per="day"), Limit.tokens(500, per="day"), Limit.requests(50, per="day", by="user")
    limiter = RateLimiter(*limits, store=SqliteStore(path, timeout_s=10, synchronous="off"))
    admitted = in_threads(lambda index: sum(admits(limiter, user=index, tokens=1) for _ in range(40)))
    assert sum(admitted) == 100
    assert used(limiter)[:2] == [100, 100]


def test_a_ticket_settled_by_threads_is_settled_once(path: Path, clock: Clock) -> None:
    for limit in (Limit.tokens(1_000, per="day"), Limit.requests(1_000, per="day")):
        limiter = RateLimiter(limit, store=store_of(path, clock))
        ticket = limiter.reserve(tokens=20)
        assert sum(in_threads(partial(_settles, limiter, ticket))) == 1


def _settles(limiter: RateLimiter, ticket: Ticket, index: int) -> bool:
    return limiter.settle(ticket, tokens=10 + index)


def test_a_ticket_of_another_store_is_left_alone(tmp_path: Path, clock: Clock) -> None:
    first, second = (RateLimiter(Limit.tokens(9, per="day"), store=store_of(tmp_path / name, clock)) for name in "ab")
    ticket = first.reserve(tokens=9)
    assert not second.settle(ticket, tokens=0)
    assert not second.extend(ticket, tokens=1) or used(first) == [9]
    assert first.settle(ticket, tokens=0)


# --- Failures -----------------------------------------------------------------------------------------


def hold(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def test_a_busy_file_is_waited_for_so_long_and_no_longer(path: Path, clock: Clock) -> None:
    limiter = RateLimiter(Limit.tokens(9, per="day"), store=SqliteStore(path, clock=clock, wall_clock=clock))
    ticket = limiter.reserve(tokens=4)
    other = hold(path)
    started = time.monotonic()
    with pytest.raises(ComponentFailed, match="SqliteStore failed in stage limits: the file was busy"):
        limiter.reserve(tokens=1)
    assert 0.05 <= time.monotonic() - started < 2
    assert used(limiter) == [4]  # who only looks does not wait
    assert limiter.settle(ticket, tokens=7)
    assert used(limiter) == [4]
    other.execute("ROLLBACK")
    other.close()
    assert not admits(limiter, tokens=3)
    assert used(limiter) == [7]
    assert not limiter.settle(ticket, tokens=0)


def test_a_full_disk_fails_the_call_and_loses_no_usage(path: Path, clock: Clock) -> None:
    limiter = RateLimiter(Limit.tokens(9, per="day", by="user"), store=store_of(path, clock))
    ticket = limiter.reserve(user="ann", tokens=4)
    file: Any = limiter.store
    connection = file._file._file._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for number in range(5_000):
            limiter.reserve(user=f"{number}" * 30, tokens=1)

    with pytest.raises(ComponentFailed, match="the disk is full") as caught:
        fill()
    assert "111" not in str(caught.value)
    assert limiter.peek(user="ann")[0].used == 4
    assert limiter.settle(ticket, tokens=7)
    assert not admits(limiter, user="ann", tokens=3)
    assert admits(limiter, user="ann", tokens=2)


def _echo(prompt: str) -> str:
    return prompt


def test_a_limit_may_say_that_calls_pass_when_the_store_fails(path: Path) -> None:
    from genai_guard import Pipeline

    for on_error, passes in (("allow", True), ("block", False)):
        limiter = RateLimiter(Limit.tokens(9_000, per="day", on_error=on_error), store=SqliteStore(path))  # type: ignore[arg-type]
        ask = Pipeline(limiter=limiter).wrap(_echo)
        assert ask("fine") == "fine"
        other = hold(path)
        if passes:
            assert ask("fine") == "fine"
        else:
            with pytest.raises(ComponentFailed):
                ask("fine")
        other.close()


def test_a_damaged_file_fails_the_call_and_one_put_in_its_place_is_taken(path: Path, clock: Clock) -> None:
    limiter = RateLimiter(Limit.tokens(9, per="day"), store=store_of(path, clock))
    limiter.reserve(tokens=4)
    store: Any = limiter.store
    store.close()
    whole = path.read_bytes()
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(ComponentFailed, match="no SQLite database"):
        limiter.reserve(tokens=1)
    path.write_bytes(whole)
    assert not admits(limiter, tokens=6)
    assert admits(limiter, tokens=5)


def test_a_state_that_cannot_be_read_is_a_failure(path: Path, clock: Clock) -> None:
    limiter = RateLimiter(Limit.tokens(9, per="day"), store=store_of(path, clock))
    limiter.reserve(tokens=4)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE limits_usage_1 SET state = x'80'")
    other.close()
    with pytest.raises(ComponentFailed, match="cannot be used"):
        limiter.reserve(tokens=1)


def test_an_interrupt_leaves_nothing_half_done(path: Path, clock: Clock) -> None:
    limiter = RateLimiter(Limit.requests(9, per="day"), Limit.tokens(9, per="day"), store=store_of(path, clock))
    file: Any = limiter.store
    for _ in range(3):
        limiter.peek()
        connection: Any = file._file._file._connection

        def strike() -> int:
            raise KeyboardInterrupt

        connection.set_progress_handler(strike, 1)
        ticket = Ticket()
        with pytest.raises((KeyboardInterrupt, ComponentFailed)):
            limiter.reserve(ticket, tokens=5)
        if file._file._file._connection is not None:
            file._file._file._connection.set_progress_handler(None, 1)
        assert not ticket.open or limiter.settle(ticket, tokens=0) in {True, False}
    assert used(limiter) == [0, 0]


# --- Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [None, 5, "", "a\0b", b"bytes", "sqlite:///limits.db", "file:limits?mode=memory", ":memory:"]
)
def test_the_path_is_that_of_a_file(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^SqliteStore\(path="):
        SqliteStore(wrong)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("timeout_s", value) for value in (-1, float("nan"), "1", True, 10**6)),
        *(("synchronous", value) for value in ("extra", None, 1)),
        *(("clock", value) for value in (5, time.monotonic)),
        ("wall_clock", time.time),
    ],
)
def test_a_wrong_parameter_is_told(path: Path, name: str, wrong: Any) -> None:
    parameters: dict[str, Any] = {name: wrong}
    with pytest.raises(ConfigurationError, match=rf"^SqliteStore\({name}="):
        SqliteStore(path, **parameters)


def test_a_path_that_cannot_be_opened_is_told_when_the_limiter_is_built(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database " * 200, encoding="utf-8")
    for wrong in (tmp_path, tmp_path / "missing" / "limits.sqlite", text, Path(f"{text}/limits.sqlite")):
        with pytest.raises(ConfigurationError, match=r"SqliteStore\(path=.*can be written"):
            RateLimiter(Limit.requests(1, per="day"), store=SqliteStore(wrong))
    assert text.read_text(encoding="utf-8").startswith("no database")


def test_a_store_says_where_it_is_and_a_relative_path_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore("limits.sqlite")
    monkeypatch.chdir(os.sep)
    RateLimiter(Limit.requests(1, per="day"), store=store)
    assert (tmp_path / "limits.sqlite").exists()
    assert repr(store) == f"<SqliteStore {tmp_path / 'limits.sqlite'}>"
