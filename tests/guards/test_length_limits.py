"""`Length`: lines, messages, output tokens, and too little."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard.guards import Length
from genai_guard.guards.base import Context, Side
from genai_guard.messages import Part, Request
from genai_guard.text.lines import count_lines, first_lines
from genai_guard.text.tokens import count
from genai_guard.verdicts import Action, Verdict

BROKEN = st.text(alphabet="ab\r\n", max_size=30)


def rules(verdicts: object) -> list[str]:
    found = [verdicts] if isinstance(verdicts, Verdict) else list(verdicts)  # type: ignore[call-overload]
    return [finding.rule for verdict in found for finding in verdict.findings]


def call(*texts: str, messages: int = 1, max_tokens: int | None = None, side: Side = "input") -> Context:
    parts = tuple(Part(text) for text in texts)
    return Context(side, Request(parts, "", max_tokens, messages), parts)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 0),
        ("a", 1),
        ("a\n", 1),
        ("a\nb", 2),
        ("a\r\nb", 2),
        ("a\rb\r", 2),
        ("\n\n", 2),
        ("\n\r", 2),
        ("\r\n\r\nx", 3),
    ],
)
def test_a_break_ends_a_line(text: str, lines: int) -> None:
    assert count_lines(text) == lines


@given(BROKEN, st.integers(0, 9))
def test_the_first_lines_are_as_many_as_were_asked_for(text: str, limit: int) -> None:
    head = first_lines(text, limit)
    assert text.startswith(head)
    assert count_lines(head) == min(limit, count_lines(text))


def test_too_many_lines_are_blocked_with_the_numbers() -> None:
    verdict = Length(max_lines=2).check("one\ntwo\nthree")
    assert verdict.blocked
    assert verdict.findings[0].detail == "3 lines, limit 2"


def test_truncate_cuts_whole_lines() -> None:
    assert Length(max_lines=2, action="truncate").check("one\ntwo\nthree").text == "one\ntwo\n"


def test_lines_of_all_parts_count_together() -> None:
    guard = Length(max_lines=3, action="truncate")
    assert guard.check_parts([Part("a\nb"), Part("c")]) == ()
    (verdict,) = guard.check_parts([Part("a\nb", where="0"), Part("c\nd", where="1")])
    assert (verdict.text, verdict.findings[0].where) == ("c\n", "1")


def test_truncate_cuts_neither_the_system_prompt_nor_a_tool_call_to_lines() -> None:
    parts = [Part("a\nb", "system"), Part("{\n}", "assistant", "arguments")]
    (verdict,) = Length(max_lines=2, action="truncate").check_parts(parts)
    assert verdict.action is Action.BLOCK


def test_all_limits_that_are_passed_are_reported() -> None:
    guard = Length(max_chars=3, max_tokens=2, max_lines=1)
    assert rules(guard.check("one\ntwo\nthree four")) == ["length.max_chars", "length.max_tokens", "length.max_lines"]


@given(BROKEN, st.integers(1, 20), st.integers(1, 5))
def test_a_truncated_text_keeps_to_lines_and_characters(text: str, chars: int, lines: int) -> None:
    guard = Length(max_chars=chars, max_lines=lines, action="truncate")
    verdict = guard.check(text)
    if not verdict.blocked:
        assert guard.check(verdict.text).action is Action.ALLOW


@given(st.lists(BROKEN, max_size=8), st.integers(1, 6), st.integers(1, 40))
def test_a_stream_is_cut_where_the_whole_is(pieces: list[str], lines: int, chars: int) -> None:
    guard = Length(max_lines=lines, max_chars=chars, action="truncate")
    whole, meter, out = "".join(pieces), guard.meter(), ""
    for piece in pieces:
        verdict = meter.feed(piece)
        out += piece if verdict is None else verdict.text
    assert out == guard.check(whole).text
    assert meter.finish() is None


@given(st.lists(BROKEN, max_size=8), st.integers(1, 6))
def test_a_stream_speaks_at_the_first_line_that_is_too_many(pieces: list[str], lines: int) -> None:
    meter, said = Length(max_lines=lines).meter(), ""
    for piece in pieces:
        said += piece
        assert (meter.feed(piece) is not None) == (count_lines(said) > lines)
        if count_lines(said) > lines:
            break


def test_too_many_messages_are_counted_by_the_call() -> None:
    guard = Length(max_messages=3)
    assert guard.check_parts([Part("a")], call("a", messages=3)) == ()
    (verdict,) = guard.check_parts([Part("a")], call("a", messages=4))
    assert (verdict.blocked, verdict.findings[0].detail) == (True, "4 messages, limit 3")


def test_without_a_call_messages_are_counted_by_their_places() -> None:
    guard = Length(max_messages=2)
    places = ["messages[0].content", "messages[1].content[0].text", "messages[1].content[1].text"]
    assert guard.check_parts([Part("a", where=where) for where in places]) == ()
    assert rules(guard.check_parts([Part("a", where=where) for where in [*places, "system"]])) == [
        "length.max_messages"
    ]


def test_a_text_alone_is_one_message() -> None:
    assert Length(max_messages=1).check("a\nb").action is Action.ALLOW


def test_the_messages_of_a_reply_are_not_counted() -> None:
    context = call("a", messages=9, side="output")
    assert Length(max_messages=1).check_parts([Part("b", "assistant")], context) == ()


@pytest.mark.parametrize(("action", "told"), [("block", "block"), ("truncate", "block"), ("flag", "flag")])
def test_too_many_messages_cannot_be_cut(action: str, told: str) -> None:
    guard = Length(max_messages=1, action=action)  # type: ignore[arg-type]
    (verdict,) = guard.check_parts([Part("a")], call("a", messages=2))
    assert verdict.action == told


@pytest.mark.parametrize(("asked", "found"), [(None, 0), (100, 0), (101, 1)])
def test_a_request_must_not_ask_for_more_output_than_is_allowed(asked: int | None, found: int) -> None:
    verdicts = Length(max_output_tokens=100).check_parts([Part("a")], call("a", max_tokens=asked))
    assert len(verdicts) == found


def test_what_was_asked_for_is_told() -> None:
    (verdict,) = Length(max_output_tokens=100).check_parts([Part("a")], call("a", max_tokens=4_000))
    assert verdict.findings[0].detail == "4,000 output tokens asked for, limit 100"


def test_a_long_request_is_no_long_reply() -> None:
    guard, text = Length(max_output_tokens=5), "one two three four five six seven eight"
    assert guard.check_parts([Part(text)], call(text)) == ()
    assert guard.check_parts([Part(text)]) == ()
    assert rules(guard.check_parts([Part(text, "assistant")], call(text, side="output"))) == [
        "length.max_output_tokens"
    ]


def test_a_long_reply_is_cut_to_the_token() -> None:
    text = "one two three four five six seven eight"
    assert count(Length(max_output_tokens=5, action="truncate").check(text).text).tokens == 5


def test_a_stream_is_cut_to_the_output_tokens() -> None:
    text = "the cat sat on the mat and looked at the moon " * 5
    guard = Length(max_output_tokens=20, max_tokens=30, action="truncate")
    meter, out = guard.meter(), ""
    for start in range(0, len(text), 7):
        verdict = meter.feed(text[start : start + 7])
        out += text[start : start + 7] if verdict is None else verdict.text
    assert out == guard.check(text).text


@pytest.mark.parametrize(("action", "told"), [("block", "block"), ("truncate", "block"), ("flag", "flag")])
def test_too_little_is_told_and_never_cut(action: str, told: str) -> None:
    verdict = Length(min_chars=2, action=action).check("a")  # type: ignore[arg-type]
    assert (verdict.action, verdict.findings[0].detail) == (told, "1 character, at least 2 needed")
    assert Length(min_chars=2).check("ab").action is Action.ALLOW


def test_no_parts_are_too_little() -> None:
    assert rules(Length(min_chars=1).check_parts([])) == ["length.min_chars"]


def test_a_stream_that_ends_too_early_is_told_at_its_end() -> None:
    meter = Length(min_chars=4).meter()
    assert [meter.feed("ab"), meter.feed("c")] == [None, None]
    verdict = meter.finish()
    assert verdict is not None
    assert (verdict.blocked, rules(verdict)) == (True, ["length.min_chars"])


def test_a_guard_of_all_limits_is_a_value() -> None:
    guard = Length(max_lines=3, max_messages=4, max_output_tokens=5, min_chars=1)
    assert guard == pickle.loads(pickle.dumps(guard)) != Length(max_lines=3)
    assert len({guard, pickle.loads(pickle.dumps(guard))}) == 1


@pytest.mark.parametrize("unit", ["\n", "\r", "\r\n", "ab\n"])
def test_counting_lines_is_linear(unit: str) -> None:
    def stream(text: str) -> None:
        meter = Length(max_lines=len(text) + 1).meter()
        for start in range(0, len(text), 40):
            meter.feed(text[start : start + 40])

    half = unit * (60_000 // len(unit))
    assert not grows_faster(Length(max_lines=2, action="truncate").check, half.__mul__)
    assert not grows_faster(stream, half.__mul__)
