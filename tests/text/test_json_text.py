"""Matches in the strings of JSON text, whole and streamed."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genai_guard.text.json_text import JsonScanStream, find_in_json
from genai_guard.text.rules import Match, Rule
from genai_guard.text.scanner import Scanner
from genai_guard.text.stream import ScanStream

SCANNER = Scanner([Rule("mail", "EMAIL", r"\b[a-z]{1,20}@[a-z]{1,20}\.com\b"), Rule("id", "ID", r"\b[0-9]{4}\b")])
PIECES = ["bob@example.com", "1234", "\n", "\t", '"', "\\", " ", "é", "漢", "👩", "\u2028", "u0041", "n"]
values = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces: list[str] = []
    while text:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[:size])
        text = text[size:]
    return pieces


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r'{"a": "\n1234"}', "1234"),
        (r'{"a": "bob\u0040example.com"}', r"bob\u0040example.com"),
        (r'{"a": "\\n1234"}', None),
        (r'{"a": "1234\u00e9"}', "1234"),
    ],
)
def test_an_escape_is_read_as_the_character_that_it_stands_for(text: str, found: str | None) -> None:
    matches = find_in_json(SCANNER.find, text)
    assert [text[match.start : match.end] for match in matches] == ([] if found is None else [found])


@given(value=values, ascii_only=st.booleans())
def test_what_is_found_in_json_is_what_is_found_in_its_string(value: str, *, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    found = [json.loads(f'"{text[match.start : match.end]}"') for match in find_in_json(SCANNER.find, text)]
    assert found == [value[match.start : match.end] for match in SCANNER.find(value)]


@example("\\", False, [1])
@example('"\\ud83d\\', False, [1])
@given(
    value=values | st.text('\\u0d83cn1234"', max_size=30),
    is_json=st.booleans(),
    sizes=st.lists(st.integers(1, 9), min_size=1),
)
def test_a_stream_finds_what_the_whole_text_holds(value: str, is_json: bool, sizes: list[int]) -> None:
    text = json.dumps(value) if is_json else value
    stream = JsonScanStream(ScanStream(SCANNER))
    out: list[str] = []
    matches: list[Match] = []
    for piece in cut(text, sizes):
        decided = stream.feed(piece)
        if decided is not None:
            assert decided.start == len("".join(out))
            out.append(decided.text)
            matches += decided.matches
    rest = stream.finish()
    out.append(rest.text)
    matches += rest.matches
    assert "".join(out) == text
    assert matches == list(find_in_json(SCANNER.find, text))


@given(st.lists(st.sampled_from(["a1", "\\n", "\\u00e9 ", "12"]), max_size=20))
def test_what_is_held_is_what_was_not_returned(pieces: list[str]) -> None:
    stream = JsonScanStream(ScanStream(SCANNER))
    returned = ""
    for count, piece in enumerate(pieces, 1):
        decided = stream.feed(piece)
        returned += "" if decided is None else decided.text
        assert returned + stream.held == "".join(pieces[:count])
