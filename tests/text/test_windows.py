"""Windows hold every match around the places that give it away, and cost no more than the text."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard.text import Rule, Scanner
from genai_guard.text.gates import GATES, PLACES, Shapes
from genai_guard.text.windows import Near, around
from text.test_gates import OPEN
from text.texts import PII_RULES, generated, spans, texts, without_promises

LETTERS = Near(b"abc@.", 0)


@pytest.mark.parametrize(
    ("data", "places", "near", "windows"),
    [
        (b"x a@b x", [(3, 4)], LETTERS, [(2, 4, 7)]),
        (b"a@b", [(1, 2)], LETTERS, [(0, 2, 5)]),
        (b"a@b@c x a@b", [(1, 2), (3, 4), (9, 10)], LETTERS, [(0, 4, 7), (8, 10, 13)]),
        (b"xx=yy", [(2, 3)], LETTERS, [(2, 3, 5)]),
        (b"ab=yy", [(2, 3)], LETTERS, [(0, 3, 5)]),
        (b"." * 600, [(300, 301)], LETTERS, [(0, 301, 602)]),
        (b"." * 600, [(300, 301)], Near(b".", 10), [(290, 301, 313)]),
        (b"x" * 600, [(300, 301)], Near(b"", 10), [(290, 301, 313)]),
        (b"x" * 600, [(300, 301), (305, 306)], Near(b"", 10), [(290, 306, 318)]),
        (b"x" * 600, [(300, 301), (340, 341)], Near(b"", 10), [(290, 301, 313), (330, 341, 353)]),
        (b"x" * 600, [(300, 301), (312, 313), (314, 315)], Near(b"", 10), [(290, 315, 327)]),
        (b"anything", [], LETTERS, []),
    ],
)
def test_windows_reach_as_far_as_a_match_may(
    data: bytes, places: list[tuple[int, int]], near: Near, windows: list[tuple[int, int, int]]
) -> None:
    assert around(places, data, near) == windows


def test_what_is_known_of_several_rules_is_what_holds_for_each() -> None:
    short = Rule("a", "A", "x", alphabet="xy", max_length=5)
    long = Rule("b", "B", "x", alphabet="yz", max_length=9)
    assert Near.of([short, long]) == Near(b"xyz", 9)
    assert Near.of([short, Rule("c", "C", "x", max_length=0)]) == Near(b"", 0)
    assert not Near.of([Rule("c", "C", "x", max_length=0)])


def test_only_gates_have_places() -> None:
    assert set(PLACES) <= set(GATES)


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in OPEN.items() for text in texts if name in PLACES]
)
def test_a_gate_that_holds_has_places(name: str, text: str) -> None:
    places = list(PLACES[name](Shapes(text)))
    assert places == sorted(places)
    assert places
    assert all(0 <= start < end <= len(text) for start, end in places)


@pytest.mark.parametrize("rule", [rule for rule in PII_RULES if rule.gate in PLACES], ids=lambda rule: rule.id)
@settings(max_examples=5)
@given(data=st.data())
def test_every_match_overlaps_a_place_of_its_gate(rule: Rule, data: st.DataObject) -> None:
    text = data.draw(texts) + data.draw(generated(rule)) + data.draw(texts)
    places = list(PLACES[rule.gate](Shapes(text)))
    for match in Scanner(without_promises([rule]), engine="core").find(text):
        assert any(start < match.end and end > match.start for start, end in places)


@settings(max_examples=300)
@given(text=st.text("ab@. ", max_size=60), reach=st.sampled_from([0, 4]))
def test_a_search_in_windows_finds_what_a_search_of_all_finds(text: str, reach: int) -> None:
    if reach:
        rule = Rule("r", "R", r"[ab]{1,2}@(?!a)", gate="at", max_length=4)
    else:
        rule = Rule("r", "R", r"\b[ab.]*@[ab]*+(?!\.)", gate="at", alphabet="ab.@", max_length=0, min_length=1)
    plain = [match.span() for match in regex.finditer(rule.pattern, text)]
    assert [found[:2] for found in spans(Scanner([rule], engine="core").find(text))] == plain


@pytest.mark.parametrize(
    "unit", ["@", "a@", "@ ", "a" * 40 + "@ ", "a" * 300 + "@", "1 " * 6, "1" * 13 + "x", "x" * 20 + " "]
)
@pytest.mark.parametrize("name", ["at", "digits_13", "token_20"])
def test_windows_take_linear_time(unit: str, name: str) -> None:
    near = Near(b"abcdefghijklmnopqrstuvwxyz@0123456789 ", 0)

    def run(data: str) -> None:
        around(PLACES[name](Shapes(data)), data.encode(), near)

    assert not grows_faster(run, (unit * (20_000 // len(unit))).__mul__)
