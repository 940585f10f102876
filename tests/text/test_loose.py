"""Keywords that forgive and excuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard.text import Rule, Scanner, ScanStream, scanner
from genai_guard.text.fuzzy import LETTERS, distance
from genai_guard.text.words import begins_word, ends_word, fold, is_word, split_tokens
from text.texts import streamed

KEYWORDS = (
    "assassin",
    "red army",
    "army knife fight",
    "bad",
    "größe",
    "爆弾",
    "assassin's creed",
    "-x",
    "a b c",
    "secretly",
)
EXCEPTIONS = (
    "assassin bug",
    "the assassin",
    "red army knife",
    "not bad",
    "bad hair day",
    "x-x",
    "b a b c d",
    "größe 42",
    "爆弾処理",
)
FRAGMENTS = (
    "assassin", "assasin", "asassins", "bug", "the", " ", "red", "army", "knife", "fight", "bad", "not", "hair", "day", "größe",
    "größer", "42", "爆弾", "処理", "'s creed", "-x", "x", "a", "b", "c", "d", " ", "\n", "  ", ".", "\u0301", "secret", "secertly", "secretlyxx", "xecretlyx", "é",
    "SECRETLY", "sceretyl", " a b ", "red amry", "the assassin", "not bad", "assassin bug", "red army knife", "red army knife fight", "b a b c",
)  # fmt: skip
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join) | st.lists(
    st.sampled_from(FRAGMENTS), max_size=9
).map(" ".join)


def rule(*, exceptions: tuple[str, ...] = (), fuzzy: int = 0, keywords: tuple[str, ...] = KEYWORDS) -> Rule:
    return Rule("k", "K", keywords=keywords, ignore_case=True, exceptions=exceptions, fuzzy=fuzzy)


RULES = {
    "exceptions": rule(exceptions=EXCEPTIONS),
    "one edit": rule(fuzzy=1),
    "two edits": rule(fuzzy=2),
    "one word": rule(keywords=("secretly",), fuzzy=2),
    "both": rule(exceptions=EXCEPTIONS, fuzzy=2),
}
SCANNERS = {name: Scanner([each]) for name, each in RULES.items()}


def found(text: str, *keywords: str, exceptions: tuple[str, ...] = (), fuzzy: int = 0) -> list[str]:
    matches = Scanner([rule(keywords=keywords, exceptions=exceptions, fuzzy=fuzzy)]).find(text)
    return [text[match.start : match.end] for match in matches]


def tokens_of(text: str) -> list[tuple[int, str]]:
    placed, start = [], 0
    for token in split_tokens(text):
        placed.append((start, " " if token.isspace() and len(token) < 33 else fold(token)))
        start += len(token)
    return [*placed, (start, "")]


def is_like(token: str, wanted: str, fuzzy: int) -> bool:
    edits = max(each for each in range(fuzzy + 1) if len(wanted) >= LETTERS[each]) if wanted.isalpha() else 0
    return token == wanted or (bool(edits) and is_word(token) and distance(token, wanted) <= edits)


def longest(text: str, at: int, phrases: tuple[str, ...], fuzzy: int = 0) -> int:
    """Where the longest phrase ends that begins with the token `at`; 0 if none does."""
    tokens, ends = tokens_of(text), [0]
    start, first = tokens[at]
    if is_word(first or " ") and not begins_word(text, start):
        return 0
    for phrase in phrases:
        wanted = [token for _, token in tokens_of(phrase)[:-1]]
        there = tokens[at : at + len(wanted)]
        if len(there) == len(wanted) and there[-1][1]:
            end = tokens[at + len(wanted)][0]
            alike = all(is_like(token, want, fuzzy) for (_, token), want in zip(there, wanted, strict=True))
            if alike and (not is_word(there[-1][1]) or ends_word(text, end)):
                ends.append(end)
    return max(ends)


def by_definition(text: str, each: Rule) -> list[tuple[int, int]]:
    places = [start for start, _ in tokens_of(text)[:-1]]
    excused = [(start, longest(text, at, each.exceptions)) for at, start in enumerate(places)]
    spans: list[tuple[int, int]] = []
    for at, start in enumerate(places):
        end = longest(text, at, each.keywords, each.fuzzy)
        free = not spans or start >= spans[-1][1]
        if end and free and not any(lo <= start and end <= hi for lo, hi in excused):
            spans.append((start, end))
    return spans


@pytest.mark.parametrize("name", RULES)
@given(text=texts)
def test_what_is_found_is_what_the_definition_says(name: str, text: str) -> None:
    assert [match[:2] for match in SCANNERS[name].find(text)] == by_definition(text, RULES[name])


@pytest.mark.parametrize("name", RULES)
@given(text=texts, step=st.sampled_from([1, 2, 3, 5]))
def test_a_stream_says_what_a_scan_of_the_whole_says(name: str, text: str, step: int) -> None:
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    assert streamed(SCANNERS[name], pieces) == (text, list(SCANNERS[name].find(text)))


@pytest.mark.parametrize("name", RULES)
@given(text=texts, window=st.integers(4, 30))
def test_windows_change_nothing(name: str, text: str, window: int) -> None:
    whole = SCANNERS[name].find(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "_WINDOW", window)
        assert list(SCANNERS[name].find(text)) == list(whole)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an assassin bug", []),
        ("an assassin  Bug, an ASSASSIN", ["ASSASSIN"]),
        ("the assassin bug", []),
        ("the assassins, assassin bugs", ["assassin"]),
        ("killed by the assassin at night", []),
        ("red army knife", []),
        ("red army knife fight", ["army knife fight"]),
        ("not bad", []),
        ("not  bad hair day, bad", ["bad"]),
        ("cannot bad", ["bad"]),
        ("爆弾処理と爆弾", ["爆弾"]),
    ],
)
def test_a_match_within_an_exception_is_none(text: str, expected: list[str]) -> None:
    assert found(text, *KEYWORDS, exceptions=EXCEPTIONS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pasword: x", ["pasword"]),
        ("PASSWROD", ["PASSWROD"]),
        ("psswd", []),
        ("my secret projct, secret  porject", ["secret projct", "secret  porject"]),
        ("secrte project", ["secrte project"]),
        ("bann the bam", []),
        ("10001 apples", []),
    ],
)
def test_a_misspelt_word_is_found(text: str, expected: list[str]) -> None:
    assert found(text, "password", "secret project", "ban", "10000", fuzzy=1) == expected


def test_an_exception_takes_out_a_word_that_is_only_near() -> None:
    assert found("a genus of genius, genuis", "genius", exceptions=("genus",), fuzzy=1) == ["genius", "genuis"]


def released(each: Rule, pieces: list[str]) -> list[str]:
    stream = ScanStream(Scanner([each]))
    return [decided.text if (decided := stream.feed(piece)) else "" for piece in pieces]


def test_a_stream_holds_a_match_until_its_exception_is_decided() -> None:
    pieces = ["an assassin ", "bug, ", "the ", "assassin ", "x ", "ends "]
    assert released(rule(exceptions=EXCEPTIONS), pieces) == [
        "an ",
        "assassin bug, ",
        "the ",
        "assassin ",
        "x ",
        "ends ",
    ]
    excused = rule(keywords=("assassin",), exceptions=("the assassin bug",))
    assert released(excused, ["the ", "assassin ", "bug ", "x "]) == ["the ", "", "assassin bug ", "x "]


@pytest.mark.parametrize("name", RULES)
def test_the_time_is_linear_in_the_text(name: str) -> None:
    for hostile in ("red army knife ", "the assassin ", "not bad hair ", "assasin bug ", "a b a "):
        assert not grows_faster(SCANNERS[name].find, (hostile * 400).__mul__)
