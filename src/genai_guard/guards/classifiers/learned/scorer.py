"""Scores a text by its words, their pieces and pairs, and by what rules find in it: sums of weights, and no matrices.

Of a window the words that it has count once each, whatever their number, and so do pairs of words: the sum of the weights
of each sort is divided by the square root of how many there are, as if the vector of features had the length one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from math import exp, sqrt
from typing import Any, Final, cast

from genai_guard.guards.classifiers.learned.model import Model
from genai_guard.guards.classifiers.learned.reading import undisguised, windows
from genai_guard.guards.classifiers.learned.structure import STRUCTURES, Hint
from genai_guard.guards.classifiers.learned.units import lead, pieces, word_number, words_of
from genai_guard.text.recall import Recall

__all__ = ["Scorer", "chance"]

_KNOWN: Final = 32_768
"""Words of which the weights are remembered; all are forgotten when there are more."""
_UNIT: Final = 2.0**-20
_either: Final[Callable[[int, int], int]] = cast("Any", operator).xor


class _Numbers(dict[bytes, int]):
    """What each word gives to the number of a pair in which it stands."""

    def __init__(self, part: Callable[[int], int], mask: int) -> None:
        super().__init__()
        self._part: Final = part
        self._mask: Final = mask

    def __missing__(self, word: bytes) -> int:
        if len(self) >= _KNOWN:
            self.clear()
        number = self[word] = self._part(word_number(word)) & self._mask
        return number


class _Worth(dict[bytes, tuple[int, ...]]):
    """What each word is worth to each head, its pieces included, in `_UNIT`: sums of integers have no order."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model: Final = model

    def __missing__(self, word: bytes) -> tuple[int, ...]:
        if len(self) >= _KNOWN:
            self.clear()
        sizes = self._model.sizes
        at = word_number(word) & (sizes.words - 1)
        parts = [sizes.words + (number & (sizes.pieces - 1)) for number in pieces(word)]
        worth = self[word] = tuple(
            round(
                (head.scales[0] * head.weights[at] + head.scales[1] * sum(map(head.weights.__getitem__, parts))) / _UNIT
            )
            for head in self._model.heads
        )
        return worth


class Scorer:
    """Computes the logarithms of the odds of each category. Threads may share it.

    A window is scored by itself, and its scores are remembered: of a text that has grown only its end is read again.

    Args:
        model: What it goes by.
    """

    __slots__ = ("_firsts", "_hints", "_model", "_pairs", "_seconds", "_windows", "_words", "_worth")

    def __init__(self, model: Model) -> None:
        structure = STRUCTURES[model.task]
        self._model: Final = model
        self._words: Final = structure.words
        self._hints: Final = structure.find
        mask = model.sizes.pairs - 1
        self._firsts: Final = _Numbers(lead, mask)
        self._seconds: Final = _Numbers(int, mask)
        self._worth: Final = _Worth(model)
        start = model.sizes.words + model.sizes.pieces
        self._pairs: Final = tuple(head.weights[start:] for head in model.heads)
        self._windows: Final = Recall(self._window)

    def logits(self, text: str) -> list[float]:
        """Return of each head the highest value that a window of the text reaches."""
        scored = [self._windows(text[start:end]) for start, end in windows(text)]
        return scored[0] if len(scored) == 1 else [max(column) for column in zip(*scored, strict=True)]

    def _window(self, text: str) -> list[float]:
        forms = undisguised(text, self._words)
        spoken = self.read(words_of(forms[-1].text if forms else text))
        return [value + more for value, more in zip(spoken, self.hinted(self._hints(text)), strict=True)]

    def hinted(self, hints: Sequence[Hint]) -> list[float]:
        """Return what the signs of a text add for each head: of each feature the strongest."""
        if not hints:
            return [0.0] * len(self._model.heads)
        strongest: dict[int, float] = {}
        for hint in hints:
            strongest[hint.feature] = max(strongest.get(hint.feature, 0.0), hint.value)
        return [sum(head.structure[at] * value for at, value in strongest.items()) for head in self._model.heads]

    def read(self, words: Sequence[bytes]) -> list[float]:
        """Return what the words of a window come to for each head."""
        heads = self._model.heads
        if not words:
            return [head.bias for head in heads]
        distinct = set(words)
        share = _UNIT / sqrt(len(distinct))
        totals = [
            head.bias + share * sum(column)
            for head, column in zip(heads, zip(*map(self._worth.__getitem__, distinct), strict=True), strict=True)
        ]
        if len(words) > 1:
            found = set(self._pairs_of(words))
            share = 1 / sqrt(len(found))
            for at, table in enumerate(self._pairs):
                totals[at] += share * heads[at].scales[2] * sum(map(table.__getitem__, found))
        return totals

    def _pairs_of(self, words: Sequence[bytes]) -> Iterator[int]:
        return map(_either, map(self._firsts.__getitem__, words), map(self._seconds.__getitem__, words[1:]))

    def parts(self, words: Sequence[bytes], head: int) -> list[float]:
        """Return what each word of a window adds for a head; of a pair each word has half.

        They come to what `read` returns, but for the bias.
        """
        adds = [0.0] * len(words)
        _share(adds, [(word, (at,)) for at, word in enumerate(words)], lambda word: _UNIT * self._worth[word][head])
        table, scale = self._pairs[head], self._model.heads[head].scales[2]
        pairs = [(pair, (at, at + 1)) for at, pair in enumerate(self._pairs_of(words))]
        _share(adds, pairs, {pair: scale * table[pair] for pair, _ in pairs}.__getitem__)
        return adds


def _share(adds: list[float], places: Sequence[tuple[Any, tuple[int, ...]]], worth: Callable[[Any], float]) -> None:
    """Add what each feature is worth, in equal parts, to the words in which it stands."""
    where: dict[Any, list[int]] = {}
    for feature, words in places:
        where.setdefault(feature, []).extend(words)
    for feature, those in where.items():
        part = worth(feature) / sqrt(len(where)) / len(those)
        for at in those:
            adds[at] += part


def chance(logit: float) -> float:
    """Return the probability of which this is the logarithm of the odds."""
    return 1 / (1 + exp(-logit)) if logit > -700 else 0.0
