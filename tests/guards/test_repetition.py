"""`Repetition`: loops in what a model says, in streams as in whole texts."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard import ConfigurationError
from genai_guard.guards import Repetition, WholeGuard
from genai_guard.messages import Part
from genai_guard.verdicts import Action, Finding, Verdict
from guards.repetition_texts import FALSE_ALARMS, MISSED, NEGATIVES, POSITIVES

SMALL = Repetition(max_repeats=4, window_words=40, max_run_chars=10, action="truncate")


def streamed(guard: Repetition, pieces: list[str]) -> tuple[str, tuple[Finding, ...]]:
    """What a reader gets of a stream, and what was found."""
    meter, out, found = guard.meter(), "", tuple[Finding, ...]()
    for piece in pieces:
        verdict = meter.feed(piece)
        out += piece if verdict is None else verdict.text
        found = found or (() if verdict is None else verdict.findings)
    last = meter.finish()
    return out, found or (() if last is None else last.findings)


def cut(text: str, step: int) -> list[str]:
    return [text[start : start + step] for start in range(0, len(text), step)]


@pytest.mark.parametrize("name", POSITIVES)
def test_a_loop_is_found(name: str) -> None:
    verdict = Repetition().check(POSITIVES[name])
    assert verdict.blocked
    assert {finding.category for finding in verdict.findings} == {"REPETITION"}


@pytest.mark.parametrize("name", NEGATIVES)
def test_what_repeats_itself_for_good_reason_passes(name: str) -> None:
    assert Repetition().check(NEGATIVES[name]) == Verdict(Action.ALLOW, NEGATIVES[name], (), "repetition")


@pytest.mark.parametrize("name", MISSED)
def test_what_is_known_to_be_missed(name: str) -> None:
    assert Repetition().check(MISSED[name]).action is Action.ALLOW


@pytest.mark.parametrize("name", FALSE_ALARMS)
def test_what_is_known_to_be_a_false_alarm(name: str) -> None:
    assert Repetition().check(FALSE_ALARMS[name]).blocked


@pytest.mark.parametrize("step", [1, 3, 7, 64, 10_000])
@pytest.mark.parametrize("name", [*POSITIVES, *FALSE_ALARMS])
def test_a_stream_ends_where_the_whole_does(name: str, step: int) -> None:
    text, guard = {**POSITIVES, **FALSE_ALARMS}[name], Repetition(action="truncate")
    whole = guard.check(text)
    assert streamed(guard, cut(text, step)) == (whole.text, whole.findings)


@given(st.lists(st.text(alphabet="ab -\n好1", max_size=12), max_size=25))
def test_a_stream_says_what_the_whole_says(pieces: list[str]) -> None:
    whole = SMALL.check("".join(pieces))
    assert streamed(SMALL, pieces) == (whole.text, whole.findings)


@given(
    st.text(alphabet="ab ", max_size=8), st.sampled_from(["la la ", "x", "ab cd ef ", "\n", "好的"]), st.integers(0, 40)
)
def test_the_cheap_test_never_hides_a_loop(before: str, unit: str, times: int) -> None:
    text = before + unit * times
    meter = SMALL.meter()
    slow = meter.feed(text) or meter.finish(text)
    assert SMALL.check(text).findings == (() if slow is None else slow.findings)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("no " * 20, True),
        ("no " * 21, False),
        ("is it so? " * 10, True),
        ("is it so? " * 11, False),
        ("one two three four five six seven eight. " * 5, True),
        ("one two three four five six seven eight. " * 6, False),
        ("x" * 200, True),
        ("ha" * 100, True),
        ("ha" * 101, False),
        ("x" * 201, False),
        ("a" + " \n" * 100, True),
        ("a" + " \n" * 101, False),
    ],
)
def test_the_longer_a_phrase_the_fewer_repeats_pass(text: str, *, passes: bool) -> None:
    assert (Repetition().check(text).action is Action.ALLOW) == passes


def test_truncate_leaves_the_text_up_to_where_it_was_certain() -> None:
    text = "Well then. " + "no " * 300
    verdict = Repetition(action="truncate").check(text)
    assert verdict.text == "Well then. " + ("no " * 21).rstrip()


def test_the_finding_spans_the_loop_and_counts_it() -> None:
    text = "Hello there! " + "good day " * 40
    (finding,) = Repetition().check(text).findings
    assert finding.of(text) == ("good day " * 21).rstrip()
    assert finding.detail == "a phrase of 2 words 21 times in succession"


def test_a_loop_with_small_changes_is_found_by_its_share() -> None:
    text = POSITIVES["a chapter with small changes"]
    assert [finding.rule for finding in Repetition().check(text).findings] == ["repetition.share"]
    assert Repetition(max_share=None).check(text).action is Action.ALLOW


def test_no_detail_quotes_the_text() -> None:
    assert "secret" not in repr(Repetition().check("secret plan " * 40))


def test_a_loop_stops_a_stream_in_the_middle() -> None:
    meter = Repetition().meter()
    said = [meter.feed("again and again ") is not None for _ in range(100)]
    assert said.index(True) == 10
    assert said.count(True) == 1


def test_flag_leaves_the_text() -> None:
    text = "the " * 50
    assert (Repetition(action="flag").check(text).action, Repetition(action="flag").check(text).text) == ("flag", text)
    assert Repetition(action="truncate", mode="shadow").check(text).text == text


def test_each_part_is_judged_by_itself() -> None:
    parts = [Part("the " * 12, where="0"), Part("the " * 12, where="1"), Part("the " * 50, where="2")]
    assert [verdict.findings[0].where for verdict in Repetition().check_parts(parts)] == ["2"]


def test_a_tool_call_is_blocked_and_not_cut() -> None:
    parts = [Part("the " * 50, "assistant", "arguments", "0"), Part("the " * 50, "assistant", where="1")]
    verdicts = Repetition(action="truncate").check_parts(parts)
    assert [verdict.action for verdict in verdicts] == ["block", "truncate"]


def test_what_follows_a_long_text_is_found_all_the_same() -> None:
    text = " ".join(f"word{number}" for number in range(20_000)) + " and so it goes" * 30
    assert Repetition().check(text).blocked


@pytest.mark.parametrize(
    "unit", ["a", "a ", "ab ", "- ", "a b c d ", "好", "\n", "a\n", "abababab", "x1 y2 z3 x1 y2 w4 "]
)
def test_watching_is_linear(unit: str) -> None:
    guard = Repetition(max_repeats=10**9, max_share=None, max_run_chars=10**9)

    def stream(text: str) -> None:
        streamed(guard, cut(text, 40))

    half = unit * (20_000 // len(unit))
    assert not grows_faster(guard.check, half.__mul__)
    assert not grows_faster(stream, half.__mul__)


def test_a_watcher_keeps_a_bounded_state() -> None:
    meter = Repetition(max_repeats=10**9, max_share=None, max_run_chars=10**9).meter()
    for number in range(3_000):
        meter.feed(f"word{number} and{number} more{number} ")
    meter.feed("x" * 50_000)
    follower = meter._follower
    assert len(follower._signs) < 4_000
    assert len(follower._last) < 4_000
    assert len(meter._rest) <= 512


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"max_repeats": 1}, "Repetition(max_repeats=1) must be a whole number of at least 2"),
        ({"max_repeats": 2.5}, "Repetition(max_repeats=2.5)"),
        ({"max_repeats": True}, "Repetition(max_repeats=True)"),
        ({"window_words": 5}, "Repetition(window_words=5) must be a whole number of at least 20"),
        ({"max_run_chars": 0}, "Repetition(max_run_chars=0) must be a whole number of at least 10"),
        ({"max_share": 1.5}, "Repetition(max_share=1.5) must be a number between 0 and 1, or None"),
        ({"max_share": 0}, "Repetition(max_share=0)"),
        ({"max_share": "0.5"}, "Repetition(max_share='0.5')"),
        ({"action": "redact"}, "must be one of 'block', 'flag', 'truncate'"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        Repetition(**parameters)  # type: ignore[arg-type]


def test_it_is_a_value() -> None:
    guard = Repetition(max_repeats=5)
    assert guard == pickle.loads(pickle.dumps(guard)) != Repetition(max_repeats=6)
    assert hash(guard) == hash(Repetition(max_repeats=5))
    assert isinstance(guard, WholeGuard)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800" * 3, "\u0301" * 30, "a" * 199])
def test_unusual_texts_pass(text: str) -> None:
    assert Repetition().check(text).action is Action.ALLOW
