# ruff: noqa: RUF001  letters that look like others are what these texts are about
"""Texts that scanners find hard: fragments of what rules look for, glued at random, and ways to cut them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import regex
from hypothesis import strategies as st

from genai_guard.guards import PII, BlockedPatterns
from genai_guard.text import Match, Rule, Scanner, ScanStream

PII_RULES = PII().rules
KEYWORDS = (
    "how to", "how to make", "make a bomb", "ban", "foo_bar", "c++", ".net", "爆弾", "請求 書", "бомба", "größe", "don't",
    "a b c", "###", "🍎", "e-mail me", "İstanbul", "naïve", "x",
)  # fmt: skip
KEYWORD_RULES = BlockedPatterns(KEYWORDS).rules
WORD_RULES = (
    Rule("ignore", "I", r"\bignore\s+(?:all\s+)?previous\b", starts=("ignore",), ignore_case=True, unicode=True, max_length=0),
    Rule("pretend", "I", r"\bpretend\s{1,16}(?:to\s{1,16}be|you)\b", words=("pretend",), starts=("pretend",), ignore_case=True, max_length=60),
    Rule("prompt", "I", r"\byour\s{1,16}system\s{1,16}prompts?\b", words=("prompt", "prompts"), ignore_case=True, max_length=60),
)  # fmt: skip
USER_RULES = BlockedPatterns(
    ["how to"], regexes=[r"foo(?:bar)?", r"\ba+b\b", r"(?<!x)ab", r"(o)\1r", r"b.*?c", r"(?i)barn", r"fo\B", r"ab|abc+"]
).rules
INJECTION_RULES = BlockedPatterns(
    ["do anything now"],
    regexes=[
        r"\bignore\s+(?:all\s+|any\s+)?(?:previous|prior)\s+prompts?\b",
        r"\b(?:show|reveal)\s+(?:me\s+)?your\s+system\s+prompts?\b",
        r"\bpretend\s+(?:to\s+be|you\s+are)\b",
        r"\bact\s+as\s+(?:if\s+you|an?\s+x)\b",
    ],
).rules
TOY_RULES = BlockedPatterns(
    regexes=[
        r"a+b?", r"bar|barn|ba", r"ob+a", r"foo(?!bar)", r"(?<!f)oo(?=b)", r"-\bfoo", r"\(?\bab\)?", r"a.{0,6}z|b",
        r"(?:ab)+c", r"x[^x]*x", r"f(?:o|oo){1,4}b", r"b{2,3}(?>a+)x?", r"^foo",
    ]
).rules  # fmt: skip
RULE_SETS: dict[str, tuple[Rule, ...]] = {
    "pii": PII_RULES,
    "keywords": KEYWORD_RULES,
    "case": BlockedPatterns(KEYWORDS, ignore_case=False).rules,
    "words": WORD_RULES,
    "injection": INJECTION_RULES,
    "user": USER_RULES,
    "toys": TOY_RULES,
    "held to the end": BlockedPatterns(["ban"], regexes=[r"foo$", r"(?<=o{1,9})b"]).rules,
    "exceptions": (
        *BlockedPatterns(["ban", "how", "foo", "x"], exceptions=["the ban", "how to", "foo_bar - x", "x bar"]).rules,
        *PII_RULES,
    ),
    "misspelt": (*BlockedPatterns(["banana split", "istanbull"], fuzzy=1).rules, *WORD_RULES, *USER_RULES),
    "pii and keywords": (*PII_RULES, *KEYWORD_RULES),
    "all": (*PII_RULES, *KEYWORD_RULES, *WORD_RULES),
}
FRAGMENTS = (
    "how", " ", "to", "make", "  ", "\n", "a", "bomb", "ban", "banana", "foo_bar", "foo", "bar", "barn", "c++", ".", "net",
    "爆", "弾", "を", "бом", "ба", "größe", "GRÖSSE", "don't", "b", "c", "#", "🍎", "👨\u200d👩\u200d👧", "\u0301", "\u200d", "İ", "istanbul",
    "x", "z", "ignore", "IGNORE ", "ignore all prior prompts", "all", "previous", "pretend", "you", "to be", "your", "system prompts", "show me your ", "act as if", "you are", "do anything ", "now", "bob@example.com",
    "first.last", "@", "+1 415-555-0132", "+44 20 7946 0958", "(415) 555-0132", "4111 1111 1111 1111", "4111111111111111",
    "378282246310005", "12", "1", "-", "GB82 WEST 1234 5698 7654 32", "GB82WEST", "de89370400440532013000", "078-05-1120",
    "10.0.0.1", "version ", "v", "192.168.1.254", "fe80::1", "2001:db8::1", ":", "::", "/", "(", ")", "+", ",", "'", "“",
    "\u00a0", "—", "é", "\ud800", "\x00", "A" * 25, "e-mail me", "\u212a", "ſ", "請求", "書", "Hello", "word", "The cat ", " sat, on",
    "٤١١١", "ｂｏｂ＠", "\r\n", "\u2028",
)  # fmt: skip

texts = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join) | st.text(max_size=40)


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text, and the same in pieces: at random, one character at a time, or as tokens come."""
    text = draw(texts) * draw(st.sampled_from([1, 1, 1, 4]))
    kind = draw(st.sampled_from(["characters", "tokens", "random"]))
    if kind == "characters":
        return text, list(text)
    if kind == "tokens":
        return text, re.findall(r" ?\w{1,6}|\W", text)
    cuts = sorted({place % (len(text) + 1) for place in draw(st.lists(st.integers(0, 500), max_size=20))})
    return text, [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def without_promises(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The same rules, searched for in every text and in all of it."""
    return tuple(
        replace(
            rule,
            gate="",
            words=(),
            starts=(),
            beside=(),
            literals=(),
            max_length=0,
            min_length=1,
            alphabet="",
            prose=True,
        )
        for rule in rules
    )


def streamed(scanner: Scanner, pieces: Sequence[str]) -> tuple[str, list[Match]]:
    """What a stream says about a text in pieces, with what must hold for each answer checked on the way."""
    stream = ScanStream(scanner)
    text, matches = "", list[Match]()
    for piece in [*pieces, None]:
        decided = stream.finish() if piece is None else stream.feed(piece)
        if decided is not None:
            assert decided.start == len(text)
            assert all(decided.start <= m.start and m.end <= decided.start + len(decided.text) for m in decided.matches)
            text += decided.text
            matches += decided.matches
    return text, matches


def generated(rule: Rule) -> st.SearchStrategy[str]:
    """Strings that the pattern of a rule matches as a whole, made from the pattern."""
    flags = (0 if rule.unicode else re.ASCII) | (re.IGNORECASE if rule.ignore_case else 0)
    source = re.sub(r"\(\?i:([^()]*(?:\([^()]*\)[^()]*)*)\)", r"(?:\1)", _without_lookaround(rule.pattern))
    return st.from_regex(re.compile(source, flags), fullmatch=True)


def _without_lookaround(source: str) -> str:
    """The pattern with every lookaround left out: `re` cannot take them all, and generating needs none."""
    out: list[str] = []
    at = 0
    while at < len(source):
        if regex.match(r"\(\?<?[=!]", source, pos=at):
            at = _closing(source, at) + 1
        else:
            step = 2 if source[at] == "\\" else 1
            out.append(source[at : at + step])
            at += step
    return "".join(out)


def _closing(source: str, at: int) -> int:
    depth, in_set = 0, False
    while True:
        char = source[at]
        if char == "\\":
            at += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return at
        at += 1


def spans(matches: Sequence[Match]) -> list[tuple[Any, ...]]:
    """Matches in an order of their own."""
    return sorted(tuple(match[:3]) for match in matches)
