"""What is kept of one feature in one window: exact counts, and as many values as are allowed, all equally likely.

Rule 1: Memory is bounded. Beyond `limit` values each further one replaces a kept one with the chance that keeps all equal
(algorithm R of Vitter, ACM Transactions on Mathematical Software 1985). Counts, means and extremes stay exact.
Rule 2: What can be saved holds no text: words are saved as hashes, and those of a single row not at all.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

import mmh3

from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.drift.features import FeatureKind, words_of

__all__ = ["COLUMNS", "Column", "LabelColumn", "NumberColumn", "VectorColumn", "Vocabulary", "WordsColumn"]

MOST_LABELS: Final = 200
LONGEST_LABEL: Final = 100
MOST_WORDS: Final = 20_000
MOST_TEXTS: Final = 2_000
MOST_VECTORS: Final = 512

Saved: TypeAlias = dict[str, Any]


class NumberColumn:
    """Numbers.

    Attributes:
        count: Values there were, without those that are no number.
        nulls: Calls without a value.
        nans: Values that are no finite number.
        zeros: Values that are zero.
        least: The smallest value.
        most: The largest value.
        mean: Their mean.
        squares: Sum of the squared distances from it.
        kept: The values, all of them or `limit` of them.
    """

    kind: ClassVar[FeatureKind] = "number"

    def __init__(self, limit: int, random: Random) -> None:
        self.count = self.nulls = self.nans = self.zeros = 0
        self.least, self.most = math.inf, -math.inf
        self.mean = self.squares = 0.0
        self.kept = array("d")
        self._limit = limit
        self._random = random
        self._ordered: list[float] = []

    @staticmethod
    def read(value: Any) -> float:
        """Return a value as it is added.

        Raises:
            TypeError: it is no number.
        """
        if isinstance(value, str | bytes):
            raise TypeError("a number is wanted")
        return float(value)

    def add(self, number: float) -> None:
        """Take a value."""
        if not math.isfinite(number):
            self.nans += 1
            return
        self.count += 1
        self.zeros += number == 0
        self.least, self.most = min(self.least, number), max(self.most, number)
        step = number - self.mean
        self.mean += step / self.count
        self.squares += step * (number - self.mean)
        place = _place(self.count, self._limit, self._random)
        if place == len(self.kept):
            self.kept.append(number)
        elif place >= 0:
            self.kept[place] = number

    @property
    def ordered(self) -> list[float]:
        """The kept values in ascending order."""
        if len(self._ordered) != len(self.kept) or self.count > self._limit:
            self._ordered = sorted(self.kept)
        return self._ordered

    @property
    def stddev(self) -> float | None:
        """The sample standard deviation; None of fewer than two values."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else None

    @property
    def distinct(self) -> int | None:
        """How many different values there are; None where not all are kept."""
        return len(set(self.kept)) if self.count <= len(self.kept) else None

    def saved(self) -> Saved:
        """Return what it takes to make it again."""
        names = ("count", "nulls", "nans", "zeros", "mean", "squares")
        ends = {"least": self.least, "most": self.most} if self.count else {}
        return {name: getattr(self, name) for name in names} | ends | {"kept": self.ordered}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Be what was saved."""
        for name, value in saved.items():
            setattr(self, name, array("d", value) if name == "kept" else value)


class LabelColumn:
    """Labels, counted; of more than two hundred those that come later count as `__other__`.

    Attributes:
        counts: Calls by label.
        nulls: Calls without one.
    """

    kind: ClassVar[FeatureKind] = "label"

    def __init__(self, limit: int, random: Random) -> None:
        del limit, random
        self.counts: Counter[str] = Counter()
        self.nulls = 0

    @staticmethod
    def read(value: Any) -> str:
        """Return a label as it is added; a truth value is `true` or `false`."""
        return str(value).lower() if isinstance(value, bool) else str(value)[:LONGEST_LABEL]

    def add(self, label: str) -> None:
        """Take a label."""
        if label not in self.counts and len(self.counts) >= MOST_LABELS:
            label = OTHER
        self.counts[label] += 1

    @property
    def count(self) -> int:
        """How many labels there were."""
        return self.counts.total()

    @property
    def distinct(self) -> int:
        """How many different ones."""
        return len(self.counts)

    def saved(self) -> Saved:
        """Return what it takes to make it again."""
        return {"counts": dict(self.counts.most_common()), "nulls": self.nulls}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Be what was saved."""
        self.counts, self.nulls = Counter(saved["counts"]), saved["nulls"]


class Vocabulary(NamedTuple):
    """What texts are compared with: words of one half of them, and what the other half has besides.

    The halves are what makes the comparison fair: to a text whose own words are in the vocabulary nothing is new.

    Attributes:
        words: Hashes of the words that two texts of the first half hold.
        shares: Of each text of the second half the share of its words that are not among them, in ascending order.
    """

    words: frozenset[int]
    shares: tuple[float, ...]

    def share_of_new(self, words: Iterable[str]) -> float:
        """Return the share of words that it lacks."""
        lacks = [hash_of(word) not in self.words for word in words]
        return sum(lacks) / len(lacks)


class Text(NamedTuple):
    """What is kept of a text: its words, and how many characters it has."""

    words: frozenset[str]
    chars: int


