"""Edits of a text: made together, mapped back to the original, and kept from breaking JSON. All of it is pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

__all__ = ["Edit", "JsonState", "apply_edits", "json_safe", "merge_edits", "original_span"]


class Edit(NamedTuple):
    """A replacement of a stretch of text.

    Attributes:
        start: First character.
        end: One past the last.
        replacement: What stands there afterwards.
    """

    start: int
    end: int
    replacement: str


def merge_edits(edits: Iterable[Edit]) -> list[Edit]:
    """Return edits that do not overlap, in order.

    Edits that overlap become one edit of all that they cover, with the replacement of the leftmost; of several that
    start there, of the longest; of several equally long, of the first given. Edits that only touch stay apart.
    """
    merged: list[Edit] = []
    for edit in sorted(edits, key=_by_place):
        if merged and edit.start < merged[-1].end:
            if edit.end > merged[-1].end:
                merged[-1] = merged[-1]._replace(end=edit.end)
        else:
            merged.append(edit)
    return merged


def apply_edits(text: str, edits: Iterable[Edit], *, offset: int = 0) -> str:
    """Return `text` after `edits`, merged as `merge_edits` does.

    Args:
        text: A whole text, or a stretch of it.
        edits: In any order.
        offset: Place of `text` in the whole text, to which the edits refer.
    """
    parts: list[str] = []
    position = 0
    for start, end, replacement in merge_edits(edits):
        parts += text[position : start - offset], replacement
        position = end - offset
    parts.append(text[position:])
    return "".join(parts)


def original_span(edits: Iterable[Edit], start: int, end: int) -> tuple[int, int]:
    """Return the span of the original text from which `start:end` of the edited text comes.

    A place inside of a replacement stands for all that was replaced.
    """
    merged = merge_edits(edits)
    return _original_start(merged, start), _original_end(merged, end)


def json_safe(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """Return edits that do the same to `text`, a whole JSON document, and leave it JSON. See `JsonState.quote`."""
    return JsonState().quote(text, edits)


class _Zone(NamedTuple):
    """A stretch of JSON that may be replaced: text inside of a string literal, or a bare number or literal.

    `begun` is what of a scalar came with earlier stretches.
    """

    start: int
    end: int
    in_string: bool
    begun: str = ""


_OUTSIDE: Final = re.compile(r'"|[^\s"\[\]{},:]+|[\s\[\]{},:]+')
_STRING: Final = re.compile(r'"|[^"\\]+|\\(?:u[0-9a-fA-F]{0,4}|.)?', re.DOTALL)
_is_whole_escape: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[^u])", re.DOTALL).fullmatch
_must_be_escaped: Final = re.compile(r'["\\\x00-\x1f]').search
_is_number: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?").fullmatch
_STRUCTURE: Final = frozenset(" \t\r\n[]{},:")


class JsonState:
    """Knows, while JSON text comes by, whether its end is inside of a string literal.

    Attributes:
        in_string: Whether the next character is inside of a string literal.
    """

    __slots__ = ("_drop", "_escape", "_escapes", "_scalar", "_zones", "in_string")

    def __init__(self) -> None:
        self.in_string = False
        self._scalar = ""
        """The beginning of a number or literal that may go on."""
        self._escape = ""
        """The beginning of an escape sequence that is not complete yet."""
        self._drop = False
        """Whether what is left of a scalar or escape sequence has to go, because its beginning was replaced."""
        self._zones: list[_Zone] = []
        self._escapes: list[tuple[int, int]] = []

    def quote(self, text: str, edits: Iterable[Edit], *, offset: int = 0) -> list[Edit]:
        """Take the next stretch of text; return the edits that keep the document valid, merged and in order.

        Within a string literal the replacement is escaped, and no escape sequence is cut. A number or literal is
        replaced as a whole, by a string or by another number; if a number began in an earlier stretch, the rest of it is dropped or becomes
        a 0. Brackets, commas, colons and the quotes of strings stay, so an edit across them becomes one on each side.

        Args:
            text: The stretch that follows those taken before.
            edits: Edits of it, in any order.
            offset: Its place in the whole text, to which the edits refer.
        """
        drop = self._drop
        head = self._advance(text)
        safe = [Edit(0, head, "")] if drop and head else []
        self._drop = drop and head == len(text)
        for start, end, replacement in merge_edits(edits):
            safe += self._fit(Edit(start - offset, end - offset, replacement), head if drop else 0)
        if safe and safe[-1].end == len(text) and text:
            self._drop = bool(self._scalar or self._escape)
        return [Edit(start + offset, end + offset, new) for start, end, new in merge_edits(safe)]

    def _advance(self, text: str) -> int:
        """Move to the end of `text`; return the end of the scalar or escape sequence that began before it."""
        self._zones, self._escapes = [], []
        at = head = self._end_of_escape(text) if self._escape else 0
        while at < len(text):
            if self.in_string:
                at = self._string(text, at)
            else:
                begun = self._scalar
                at = self._outside(text, at)
                if begun and self._zones and not self._zones[0].start:
                    head = at
        return head

    def _end_of_escape(self, text: str) -> int:
        match = _STRING.match(self._escape + text)
        end = match.end() - len(self._escape) if match else 0
        self._keep_unfinished(self._escape + text[:end], is_last=end == len(text))
        return end

    def _keep_unfinished(self, escape: str, *, is_last: bool) -> None:
        self._escape = escape if is_last and not _is_whole_escape(escape) else ""

    def _string(self, text: str, at: int) -> int:
        """Take the inside of a string literal, up to its closing quote or the end."""
        begin = at
        while at < len(text) and text[at] != '"':
            match = _STRING.match(text, at)
            end = match.end() if match else at + 1
            if text[at] == "\\":
                self._escapes.append((at, end))
                self._keep_unfinished(text[at:end], is_last=end == len(text))
            at = end
        if at > begin:
            self._zones.append(_Zone(begin, at, in_string=True))
        self.in_string = at == len(text)
        return at + (at < len(text))

    def _outside(self, text: str, at: int) -> int:
        """Take one quote, one scalar or some structure."""
        match = _OUTSIDE.match(text, at)
        end = match.end() if match else at + 1
        self.in_string = text[at] == '"'
        is_scalar = not self.in_string and text[at] not in _STRUCTURE
        if is_scalar:
            self._zones.append(_Zone(at, end, in_string=False, begun=self._scalar))
        self._scalar = self._scalar + text[at:end] if is_scalar and end == len(text) else ""
        return end

    def _fit(self, edit: Edit, lo: int) -> Iterator[Edit]:
        """Yield what an edit comes to in each zone that it touches from `lo` on."""
        first = max(bisect_right(self._zones, (edit.start,)) - 1, 0)
        for index in range(first, bisect_left(self._zones, (edit.end,))):
            zone = self._zones[index]
            if zone.end <= max(edit.start, lo):
                continue
            if zone.in_string:
                start, end = max(edit.start, zone.start), min(edit.end, zone.end)
                yield Edit(self._escape_around(start)[0], self._escape_around(end)[1], _escaped(edit.replacement))
            elif not zone.begun:
                is_number = _is_number(edit.replacement)
                yield Edit(zone.start, zone.end, edit.replacement if is_number else f'"{_escaped(edit.replacement)}"')
            elif not zone.begun.isalpha():
                yield Edit(zone.start, zone.end, "" if _is_number(zone.begun) else "0")

    def _escape_around(self, place: int) -> tuple[int, int]:
        """Return the escape sequence that `place` is inside of, or the place itself."""
        index = bisect_right(self._escapes, (place,)) - 1
        if index >= 0 and self._escapes[index][0] < place < self._escapes[index][1]:
            return self._escapes[index]
        return place, place


def _by_place(edit: Edit) -> tuple[int, int]:
    return edit.start, -edit.end


def _original_start(merged: Sequence[Edit], place: int) -> int:
    shift = 0
    for start, end, replacement in merged:
        if place < start + shift:
            break
        if place < start + shift + len(replacement):
            return start
        shift += len(replacement) - (end - start)
    return place - shift


def _original_end(merged: Sequence[Edit], place: int) -> int:
    shift = 0
    for start, end, replacement in merged:
        if place <= start + shift:
            break
        if place <= start + shift + len(replacement):
            return end
        shift += len(replacement) - (end - start)
    return place - shift


def _escaped(replacement: str) -> str:
    """Return `replacement` as it is written inside of a string literal."""
    if not _must_be_escaped(replacement):
        return replacement
    import json  # noqa: PLC0415  hardly ever needed

    return json.dumps(replacement, ensure_ascii=False)[1:-1]
