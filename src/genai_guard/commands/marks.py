"""A text with what was found in it marked, for a terminal."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

from genai_guard.commands.terminal import Paint, printable
from genai_guard.verdicts import Finding

__all__ = ["Marked", "excerpt", "marked_spans", "place"]

_AROUND: Final = 1
"""Lines shown before and after one with a finding."""
_GAP: Final = "..."
_PLAIN: Final = 60
_FOUND: Final = 120
"""Characters that are shown on either side of a cut, in what was not found and in what was."""


_start_of: Final[Any] = attrgetter("start")
_end_of: Final[Any] = attrgetter("end")


class Marked(NamedTuple):
    """A stretch of text in which something was found; findings that overlap share one.

    Attributes:
        start: First character.
        end: One past the last.
        label: What was found.
    """

    start: int
    end: int
    label: str


def place(text: str, index: int) -> str:
    """Return line and column of a character, both counted from 1."""
    starts = _starts(text)
    line = bisect_right(starts, index)
    return f"{line}:{index - starts[line - 1] + 1}"


@lru_cache(maxsize=8)
def _starts(text: str) -> list[int]:
    """Return where the lines of a text begin. Many findings of one text are asked about, one after the other."""
    return [0, *(found.end() for found in re.finditer("\n", text))]


def marked_spans(findings: Iterable[Finding], size: int) -> list[Marked]:
    """Return what to mark in a text of `size` characters, in order and without overlaps.

    Findings without a place are left out.
    """
    placed = [finding for finding in findings if 0 <= finding.start < finding.end <= size]
    spans: list[tuple[int, int, dict[str, None]]] = []
    for finding in sorted(placed, key=lambda each: (each.start, -each.end)):
        if spans and finding.start < spans[-1][1]:
            start, end, labels = spans[-1]
            spans[-1] = (start, max(end, finding.end), labels | {finding.category: None})
        else:
            spans.append((finding.start, finding.end, {finding.category: None}))
    return [Marked(start, end, "+".join(labels)) for start, end, labels in spans]


def excerpt(text: str, findings: Iterable[Finding], paint: Paint, *, whole: bool = False) -> list[str]:
    """Return the lines in which something was found, and their neighbours, numbered.

    Args:
        text: The text, as it was written.
        findings: What was found in it.
        paint: Gives colours; without them what was found stands `>>between marks<<`.
        whole: Whether to show all lines.
    """
    spans = marked_spans(findings, len(text))
    lines = _lines(text)
    wanted = range(len(lines)) if whole else _wanted(lines, spans)
    last = max(wanted, default=0)
    width = max(len(str(last + 1)), 0 if len(wanted) > last else len(_GAP))
    shown: list[str] = []
    before = -1
    for number in wanted:
        if number != before + 1:
            shown.append(paint(f"{_GAP:>{width}} |", "dim"))
        shown.append(f"{paint(f'{number + 1:>{width}} |', 'dim')} {_line(text, lines[number], spans, paint)}".rstrip())
        before = number
    return shown


def _lines(text: str) -> list[tuple[int, int]]:
    """Return beginning and end of each line; what is behind the last line end is no line if it is empty."""
    starts = _starts(text)
    lines = [*zip(starts, [*(start - 1 for start in starts[1:]), len(text)], strict=True)]
    return lines if len(lines) == 1 or lines[-1][0] < lines[-1][1] else lines[:-1]


def _wanted(lines: Sequence[tuple[int, int]], spans: Sequence[Marked]) -> list[int]:
    """Return the numbers of the lines with a span and of their neighbours; the first ones if there is no span."""
    if not spans:
        return [*range(min(len(lines), 2 * _AROUND + 1))]
    wanted = set[int]()
    at = 0
    for number, (start, end) in enumerate(lines):
        while at < len(spans) and spans[at].end <= start:
            at += 1
        if at < len(spans) and spans[at].start <= end:
            wanted.update(range(number - _AROUND, number + _AROUND + 1))
    return sorted(wanted & set(range(len(lines))))


def _line(text: str, line: tuple[int, int], spans: Sequence[Marked], paint: Paint) -> str:
    start, end = line
    pieces: list[str] = []
    at = start
    for span in spans[bisect_right(spans, start, key=_end_of) : bisect_left(spans, end, key=_start_of)]:
        left, right = max(span.start, start), min(span.end, end)
        pieces.append(_shortened(text[at:left], _PLAIN))
        pieces.extend(_mark(_shortened(text[left:right], _FOUND), span.label if span.end <= end else "", paint))
        at = right
    return "".join((*pieces, _shortened(text[at:end], _PLAIN)))


def _mark(found: str, label: str, paint: Paint) -> Iterator[str]:
    yield paint(found, "mark") if paint.on else f">>{found}<<"
    if label:
        yield paint(f" {printable(label)}", "yellow") if paint.on else f"[{printable(label)}]"


def _shortened(text: str, kept: int) -> str:
    """Return a stretch of a line, without its middle if it is long, and without anything that a terminal obeys."""
    if len(text) <= 2 * kept + 40:
        return printable(text)
    return f"{printable(text[:kept])} ...{len(text) - 2 * kept} characters... {printable(text[-kept:])}"
