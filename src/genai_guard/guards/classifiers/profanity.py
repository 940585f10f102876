"""`ProfanityClassifier`: the linear model of `alt-profanity-check`. Needs the extra `profanity`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from genai_guard.guards.base import settle
from genai_guard.guards.classifiers.adapter import Adapter, imported
from genai_guard.guards.classifiers.pieces import pieces

__all__ = ["ProfanityClassifier"]

_CHARS: Final = 1_000


@dataclass(frozen=True)
class ProfanityClassifier(Adapter):
    """A classifier that says how much a text reads like swearing or an insult, by words, in English.

    It knows one category only. Long texts are scored in pieces of 1,000 characters, of which the highest counts.

    Args:
        category: What its score is called.

    Raises:
        ConfigurationError: the package is not installed.
    """

    category: str = field(default="harassment", kw_only=True)
    _predict: Callable[[list[str]], Sequence[float]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        library = imported("profanity_check", needed_by="ProfanityClassifier", extra="profanity")
        settle(self, _predict=library.predict_prob)

    def classify(self, text: str, /) -> dict[str, float]:
        """Return the score of the one category."""
        found = self._predict(list(pieces(text, _CHARS)) or [""])
        return {self.category: max(map(float, found))}
