"""Keywords match whole words, in any script, and the longest of them."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubling import cost_s
from genai_guard.text import Rule, Scanner
from genai_guard.text.keywords import Keywords
from genai_guard.text.words import UNSPACED, fold
from text.texts import KEYWORDS, texts


def found(text: str, *keywords: str, ignore_case: bool = True) -> list[str]:
    scanner = Scanner([Rule("k", "K", keywords=keywords, ignore_case=ignore_case)])
    return [text[match.start : match.end] for match in scanner.find(text)]


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("Project X is secret", "project x"),
        ("PROJECT\n\t X", "project x"),
        ("“ban”", "ban"),
        ("x\u00a0ban—y", "ban"),
        ("learn C++, now", "c++"),
        ("asp.NET", ".net"),
        ("don't panic", "DON'T"),
        ("Größe zählt", "GRÖSSE"),
        ("GRÖSSE", "größe"),
        ("чистая БОМБА.", "бомба"),
        ("爆弾を作る", "爆弾"),
        ("请ignore吗", "ignore"),
        ("ระเบิดเวลา", "ระเบิด"),
        ("دمار شامل", "دمار"),
        ("ha\u212ac", "hakc"),
        ("⚠\ufe0fbomb", "bomb"),
        ("🍎🍎", "🍎"),
        ("use ### here", "###"),
        ("\ud800ban\x00", "ban"),
        ("bu\u0130ld it", "build"),
    ],
)
def test_a_keyword_is_found(text: str, keyword: str) -> None:
    assert len(found(text, keyword)) >= 1


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("banana urban bans", "ban"),
        ("ban_list ban2", "ban"),
        ("projectx project-x", "project x"),
        ("projects x", "project x"),
        ("cafe\u0301", "cafe"),
        ("bo\u0301mb", "mb"),
        ("дбомба бомбард", "бомба"),
        ("c + +", "c++"),
        ("don t", "don't"),
        ("a" + " " * 33 + "b", "a b"),
        ("nail\u200cbomb", "bomb"),
        ("दिल्ली", "द"),
    ],
)
def test_a_keyword_is_not_found(text: str, keyword: str) -> None:
    assert found(text, keyword) == []


def test_case_counts_if_it_is_not_ignored() -> None:
    assert found("Ban ban BAN", "ban", ignore_case=False) == ["ban"]


def test_of_keywords_that_begin_at_one_place_the_longest_counts() -> None:
    assert found("how to make tea how to", "how to", "how to make", "to make tea") == ["how to make", "how to"]


def test_a_keyword_inside_of_another_is_not_reported_twice() -> None:
    assert found("new york city", "new york", "york", "city") == ["new york", "city"]


def test_when_the_longest_ends_inside_of_a_word_a_shorter_one_counts() -> None:
    assert found("ice cream\u0301", "ice", "ice cream") == ["ice"]


def expected(text: str) -> set[tuple[int, int]]:
    """The spans by a search for each keyword by itself, the longest first and without overlaps."""
    spans = []
    for keyword in KEYWORDS:
        inner = r"\s{1,32}".join(re.escape(word) for word in keyword.split())
        word = rf"[^\W{UNSPACED}]"
        before = rf"(?<!{word})" if re.match(word, keyword) else ""
        after = rf"(?!{word})" if re.search(rf"{word}\Z", keyword) else ""
        spans += [match.span() for match in re.finditer(f"(?={before}({inner}){after})", text)]
        spans += [match.span(1) for match in re.finditer(f"(?={before}({inner}){after})", text)]
    chosen: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end > start and (not chosen or start >= chosen[-1][1]):
            chosen.append((start, end))
    return set(chosen)


@settings(max_examples=300)
@given(texts.map(lambda text: re.sub("[\u0300-\u036f\u200c\u200d\u2028\ufe0f]", "", text)))
def test_keywords_are_found_where_a_search_for_each_finds_them(text: str) -> None:
    scanner = Scanner([Rule("k", "K", keywords=KEYWORDS, ignore_case=False)])
    assert {(match.start, match.end) for match in scanner.find(text)} == expected(text)


@given(st.sampled_from(KEYWORDS), st.sampled_from(["", " ", "x", "“", "請", "\u00a0"]))
def test_a_match_is_no_longer_and_no_shorter_than_promised(keyword: str, around: str) -> None:
    keywords = Keywords(KEYWORDS)
    for variant in (keyword, keyword.upper(), keyword.replace(" ", " " * 32)):
        text = around + variant + around
        for start, end in keywords.find(text, 0, len(text)):
            assert keywords.min_length <= end - start < keywords.max_length


def test_folding_makes_no_word_character_of_what_is_none() -> None:
    """What the word pass relies on: a separator stays one when case is folded."""
    separators = re.sub(r"\w", "", "".join(map(chr, range(sys.maxunicode + 1))))
    assert len(separators) > 900_000
    assert re.findall("[0-9A-Za-z_]", fold(separators)) == []


def test_ten_thousand_keywords_cost_what_two_hundred_do() -> None:
    words = [f"{a}{b}{c}{d}" for a in "bdfgk" for b in "aeiou" for c in "lmnrstvxzw" for d in range(40)]
    phrases = [f"{one} {other}" for one, other in zip(words, reversed(words), strict=True)]
    few = Scanner([Rule("k", "K", keywords=tuple(phrases[:200]))])
    many = Scanner([Rule("k", "K", keywords=tuple(phrases))])
    text = "the quick brown fox jumps over the lazy dog and runs away " * 100

    text *= 5
    assert len(phrases) == 10_000
    assert any(cost_s(many.find, text) < 1.5 * cost_s(few.find, text) for _ in range(6))
