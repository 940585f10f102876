"""`LearnedClassifier`: a scorer of this library or of your own training, offline and without a further dependency."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.classifiers.learned.card import ModelCard
from genai_guard.guards.classifiers.learned.evidence import Evidence, evidence_in
from genai_guard.guards.classifiers.learned.model import Model
from genai_guard.guards.classifiers.learned.scorer import Scorer, chance

__all__ = ["LearnedClassifier", "built_in"]

_MODELS: Final = Path(__file__).parent / "models"
_BUILT_IN: Final = ("injection", "harm")


class LearnedClassifier:
    """A classifier that was trained: hashed words, their pieces and pairs, and what the rules of its task find.

    It reads the canonical form of a text, without regard to case. Of a text of more than 700 characters each window of so
    many is scored, and the highest score of each category counts: one bad paragraph is enough, and a long text has more
    occasions to be taken for what it is not. Takes time linear in the text; windows that were scored before are remembered,
    so that asking again when a text has grown costs what has been added. What it is worth, and what it misses, is in its
    `card`.

    The rules of its task are compiled here, with the first of its kind.

    Args:
        model: `injection` (categories `injection` and `indirect_injection`, an attack in what is only read), `harm` (the six of
            `CATEGORIES`), or the path of a file that `training.train` wrote.

    Raises:
        ConfigurationError: there is no such file, or it is cut short, damaged or of another version.
    """

    __slots__ = ("_model", "_name", "_scorer")

    def __init__(self, model: str | Path = "injection") -> None:
        self._name: Final = model
        self._model: Final = _model(model)
        self._scorer: Final = Scorer(self._model)
        self._scorer.logits(" ")  # compiles the rules now, rather than with the first text

    def score(self, text: str, /) -> Mapping[str, float]:
        """Return the probability of each category."""
        logits = self._scorer.logits(text)
        return {head.name: chance(logit) for head, logit in zip(self._model.heads, logits, strict=True)}

    classify = score
    """What guards ask for."""

    def explain(self, text: str, /, *, most: int = 5) -> Mapping[str, tuple[Evidence, ...]]:
        """Return for each category the places of the text that moved its score, the strongest first.

        Args:
            text: As it was scored.
            most: How many places of each category.
        """
        return evidence_in(text, self._model, self._scorer, most=most)

    def threshold(self, category: str, *, false_positives: float) -> float:
        """Return the least probability that counts if so many harmless texts may be taken for what they are not.

        Args:
            category: Which.
            false_positives: Share of harmless texts, of sources the model had not seen when this was measured.

        Raises:
            ConfigurationError: no such category, or a share that was not measured.
        """
        for head in self._model.heads:
            if head.name == category:
                return _between(head.thresholds, false_positives)
        known = ", ".join(head.name for head in self._model.heads)
        raise ConfigurationError(f"LearnedClassifier({self._name!r}) has no category {category!r}, but {known}")

    def told(self, score: float, least: float) -> str:
        """Return what a finding says of a score that counts from `least` on."""
        return f"probability {score:.3f} of at least {least:.3f} by the model {self.digest[:8]}"

    @property
    def digest(self) -> str:
        """Hash of the model file, in hexadecimal."""
        return self._model.digest

    @property
    def card(self) -> ModelCard:
        """What is known of the model.

        Raises:
            ConfigurationError: its file is missing, or that of another model.
        """
        return ModelCard.load(_path(self._name).with_suffix(".card.json"), digest=self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LearnedClassifier) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"LearnedClassifier({str(self._name)!r})"

    def __reduce__(self) -> Any:
        """Read the file again where it is needed."""
        return type(self), (self._name,)


@cache
def built_in(name: str) -> LearnedClassifier:
    """Return a classifier of the package, the same one each time."""
    return LearnedClassifier(name)


@cache
def _read(path: Path) -> Model:
    return Model.load(path)


def _path(name: str | Path) -> Path:
    return _MODELS / f"{name}.bin" if name in _BUILT_IN else Path(name)


def _model(name: str | Path) -> Model:
    return _read(_path(name)) if name in _BUILT_IN else Model.load(_path(name))


def _between(thresholds: tuple[tuple[float, float], ...], share: float) -> float:
    """Return the threshold of a share, in between those that were measured."""
    first, last = thresholds[0][0], thresholds[-1][0]
    if isinstance(share, bool) or not first <= share <= last:
        raise ConfigurationError(
            f"false_positives={share!r} must be from {first:g} to {last:g}, which is what was measured"
        )
    for (lower, high), (upper, low) in pairwise(thresholds):
        if share <= upper:
            return high + (low - high) * (share - lower) / (upper - lower)
    return thresholds[-1][1]
