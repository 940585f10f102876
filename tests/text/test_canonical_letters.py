"""Spaced-out words and words spelled with digits are read as the words they are, for keywords."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text.canonical import unleet


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("my p a s s w o r d is", "my password is"),
        ("p.a.s.s", "pass"),
        ("i-g-n-o-r-e it", "ignore it"),
        ("p @ $ $ word", "pass word"),
        ("1gn0r3 4ll ru1e5", "ignore all ruies"),
        ("b0mb", "bomb"),
        ("P4$$W0RD", "PassWoRD"),
        ("h @ c k e r", "hacker"),
    ],
)
def test_words_are_read_as_meant(text: str, read: str) -> None:
    form = unleet(text)
    assert form is not None
    assert form.text == read


def test_one_is_read_as_asked() -> None:
    form = unleet("ru1e", one="l")
    assert form is not None
    assert form.text == "rule"


@pytest.mark.parametrize(
    "text", ["", "plain words", "4111 1111 1111 1111", "1 2 3 4 5", "a b", "12:30 - 14:00", "x - y"]
)
def test_ordinary_text_has_no_such_view(text: str) -> None:
    assert unleet(text) is None


def test_a_word_maps_back_to_all_of_its_letters() -> None:
    form = unleet("the p 4 s s word")
    assert form is not None
    start = form.text.index("pass")
    assert form.original_span(start, start + 4) == (4, 11)


@given(st.text(alphabet="ab10@$ .-_é", max_size=40))
def test_no_view_is_longer_and_every_place_maps_inside(text: str) -> None:
    form = unleet(text)
    if form is None:
        return
    assert len(form.text) <= len(text)
    spans = [form.original_span(at, at + 1) for at in range(len(form.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
