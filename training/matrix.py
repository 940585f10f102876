"""Texts as rows of features: what `genai_guard.guards.classifiers.learned.scorer` sums up, for all texts at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from genai_guard.guards.classifiers.learned.model import Sizes
from genai_guard.guards.classifiers.learned.structure import STRUCTURES
from genai_guard.guards.classifiers.learned.training.features import Hasher, read
from genai_guard.guards.classifiers.learned.units import words_of
from training.vectors import common_words, vectors

__all__ = ["Matrix", "Vocabulary", "matrix"]

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
        self.values.append(values.astype(np.float32))
        self.ends.append(self.ends[-1] + len(columns))

    def matrix(self, width: int) -> Any:
        parts = (np.concatenate(self.values), np.concatenate(self.columns), np.array(self.ends))
        made = sparse.csr_matrix(parts, shape=(len(self.ends) - 1, width), dtype=np.float32)
        made.sum_duplicates()
        return made


def matrix(task: str, texts: Iterable[str], sizes: Sizes) -> Matrix:
    """Return the features of texts.

    Args:
        task: Whose rules to ask.
        texts: As they were written.
        sizes: Of the tables.
    """
    hasher, rows = Hasher(sizes), _Rows()
    structure, owners, bags = [], [], []
    for owner, words, signs in read(task, texts):
        rows.add(*hasher.features(words))
        found = np.zeros(len(STRUCTURES[task].names), np.float32)
        found[list(signs)] = list(signs.values())
        structure.append(found)
        owners.append(owner)
        bags.append(sorted(set(words)))
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
