"""`escalate`: what is flagged the first times is blocked when a session goes on with it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from calls import Events
from genai_guard import Action, ComponentFailed, ConfigurationError, GuardBlocked, Pipeline, caller
from genai_guard.guards import BlockedPatterns, Escalate, Length, MemoryTally, SqliteTally, escalate, guard
from genai_guard.testing import FakeClock

ATTACK = BlockedPatterns(["ignore"], action="flag", name="attack")


@guard(name="attack", action="flag")
def own(text: str) -> bool:
    return "ignore" in text


GUARDS = [ATTACK, own]
IDS = ["by rules", "of your own"]


def say(pipeline: Pipeline, text: Any, session: str | None = "s-1") -> str:
    """Say something; return how that ended."""
    with caller(session=session):
        try:
            pipeline(lambda prompt: "fine")(text)
        except GuardBlocked:
            return "blocked"
    return "passed"


@pytest.mark.parametrize("inner", GUARDS, ids=IDS)
def test_the_third_text_with_a_finding_is_blocked(inner: Any) -> None:
    pipeline = Pipeline(input=[escalate(inner, after=3)])
    ends = [say(pipeline, f"ignore number {number}") for number in range(4)]
    assert ends == ["passed", "passed", "blocked", "blocked"]
    assert say(pipeline, "good morning") == "passed"


def test_the_texts_before_get_the_action_of_the_guard() -> None:
    events = Events()
    pipeline = Pipeline(input=[escalate(ATTACK, after=2)], recorder=events)
    for number in range(2):
        say(pipeline, f"ignore number {number}")
    assert [event.verdicts[0].action for event in events] == [Action.FLAG, Action.BLOCK]


def test_sessions_are_counted_apart() -> None:
    pipeline = Pipeline(input=[escalate(ATTACK, after=2)])
    assert [say(pipeline, "ignore this", session) for session in ("a", "b", "c")] == ["passed"] * 3
    assert [say(pipeline, "ignore that", session) for session in ("a", "b")] == ["blocked"] * 2


def test_without_a_session_nothing_is_counted() -> None:
    pipeline = Pipeline(input=[escalate(ATTACK, after=2)])
    assert {say(pipeline, f"ignore {number}", None) for number in range(5)} == {"passed"}


def test_users_can_be_counted_instead() -> None:
    pipeline = Pipeline(input=[escalate(ATTACK, after=2, by="user")])
    with caller(user="u-1"):
        assert [say(pipeline, f"ignore {number}", f"s-{number}") for number in range(2)] == ["passed", "blocked"]


@pytest.mark.parametrize("inner", GUARDS, ids=IDS)
def test_a_conversation_that_is_sent_again_counts_each_message_once(inner: Any) -> None:
    pipeline = Pipeline(input=[escalate(inner, after=2)])
    history: list[dict[str, str]] = [{"role": "user", "content": "ignore this"}]
    for turn in range(3):
        with caller(session="s-1"):
            pipeline(lambda messages: "fine")(history)
        history += [{"role": "assistant", "content": "no"}, {"role": "user", "content": f"then something else, {turn}"}]
    with caller(session="s-1"), pytest.raises(GuardBlocked):
        pipeline(lambda messages: "fine")([*history, {"role": "user", "content": "ignore that"}])


def test_findings_are_forgotten_in_time() -> None:
    clock = FakeClock()
    pipeline = Pipeline(input=[escalate(ATTACK, after=2, within_s=60, clock=clock.time)])
    assert say(pipeline, "ignore one") == "passed"
    clock.advance(61)
    assert say(pipeline, "ignore two") == "passed"
    clock.advance(59)
    assert say(pipeline, "ignore three") == "blocked"


@pytest.mark.parametrize(
    "inner", [*GUARDS, Length(max_chars=8, action="flag", name="attack")], ids=[*IDS, "of the whole"]
)
def test_replies_are_counted_in_streams_as_in_whole_ones(inner: Any) -> None:
    def whole(prompt: str) -> str:
        return "please ignore me"

    def stream(prompt: str) -> Iterator[str]:
        yield from ("please ig", "nore me")

    for model in (whole, stream):
        pipeline, ends = Pipeline(output=[escalate(inner, after=2)]), []
        for _ in range(3):
            with caller(session="s-1"):
                try:
                    "".join(pipeline(model)("hello"))
                except GuardBlocked:
                    ends.append("blocked")
                else:
                    ends.append("passed")
        assert ends == ["passed", "blocked", "blocked"]


def test_a_streamed_block_is_told_as_one() -> None:
    events = Events()

    @Pipeline(output=[escalate(ATTACK, after=2)], recorder=events)
    def ask(prompt: str) -> Iterator[str]:
        yield "please ignore me "

    with caller(session="s-1"):
        list(ask("hello"))
        with pytest.raises(GuardBlocked):
            list(ask("hello"))
    assert [event.verdicts[0].action for event in events] == [Action.FLAG, Action.BLOCK]


def test_alone_it_goes_by_the_current_caller() -> None:
    guarded = escalate(ATTACK, after=2)
    with caller(session="s-1"):
        assert [guarded.check(f"ignore {number}").action for number in range(2)] == [Action.FLAG, Action.BLOCK]


@pytest.mark.parametrize("inner", GUARDS, ids=IDS)
def test_a_tally_that_breaks_is_a_failure_of_the_guard(inner: Any) -> None:
    class Broken:
        def add(self, key: bytes, mark: bytes, now: float, within_s: float, /) -> int:
            raise OSError("disk full")

    pipeline = Pipeline(input=[escalate(inner, tally=Broken())])
    with caller(session="s-1"), pytest.raises(ComponentFailed, match="attack failed in stage input: OSError"):
        pipeline(lambda prompt: "fine")("ignore this")


def test_processes_share_a_tally_in_a_file(tmp_path: Path) -> None:
    pipelines = [Pipeline(input=[escalate(ATTACK, after=2, tally=SqliteTally(tmp_path / "tally"))]) for _ in range(2)]
    assert [say(pipeline, f"ignore {number}") for number, pipeline in enumerate(pipelines)] == ["passed", "blocked"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: escalate(BlockedPatterns(["x"])), "blocks from the first time on"),
        (lambda: escalate("pii"), "then= must be a guard"),  # type: ignore[arg-type]
        (lambda: escalate(ATTACK, after=1), "after=1.*at least 2"),
        (lambda: escalate(ATTACK, within_s=0), "within_s=0"),
        (lambda: escalate(ATTACK, by="day"), "by='day'"),  # type: ignore[arg-type]
        (lambda: escalate(ATTACK, tally=object()), "tally=object"),  # type: ignore[arg-type]
        (lambda: MemoryTally(max_keys=0), "max_keys=0"),
        (lambda: SqliteTally(""), "path=''"),
    ],
)
def test_what_cannot_be_counted_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_it_is_a_value_and_has_a_place_in_a_policy() -> None:
    made = escalate(ATTACK, after=5, by="user")
    copy = pickle.loads(pickle.dumps(made))
    assert (copy, hash(copy)) == (made, hash(made))
    assert made != Escalate(ATTACK, after=4, by="user")
    pipeline = Pipeline(input=[made])
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


# --- tallies ----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite"])
def tally(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MemoryTally() if request.param == "memory" else SqliteTally(tmp_path / "tally")


def test_a_tally_counts_different_marks_by_key(tally: Any) -> None:
    counts = [tally.add(key, mark, 0.0, 60.0) for key, mark in ((b"a", b"1"), (b"a", b"2"), (b"a", b"1"), (b"b", b"1"))]
    assert counts == [1, 2, 2, 1]


def test_a_tally_forgets_what_is_too_old(tally: Any) -> None:
    assert tally.add(b"a", b"1", 0.0, 60.0) == 1
    assert tally.add(b"a", b"2", 59.0, 60.0) == 2
    assert tally.add(b"a", b"3", 61.0, 60.0) == 2


def test_a_mark_that_comes_again_is_remembered_from_then_on(tally: Any) -> None:
    for now in (0.0, 50.0):
        tally.add(b"a", b"1", now, 60.0)
    assert tally.add(b"a", b"2", 100.0, 60.0) == 2


def test_a_tally_in_memory_is_bounded_in_keys_and_marks() -> None:
    tally = MemoryTally(max_keys=3)
    for number in range(100):
        tally.add(b"key %d" % number, b"1", 0.0, 60.0)
    assert repr(tally) == "<MemoryTally, 3 keys>"
    counts = [tally.add(b"a", b"%d" % number, 0.0, 60.0) for number in range(200)]
    assert max(counts) == counts[-1] == 64


def test_a_file_is_kept_small(tmp_path: Path) -> None:
    import sqlite3

    tally = SqliteTally(tmp_path / "tally")
    for number in range(50):
        tally.add(b"key %d" % number, b"1", float(number), 10.0)
    with closing(sqlite3.connect(tally.path)) as base:
        assert base.execute("SELECT count(*) FROM guard_mark_1").fetchone()[0] <= 11


def test_a_copy_of_a_tally_in_a_file_counts_in_the_same_file(tmp_path: Path) -> None:
    tally = SqliteTally(tmp_path / "tally")
    tally.add(b"a", b"1", 0.0, 60.0)
    copy = pickle.loads(pickle.dumps(tally))
    assert (copy, copy.add(b"a", b"2", 0.0, 60.0)) == (tally, 2)


def test_threads_lose_no_mark(tally: Any) -> None:
    import threading

    def work(part: int) -> None:
        for number in range(8):
            tally.add(b"a", b"%d %d" % (part, number), 0.0, 60.0)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.add(b"a", b"0 0", 0.0, 60.0) == 32
