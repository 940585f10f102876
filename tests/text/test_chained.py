"""Two streams over one text return what both have decided, with the matches of both."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text import Match, Rule, Scanner, ScanStream
from genai_guard.text.chained import ChainedStream
from genai_guard.text.json_text import JsonScanStream, TextStream
from genai_guard.text.rules import by_place
from genai_guard.text.stream import HoldOverflow
from genai_guard.text.view_stream import ViewStream
from genai_guard.text.views import Views

LETTERS = Rule(id="test.letters", category="LETTERS", pattern="a+b+", max_length=0)
DIGITS = Rule(id="test.digits", category="DIGITS", pattern=r"\d{2,5}", max_length=6)
MIXED = Rule(id="test.mixed", category="MIXED", pattern="b1+2", max_length=12)
FIRST, SECOND = Scanner([LETTERS, DIGITS]), Scanner([MIXED])


def chained() -> ChainedStream:
    return ChainedStream(ScanStream(FIRST), ScanStream(SECOND), shift=2)


def run(stream: TextStream, pieces: Sequence[str]) -> tuple[list[str], list[Match]]:
    """Return the pieces that come out, and the matches."""
    decided = [found for piece in pieces if (found := stream.feed(piece)) is not None]
    decided.append(stream.finish())
    return [each.text for each in decided], [match for each in decided for match in each.matches]


def whole(text: str) -> list[Match]:
    other = [match._replace(rule=match.rule + 2) for match in SECOND.find(text)]
    return sorted([*FIRST.find(text), *other], key=by_place)


@given(pieces=st.lists(st.text("ab12 .", max_size=6), max_size=12))
def test_any_cut_gives_what_both_find_in_the_whole(pieces: list[str]) -> None:
    texts, matches = run(chained(), pieces)
    assert "".join(texts) == "".join(pieces)
    assert [match[:3] for match in matches] == [match[:3] for match in whole("".join(pieces))]


@given(pieces=st.lists(st.text("ab12 .", max_size=6), max_size=12))
def test_matches_come_with_the_text_that_they_hold_in(pieces: list[str]) -> None:
    stream = chained()
    for found in [stream.feed(piece) for piece in pieces] + [stream.finish()]:
        for match in () if found is None else found.matches:
            assert found is not None
            assert found.start <= match.start < match.end <= found.start + len(found.text)


def test_nothing_is_returned_that_one_of_the_two_holds() -> None:
    stream = chained()
    assert stream.feed("x. b1") is not None
    assert stream.held.startswith("b1")
    assert "12" not in stream.held


def test_matches_that_overlap_across_the_streams_come_out_together() -> None:
    stream = chained()
    (text, _, matches), *rest = [found for piece in ("aab1", "1", "2", " and on") if (found := stream.feed(piece))]
    assert text.startswith("aab112")
    assert [match[:3] for match in matches] == [(0, 3, 0), (2, 6, 2), (3, 6, 1)]
    assert not any(found.matches for found in rest)


def test_chains_nest() -> None:
    third = Scanner([Rule(id="test.point", category="POINT", pattern=r"\.", max_length=1)])
    stream = ChainedStream(chained(), ScanStream(third), shift=3)
    _, matches = run(stream, ["ab", " b1", "2. "])
    assert [match.rule for match in matches] == [0, 2, 1, 3]


def test_a_chain_serves_json_text() -> None:
    text = r'{"a": "\u0061ab\n b12"}'
    stream = JsonScanStream(ChainedStream(ViewStream(Views(FIRST)), ViewStream(Views(SECOND)), shift=2))
    texts, matches = run(stream, list(text))
    assert "".join(texts) == text
    assert [text[match.start : match.end] for match in matches] == [r"\u0061ab", "b12", "12"]


def test_the_stream_can_be_used_again() -> None:
    stream = chained()
    assert run(stream, ["ab "]) == run(stream, ["ab "])


def test_what_one_stream_cannot_hold_is_not_lost() -> None:
    stream = ChainedStream(ScanStream(FIRST, max_held=8), ScanStream(SECOND), shift=2)
    assert stream.feed("aaaaaaa") is None
    with pytest.raises(HoldOverflow):
        stream.feed("aaaa")
    assert stream.held == "a" * 11
