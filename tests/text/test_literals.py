"""Literals are found in one pass, few or many, wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text import Rule, Scanner
from genai_guard.text.literals import LiteralPass
from text.texts import without_promises

MANY = {100 + number: (f"lit{number}x",) for number in range(20)}
"""More than are looked for one by one."""
words = st.text("abc", min_size=1, max_size=3)


@pytest.mark.parametrize("more", [{}, MANY], ids=["few", "many"])
@given(
    promises=st.lists(st.lists(words, min_size=1, max_size=3), min_size=1, max_size=4),
    text=st.text("abcd", max_size=30),
)
def test_no_rule_with_a_literal_in_the_text_is_missed(
    more: dict[int, tuple[str, ...]], promises: list[list[str]], text: str
) -> None:
    literals = LiteralPass({**dict(enumerate(promises)), **more}, ignore_case=False)
    wanted = {rule for rule, each in enumerate(promises) if any(literal in text for literal in each)}
    assert literals.present(text) >= wanted
    assert literals.may_hold(text) or not wanted
    places = literals.places(text, [(0, 0, len(text))])
    assert set(places) == literals.present(text)
    assert all(spans == sorted(spans) for spans in places.values())


@pytest.mark.parametrize("more", [{}, MANY], ids=["few", "many"])
def test_a_literal_that_begins_another_stands_for_it(more: dict[int, tuple[str, ...]]) -> None:
    literals = LiteralPass({1: ("EAA",), 2: ("EAAA",), 3: ("AA",), **more}, ignore_case=False)
    assert literals.present("xEAAAx") == {1, 2, 3}
    assert literals.present("xEAx") == set()
    assert literals.places("xEAAx", [(0, 0, 5)]) == {1: [(1, 4)], 2: [(1, 4)], 3: [(2, 4)]}


@pytest.mark.parametrize("more", [{}, MANY], ids=["few", "many"])
def test_only_the_windows_are_looked_at(more: dict[int, tuple[str, ...]]) -> None:
    literals = LiteralPass({1: ("ab",), **more}, ignore_case=False)
    assert literals.places("ab ab ab", [(3, 4, 5)]) == {1: [(3, 5)]}
    assert literals.places("ab ab ab", [(1, 2, 4)]) == {}


@pytest.mark.parametrize("text", ["JAILBREAK", "jailbrea\u212a", "x\u0130Jailbreak"])
def test_case_is_ignored_as_a_search_ignores_it(text: str) -> None:
    rule = Rule("r", "R", "jailbreak", literals=("jailbreak",), ignore_case=True, unicode=True, max_length=0)
    assert (
        Scanner([rule], engine="core").find(text) == Scanner(without_promises([rule]), engine="core").find(text) != ()
    )


@pytest.mark.parametrize("max_length", [0, 12])
def test_a_rule_of_literals_is_found_in_windows_and_without(max_length: int) -> None:
    rule = Rule("r", "R", r"jail\s?break", literals=("break",), max_length=max_length)
    assert len(Scanner([rule], engine="core").find("break " * 50 + "jail break and jailbreak" + " jail" * 50)) == 2


def test_case_counts_unless_it_is_ignored() -> None:
    rule = Rule("r", "R", "AKIA[0-9]", literals=("AKIA",))
    assert Scanner([rule], engine="core").find("akia1 AKIA1")[0].start == 6


def test_few_literals_that_are_nowhere_cost_no_search_for_places() -> None:
    assert not LiteralPass({1: ("eyJ", "ewo")}, ignore_case=False).may_hold("EYJ" * 9)
    assert LiteralPass({1: ("eyj",)}, ignore_case=True).may_hold("EYJ")
