"""What is read off a regular expression holds for every match of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text.promises import Promises, promises_of, starts_of
from genai_guard.text.words import ascii_words, folded_tokens

EXPRESSIONS = [
    r"\bignore\s+(?:all\s+|any\s+)?(?:the\s+|your\s+)?(?:previous|prior|above)\s+(?:instructions|rules)\b",
    r"\bact\s+as\s+(?:if\s+)?(?:you\s+(?:are|were)|an?\s+unrestricted)\b",
    r"\b(?:reveal|show|print)\s+(?:me\s+)?(?:your|the)\s+(?:system|hidden)\s+prompts?\b",
    r"\bnew\s+instructions?\s*:",
    r"jail\s?break(?:s|ing)?",
    r"\bDAN mode\b",
    r"ab+c|\bxyz\b",
    r"(?:foo ){2,3}bar",
    r"\b[a-z]{3,5}-secret\b",
    r"(a|b)?\bword\b",
    r"x{0}\bfoo\b",
]


@pytest.mark.parametrize(
    ("source", "words", "min_length"),
    [
        (r"\bignore\s+previous\b", ("previous",), 15),
        (r"\bshow\s+the\s+prompts?\b", ("show",), 15),
        (r"\b(?:yes|no)\s+sir\b", ("sir",), 6),
        (r"\b(?:alpha|omega)\b", ("alpha", "omega"), 5),
        (r"\bprompts?\b", ("prompt", "prompts"), 6),
        (r"jail\s?break", (), 9),
        (r"\bfrom\s+now\s+on\s+obey\b", ("obey",), 16),
        (r"foo", (), 3),
        (r"\bfoo\w*", (), 3),
        (r"\bfoo|bar\b", (), 3),
        (r"(?:\bfoo\b)?x", (), 1),
        (r"\bDAN\b", ("dan",), 3),
        (r"a{3}-bcd\b", ("bcd",), 7),
    ],
)
def test_words_and_length_are_read_off(source: str, words: tuple[str, ...], min_length: int) -> None:
    assert promises_of(source) == Promises(words, min_length)


@pytest.mark.parametrize(
    "source",
    [
        r"(?=\bfoo\b)x", r"(?<!a)\bfoo\b", r"(?i)\bfoo\b", r"(a)\1", r"\p{L}+\bfoo\b", r"[[:alpha:]]foo\b",
        r"(?:foo){e<=1}", r"\bfoo\b$", r"^\bfoo\b", r"\L<words>", r"(?P<n>\bfoo\b)", r"[a&&b]foo\b", r"\Bfoo\b",
        r"(?|foo|bar)", r"\x41foo", r"\mfoo\M", "\u212afoo\\b", "",
    ],
)  # fmt: skip
def test_of_an_expression_that_is_not_plain_nothing_is_promised(source: str) -> None:
    assert promises_of(source) == Promises()


@pytest.mark.parametrize("source", EXPRESSIONS)
@given(data=st.data())
def test_every_match_keeps_the_promises(source: str, data: st.DataObject) -> None:
    promises = promises_of(source)
    matched = data.draw(st.from_regex(re.compile(source, re.IGNORECASE | re.ASCII), fullmatch=True))
    around = data.draw(st.tuples(st.sampled_from(["", " ", "x", "-", "é"]), st.sampled_from(["", " ", "x", "_", "é"])))
    text = matched.join(around)
    for match in re.compile(source, re.IGNORECASE | re.ASCII).finditer(text):
        assert len(match[0]) >= promises.min_length
        if promises.words:
            assert not {word.encode() for word in promises.words}.isdisjoint(ascii_words(text))


@pytest.mark.parametrize(
    ("source", "starts"),
    [
        (r"\bignore\s+previous\b", ("ignore",)),
        (r"\b(?:reveal|show)\s+x", ("reveal", "show")),
        (r"\b(?:do\s+anything|act\s+as)\b", ("act", "do")),
        (r"\bprompts?\b", ("prompt", "prompts")),
        (r"\bfoo\b|\bbar\b", ("bar", "foo")),
        (r"\bfoo\b|bar\b", ()),
        (r"foo\b", ()),
        (r"\bfoo", ()),
        (r"\bjail\s?break", ()),
        (r"\b(?:very )?secret\b", ()),
        (r"\bb?\bfoo\b", ()),
        (r"\b(?:foo|)\b", ()),
        (r"-foo\b", ()),
        (r"(?i)\bfoo\b", ()),
        (r"\b", ()),
        ("", ()),
    ],
)
def test_the_words_that_matches_begin_with_are_read_off(source: str, starts: tuple[str, ...]) -> None:
    assert starts_of(source) == starts


@pytest.mark.parametrize("source", [source for source in EXPRESSIONS if starts_of(source)])
@given(data=st.data())
def test_every_match_begins_with_one_of_those_words(source: str, data: st.DataObject) -> None:
    pattern = re.compile(source, re.IGNORECASE)
    text = data.draw(st.sampled_from(["", " ", "x", "-", "\u201c"])) + data.draw(st.from_regex(pattern, fullmatch=True))
    for match in pattern.finditer(text):
        assert folded_tokens(text[match.start() :])[0] in starts_of(source)
