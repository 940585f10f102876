"""Texts as rows of features: what `learned.scorer` sums up, for all windows of all texts at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from genai_guard.guards.classifiers.adapter import imported
from genai_guard.guards.classifiers.learned.model import Sizes
from genai_guard.guards.classifiers.learned.reading import undisguised, windows
from genai_guard.guards.classifiers.learned.structure import STRUCTURES
from genai_guard.guards.classifiers.learned.units import lead, pieces, word_number, words_of

__all__ = ["PIECE", "Rows", "numpy", "rows_of"]

PIECE: Final = 0.5
"""What a piece of a word counts beside a word: there are some ten of them to each."""


def numpy() -> Any:
    """Return numpy.

    Raises:
        ConfigurationError: it is not installed.
    """
    return imported("numpy", needed_by="training", extra="train")


@dataclass(frozen=True, slots=True)
class Rows:
    """Windows of texts as a sparse matrix by rows.

    Attributes:
        columns: Of the values, row after row: hashed features, then the features that rules find.
        values: One after another.
        row: Of each value, which row it is in.
        text: Of each row, which text it is of.
        width: Number of columns.
    """

    columns: Any
    values: Any
    row: Any
    text: Any
    width: int

    def scores(self, weights: Any, bias: float) -> Any:
        """Return the logarithm of the odds of each row."""
        np = numpy()

        return bias + np.bincount(self.row, self.values * weights[self.columns], minlength=len(self.text))

    def pulled(self, pull: Any) -> Any:
        """Return for each column the sum of its values, each times what is given for its row."""
        np = numpy()

        return np.bincount(self.columns, self.values * pull[self.row], minlength=self.width)

    def of(self, chosen: Any) -> Rows:
        """Return some of the rows, by a mask."""
        np = numpy()

        kept = chosen[self.row]
        number = np.cumsum(chosen) - 1
        return Rows(self.columns[kept], self.values[kept], number[self.row[kept]], self.text[chosen], self.width)


def rows_of(
    task: str, texts: Sequence[str], sizes: Sizes, *, progress: Callable[[int, int], object] | None = None
) -> Rows:
    """Return the windows of texts.

    Args:
        task: Whose rules to ask: `injection` or `harm`.
        texts: As they will be scored.
        sizes: Of the tables.
        progress: Told how many texts are read, and how many there are.
    """
    np = numpy()

    structure = STRUCTURES[task]
    known: dict[bytes, tuple[int, Any]] = {}
    columns: list[Any] = []
    values: list[Any] = []
    owners: list[int] = []
    for owner, text in enumerate(texts):
        forms = undisguised(text, structure.words)
        words = words_of(forms[-1].text if forms else text)
        signs: dict[int, float] = {}
        for hint in structure.find(text):
            signs[hint.feature] = max(signs.get(hint.feature, 0.0), hint.value)
        for lo, hi in windows(len(words)):
            found, worth = _window(words[lo:hi], sizes, known)
            columns.append(np.concatenate([found, np.fromiter(signs, np.int64, len(signs)) + sizes.total]))
            values.append(np.concatenate([worth, np.fromiter(signs.values(), np.float64, len(signs))]))
            owners.append(owner)
        if progress is not None:
            progress(owner + 1, len(texts))
    row = np.repeat(np.arange(len(columns)), [len(each) for each in columns])
    width = sizes.total + len(structure.names)
    return Rows(np.concatenate(columns), np.concatenate(values), row, np.array(owners), width)


def _window(words: Sequence[bytes], sizes: Sizes, known: dict[bytes, tuple[int, Any]]) -> tuple[Any, Any]:
    """Return the columns of a window, and their values: each sort has a length of one, but for words that share a place."""
    np = numpy()

    for word in words:
        if word not in known:
            known[word] = word_number(word), np.array(pieces(word), np.int64)
    distinct = sorted(set(words))
    share = 1 / max(1, len(distinct)) ** 0.5
    at = np.array([known[word][0] & (sizes.words - 1) for word in distinct], np.int64)
    parts = np.concatenate([known[word][1] for word in distinct] or [at]) & (sizes.pieces - 1)
    numbers = [known[word][0] for word in words]
    pairs = {(lead(first) ^ second) & (sizes.pairs - 1) for first, second in pairwise(numbers)}
    followed = np.array(sorted(pairs), np.int64)
    blocks = (
        (at, share),
        (parts + sizes.words, share * PIECE),
        (followed + sizes.words + sizes.pieces, 1 / max(1, len(pairs)) ** 0.5),
    )
    return np.concatenate([each for each, _ in blocks]), np.concatenate(
        [np.full(len(each), worth) for each, worth in blocks]
    )
