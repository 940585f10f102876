"""`ProfanityClassifier`: the linear model of `alt-profanity-check`. Needs the extra `profanity`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.classifiers.pieces import pieces

__all__ = ["ProfanityClassifier"]

_CHARS: Final = 1_000


class ProfanityClassifier:
    """A classifier that says how much a text reads like swearing or an insult, by words, in English.

    It knows one category only. Long texts are scored in pieces of 1,000 characters, of which the highest counts.

    Args:
        category: What its score is called.

    Raises:
        ConfigurationError: the package is not installed.
    """

    __slots__ = ("_category", "_predict")

    def __init__(self, *, category: str = "harassment") -> None:
        self._category: Final = category
        self._predict: Final = _loaded()

    def classify(self, text: str, /) -> dict[str, float]:
        """Return the score of the one category."""
        found = self._predict(list(pieces(text, _CHARS)) or [""])
        return {self._category: max(map(float, found))}

    def __reduce__(self) -> Any:
        """Load the model again where it is needed."""
        return _rebuilt, (self._category,)


def _rebuilt(category: str) -> ProfanityClassifier:
    return ProfanityClassifier(category=category)


def _loaded() -> Callable[[list[str]], Sequence[float]]:
    try:
        predict: Callable[[list[str]], Sequence[float]] = import_module("profanity_check").predict_prob
    except ModuleNotFoundError:
        raise ConfigurationError("ProfanityClassifier needs an extra: pip install 'genai_guard[profanity]'") from None
    return predict
