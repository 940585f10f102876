"""Evasions: a guard that sees through disguises finds in each what it finds in the text, where it stands now."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.testing.cases import EVASIONS, KEYWORD_EVASIONS, Variation, fuzz
from genai_guard.testing.cases.evasion import Rolls

IDENTIFIERS: Final = {
    "jo.harper@example.com": "EMAIL",
    "4111 1111 1111 1111": "PAYMENT_CARD",
    "GB82 WEST 1234 5698 7654 32": "IBAN",
}
AROUND: Final = [("Write to ", " now, please."), ("né à 漢字 👩\u200d👧 ", " é"), ("", "")]
PLAIN: Final = [name for name in EVASIONS if name not in KEYWORD_EVASIONS]
LETTERS: Final = PII(["EMAIL"], action="flag")


def variations(text: str, name: str, spans: list[tuple[int, int]] | None = None, n: int = 3) -> tuple[Variation, ...]:
    return fuzz(text, spans or (), n=n, evasions=[name])


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize("name", PLAIN)
def test_a_disguised_span_is_found_where_it_is_now(name: str, identifier: str, around: tuple[str, str]) -> None:
    before, after = around
    span = (len(before), len(before) + len(identifier))
    guard = PII(action="flag")
    for made in variations(before + identifier + after, name, [span]):
        (finding,) = guard.check(made.text).findings
        assert (finding.category, (finding.start, finding.end)) == (IDENTIFIERS[identifier], made.spans[0])


@pytest.mark.parametrize("name", EVASIONS)
@pytest.mark.parametrize("phrase", ["jailbreak mode", "disable the safety filters"])
def test_a_keyword_is_found_in_every_disguise(name: str, phrase: str) -> None:
    text = f"now {phrase} please"
    guard = BlockedPatterns([phrase])
    for made in variations(text, name, [(4, 4 + len(phrase))]):
        (finding,) = guard.check(made.text).findings
        assert (finding.start, finding.end) == made.spans[0]


@pytest.mark.parametrize("name", EVASIONS)
def test_every_evasion_has_a_hold_on_some_text(name: str) -> None:
    assert variations("Reach Bob Example at bob.example@example.com or 030 901820", name)


@pytest.mark.parametrize("name", EVASIONS)
def test_an_evasion_says_what_it_does(name: str) -> None:
    assert (EVASIONS[name].name, bool(EVASIONS[name].about)) == (name, True)


@pytest.mark.parametrize("name", PLAIN)
def test_without_spans_all_of_the_text_is_disguised(name: str) -> None:
    for made in variations("Please write to bob@example.com soon", name):
        assert made.spans == ()
        assert PII(action="flag").check(made.text).findings


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("no digits", "arabic-digits"),
        ("no address", "at-and-dot"),
        ("short", "base64"),
        ("short", "hexadecimal"),
        ("0123", "look-alikes"),
        ("", "zero-width"),
        ("漢字", "full-width"),
        ("xyz", "leet"),
        ("it is", "spaced-out"),
    ],
)
def test_an_evasion_without_a_hold_makes_no_variation(text: str, name: str) -> None:
    assert variations(text, name) == ()


def test_an_island_does_not_touch_letters_that_would_become_part_of_it() -> None:
    assert variations("xbob@example.comx", "base64", [(1, 16)]) == ()
    assert variations("(bob@example.com)", "base64", [(1, 16)]) != ()


SPANNED = st.text(max_size=60).flatmap(
    lambda text: st.tuples(
        st.just(text),
        st.lists(st.integers(0, len(text)), max_size=6, unique=True).map(
            lambda cuts: list(zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False))
        ),
    )
)


@given(SPANNED, st.integers(0, 1000), st.integers(0, 12))
def test_what_is_around_the_spans_stays(case: tuple[str, list[tuple[int, int]]], seed: int, n: int) -> None:
    text, spans = case
    made = fuzz(text, spans, seed=seed, n=n, evasions=EVASIONS)
    assert len(made) <= n
    assert len({each.text for each in made} | {text}) == len(made) + 1
    for each in made:
        assert around(each.text, each.spans) == around(text, spans) or not spans


def around(text: str, spans: object) -> list[str]:
    at, parts = 0, []
    for start, end in list(spans):  # type: ignore[call-overload]
        parts.append(text[at:start])
        at = end
    return [*parts, text[at:]]


@given(st.text(max_size=60), st.integers(0, 1000))
def test_the_same_seed_makes_the_same_variations(text: str, seed: int) -> None:
    assert fuzz(text, seed=seed) == fuzz(text, seed=seed)


def test_the_variations_of_a_seed_are_the_same_on_every_python() -> None:
    made = fuzz("Write to bob@example.com or 4111 1111 1111 1111", [(9, 24), (28, 47)], seed=7, n=40, evasions=EVASIONS)
    assert (
        sha256("\0".join(f"{each.evasion}{each.text}{each.spans}" for each in made).encode()).hexdigest()[:16] == GOLDEN
    )


GOLDEN: Final = "756f58a35a8c554c"


def test_another_seed_makes_other_variations() -> None:
    assert fuzz("bob@example.com", seed=1) != fuzz("bob@example.com", seed=2)


def test_rolls_are_spread_evenly() -> None:
    rolls = Rolls("seed")
    counts = [0] * 5
    for _ in range(5_000):
        counts[rolls.below(5)] += 1
    assert all(900 < count < 1_100 for count in counts)


@pytest.mark.parametrize("spans", [[(0, 0)], [(2, 1)], [(0, 9)], [(0, 3), (2, 4)], [(-1, 2)]])
def test_spans_that_are_none_are_refused(spans: list[tuple[int, int]]) -> None:
    with pytest.raises(ConfigurationError, match="is no span of its own"):
        fuzz("a text", spans)


def test_an_evasion_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match='is no evasion: did you mean "full-width"'):
        fuzz("a text", evasions=["fullwidth"])
