"""What is read off a regular expression holds for every match of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text.promises import Promises, literals_of, promises_of, starts_of
from genai_guard.text.words import ascii_words, folded_tokens, lowered

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
LITERAL = [
    r"(?:AKIA|ASIA)[A-Z2-7]{16}",
    r"gh[ps]_[A-Za-z0-9]{3,6}",
    r"(?:ab?|c{2,3})xyz",
    r"q{2}(?:jk|vw)+\.z",
    r"x?y?z{0,2}qk",
    r"(?:foo|b[aou]r)-(?:zip|zap)?\d",
    r"k\s?q(?:jump|jumps)",
]


@pytest.mark.parametrize(
    ("source", "words", "min_length", "beside"),
    [
        (r"\bignore\s+previous\b", ("previous",), 15, ("ignore",)),
        (r"\bshow\s+the\s+prompts?\b", ("show",), 15, ("prompt", "prompts")),
        (r"\b(?:yes|no)\s+sir\b", ("sir",), 6, ("no", "yes")),
        (r"\b(?:alpha|omega)\b", ("alpha", "omega"), 5, ()),
        (r"\bprompts?\b", ("prompt", "prompts"), 6, ()),
        (r"\bnew\s+prompts?\s*:", ("prompt", "prompts"), 11, ("new",)),
        (r"\bx\s*foo\b", (), 4, ()),
        (r"jail\s?break", (), 9, ()),
        (r"\bfrom\s+now\s+on\s+obey\b", ("obey",), 16, ("from",)),
        (r"foo", (), 3, ()),
        (r"\bfoo\w*", (), 3, ()),
        (r"\bfoo|bar\b", (), 3, ()),
        (r"(?:\bfoo\b)?x", (), 1, ()),
        (r"\bDAN\b", ("dan",), 3, ()),
        (r"a{3}-bcd\b", ("bcd",), 7, ()),
        (r"\bfoo bar\b|\bfoo baz\b", ("foo",), 7, ()),
    ],
)
def test_words_and_length_are_read_off(
    source: str, words: tuple[str, ...], min_length: int, beside: tuple[str, ...]
) -> None:
    assert promises_of(source) == Promises(words, min_length, beside)


@pytest.mark.parametrize(
    ("source", "literals"),
    [
        (r"jail\s?break(?:s|ing)?", ("break",)),
        (r"(?:AKIA|ASIA)[A-Z2-7]{16}", ("AKIA", "ASIA")),
        (r"gh[ps]_[A-Za-z0-9]{36}", ("ghp_", "ghs_")),
        (r"[0-9a-f]{32}-us[0-9]", ("-us",)),
        (r"SK[0-9a-f]{32}", ("SK",)),
        (r"xy{2,3}z", ("xyyyz", "xyyz")),
        (r"xz{2,9}w", ()),
        (r"(?:foox|barx)+", ("barx", "foox")),
        (r"q?zap", ("zap",)),
        (r"[0-2]/[0-9]{16}", ("0/", "1/", "2/")),
        (r"[x-z-]q[a-z]", ("-q", "xq", "yq", "zq")),
        (r"zip zap", ("zip zap",)),
        (r"a\$b", ("a$b",)),
        (r"e", ()),
        (r"the", ()),
        (r"[a-z]+", ()),
        (r"\w{3}|zap", ()),
        (r"(?:zap)?\d", ()),
        (r"(?=zap)\w+", ()),
        (r"[^zq]", ()),
        (r"[zqé]{2}", ()),
        ("", ()),
    ],
)
def test_literals_are_read_off(source: str, literals: tuple[str, ...]) -> None:
    assert literals_of(source) == literals


def test_literals_of_an_expression_that_ignores_case_are_in_lower_case() -> None:
    assert literals_of("JailBreak", ignore_case=True) == ("jailbreak",)
    assert literals_of("JailBreak") == ("JailBreak",)


@pytest.mark.parametrize("source", [*EXPRESSIONS, *LITERAL])
@given(data=st.data())
def test_every_match_holds_one_of_the_literals(source: str, data: st.DataObject) -> None:
    matched = data.draw(st.from_regex(re.compile(source, re.ASCII), fullmatch=True))
    folded = data.draw(st.from_regex(re.compile(source, re.ASCII | re.IGNORECASE), fullmatch=True))
    exact, lower = literals_of(source), literals_of(source, ignore_case=True)
    assert not exact or any(literal in matched for literal in exact)
    assert not lower or any(literal in lowered(folded) for literal in lower)


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
        for words in filter(None, (promises.words, promises.beside)):
            assert not {word.encode() for word in words}.isdisjoint(ascii_words(text))


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
