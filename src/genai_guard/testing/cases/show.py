"""Results in plain text: the text of a case with its spans marked, and what is wrong with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from genai_guard.testing.cases.results import CaseResult, Difference, Observed
from genai_guard.testing.cases.texts import REPLY
from genai_guard.verdicts import Finding

__all__ = ["Mark", "describe_failure", "marked", "marks_of", "printable"]

_WIDTH: Final = 100
_INDENT: Final = "    "
_AROUND: Final = 24
"""Characters of a long line that are shown before the first mark."""
_MOST_LINES: Final = 12
_WIDE: Final = frozenset({"W", "F"})
_SHORT: Final[Mapping[str, str]] = {"\t": "\\t", "\r": "\\r"}


class Mark(NamedTuple):
    """Characters to underline.

    Attributes:
        start: First character.
        end: One past the last.
        label: What to say of them.
    """

    start: int
    end: int
    label: str


class _Cell(NamedTuple):
    """A character as it is shown, and where it is in the text."""

    shown: str
    width: int
    at: int


def describe_failure(result: CaseResult, *, width: int = _WIDTH) -> str:
    """Return what is wrong with a case: where it is, what was expected and found, and its text with the spans marked."""
    case, lines = result.case, [_headline(result)]
    if result.problem:
        return f"{lines[0]}\n  cannot be run: {result.problem}"
    if result.status == "xpassed":
        lines.append(f"  passes, though it is known to fail: {case.xfail}")
    lines += [f"  {line}" for difference in result.differences for line in _difference(difference)]
    for where, text in _shown_texts(result):
        lines.append(f"  {_title(where)}")
        lines += [f"{_INDENT}{line}".rstrip() for line in _marked_lines(text, marks_of(result, where), width - 4)]
    lines += [f"  {line}" for line in _said(result.observed)]
    return "\n".join(lines)


def marked(text: str, marks: Iterable[Mark], *, width: int = _WIDTH) -> str:
    """Return a text with carets under the marked characters, and under them what is said of each.

    Characters that would not be seen are written as escapes. Of a long text the lines are shown that have a mark, and
    of a long line the part around it.
    """
    return "\n".join(line.rstrip() for line in _marked_lines(text, list(marks), width))


def marks_of(result: CaseResult, where: str) -> list[Mark]:
    """Return the marks of one text of a case: what was found in it, and what was expected and not found."""
    differences = result.differences
    extra = {difference.extra for difference in differences if difference.extra is not None}
    marks = [
        Mark(finding.start, finding.end, f"{_finding(finding)}{' (not expected)' if finding in extra else ''}")
        for finding in result.observed.findings
        if finding.where == where and finding.end > finding.start
    ]
    for difference in differences:
        span = difference.missing
        if span is not None and (span.where == where or {span.where, where} == {"", REPLY}):
            marks.append(
                Mark(span.start, span.end, f"missing: {span.category or span.rule or span.guard or 'a finding'}")
            )
    return sorted(dict.fromkeys(marks))


def printable(text: str) -> str:
    """Return a text in which every character is seen, and none is obeyed by a terminal; lines are kept."""
    return "".join(char if char == "\n" else _shown(char) for char in text)


def _headline(result: CaseResult) -> str:
    case = result.case
    where = f"{case.place}: " if case.place.file else ""
    return f"{where}{case.name}"


def _title(where: str) -> str:
    if where in {"", REPLY}:
        return "text" if not where else "reply"
    return where.replace(f"{REPLY}.", "reply: ")


def _difference(difference: Difference) -> Iterator[str]:
    name = {"redacted_reply": "reply after"}.get(difference.aspect, difference.aspect)
    if difference.extra is not None:
        yield f"{name:<9} not expected: {difference.found}"
    elif difference.missing is not None:
        yield f"{name:<9} missing: {difference.expected}, found {difference.found}"
    elif difference.aspect in {"redacted", "redacted_reply"}:
        yield f"{name:<9} expected {_one_line(difference.expected)}"
        yield f"{'':<9} found    {_one_line(difference.found)}"
    else:
        yield f"{name:<9} expected {difference.expected}, found {difference.found}"


def _one_line(text: str) -> str:
    return printable(text).replace("\n", "\\n")


def _shown_texts(result: CaseResult) -> list[tuple[str, str]]:
    """Return the texts worth showing: those with marks, or where there are none, the last one."""
    texts = list((result.observed.texts or {"": result.case.text}).items())
    if result.status == "skipped":
        return []
    return [(where, text) for where, text in texts if marks_of(result, where)] or texts[-1:]


def _said(observed: Observed) -> Iterator[str]:
    """Yield who said what."""
    for verdict in observed.verdicts:
        shadow = " in shadow mode" if verdict.mode == "shadow" else ""
        broken = f": {verdict.error}" if verdict.error else ""
        yield f"said by   {verdict.guard}: {verdict.action}{shadow}{broken}"
        yield from (f"{'':<9} {_finding(finding)}{_detail(finding)}" for finding in verdict.findings)


def _finding(finding: Finding) -> str:
    score = "" if finding.score == 1 else f" {finding.score:g}"
    return f"{finding.category} ({finding.guard}: {finding.rule}{score})"


def _detail(finding: Finding) -> str:
    return f": {finding.detail}" if finding.detail else ""


# --- texts with carets ------------------------------------------------------------------------------------------------


def _marked_lines(text: str, marks: Sequence[Mark], width: int) -> list[str]:
    lines: list[str] = []
    hidden, shown = 0, 0
    for cells in _lines_of(text):
        first, last = cells[0].at, cells[-1].at
        here = [mark for mark in marks if mark.start <= last and mark.end > first]
        if shown >= _MOST_LINES and not here:
            hidden += 1
            continue
        shown += 1
        lines += _line(cells, here, max(width, 2 * _AROUND))
    return [*lines, f"... {hidden} more lines"] if hidden else lines


def _lines_of(text: str) -> Iterator[list[_Cell]]:
    """Yield the characters of each line; a line ends in a cell of no width for its line end."""
    line: list[_Cell] = []
    for at, char in enumerate(text):
        if char == "\n":
            yield [*line, _Cell("", 0, at)]
            line = []
        else:
            line.append(_cell(char, at))
    yield [*line, _Cell("", 0, len(text))]


def _line(cells: Sequence[_Cell], marks: Sequence[Mark], width: int) -> Iterator[str]:
    cells, before, after = _cut(cells, marks, width)
    yield before + "".join(cell.shown for cell in cells) + after
    for mark in marks:
        pad = sum(cell.width for cell in cells if cell.at < mark.start)
        length = sum(cell.width for cell in cells if mark.start <= cell.at < mark.end)
        yield " " * (len(before) + pad) + "^" * max(length, 1) + f" {mark.label}"


def _cut(cells: Sequence[_Cell], marks: Sequence[Mark], width: int) -> tuple[Sequence[_Cell], str, str]:
    """Return what fits of a long line, from a little before the first mark on, and signs for what does not."""
    if sum(cell.width for cell in cells) <= width:
        return cells, "", ""
    first = min((mark.start for mark in marks), default=0)
    begin = next((index for index, cell in enumerate(cells) if cell.at >= first - _AROUND), 0)
    begin = begin if first > width - _AROUND else 0
    room = width - 6
    end = begin
    while end < len(cells) and room >= cells[end].width:
        room -= cells[end].width
        end += 1
    return cells[begin:end], "..." if begin else "", "..." if end < len(cells) - 1 else ""


def _cell(char: str, at: int) -> _Cell:
    shown = _shown(char)
    if len(shown) > 1:
        return _Cell(shown, len(shown), at)
    return _Cell(shown, 2 if unicodedata.east_asian_width(char) in _WIDE else 1, at)


def _shown(char: str) -> str:
    """Return a character, or its escape if it cannot be seen, or would sit on the one before it."""
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable() and not unicodedata.combining(char):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
