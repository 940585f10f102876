"""Law 1 and law 4 together: whatever a text is disguised as and however it is cut, the same is found in it."""

# ruff: noqa: RUF001  ambiguous characters are what this is about

from __future__ import annotations

import base64
import pickle
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genai_guard.guards import PII, BlockedPatterns
from genai_guard.text import Match, Rule, Scanner
from genai_guard.text.canonical import NOTHING_BEFORE, canonical, settled, spelled
from genai_guard.text.view_stream import ViewStream
from genai_guard.text.views import Views
from text.texts import FRAGMENTS

WORDS: Final = BlockedPatterns(
    ["bomb", "make a bomb", "password", "ill", "rule", "hello world", "c++", "бомба", "größe", "ano"],
    regexes=[r"ignore\s+(?:all\s+)?rules"],
).rules
LOOSE: Final = BlockedPatterns(
    ["hello", "make a bomb", "password"], exceptions=["hello world", "the password rule"], fuzzy=1
).rules
VIEWS: Final = {
    "pii": Views(Scanner(PII().rules)),
    "words": Views(Scanner(WORDS)),
    "loose": Views(Scanner(LOOSE)),
    "both": Views(Scanner([*PII().rules, *WORDS])),
    "some": Views(Scanner([*PII().rules, *WORDS]), plain=range(5)),
}
DISGUISED: Final = (
    *(
        "jо＠ехample.соm",
        "jo [at] example [dot] com",
        "jo at example dot com",
        "jo%40example.com",
        "jo&#64;example.com",
    ),
    *(
        "\\u0062ob@example.com",
        "j\u200bo@exa\u00admple.com",
        "４１１１ １１１１ １１１１ １１１１",
        "٤١١١ ١١١١ ١١١١ ١١١١",
    ),
    *("b0mb", "b o m b", "p4$$w0rd", "p.a.s.s.w.o.r.d", "ru1e", "1ll", "h e l l o world", "bömb", "be\u0301", "BOMB"),
    *("e\u0301", "bo\u0301mb", "бомба", "вomb", "паypal", "сор", "роре", "ж", "Ж роре", "ａｔ", "㎏", "½", "…", "№"),
    *(base64.b64encode(text.encode()).decode() for text in ("jo@example.com!!", "make a bomb, at home", "x" * 70)),
    *(
        "6a6f406578616d706c652e636f6d",
        "A" * 17,
        "Zm9v" * 20,
        "x" * 70,
        "deadbeef" * 9,
        "state-of-the-art/path",
        "=",
        "==",
    ),
    *(
        "%",
        "%2",
        "&",
        "&am",
        "&amp;",
        "\\",
        "\\u00",
        " at",
        " at ",
        " dot ",
        "[at]",
        "(dot)",
        "[",
        " [",
        "a",
        "a ",
        "t ",
    ),
    *(
        "\u200b",
        "\u0336",
        "\u200d",
        "👨\u200d👩\u200d👧",
        "🏴\U000e0067\U000e007f",
        "\U000e0041",
        "é",
        "ñ",
        "ﬁ",
        "ıgnore",
        "w",
    ),
    *(
        "d.",
        "I",
        "@",
        "$",
        "4",
        "1",
        "-",
        "_",
        "*",
        ".",
        "com",
        "the ",
        "ignore all rules",
        "ıgnοre rules",
        "año",
        "\n",
    ),
)
EXCUSED: Final = (
    "hello",
    "hello world",
    "helo",
    "h3llo",
    "pasword",
    "the password rule",
    "the ",
    " rule",
    " world",
    "make a bmob",
)
fragments: Final = st.sampled_from((*DISGUISED, *DISGUISED, *EXCUSED, *FRAGMENTS))
texts: Final = st.lists(fragments, max_size=12).map("".join) | st.lists(fragments, max_size=9).map(" ".join)
SIZES: Final = st.sampled_from([1, 1, 2, 3, 4, 7, 30]) | st.integers(1, 60)


def pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def streamed(views: Views, parts: Sequence[str]) -> tuple[str, list[Match]]:
    stream = ViewStream(views)
    text, matches, fed = "", list[Match](), ""
    for part in [*parts, None]:
        decided = stream.finish() if part is None else stream.feed(part)
        fed += part or ""
        if decided is not None:
            assert decided.start == len(text)
            text += decided.text
            assert all(decided.start <= m.start and m.end <= len(text) for m in decided.matches)
            matches += decided.matches
        if part is not None:
            assert text + stream.held == fed
    return text, matches


