"""The map from an edited text back to the text that it was made from.

`edits.original_span` does the same for one span; this one is built once and asked for many, by bisection.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from genai_guard.text.edits import Edit

__all__ = ["Edits", "Offsets"]

Edits: TypeAlias = list[Edit]
"""Edits of one text in order, none overlapping another."""


@dataclass(frozen=True, slots=True, repr=False)
class Offsets:
    """Where the stretches that edits replaced are, in the text before and in the text after.

    Attributes:
        starts: Where each replacement begins.
        ends: Where each replacement ends.
        old_starts: Where the stretch that it replaced begins in the text before.
        old_ends: Where that stretch ends.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    old_starts: Sequence[int]
    old_ends: Sequence[int]

    @classmethod
    def of(cls, edits: Edits) -> Offsets:
        """Compile edits that are in order and do not overlap."""
        starts: list[int] = []
        ends: list[int] = []
        shift = 0
        for start, end, replacement in edits:
            size = len(replacement)
            starts.append(start + shift)
            ends.append(start + shift + size)
            shift += size - (end - start)
        return cls(starts, ends, [edit[0] for edit in edits], [edit[1] for edit in edits])

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the text before from which `start:end` of the text after was made.

        A span that touches a replacement stands for all that was replaced. What was removed without replacement
        belongs to the span if it was inside of it, not if it was at its edge. An empty span has an empty span.
        """
        first = self._start(start)
        return (first, first) if start >= end else (first, self._end(end))

    def _start(self, place: int) -> int:
        index = bisect_right(self.starts, place) - 1
        if index < 0:
            return place
        if place < self.ends[index]:
            return self.old_starts[index]
        return place - self.ends[index] + self.old_ends[index]

    def _end(self, place: int) -> int:
        index = bisect_left(self.starts, place) - 1
        if index < 0:
            return place
        return max(place - self.ends[index], 0) + self.old_ends[index]
