"""Windows: where around a place that gives a rule away a match of it may begin, and how far it has to be seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from genai_guard.text.gates import Span
from genai_guard.text.rules import Rule

__all__ = ["Near", "Window", "around"]

_MARGIN: Final = 2
"""Characters seen after the last that can decide about a match."""
_STEP: Final = 128
"""Characters copied at a time."""

Window: TypeAlias = tuple[int, int, int]
"""Where to begin, before where a match has to begin, and where the text ends for it."""


class Near(NamedTuple):
    """How far a match may reach around a place that it holds.

    Attributes:
        alphabet: What it is made of, up to the last character that decides about it; empty if that is not known.
        reach: No match is longer, with the characters that decide about it; 0 if that is not known.
    """

    alphabet: bytes
    reach: int

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Near:
        """Return what holds for each of the rules."""
        rules = tuple(rules)
        letters = "".join(sorted({*"".join(rule.alphabet for rule in rules)}))
        is_known = letters.isascii() and all(rule.alphabet for rule in rules)
        reach = max(rule.max_length for rule in rules) if all(rule.max_length for rule in rules) else 0
        return cls(letters.encode() if is_known else b"", reach)

    def __bool__(self) -> bool:
        return bool(self.alphabet or self.reach)


def around(places: Iterable[Span], data: bytes, near: Near) -> list[Window]:
    """Return windows that hold every match which overlaps one of the `places`, or ends right before one.

    Places whose windows touch share one, so the cost is linear in the text however many there are.

    Args:
        places: In order.
        data: A byte for each character of the text.
        near: How far the matches reach; it knows at least one bound.
    """
    alphabet, reach = near
    windows: list[Window] = []
    begin = last = end = -1
    is_stale = False
    for start, stop in places:
        if start >= end and is_stale:
            end, is_stale = _right(data, last, near), False
        if start < end:
            last, is_stale = max(last, stop), True
            continue
        if end >= 0:
            windows.append((begin, last, end))
        last = stop
        if alphabet and not reach and start > _STEP:  # nearly always; what follows is `_left` and `_right` in short
            kept = len(data[start - _STEP : start].rstrip(alphabet))
            begin = start - _STEP + kept if kept else _left(data, start, near)
            rest = len(data[stop : stop + _STEP].lstrip(alphabet))
            end = min(stop + _STEP, len(data)) - rest + _MARGIN if rest else _right(data, stop, near)
        else:
            begin, end = _left(data, start, near), _right(data, stop, near)
    if end >= 0:
        windows.append((begin, last, _right(data, last, near) if is_stale else end))
    return windows


def _left(data: bytes, place: int, near: Near) -> int:
    alphabet, reach = near
    bound = place - reach if 0 < reach < place else 0
    while alphabet and place > bound:
        first = max(bound, place - _STEP)
        kept = len(data[first:place].rstrip(alphabet))
        if kept:
            return first + kept
        place = first
    return bound


def _right(data: bytes, place: int, near: Near) -> int:
    alphabet, reach = near
    bound = place + reach if reach else len(data)
    if not alphabet:
        return bound + _MARGIN
    while place < bound:
        chunk = data[place : min(bound, place + _STEP)]
        rest = len(chunk.lstrip(alphabet))
        place += len(chunk) - rest
        if rest or not chunk:
            break
    return place + _MARGIN