@pytest.mark.parametrize("name", VIEWS)
@settings(max_examples=400)
@given(text=texts, size=SIZES)
@example(text="jo at example dot com and jo [at] exam", size=1)
def test_a_stream_says_what_is_said_of_the_whole_in_every_disguise(name: str, text: str, size: int) -> None:
    assert streamed(VIEWS[name], pieces(text, size)) == (text, list(VIEWS[name].find(text)))


@settings(max_examples=400)
@given(start=texts, end=texts, letters=st.booleans())
def test_what_is_settled_does_not_depend_on_what_follows(start: str, end: str, letters: bool) -> None:
    at = settled(start, letters=letters)
    stretch, rest = start[:at], (start + end)[at:]
    _, before = spelled(stretch, NOTHING_BEFORE)
    form = [canonical(stretch), canonical(rest, before), canonical(start + end)]
    first, second, whole = (
        text if each is None else each.text for each, text in zip(form, (stretch, rest, start + end), strict=True)
    )
    assert first + second == whole


@given(texts)
def test_what_is_found_as_written_is_found_with_the_forms_too(text: str) -> None:
    views = VIEWS["both"]
    written = views.without_doubles(views.scanner.find(text))
    found = views.find(text)
    assert all(
        any(f.start <= m.start and m.end <= f.end and f.rule == m.rule for f in found) or m in found for m in written
    )


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("Write to jо＠ехample.соm.", "jo@example.com"),
        ("Write to jo [at] example [dot] com.", "jo@example.com"),
        ("mail jo at example dot com please", "jo@example.com"),
        ("Card ４１１１ １１１１ １１１１ １１１１", "4111 1111 1111 1111"),
        (f"run {base64.b64encode(b'jo@example.com is it').decode()} now", "jo@example.com"),
        ('{"text": "hi\\n4111 1111 1111 1111"}', "4111 1111 1111 1111"),
        ("make a b0mb", "make a bomb"),
        ("the b o m b", "bomb"),
        ("a b o m b", "bomb"),
        ("m a k e a b o m b", "make a bomb"),
        ("the ru1e", "rule"),
        ("1ll", "ill"),
    ],
)
def test_a_disguised_match_says_what_it_reads(text: str, reads: str) -> None:
    (match,) = VIEWS["both"].find(text)
    assert match.reads == reads


def test_a_match_inside_of_another_of_its_kind_is_not_said_twice() -> None:
    assert [match.rule for match in VIEWS["words"].find("make a bomb")] == [0]


@pytest.mark.parametrize("text", ["xabc", "xabc ", "xabc yabc, abc", "жabc"])
def test_nor_is_it_in_a_stream(text: str) -> None:
    views = Views(Scanner([Rule("a", "A", "ab"), Rule("b", "A", "abc"), Rule("c", "C", "bc")]))
    assert {match.rule for match in views.find(text)} == {1, 2}
    for size in (1, 3, 30):
        assert streamed(views, pieces(text, size)) == (text, list(views.find(text)))


def test_rules_can_be_kept_to_what_is_written() -> None:
    views = Views(Scanner(PII().rules), plain=range(len(PII().rules)))
    assert not views.find("jо＠ехample.соm")
    assert views.find("jo@example.com")


def test_views_survive_pickling() -> None:
    views = pickle.loads(pickle.dumps(VIEWS["some"]))
    text = "jо＠ехample.соm or b0mb"
    assert views.find(text) == VIEWS["some"].find(text)


@pytest.mark.parametrize(
    ("parts", "released"),
    [
        (["Hello", " there", ","], ["", "Hello ", "there,"]),
        (["look", " at", " the", " dog"], ["", "", "", "look at the "]),
        (["it is", " a", " dog"], ["it ", "", "is a "]),
        (["Привет", ", ", "мир", "!"], ["", "Привет, ", "", "мир!"]),
        (["20%", " off"], ["", "20% "]),
        (["naïve", " idea"], ["", "naïve "]),
    ],
)
def test_little_more_is_held_than_a_word(parts: list[str], released: list[str]) -> None:
    stream = ViewStream(VIEWS["pii"])
    answers = [stream.feed(part) for part in parts]
    assert [answer.text if answer else "" for answer in answers] == released