class WordsColumn:
    """Texts, each as the set of its words.

    Attributes:
        count: Texts with words.
        nulls: Calls without any.
        chars: Sum of their lengths in characters.
        least: Characters of the shortest.
        most: Characters of the longest.
        kept: The words of each text that is kept, and whether it belongs to the half that makes the vocabulary.
    """

    kind: ClassVar[FeatureKind] = "words"

    def __init__(self, limit: int, random: Random) -> None:
        self.count = self.nulls = self.chars = self.most = 0
        self.least: float = math.inf
        self.kept: list[tuple[bool, frozenset[str]]] = []
        self._limit = min(limit, MOST_TEXTS)
        self._random = random
        self._vocabulary: Vocabulary | None = None

    @staticmethod
    def read(value: Any) -> Text | None:
        """Return a text as it is added; None if it has no words.

        Raises:
            TypeError: it is no text.
        """
        if not isinstance(value, str):
            raise TypeError("a text is wanted")
        words = frozenset(words_of(value))
        return Text(words, len(value)) if words else None

    def add(self, text: Text) -> None:
        """Take a text."""
        words, length = text
        self.count += 1
        self.chars += length
        self.least, self.most = min(self.least, length), max(self.most, length)
        self._vocabulary = None
        _keep(self.kept, (self.count % 2 == 1, words), _place(self.count, self._limit, self._random))

    @property
    def vocabulary(self) -> Vocabulary:
        """What other texts are compared with."""
        if self._vocabulary is None:
            half = Counter(word for teaches, words in self.kept if teaches for word in words)
            known = frozenset(hash_of(word) for word, texts in half.most_common(MOST_WORDS) if texts > 1)
            found = Vocabulary(known, ())
            shares = sorted(found.share_of_new(words) for teaches, words in self.kept if not teaches)
            self._vocabulary = found._replace(shares=tuple(shares))
        return self._vocabulary

    def new_to(self, vocabulary: Vocabulary) -> list[float]:
        """Return of each kept text the share of words that a vocabulary lacks, in ascending order."""
        return sorted(vocabulary.share_of_new(words) for _, words in self.kept)

    def texts_by_word(self) -> Counter[str]:
        """Return in how many of the kept texts each word stands."""
        return Counter(word for _, words in self.kept for word in words)

    @property
    def distinct(self) -> None:
        """How many different texts there are; nobody counts."""
        return None

    def saved(self) -> Saved:
        """Return what it takes to make it again, without a word."""
        names = ("count", "nulls", "chars", "most")
        ends = {"least": self.least} if self.count else {}
        words, shares = self.vocabulary
        return {name: getattr(self, name) for name in names} | ends | {"words": sorted(words), "shares": list(shares)}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Be what was saved."""
        rest = dict(saved)
        self._vocabulary = Vocabulary(frozenset(rest.pop("words")), tuple(rest.pop("shares")))
        for name, value in rest.items():
            setattr(self, name, value)


class VectorColumn:
    """Vectors of one length.

    Attributes:
        count: How many there were.
        nulls: Calls without one.
        kept: Those that are kept.
    """

    kind: ClassVar[FeatureKind] = "vector"

    def __init__(self, limit: int, random: Random) -> None:
        self.count = self.nulls = 0
        self.kept: list[tuple[float, ...]] = []
        self._limit = min(limit, MOST_VECTORS)
        self._random = random

    @staticmethod
    def read(value: Any) -> tuple[float, ...]:
        """Return a vector as it is added.

        Raises:
            ValueError: it has no numbers, or one that is not finite.
        """
        vector = tuple(map(float, value))
        if not vector or not all(map(math.isfinite, vector)):
            raise ValueError("a vector has finite numbers")
        return vector

    def add(self, vector: tuple[float, ...]) -> None:
        """Take a vector.

        Raises:
            ValueError: it has another length than those before.
        """
        if self.kept and len(vector) != len(self.kept[0]):
            raise ValueError("all vectors must have one length")
        self.count += 1
        _keep(self.kept, vector, _place(self.count, self._limit, self._random))

    @property
    def distinct(self) -> None:
        """How many different ones there are; nobody counts."""
        return None

    def shuffled(self) -> Sequence[tuple[float, ...]]:
        """Return those that are kept, in an order that says nothing of when they came."""
        kept = list(self.kept)
        Random(len(kept)).shuffle(kept)  # noqa: S311  the same each time: no secret
        return kept

    def saved(self) -> Saved:
        """Return what it takes to make it again."""
        return {"count": self.count, "nulls": self.nulls, "kept": [list(each) for each in self.kept]}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Be what was saved."""
        self.count, self.nulls, self.kept = saved["count"], saved["nulls"], [tuple(each) for each in saved["kept"]]


Column: TypeAlias = NumberColumn | LabelColumn | WordsColumn | VectorColumn

COLUMNS: Final[Mapping[FeatureKind, type[Column]]] = {
    column.kind: column for column in (NumberColumn, LabelColumn, WordsColumn, VectorColumn)
}
"""What keeps the values of a kind of feature."""


def hash_of(word: str) -> int:
    """Return what stands for a word."""
    return mmh3.mmh3_x64_128_uintdigest(word.encode("utf-8", "surrogatepass"), 0) >> 64


def most_common(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    """Return the commonest; of those that are as common the first by name."""
    return list(islice(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])), most))


def _place(count: int, limit: int, random: Random) -> int:
    """Return where the value number `count` is kept; -1 for nowhere."""
    if count <= limit:
        return count - 1
    place = int(random.random() * count)
    return place if place < limit else -1


def _keep(kept: list[Any], value: object, place: int) -> None:
    if place == len(kept):
        kept.append(value)
    elif place >= 0:
        kept[place] = value
