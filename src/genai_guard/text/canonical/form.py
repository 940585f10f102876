"""The canonical form of a text, and its map back to the original.

Rules:

- The original is never changed. Guards look at both: what is in the original counts as well, so a text loses nothing
  by having a canonical form.
- Layers follow one another, each a pure function from a text to edits; undone escapes may uncover encoded islands,
  and those look-alikes. Rounds go on until nothing changes, or for three rounds.
- The form of a form is the form itself, once it is settled.
- It is at most four times as long as the text (`tables.MAX_GROWTH`).
- Every layer, and so the whole, takes time linear in the text, and no text makes it raise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from genai_guard.text.canonical.characters import fold_characters, fold_look_alikes, prepare
from genai_guard.text.canonical.encodings import undo_encodings
from genai_guard.text.canonical.escapes import undo_addresses, undo_escapes
from genai_guard.text.canonical.offsets import Edits, Offsets

__all__ = ["Canonical", "Layer", "apply_layers", "canonical", "prepare"]

Layer: TypeAlias = Callable[[str], Edits]

_LAYERS: Final[tuple[Layer, ...]] = (
    undo_escapes,
    fold_characters,
    fold_look_alikes,
    undo_addresses,
    undo_encodings,
)
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Canonical:
    """A text in another form, which is not the original one.

    Attributes:
        text: The text in this form.
        offsets: The maps of the layers that changed something, the first layer's first.
        settled: Whether nothing is left to undo. False for texts that were wrapped more often than anyone does in
            good faith.
    """

    text: str = field(repr=False)
    offsets: tuple[Offsets, ...] = field(repr=False)
    settled: bool = True

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original from which `start:end` of this text was made.

        Whoever replaces it removes all that took part: invisible characters between the first character and the last,
        marks on them, whole escapes and whole encoded islands. Invisible characters before the first and after the
        last are left.
        """
        for layer in reversed(self.offsets):
            start, end = layer.original_span(start, end)
        return start, end


def canonical(text: str) -> Canonical | None:
    """Return the canonical form of `text`; None if that is the text itself."""
    return apply_layers(text, _LAYERS, rounds=_ROUNDS)


def apply_layers(text: str, layers: Sequence[Layer], *, rounds: int = 1) -> Canonical | None:
    """Return `text` after each layer in turn; None if none changes anything.

    Args:
        text: The original.
        layers: Applied in their order.
        rounds: How often at most; one more, not applied, tells whether the result is settled.
    """
    original, offsets = text, list[Offsets]()
    settled = False
    for _ in range(rounds):
        before = len(offsets)
        for layer in layers:
            edits = layer(text)
            if edits:
                offsets.append(Offsets.of(edits))
                text = _edited(text, edits)
        if len(offsets) == before:
            settled = True
            break
    if text == original:
        return None
    return Canonical(text, tuple(offsets), settled or not any(layer(text) for layer in layers))


def _edited(text: str, edits: Edits) -> str:
    """Return `text` after edits that are in order and do not overlap."""
    parts: list[str] = []
    position = 0
    for start, end, replacement in edits:
        parts += text[position:start], replacement
        position = end
    parts.append(text[position:])
    return "".join(parts)
