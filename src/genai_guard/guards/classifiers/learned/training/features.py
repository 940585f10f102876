"""Texts as rows of features: what `learned.scorer` sums up, for all windows of all texts at once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

from genai_guard.guards.classifiers.adapter import imported
from genai_guard.guards.classifiers.learned.model import Sizes
from genai_guard.guards.classifiers.learned.reading import undisguised, windows
from genai_guard.guards.classifiers.learned.structure import STRUCTURES
from genai_guard.guards.classifiers.learned.units import lead, pieces, word_number, words_of

__all__ = ["PIECE", "Hasher", "Read", "Rows", "as_bytes", "numpy", "read", "rows_of"]

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


class Read(NamedTuple):
    """A window of a text, as it is scored.

    Attributes:
        owner: Number of the text.
        words: In their order.
        signs: What the rules find: of each feature the highest value.
    """

    owner: int
    words: Sequence[bytes]
    signs: dict[int, float]


def read(task: str, texts: Iterable[str]) -> Iterator[Read]:
    """Yield the windows of texts.

    Args:
        task: Whose rules to ask: `injection` or `harm`.
        texts: As they will be scored.
    """
    structure = STRUCTURES[task]
    for owner, text in enumerate(texts):
        for start, end in windows(text):
            window = text[start:end]
            forms = undisguised(window, structure.words)
            signs: dict[int, float] = {}
            for hint in structure.find(window):
                signs[hint.feature] = max(signs.get(hint.feature, 0.0), hint.value)
            yield Read(owner, words_of(forms[-1].text if forms else window), signs)


def rows_of(task: str, texts: Iterable[str], sizes: Sizes) -> Rows:
    """Return the windows of texts.

    Args:
        task: Whose rules to ask: `injection` or `harm`.
        texts: As they will be scored.
        sizes: Of the tables.
    """
    np = numpy()

    hasher = Hasher(sizes)
    columns: list[Any] = []
    values: list[Any] = []
    owners: list[int] = []
    for owner, words, signs in read(task, texts):
        found, worth = hasher.features(words)
        columns.append(np.concatenate([found, np.fromiter(signs, np.int64, len(signs)) + sizes.total]))
        values.append(np.concatenate([worth, np.fromiter(signs.values(), np.float64, len(signs))]))
        owners.append(owner)
    row = np.repeat(np.arange(len(columns)), [len(each) for each in columns])
    width = sizes.total + len(STRUCTURES[task].names)
    return Rows(np.concatenate(columns), np.concatenate(values), row, np.array(owners), width)


def as_bytes(weights: Any, sizes: Sizes, *, steps: int) -> tuple[tuple[float, float, float], array[int]]:
    """Return the weights of hashed features as bytes, and what a step of each sort is worth in the scorer.

    Args:
        weights: Of words, pieces and pairs, one after another.
        sizes: Of the tables.
        steps: Between nothing and the heaviest weight of a sort, 127 at most.
    """
    np = numpy()

    scales: list[float] = []
    stored: list[Any] = []
    for part in np.split(weights, np.cumsum([sizes.words, sizes.pieces])):
        scales.append(float(np.float32(max(float(np.abs(part).max()) / steps, 1e-9))))
        stored.append(np.clip(np.rint(part / scales[-1]), -127, 127).astype(np.int8))
    return (scales[0], scales[1] * PIECE, scales[2]), array("b", np.concatenate(stored).tobytes())


class Hasher:
    """Hashes words, their pieces and pairs, and remembers those of each word.

    Args:
        sizes: Of the tables.
    """

    def __init__(self, sizes: Sizes) -> None:
        self._sizes: Final = sizes
        self._known: Final[dict[bytes, tuple[int, Any]]] = {}

    def features(self, words: Sequence[bytes]) -> tuple[Any, Any]:
        """Return the columns of a window, and their values.

        Each sort has a length of one, but for words that share a place: those stand there twice.
        """
        np = numpy()

        sizes, known = self._sizes, self._known
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
        columns = np.concatenate([each for each, _ in blocks])
        return columns, np.concatenate([np.full(len(each), worth) for each, worth in blocks])
