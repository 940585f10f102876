"""Edits merge, map back, and leave JSON what it is."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text import Edit, JsonState, apply_edits, json_safe, merge_edits, original_span


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(st.text(alphabet="abc de", min_size=1, max_size=30))
    places = st.integers(0, len(text))
    edits = []
    for _ in range(draw(st.integers(0, 5))):
        start, end = sorted((draw(places), draw(places)))
        if end > start:
            edits.append(Edit(start, end, draw(st.sampled_from(["", "[X]", "[LONGER]"]))))
    return text, edits


@pytest.mark.parametrize(
    ("edits", "merged"),
    [
        ([Edit(0, 3, "a"), Edit(2, 5, "b")], [Edit(0, 5, "a")]),
        ([Edit(0, 2, "a"), Edit(0, 5, "b")], [Edit(0, 5, "b")]),
        ([Edit(0, 2, "a"), Edit(0, 2, "b")], [Edit(0, 2, "a")]),
        ([Edit(3, 5, "b"), Edit(0, 3, "a")], [Edit(0, 3, "a"), Edit(3, 5, "b")]),
        ([Edit(0, 9, "a"), Edit(2, 3, "b"), Edit(8, 11, "c")], [Edit(0, 11, "a")]),
    ],
)
def test_overlapping_edits_become_one_with_the_label_of_the_leftmost(edits: list[Edit], merged: list[Edit]) -> None:
    assert merge_edits(edits) == merged


@given(edited_texts())
def test_the_order_of_edits_of_different_places_does_not_matter(edited: tuple[str, list[Edit]]) -> None:
    text, edits = edited
    unique = list({(edit.start, edit.end): edit for edit in edits}.values())
    assert apply_edits(text, unique) == apply_edits(text, unique[::-1])


@given(edited_texts())
def test_what_no_edit_covers_stays_in_order(edited: tuple[str, list[Edit]]) -> None:
    text, edits = edited
    covered = {place for edit in edits for place in range(edit.start, edit.end)}
    silent = [edit._replace(replacement="") for edit in edits]
    assert apply_edits(text, silent) == "".join(char for place, char in enumerate(text) if place not in covered)


@given(edited_texts(), st.integers(0, 30))
def test_a_stretch_is_edited_like_the_whole(edited: tuple[str, list[Edit]], offset: int) -> None:
    text, edits = edited
    moved = [Edit(edit.start + offset, edit.end + offset, edit.replacement) for edit in edits]
    assert apply_edits(text, moved, offset=offset) == apply_edits(text, edits)


@given(edited_texts(), st.data())
def test_a_span_of_the_edited_text_leads_back_to_where_it_comes_from(
    edited: tuple[str, list[Edit]], data: st.DataObject
) -> None:
    text, edits = edited
    origins: list[tuple[int, int]] = []
    at = 0
    for edit in merge_edits(edits):
        origins += [(place, place + 1) for place in range(at, edit.start)]
        origins += [(edit.start, edit.end)] * len(edit.replacement)
        at = edit.end
    origins += [(place, place + 1) for place in range(at, len(text))]
    if origins:
        start, end = sorted((data.draw(st.integers(0, len(origins) - 1)), data.draw(st.integers(0, len(origins) - 1))))
        assert original_span(edits, start, end + 1) == (origins[start][0], origins[end][1])


def redact(document: str, *found: str) -> Any:
    """The document after each of `found` was replaced, read again."""
    edits = []
    for each in found:
        start = document.index(each)
        edits.append(Edit(start, start + len(each), "[X]"))
    return json.loads(apply_edits(document, json_safe(document, edits)))


@pytest.mark.parametrize(
    ("document", "found", "expected"),
    [
        ('{"card": 4111111111111111}', "4111111111111111", {"card": "[X]"}),
        ('{"card": -4111111111111111.5e3}', "4111111111111111", {"card": "[X]"}),
        ('{"to": "bob@example.com!"}', "bob@example.com", {"to": "[X]!"}),
        ('{"bob": 1}', "bob", {"[X]": 1}),
        ('["secret", "token", 1]', 'ret", "tok', ["sec[X]", "[X]en", 1]),
        ('["a", 12, 34]', "2, 3", ["a", "[X]", "[X]"]),
        (r'["a\nbob"]', "nbob", ["a[X]"]),
        (r'["\u0062ob"]', "62ob", ["[X]"]),
        (r'["bob\u0020x"]', r"bob\u00", ["[X]x"]),
        (r'["a\\b"]', r"\b", ["a[X]"]),
        ("[true, null]", "rue", ["[X]", None]),
        ('[""]', '""', [""]),
        ("12345", "234", "[X]"),
    ],
)
def test_json_stays_json(document: str, found: str, expected: Any) -> None:
    assert redact(document, found) == expected


def test_a_replacement_is_escaped_within_a_string() -> None:
    document = '["bob", 12]'
    edits = [Edit(2, 5, 'say "x"\n'), Edit(8, 10, "a\\b")]
    assert json.loads(apply_edits(document, json_safe(document, edits))) == ['say "x"\n', "a\\b"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.booleans(), st.data())
def test_any_edits_of_any_json_leave_json(value: Any, ascii_only: bool, data: st.DataObject) -> None:
    document = json.dumps(value, ensure_ascii=ascii_only)
    edited = apply_edits(document, json_safe(document, draw_edits(data, len(document))))
    assert json.dumps(json.loads(edited))


@given(json_values, st.data())
def test_json_in_pieces_stays_json(value: Any, data: st.DataObject) -> None:
    document = json.dumps(value)
    cuts = sorted({0, len(document), *data.draw(st.lists(st.integers(0, len(document)), max_size=6))})
    state, out = JsonState(), ""
    for start, end in pairwise(cuts):
        edits = [Edit(e.start + start, e.end + start, e.replacement) for e in draw_edits(data, end - start)]
        piece = document[start:end]
        out += apply_edits(piece, state.quote(piece, edits, offset=start), offset=start)
    json.loads(out)
    assert not state.in_string


def draw_edits(data: st.DataObject, size: int) -> list[Edit]:
    places = st.integers(0, size)
    edits = []
    for _ in range(data.draw(st.integers(0, 3))):
        start, end = sorted((data.draw(places), data.draw(places)))
        if end > start:
            edits.append(Edit(start, end, data.draw(st.sampled_from(["[X]", '"', "\\", ""]))))
    return edits


def test_the_state_knows_whether_it_is_inside_of_a_string() -> None:
    state = JsonState()
    inside = []
    for char in r'{"a\"": 1}':
        state.quote(char, ())
        inside.append(state.in_string)
    assert inside == [False, True, True, True, True, False, False, False, False, False]


def test_a_number_whose_beginning_is_out_becomes_another_number() -> None:
    state = JsonState()
    assert state.quote('{"a": -', ()) == []
    assert state.quote("4111", [Edit(7, 11, "[X]")], offset=7) == [Edit(7, 11, "0")]
    assert state.quote("22}", (), offset=11) == [Edit(11, 13, "")]


def test_a_number_whose_beginning_is_complete_ends_there() -> None:
    state = JsonState()
    state.quote("[12", ())
    assert state.quote(".4111]", [Edit(4, 8, "[X]")], offset=3) == [Edit(3, 8, "")]


def test_a_literal_whose_beginning_is_out_stays() -> None:
    state = JsonState()
    state.quote("[n", ())
    assert state.quote("ull]", [Edit(2, 5, "[X]")], offset=2) == []
