"""`Length`: over all texts together, to the character and to the token."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.guards import Length, WholeGuard
from genai_guard.messages import Part
from genai_guard.text.tokens import count
from genai_guard.verdicts import Action, Verdict

WORDS = "the cat sat on the mat and looked at the moon " * 20
FAMILY = "👨\u200d👩\u200d👧"


def details(verdict: Verdict) -> list[tuple[str, str]]:
    return [(finding.rule, finding.detail) for finding in verdict.findings]


@pytest.mark.parametrize("guard", [Length(max_chars=5), Length(max_tokens=5), Length(max_tokens=2)])
def test_what_keeps_to_the_limit_is_allowed(guard: Length) -> None:
    assert guard.check("hello") == Verdict(Action.ALLOW, "hello", (), "length")


def test_too_many_characters_are_blocked_with_the_numbers() -> None:
    verdict = Length(max_chars=1_000).check("x" * 5_120)
    assert (verdict.blocked, verdict.text) == (True, "x" * 5_120)
    assert details(verdict) == [("length.max_chars", "5,120 characters, limit 1,000")]


def test_too_many_tokens_are_blocked_with_the_numbers() -> None:
    tokens = count(WORDS).tokens
    assert details(Length(max_tokens=50).check(WORDS)) == [("length.max_tokens", f"{tokens:,} tokens, limit 50")]


def test_far_too_many_tokens_are_not_counted() -> None:
    verdict = Length(max_tokens=10).check("a" * 12_800)
    assert details(verdict) == [("length.max_tokens", "at least 100 tokens, limit 10")]


def test_both_limits_are_reported() -> None:
    assert len(Length(max_chars=10, max_tokens=10).check(WORDS).findings) == 2


def test_no_detail_quotes_the_text() -> None:
    assert "secret" not in repr(Length(max_chars=3).check("secret" * 9).findings)


@pytest.mark.parametrize("limit", [1, 10, 57])
def test_truncate_cuts_to_the_token(limit: int) -> None:
    verdict = Length(max_tokens=limit, action="truncate").check(WORDS)
    assert WORDS.startswith(verdict.text)
    assert count(verdict.text).tokens == limit
    assert verdict.findings[0].start == len(verdict.text)


def test_truncate_cuts_to_the_character_and_tears_no_emoji() -> None:
    assert Length(max_chars=4, action="truncate").check("abcdefg").text == "abcd"
    assert Length(max_chars=4, action="truncate").check(f"ab{FAMILY}").text == "ab"


def test_flag_and_shadow_leave_the_text() -> None:
    assert Length(max_chars=1, action="flag").check("abc").text == "abc"
    assert Length(max_chars=1, action="truncate", mode="shadow").check("abc").text == "abc"


@given(st.text(max_size=80), st.integers(1, 40), st.integers(1, 40))
def test_a_truncated_text_keeps_to_both_limits(text: str, chars: int, tokens: int) -> None:
    guard = Length(max_chars=chars, max_tokens=tokens, action="truncate")
    verdict = guard.check(text)
    if not verdict.blocked:
        assert guard.check(verdict.text).action is Action.ALLOW


def part(text: str, role: str = "user", kind: str = "text", where: str = "") -> Part:
    return Part(text, role, kind, where)  # type: ignore[arg-type]


def test_all_parts_count_together() -> None:
    guard = Length(max_chars=10)
    assert guard.check_parts([part("12345"), part("12345")]) == ()
    assert len(guard.check_parts([part("12345"), part("123456")])) == 1


def test_tokens_of_all_parts_count_together() -> None:
    guard = Length(max_tokens=40)
    assert guard.check_parts([part(WORDS[:100]), part(WORDS[:46])]) == ()
    assert len(guard.check_parts([part(WORDS[:100]), part(WORDS[:100])])) == 1


def test_truncate_cuts_the_last_text_of_the_user_and_no_other() -> None:
    parts = [
        part("a" * 9, where="0"),
        part("b" * 9, "system", where="1"),
        part("c" * 9, where="2"),
        part("d", "tool", "result", "3"),
    ]
    (verdict,) = Length(max_chars=23, action="truncate").check_parts(parts)
    assert (verdict.action, verdict.text, verdict.findings[0].where) == (Action.TRUNCATE, "cccc", "2")


def test_truncate_never_cuts_a_tool_call() -> None:
    parts = [part("a" * 9, where="0"), part('{"x": 1}', "assistant", "arguments", "1")]
    (verdict,) = Length(max_chars=10, action="truncate").check_parts(parts)
    assert (verdict.text, verdict.findings[0].where) == ("aa", "0")


@pytest.mark.parametrize(
    "parts",
    [
        [part("x" * 20, "system")],
        [part("x" * 20, "system"), part("hi")],
        [part("x" * 20, "tool", "result"), part("hi", where="1")],
    ],
)
def test_what_cannot_be_cut_short_enough_is_blocked(parts: list[Part]) -> None:
    (verdict,) = Length(max_chars=10, action="truncate").check_parts(parts)
    assert verdict.action is Action.BLOCK


def test_no_parts_are_not_too_long() -> None:
    assert Length(max_chars=1).check_parts([]) == ()


@given(st.lists(st.text(alphabet="ab c😀", max_size=9), max_size=12), st.integers(1, 30))
def test_a_stream_is_cut_where_the_whole_is_too_long(pieces: list[str], limit: int) -> None:
    meter = Length(max_chars=limit, action="truncate").meter()
    out, spoken = "", False
    for piece in pieces:
        verdict = meter.feed(piece)
        spoken |= verdict is not None
        out += piece if verdict is None else verdict.text
    assert out == "".join(pieces)[:limit]
    assert spoken == (len("".join(pieces)) > limit)


def test_a_stream_is_cut_to_the_token() -> None:
    meter = Length(max_tokens=30, action="truncate").meter()
    out = ""
    for start in range(0, len(WORDS), 7):
        verdict = meter.feed(WORDS[start : start + 7])
        out += WORDS[start : start + 7] if verdict is None else verdict.text
    assert WORDS.startswith(out)
    assert count(out).tokens == 30


def test_a_stream_that_is_too_long_is_blocked_as_soon_as_it_is() -> None:
    meter = Length(max_chars=5).meter()
    assert meter.feed("12345") is None
    verdict = meter.feed("6")
    assert verdict is not None
    assert (verdict.blocked, details(verdict)) == (True, [("length.max_chars", "more than 5 characters")])
    assert meter.feed("7") is None
    assert meter.finish() is None


def test_a_flagged_stream_is_flagged_once() -> None:
    meter = Length(max_tokens=1, action="flag").meter()
    assert [verdict is not None for verdict in map(meter.feed, ["one two three", " four"])] == [True, False]


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({}, "give it max_chars or max_tokens"),
        ({"max_chars": 0}, "Length(max_chars=0) must be a whole number of at least 1"),
        ({"max_tokens": -5}, "Length(max_tokens=-5)"),
        ({"max_tokens": 1.5}, "Length(max_tokens=1.5)"),
        ({"max_tokens": True}, "Length(max_tokens=True)"),
        ({"max_tokens": 9, "encoding": "gpt2"}, "encoding='gpt2' is not known"),
        ({"min_chars": 0}, "give it max_chars or max_tokens"),
        ({"min_chars": -1}, "Length(min_chars=-1) must be a whole number of at least 0"),
        ({"min_chars": None}, "Length(min_chars=None)"),
        ({"min_chars": 9, "max_chars": 8}, "lets nothing pass"),
        ({"max_lines": 0}, "Length(max_lines=0) must be a whole number of at least 1"),
        ({"max_messages": "3"}, "Length(max_messages='3')"),
        ({"max_output_tokens": False}, "Length(max_output_tokens=False)"),
        ({"max_chars": 9, "action": "redact"}, "must be one of 'block', 'flag', 'truncate'"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        Length(**parameters)  # type: ignore[arg-type]


def test_it_is_a_value() -> None:
    assert Length(max_chars=5) == pickle.loads(pickle.dumps(Length(max_chars=5))) != Length(max_chars=6)
    assert isinstance(Length(max_chars=5), WholeGuard)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800" * 3])
def test_unusual_texts_have_a_length(text: str) -> None:
    assert Length(max_chars=9, max_tokens=20).check(text).action is Action.ALLOW
