"""The canonical form of a text, and its map back to the original.

Rules:

- The original is never changed. Guards look at both: what is in the original counts as well, so a text loses nothing
  by having a canonical form.
- First the written escapes, disguised characters and look-alikes are undone, in rounds, because one may hide another;
  then spelled addresses; then encoded islands, each of which is a text with a canonical form of its own.
- The form of a text is the forms of its stretches, one after another, wherever the text is `settled`. A stretch may
  depend on the little of what stood before that `Before` holds, and on nothing that follows.
- It is at most four times as long as the text (`tables.MAX_GROWTH`).
- Every layer, and so the whole, takes time linear in the text, and no text makes it raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from genai_guard.text.canonical.characters import NEAR, fold_characters, fold_look_alikes, prepare
from genai_guard.text.canonical.encodings import islands
from genai_guard.text.canonical.escapes import undo_addresses, undo_escapes
from genai_guard.text.canonical.offsets import Edits, Offsets
from genai_guard.text.canonical.plain import may_be_disguised
from genai_guard.text.edits import Edit

__all__ = [
    "NOTHING_BEFORE",
    "Before",
    "Canonical",
    "Layer",
    "apply_layer",
    "canonical",
    "edited",
    "islands_in",
    "prepare",
    "spelled",
    "uncovered",
]

Layer: TypeAlias = Callable[[str, int], Edits]
"""Returns the edits of the text from a place on; what is before it is only looked at."""

_ROUNDS: Final = 3
_DEPTH: Final = 3
"""Islands inside of islands that are decoded."""


class Before(NamedTuple):
    """What stood before a stretch of text, in the forms in which layers look at it.

    Attributes:
        rounds: The end of what each round had made of it, before look-alikes were folded.
        uncovered: The end of what the rounds had made of it.
        spelled: The end of that, after spelled addresses.
    """

    rounds: tuple[str, ...] = ("",) * _ROUNDS
    uncovered: str = ""
    spelled: str = ""


NOTHING_BEFORE: Final = Before()


@dataclass(frozen=True, slots=True)
class Canonical:
    """A text in another form, which is not the original one.

    Attributes:
        text: The text in this form.
        offsets: The maps of the layers that changed something, the first layer's first.
    """

    text: str = field(repr=False)
    offsets: tuple[Offsets, ...] = field(repr=False)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original from which `start:end` of this text was made.

        Whoever replaces it removes all that took part: invisible characters and marks between the first character and
        the last, whole escapes and whole encoded islands. Invisible characters and marks before the first and after
        the last are left.
        """
        for layer in reversed(self.offsets):
            start, end = layer.original_span(start, end)
        return start, end


class _Work:
    """A text on its way through the layers."""

    __slots__ = ("offsets", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets: list[Offsets] = []

    def apply(self, layer: Layer, before: str = "") -> bool:
        """Put the text through a layer; return whether that changed it."""
        text, lo = before + self.text, len(before)
        edits = layer(text, lo)
        if edits:
            if lo:
                edits = [Edit(start - lo, end - lo, new) for start, end, new in edits]
            self.offsets.append(Offsets.of(edits))
            self.text = _edited(self.text, edits)
        return bool(edits)

    def result(self, original: str) -> Canonical | None:
        return None if self.text == original else Canonical(self.text, tuple(self.offsets))


def canonical(text: str, before: Before = NOTHING_BEFORE) -> Canonical | None:
    """Return the canonical form of a whole text, or of a settled stretch; None if that is the text itself."""
    if not may_be_disguised(text):
        return None
    form, _ = spelled(text, before)
    return edited(text, form, islands_in(text if form is None else form.text, before))


def uncovered(text: str, before: Before = NOTHING_BEFORE) -> Canonical | None:
    """Return a text with written escapes, disguised characters and look-alikes undone, and nothing else."""
    work = _Work(text)
    _uncover(work, before)
    return work.result(text)


def spelled(text: str, before: Before = NOTHING_BEFORE) -> tuple[Canonical | None, Before]:
    """Return the canonical form but for encoded islands, which stay as they are, and what stands before what follows."""
    work = _Work(text)
    rounds = _uncover(work, before)
    ends = (before.uncovered + work.text)[-NEAR:]
    work.apply(undo_addresses, before.uncovered)
    return work.result(text), Before(rounds, ends, (before.spelled + work.text)[-1:])


def islands_in(text: str, before: Before = NOTHING_BEFORE, *, depth: int = _DEPTH) -> Edits:
    """Return the edits that put for each encoded island in `text` the canonical form of what it holds."""
    lo = len(before.spelled)
    edits: Edits = []
    for start, end, inside in islands(before.spelled + text, lo):
        form = _inside(inside, depth - 1) if depth > 1 else inside
        edits.append(Edit(start - lo, end - lo, form))
    return edits


def edited(text: str, form: Canonical | None, edits: Edits) -> Canonical | None:
    """Return the form of `text` that `form` becomes by edits, which are in order and do not overlap."""
    if not edits:
        return form
    offsets = Offsets.of(edits)
    plain = text if form is None else form.text
    return Canonical(_edited(plain, edits), (offsets,) if form is None else (*form.offsets, offsets))


def apply_layer(layer: Layer, text: str, before: str = "") -> Canonical | None:
    """Return `text` after one layer; None if that changes nothing."""
    work = _Work(text)
    work.apply(layer, before)
    return work.result(text)


def _uncover(work: _Work, before: Before) -> tuple[str, ...]:
    """Go through the rounds; return the ends of what they made of the text, before look-alikes were folded.

    A round that changes nothing is the last, unless the next would see something else before the text.
    """
    ends: list[str] = []
    for number, end in enumerate(before.rounds):
        changed = work.apply(undo_escapes)
        changed |= work.apply(fold_characters, end)
        ends.append((end + work.text)[-NEAR:])
        changed |= work.apply(fold_look_alikes, end)
        if not changed and before.rounds[number + 1 :] == (end,) * (_ROUNDS - number - 1):
            ends += (ends[-1],) * (_ROUNDS - number - 1)
            break
    return tuple(ends)


def _inside(text: str, depth: int) -> str:
    form, _ = spelled(text)
    plain = text if form is None else form.text
    return _edited(plain, islands_in(plain, depth=depth))


def _edited(text: str, edits: Edits) -> str:
    """Return `text` after edits that are in order and do not overlap."""
    parts: list[str] = []
    position = 0
    for start, end, replacement in edits:
        parts += text[position:start], replacement
        position = end
    parts.append(text[position:])
    return "".join(parts)
