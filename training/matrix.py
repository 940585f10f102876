"""Texts as rows of features: what `genai_guard.guards.classifiers.learned.scorer` sums up, for all texts at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from scipy import sparse

from genai_guard.guards.classifiers.learned.model import Sizes
from genai_guard.guards.classifiers.learned.reading import undisguised, windows
from genai_guard.guards.classifiers.learned.structure import STRUCTURES
from genai_guard.guards.classifiers.learned.units import lead, pieces, word_number, words_of
from training.vectors import common_words, vectors

__all__ = ["PIECE", "Matrix", "Vocabulary", "matrix"]

PIECE: Final = 0.5
"""What a piece counts, beside a word: there are some ten of them to each."""
_OFTEN: Final = 2
"""Texts that a word must stand in to have a vector, unless it is common."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that have a vector.

    Attributes:
        words: In the order of their frequency, the most frequent first.
        vectors: A row for each, times how rare it is.
    """

    words: Sequence[bytes]
    vectors: Any


@dataclass(frozen=True, slots=True)
class Matrix:
    """Windows of texts, a row each.

    Attributes:
        words: Hashed features: words, pieces and pairs, one after another, each sort with its share of the length.
        rarity: Of each of those, how rare it is (inverse document frequency, Sparck Jones 1972), one on average.
        structure: Features that rules found in the text of each row.
        meaning: The sum of the vectors of the words of each row.
        text: Which text each row is of.
        vocabulary: The words that have vectors.
    """

    words: Any
    rarity: Any
    structure: Any
    meaning: Any
    text: Any
    vocabulary: Vocabulary

    def worst(self, scores: Any, texts: int) -> Any:
        """Return the highest score among the rows of each text."""
        best = np.full(texts, -np.inf)
        np.maximum.at(best, self.text, scores)
        return best


class _Rows:
    """Collects sparse rows."""

    def __init__(self) -> None:
        self.columns: list[Any] = []
        self.values: list[Any] = []
        self.ends: list[int] = [0]

    def add(self, columns: Any, values: Any) -> None:
        self.columns.append(columns)
        self.values.append(values)
        self.ends.append(self.ends[-1] + len(columns))

    def matrix(self, width: int) -> Any:
        parts = (np.concatenate(self.values), np.concatenate(self.columns), np.array(self.ends))
        return sparse.csr_matrix(parts, shape=(len(self.ends) - 1, width), dtype=np.float32)


def matrix(
    task: str, texts: Sequence[str], sizes: Sizes, *, progress: Callable[[Iterable[str]], Iterable[str]] = iter
) -> Matrix:
    """Return the features of texts.

    Args:
        task: Whose rules to ask.
        texts: As they were written.
        sizes: Of the tables.
        progress: Passes the texts on, and may tell how far it got.
    """
    found = STRUCTURES[task]
    known: dict[bytes, tuple[int, Any]] = {}
    rows, structure, owners, bags = _Rows(), [], [], []
    for owner, text in enumerate(progress(texts)):
        forms = undisguised(text, found.words)
        words = words_of(forms[-1].text if forms else text)
        signs = np.zeros(len(found.names), np.float32)
        for hint in found.find(text):
            signs[hint.feature] = max(signs[hint.feature], hint.value)
        for lo, hi in windows(len(words)):
            rows.add(*_features(words[lo:hi], sizes, known))
            structure.append(signs)
            owners.append(owner)
            bags.append(sorted(set(words[lo:hi])))
    hashed = rows.matrix(sizes.total)
    vocabulary = _vocabulary(bags)
    return Matrix(
        hashed,
        _rarity(np.bincount(hashed.indices, minlength=sizes.total), len(owners)),
        np.array(structure),
        _meaning(bags, vocabulary),
        np.array(owners),
        vocabulary,
    )


def _rarity(counts: Any, rows: int) -> Any:
    rare = np.log((1 + rows) / (1 + counts))
    return (rare / np.average(rare, weights=counts)).astype(np.float32)


def _vocabulary(bags: Sequence[Sequence[bytes]]) -> Vocabulary:
    counts = Counter(word for bag in bags for word in bag)
    plain = {word for each in common_words() for word in words_of(each)}
    kept = plain | {word for word, count in counts.items() if count >= _OFTEN}
    words = sorted(kept, key=lambda word: (-counts[word], word))
    often = np.array([counts[word] for word in words])
    rarity = _rarity(often, len(bags))
    return Vocabulary(words, vectors([word.decode("utf-8", "replace") for word in words]) * rarity[:, None])


def _meaning(bags: Sequence[Sequence[bytes]], vocabulary: Vocabulary) -> Any:
    at = {word: number for number, word in enumerate(vocabulary.words)}
    rows = _Rows()
    for bag in bags:
        columns = np.array([at[word] for word in bag if word in at], np.int64)
        rows.add(columns, np.full(len(columns), 1 / np.sqrt(max(1, len(bag)))))
    return np.asarray(rows.matrix(len(at)) @ vocabulary.vectors)


def _features(words: Sequence[bytes], sizes: Sizes, known: dict[bytes, tuple[int, Any]]) -> tuple[Any, Any]:
    """Return the columns of a window and their values."""
    for word in words:
        if word not in known:
            known[word] = word_number(word), np.array(pieces(word), np.int64)
    distinct = sorted(set(words))
    pairs = {(lead(first) ^ second) & sizes.pairs - 1 for first, second in pairwise(known[word][0] for word in words)}
    share = 1 / np.sqrt(max(1, len(distinct)))
    blocks = list(_blocks(distinct, sizes, known, share))
    columns = np.fromiter(sorted(pairs), np.int64, len(pairs)) + sizes.words + sizes.pieces
    blocks.append((columns, np.full(len(pairs), 1 / np.sqrt(max(1, len(pairs))))))
    return np.concatenate([block[0] for block in blocks]), np.concatenate([block[1] for block in blocks])


def _blocks(
    distinct: Sequence[bytes], sizes: Sizes, known: dict[bytes, tuple[int, Any]], share: float
) -> Iterator[tuple[Any, Any]]:
    none = np.zeros(0, np.int64)
    numbers = np.array([known[word][0] & (sizes.words - 1) for word in distinct], np.int64)
    columns, counts = np.unique(numbers, return_counts=True)
    yield columns, counts * share
    numbers = np.concatenate([known[word][1] for word in distinct] or [none]) & (sizes.pieces - 1)
    columns, counts = np.unique(numbers, return_counts=True)
    yield columns + sizes.words, counts * share * PIECE
