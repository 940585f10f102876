"""The categories of unsafe content, and what other systems call them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Usage

__all__ = [
    "CATEGORIES", "LABELS", "Scored", "category_of", "check_labels", "is_score", "merged", "scores_of", "spent_on",
]  # fmt: skip

CATEGORIES: Final[tuple[str, ...]] = ("hate", "harassment", "sexual", "violence", "self_harm", "illicit")
"""What `ContentSafety` tells apart."""

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hate": "hate", "identity_attack": "hate", "identity_hate": "hate", "hate_speech": "hate", "hateful": "hate",
        "racism": "hate", "h": "hate", "h2": "hate",
        "harassment": "harassment", "toxic": "harassment", "toxicity": "harassment", "severe_toxic": "harassment",
        "severe_toxicity": "harassment", "insult": "harassment", "obscene": "harassment", "offensive": "harassment",
        "bullying": "harassment", "hr": "harassment", "profanity": "harassment",
        "sexual": "sexual", "sexual_explicit": "sexual", "nsfw": "sexual", "s": "sexual", "s3": "sexual",
        "violence": "violence", "threat": "violence", "v": "violence", "v2": "violence", "violent": "violence",
        "self_harm": "self_harm", "sh": "self_harm", "suicide": "self_harm", "selfharm": "self_harm",
        "illicit": "illicit", "illegal": "illicit", "criminal": "illicit", "drugs": "illicit", "weapons": "illicit",
    }
)  # fmt: skip
"""Labels that known models and services use, in lower case with underscores, and the categories that they stand for."""

_PLAIN: Final = str.maketrans("-/ ", "___")


class Scored(dict[str, float]):
    """Scores by category, and what a model spent on them: a classifier that asks one may return this.

    Args:
        scores: From 0 to 1, by category.
        usage: Tokens that were spent; None for nothing.
        model: Which model spent them, for the price.
    """

    __slots__ = ("model", "usage")

    def __init__(self, scores: Mapping[str, float], *, usage: Usage | None = None, model: str = "") -> None:
        super().__init__(scores)
        self.usage = usage
        self.model = model


def spent_on(scores: object) -> dict[str, Any]:
    """Return what a verdict says of the spending on scores: `usage` and `model`, or nothing."""
    if isinstance(scores, Scored) and scores.usage is not None:
        return {"usage": scores.usage, "model": scores.model}
    return {}


def category_of(label: str, labels: Mapping[str, str]) -> str:
    """Return our category for a label of another system; empty if it is none of ours.

    Args:
        label: As the other system writes it, for instance `self-harm/intent`.
        labels: What the caller says about labels, asked first.
    """
    if label in labels:
        return labels[label]
    plain = label.strip().lower().translate(_PLAIN)
    return LABELS.get(plain) or next((each for each in CATEGORIES if plain.startswith(f"{each}_")), "")


def check_labels(owner: str, names: Sequence[str], labels: Mapping[str, str]) -> None:
    """Refuse what is said of labels that a model does not have, and a model of whose labels none stands for anything.

    Args:
        owner: Who asks.
        names: What the model calls its labels.
        labels: What the caller says about labels.

    Raises:
        ConfigurationError: that is so; it says what the labels are.
    """
    absent = next((label for label in labels if label not in names), None)
    if absent is not None:
        raise ConfigurationError(
            f"{owner}(labels=...): the model has no label {absent!r}; it has {', '.join(names[:12])}"
        )
    if not any(category_of(name, labels) for name in names):
        raise ConfigurationError(
            f"{owner}(labels=...): say what the labels of the model stand for: {', '.join(names[:12])}"
        )


def merged(scores: Iterable[tuple[str, float]], labels: Mapping[str, str]) -> dict[str, float]:
    """Return the highest score of each of our categories; labels that are none of ours are left out."""
    found: dict[str, float] = {}
    for label, score in scores:
        category = category_of(label, labels)
        if category:
            found[category] = max(found.get(category, 0.0), score)
    return found


def is_score(value: object) -> bool:
    """Whether a value is a number from 0 to 1."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and not math.isnan(value)
        and -1e-6 <= value <= 1 + 1e-6
    )


def scores_of(name: str, answer: Any) -> dict[str, float]:
    """Return the scores that a classifier gave; no message repeats what it said.

    Args:
        name: Who asked.
        answer: What it gave.

    Raises:
        TypeError: no mapping of numbers by text.
        ValueError: a number that is not from 0 to 1.
    """
    if not isinstance(answer, Mapping):
        raise TypeError(f"{name}: the classifier returned {type(answer).__name__}, not a mapping of scores by category")
    scores: dict[Any, Any] = (
        Scored(answer, **spent_on(answer)) if isinstance(answer, Scored) else dict(cast("Any", answer))
    )
    for number, (category, score) in enumerate(scores.items()):
        if not isinstance(category, str):
            raise TypeError(
                f"{name}: item {number} of what the classifier returned has a {type(category).__name__} as key"
            )
        if not is_score(score):
            raise ValueError(f"{name}: item {number} of what the classifier returned is no score from 0 to 1")
    return scores
