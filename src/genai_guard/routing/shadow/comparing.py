"""How the reply of a copy is compared with that of the call: pure functions of the events of both."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from genai_guard.recording.event import Event

__all__ = ["COMPARISONS", "Comparer", "Measure", "compared", "similarity", "text_of"]

Measure: TypeAlias = Literal["length_chars", "latency_ms", "cost_usd", "similarity"]
"""`length_chars`, `latency_ms` (the model alone) and `cost_usd` are differences, copy minus call. `similarity` is that
of the texts, from 0 to 1."""

Comparer: TypeAlias = Callable[[Event, Event], float | Mapping[str, float] | None]
"""Takes the event of the call and that of its copy, texts included. Returns a number, several by name, or None."""

_WORD: Final = re.compile(r"\w+")
_MOST_CHARS: Final = 20_000


def text_of(event: Event) -> str | None:
    """Return what the model wrote; None if it could not be read."""
    return "\n".join([part.text for part in event.response]) if event.response else None


def similarity(first: str, second: str) -> float:
    """Return how many words two texts have in common, from 0 to 1: the Dice coefficient of their bags of words.

    Upper and lower case are one, order does not count, and nothing is read beyond 20 000 characters.
    """
    one, other = _words(first), _words(second)
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def compared(call: Event, copy: Event, measures: tuple[Measure, ...]) -> dict[str, float]:
    """Return each measure for which there is something to compare."""
    found = {measure: COMPARISONS[measure](call, copy) for measure in measures}
    return {measure: value for measure, value in found.items() if value is not None}


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text[:_MOST_CHARS].casefold()))


def _length_chars(call: Event, copy: Event) -> float | None:
    mine, other = text_of(call), text_of(copy)
    return None if mine is None or other is None else float(len(other) - len(mine))


def _latency_ms(call: Event, copy: Event) -> float | None:
    return (copy.model_s - call.model_s) * 1e3


def _cost_usd(call: Event, copy: Event) -> float | None:
    return None if call.cost_usd is None or copy.cost_usd is None else copy.cost_usd - call.cost_usd


def _similarity(call: Event, copy: Event) -> float | None:
    mine, other = text_of(call), text_of(copy)
    return None if mine is None or other is None else similarity(mine, other)


COMPARISONS: Final[Mapping[Measure, Callable[[Event, Event], float | None]]] = {
    "length_chars": _length_chars,
    "latency_ms": _latency_ms,
    "cost_usd": _cost_usd,
    "similarity": _similarity,
}
