"""Numbers of JSON text are handed out whole, with all matches in them, and nothing else waits for that."""

from __future__ import annotations

import json
import re
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text.json_scalars import WholeScalars
from genai_guard.text.json_text import JsonScanStream, find_in_json
from genai_guard.text.rules import Match, Rule
from genai_guard.text.scanner import Scanner
from genai_guard.text.stream import ScanStream

SCANNER = Scanner([
    Rule("mail", "EMAIL", r"\b[a-z]{1,20}@[a-z]{1,20}\.com\b"),
    Rule("id", "ID", r"[0-9]{4}"),
    Rule("pair", "PAIR", r"7\"?, ?-?1[0-9]", max_length=16),
])  # fmt: skip
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"\[\]{},:]+', re.DOTALL)
values = st.recursive(
    st.sampled_from(["bob@example.com", "1234", '"', "\\", "\n", "é 7", -1234, 123412, 1.5e30, -0.1234, 7, 12, True, None]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "1234", '\\"']), inner, max_size=3),
)  # fmt: skip


def streamed(text: str, sizes: list[int]) -> tuple[list[str], list[Match]]:
    stream = WholeScalars(JsonScanStream(ScanStream(SCANNER)))
    out: list[str] = []
    matches: list[Match] = []
    at = 0
    while at < len(text):
        size = sizes[len(out) % len(sizes)]
        decided = stream.feed(text[at : at + size])
        at += size
        out.append("" if decided is None else decided.text)
        matches += () if decided is None else decided.matches
        assert "".join(out) + stream.held == text[:at]
        assert all(match.end <= len("".join(out)) for match in matches)
    rest = stream.finish()
    return [*out, rest.text], [*matches, *rest.matches]


@given(value=values, sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4), ascii_only=st.booleans())
def test_the_pieces_are_the_text_and_cut_no_number(value: object, sizes: list[int], *, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    pieces, matches = streamed(text, sizes)
    assert "".join(pieces) == text
    assert matches == list(find_in_json(SCANNER.find, text))
    ends = set(accumulate(map(len, pieces)))
    for token in TOKEN.finditer(text):
        if token[0][0] != '"':
            assert ends.isdisjoint(range(token.start() + 1, token.end()))


@pytest.mark.parametrize(
    ("pieces", "released"),
    [
        (["[-", "12", "34", ", 7]"], ["[", "", "", "-1234, 7]"]),
        (['{"a": ', "tr", "ue", ', "b'], ['{"a": ', "", "", 'true, "']),
        (['{"a": "x ', "y z"], ['{"a": "x ', "y "]),
    ],
)
def test_a_number_waits_for_its_end_and_a_string_for_nothing(pieces: list[str], released: list[str]) -> None:
    stream = WholeScalars(JsonScanStream(ScanStream(Scanner([Rule("id", "ID", r"\b[0-9]{4}\b")]))))
    answers = [stream.feed(piece) for piece in pieces]
    assert [answer.text if answer else "" for answer in answers] == released


def test_what_is_no_number_does_not_wait_for_ever() -> None:
    stream = WholeScalars(JsonScanStream(ScanStream(Scanner([Rule("id", "ID", r"\b[0-9]{4}\b")]))))
    for _ in range(200):
        stream.feed("xyzw")
    assert len(stream.held) < 300
