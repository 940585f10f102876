"""Colours are where they are wanted, and a text is shown without what a terminal would obey."""

from __future__ import annotations

import io

import pytest

from genai_guard.commands.marks import Marked, excerpt, marked_spans, place
from genai_guard.commands.terminal import Paint, paint_for, printable
from genai_guard.verdicts import Finding


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("mode", "stream", "environ", "on"),
    [
        ("auto", Terminal(), {}, True),
        ("auto", io.StringIO(), {}, False),
        ("auto", Terminal(), {"NO_COLOR": "1"}, False),
        ("auto", Terminal(), {"NO_COLOR": ""}, True),
        ("auto", Terminal(), {"TERM": "dumb"}, False),
        ("auto", io.StringIO(), {"FORCE_COLOR": "1"}, True),
        ("auto", io.StringIO(), {"FORCE_COLOR": "0"}, False),
        ("auto", io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("always", io.StringIO(), {"NO_COLOR": "1"}, True),
        ("never", Terminal(), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_are_where_they_are_wanted(mode: str, stream: io.StringIO, environ: dict[str, str], on: bool) -> None:
    assert paint_for(mode, stream, environ).on is on  # type: ignore[arg-type]


def test_what_a_terminal_would_obey_is_escaped() -> None:
    assert printable("a\x1b[2J\r\x9b\N{RIGHT-TO-LEFT OVERRIDE}\ud800\tb\n") == "a\\x1b[2J\\r\\x9b\\u202e\\ud800\tb\n"


def found(start: int, end: int, category: str = "X") -> Finding:
    return Finding("r", category, start, end)


def test_findings_that_overlap_share_a_mark() -> None:
    spans = marked_spans([found(5, 9, "B"), found(0, 6, "A"), found(9, 10, "C"), found(1, 2, "A")], 20)
    assert spans == [Marked(0, 9, "A+B"), Marked(9, 10, "C")]


def test_findings_without_a_place_are_not_marked() -> None:
    assert marked_spans([found(0, 0), found(3, 99), found(-1, 2)], 20) == []


@pytest.mark.parametrize(("index", "where"), [(0, "1:1"), (2, "1:3"), (3, "2:1"), (6, "3:2")])
def test_a_place_is_a_line_and_a_column(index: int, where: str) -> None:
    assert place("ab\nc\nde", index) == where


def test_only_the_lines_around_a_finding_are_shown() -> None:
    text = "".join(f"line {number}\n" for number in range(1, 100))
    start = text.index("line 50")
    assert excerpt(text, [found(start, start + 4)], Paint(on=False)) == [
        "... |",
        " 49 | line 49",
        " 50 | >>line<<[X] 50",
        " 51 | line 51",
    ]


def test_a_mark_over_several_lines_is_closed_on_each_of_them() -> None:
    assert excerpt("a b\nc d", [found(2, 5)], Paint(on=False)) == ["1 | a >>b<<", "2 | >>c<<[X] d"]


def test_a_long_line_is_shown_without_its_middle() -> None:
    text = "a" * 5000 + "bob" + "c" * 5000
    (line,) = excerpt(text, [found(5000, 5003)], Paint(on=False))
    assert ">>bob<<[X]" in line
    assert len(line) < 400
    assert line.count("...4880 characters...") == 2


def test_many_findings_take_time_in_proportion() -> None:
    text = "bob\n" * 20_000
    lines = excerpt(text, [found(at, at + 3) for at in range(0, len(text), 4)], Paint(on=False))
    assert len(lines) == 20_000
    assert lines[-1] == "20000 | >>bob<<[X]"


def test_places_of_many_findings_take_time_in_proportion() -> None:
    text = "bob\n" * 50_000
    assert [place(text, at) for at in range(0, len(text), 4)][-1] == "50000:1"
