"""How near a text is to the examples of topics, by an embedding function that the user brings."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from operator import mul
from threading import Lock
from typing import Any, Final, TypeAlias, cast

from genai_guard.guards.classifiers.pieces import pieces

__all__ = ["TopicVectors"]

Vector: TypeAlias = tuple[float, ...]
_CHARS: Final = 2_000
"""Characters that are embedded at a time: a vector of a long text says little of each part of it."""


class TopicVectors:
    """Compares texts with the examples of topics, which are embedded when the first text is.

    Args:
        name: Name of the guard, for messages.
        embed: Takes a text and returns its vector; with `batches` takes a list of texts and returns a list of vectors.
        topics: Examples by topic.
        batches: What `embed` takes.
    """

    __slots__ = ("_batches", "_embed", "_lock", "_name", "_topics", "_vectors")

    def __init__(
        self, name: str, embed: Callable[[Any], Any], topics: Mapping[str, Sequence[str]], *, batches: bool
    ) -> None:
        self._name: Final = name
        self._embed: Final = embed
        self._topics: Final = topics
        self._batches: Final = batches
        self._lock: Final = Lock()
        self._vectors: dict[str, list[Vector]] | None = None

    def nearness(self, text: str) -> dict[str, float]:
        """Return for each topic the cosine with the nearest of its examples, or with their mean if that is nearer.

        Raises:
            TypeError: what `embed` returned is no vector of numbers.
            ValueError: a vector has another length than the others, no length, or a number that is none.
        """
        with self._lock:
            vectors = self._vectors
            if vectors is None:
                vectors = self._vectors = self._grouped(self._embedded(self._examples()))
        return self._nearest(vectors, self._embedded(list(pieces(text, _CHARS))))

    async def nearness_later(self, text: str) -> dict[str, float]:
        """Return the same of an asynchronous function; at first, calls at the same time embed the examples twice."""
        vectors = self._vectors
        if vectors is None:
            vectors = self._vectors = self._grouped(await self._embedded_later(self._examples()))
        return self._nearest(vectors, await self._embedded_later(list(pieces(text, _CHARS))))

    def _examples(self) -> list[str]:
        return [example for examples in self._topics.values() for example in examples]

    def _embedded(self, texts: list[str]) -> list[Vector]:
        answer = self._embed(texts) if self._batches else [self._embed(text) for text in texts]
        return self._checked(answer, len(texts))

    async def _embedded_later(self, texts: list[str]) -> list[Vector]:
        if self._batches:
            return self._checked(await cast("Awaitable[object]", self._embed(texts)), len(texts))
        answers = [await cast("Awaitable[object]", self._embed(text)) for text in texts]
        return self._checked(answers, len(texts))

    def _checked(self, answer: Any, expected: int) -> list[Vector]:
        try:
            vectors = [_unit([float(number) for number in vector]) for vector in answer]
        except TypeError:
            raise TypeError(
                f"{self._name}: embed did not return {'vectors' if self._batches else 'a vector'}"
            ) from None
        except ValueError:
            raise ValueError(
                f"{self._name}: embed returned a vector that has no direction or is not of numbers"
            ) from None
        known = next(iter(self._vectors.values()))[:1] if self._vectors else []
        if len(vectors) != expected or len({len(vector) for vector in (*known, *vectors)}) > 1:
            raise ValueError(f"{self._name}: embed returned vectors of different lengths, or not one for each text")
        return vectors

    def _grouped(self, vectors: Sequence[Vector]) -> dict[str, list[Vector]]:
        rest = iter(vectors)
        grouped = {topic: [next(rest) for _ in examples] for topic, examples in self._topics.items()}
        for group in grouped.values():
            mean = [math.fsum(numbers) / len(group) for numbers in zip(*group, strict=True)]
            if len(group) > 1 and any(mean):
                group.append(_unit(mean))
        return grouped

    @staticmethod
    def _nearest(vectors: Mapping[str, Iterable[Vector]], of_text: Sequence[Vector]) -> dict[str, float]:
        return {
            topic: max(_cosine(one, other) for one in group for other in of_text) for topic, group in vectors.items()
        }


def _cosine(one: Vector, other: Vector) -> float:
    return math.fsum(map(mul, one, other))


def _unit(numbers: Sequence[float]) -> Vector:
    size = math.hypot(*numbers)
    if not 0 < size < math.inf:
        raise ValueError
    return tuple(number / size for number in numbers)
