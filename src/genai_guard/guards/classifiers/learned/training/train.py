"""Trains a scorer, and measures it on texts that were held out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from itertools import count
from typing import Any, Final, Literal

from genai_guard.errors import ConfigurationError
from genai_guard.guards.classifiers.learned.card import ModelCard
from genai_guard.guards.classifiers.learned.model import Head, Model, Sizes
from genai_guard.guards.classifiers.learned.scorer import chance
from genai_guard.guards.classifiers.learned.training.features import Rows, as_bytes, numpy, rows_of
from genai_guard.guards.classifiers.learned.training.fitting import Fitted, fit, platt
from genai_guard.guards.classifiers.learned.training.measuring import CategoryQuality, budgets_of, least_for, quality_of
from genai_guard.guards.classifiers.learned.training.rows import Labelled

__all__ = ["CategoryQuality", "Trained", "train"]

Task = Literal["injection", "harm"]
Progress = Callable[[str, int, int], object]

_SIZES: Final = Sizes(words=1 << 16, pieces=1 << 14, pairs=1 << 15)
_FOLDS: Final = 5
_LEAST: Final = 20
"""Texts of each sort that a category takes: fewer teach nothing, and measure nothing."""
_STEPS: Final = 63


@dataclass(frozen=True, slots=True)
class Trained:
    """A scorer, and what it is worth.

    Attributes:
        contents: Of the file, which `LearnedClassifier(path)` reads.
        card: What belongs beside it, in `NAME.card.json`.
        quality: By category, on texts that were held out.
        repeated: How many texts were there twice, and counted once.
    """

    contents: bytes
    card: ModelCard
    quality: Mapping[str, CategoryQuality]
    repeated: int


def train(
    texts: Sequence[Labelled],
    *,
    name: str,
    today: date,
    task: Task = "harm",
    penalty: float = 1e-3,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trained:
    """Return a scorer that learned from labelled texts, measured on those that were held out.

    There is a head for each label that occurs, which learns it against all other texts. Quality, thresholds and the scale of the
    probabilities come from five rounds in which a fifth of the texts was held out: whole sources where there are five or
    more, else texts by chance. The odds are those of the data: if half of it is to be found, so are half of the texts in the
    eyes of the scorer. The same texts, in whatever order, with the same seed give the same file on the same machine.

    Args:
        texts: What to learn from; harmless ones too.
        name: Of the model, for its card.
        today: When it was measured.
        task: Which rules are asked besides the words: those of `injection` or of `harm`.
        penalty: Of the squared weights: more forgets what is rare.
        seed: Of the draw of what is held out.
        progress: Told a stage, how much of it is done, and of how much.

    Raises:
        ConfigurationError: numpy is not installed, a number is out of range, or there are fewer than 20 texts of a category
            or without it.
    """
    numpy()  # before anything is read
    if not 0 < penalty < math.inf:
        raise ConfigurationError(f"train(penalty={penalty!r}) must be a number above 0")
    if not 0 <= seed < 1 << 64:
        raise ConfigurationError(f"train(seed={seed!r}) must be a whole number from 0 to below 2 ** 64")
    known = _distinct(texts)
    categories = sorted({label for each in known for label in each.labels})
    _check(known, categories)
    tell = progress or _say_nothing
    rows = rows_of(task, _told(known, tell), _SIZES)
    fold = _folds(known, seed)
    heads: list[Head] = []
    quality: dict[str, CategoryQuality] = {}
    fits = len(categories) * (_FOLDS + 1)
    done = count(1)
    for category in categories:
        truth = _truth(known, category)
        apart = _held_out(rows, truth, fold, penalty, lambda: tell("fitting", next(done), fits))
        slope, shift = platt(apart, truth)
        fitted = fit(rows, truth, penalty=penalty)
        tell("fitting", next(done), fits)
        chances = [chance(float(each)) for each in slope * apart + shift]
        quality[category] = quality_of(chances, truth.tolist())
        heads.append(_head(category, Fitted(fitted.weights * slope, fitted.bias * slope + shift), chances, truth))
    model = Model(task, _SIZES, tuple(heads))
    contents = model.to_bytes()
    card = ModelCard(
        id=name,
        hash=Model.from_bytes(contents).digest,
        date=today.isoformat(),
        training_sources=_sources(known),
        quality={category: each.facts() for category, each in quality.items()},
        limits=_limits(known),
    )
    return Trained(contents, card, quality, len(texts) - len(known))


def _told(texts: Sequence[Labelled], tell: Progress) -> Iterator[str]:
    """Yield the texts, and tell how many have been read."""
    for number, each in enumerate(texts, 1):
        yield each.text
        tell("reading", number, len(texts))


def _say_nothing(stage: str, done: int, total: int) -> None:
    """Take the place of what tells how far it got."""


def _distinct(texts: Sequence[Labelled]) -> list[Labelled]:
    """Return each text once, with all of its labels, in an order that is that of the texts themselves."""
    found: dict[str, Labelled] = {}
    for each in texts:
        other = found.get(each.text)
        found[each.text] = (
            each if other is None else Labelled(each.text, other.labels | each.labels, min(other.source, each.source))
        )
    return sorted(found.values(), key=lambda each: _number(each.text, 0))


def _number(text: str, seed: int) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, salt=seed.to_bytes(8, "big")).digest()


def _check(texts: Sequence[Labelled], categories: Sequence[str]) -> None:
    if not categories:
        raise ConfigurationError("there is nothing to learn: no text has a label")
    for category in categories:
        found = sum(category in each.labels for each in texts)
        if min(found, len(texts) - found) < _LEAST:
            raise ConfigurationError(
                f"{found} different texts are labelled {category!r} and {len(texts) - found} are not; "
                f"at least {_LEAST} of each are needed"
            )


def _truth(texts: Sequence[Labelled], category: str) -> Any:
    np = numpy()

    return np.array([category in each.labels for each in texts])


def _folds(texts: Sequence[Labelled], seed: int) -> Any:
    """Return in which round each text is held out: by its source, the largest first, or by chance."""
    np = numpy()

    sizes = Counter(each.source for each in texts)
    if len(sizes) < _FOLDS:
        order = np.argsort([_number(each.text, seed).hex() for each in texts])
        fold = np.empty(len(texts), np.int64)
        fold[order] = np.arange(len(texts)) % _FOLDS
        return fold
    loads = [0] * _FOLDS
    where: dict[str, int] = {}
    for source in sorted(sizes, key=lambda each: (-sizes[each], _number(each, seed))):
        where[source] = loads.index(min(loads))
        loads[where[source]] += sizes[source]
    return np.array([where[each.source] for each in texts])


def _held_out(rows: Rows, truth: Any, fold: Any, penalty: float, tell: Callable[[], object]) -> Any:
    """Return the scores of texts by scorers that did not see them."""
    np = numpy()

    scores = np.zeros(len(truth))
    for number in range(_FOLDS):
        out = fold == number
        if truth[~out].any() and not truth[~out].all():
            fitted = fit(rows.of(~out[rows.text]), truth, penalty=penalty)
            scores[out] = fitted.scores(rows, len(truth))[out]
        tell()
    return scores


def _head(category: str, fitted: Fitted, chances: Sequence[float], truth: Any) -> Head:
    """Store the weights as bytes."""
    np = numpy()

    hashed, structure = np.split(fitted.weights, [_SIZES.total])
    scales, stored = as_bytes(hashed, _SIZES, steps=_STEPS)
    harmless = [each for each, is_found in zip(chances, truth, strict=True) if not is_found]
    return Head(
        category,
        round(fitted.bias, 4),
        scales,
        tuple(round(float(weight), 4) for weight in structure),
        tuple((budget, round(least_for(budget, harmless), 5)) for budget in budgets_of(len(harmless))),
        stored,
    )


def _sources(texts: Sequence[Labelled]) -> list[Mapping[str, Any]]:
    counts = Counter(each.source for each in texts)
    return [{"name": source or "unnamed", "texts": count} for source, count in sorted(counts.items())]


def _limits(texts: Sequence[Labelled]) -> list[str]:
    by_source = len({each.source for each in texts}) >= _FOLDS
    held_out = (
        "Quality is that on sources that were held out, about a fifth of the texts at a time."
        if by_source
        else "Quality is that on texts held out by chance, which are like those it learned from, for want of five sources. "
        "On other texts expect less."
    )
    odds = "Probabilities are those of a mixture like the training data; where less is to be found, they are too high."
    return [held_out, odds]
