"""`Cascade`: a cheap classifier that asks an expensive one where it is unsure."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, reduce
from threading import Lock
from typing import Any, Final, Literal, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.asking import MAX_STUCK, BoundedAwaits, check_callable, check_timeout
from genai_guard.guards.base import Classifier, one_of, settle
from genai_guard.guards.bounded import BoundedCalls
from genai_guard.guards.classifiers.categories import Scored, is_score, scores_of, spent_on
from genai_guard.messages import Usage

__all__ = ["Cascade", "CascadeCounts"]

Scores = Mapping[str, float]
_NAME: Final = "Cascade"


@dataclass(frozen=True, slots=True)
class CascadeCounts:
    """What a `Cascade` has done so far, in this process.

    Attributes:
        texts: Texts that the cheap classifier scored.
        asked: Of those, how many the expensive one was asked about.
        failed: Of those, how many it gave no valid answer for.
    """

    texts: int = 0
    asked: int = 0
    failed: int = 0

    @property
    def asked_share(self) -> float:
        """Share of the texts that the expensive one was asked about, which is what it costs beside asking it always."""
        return self.asked / self.texts if self.texts else 0.0


@dataclass(frozen=True)
class Cascade:
    """A classifier that asks an expensive one only about texts of which a cheap one is unsure.

    A category is unsure if the cheap classifier's score is at least the lower and below the upper end of `unsure`. If one
    is, the expensive classifier is asked, and its scores of the unsure categories count instead; all others stay as they
    are. Choose the lower end by what may be missed, and the upper by what may be flagged in vain without a second opinion
    (Viola and Jones 2001; rejection by Chow 1970).

    What either spends (`Scored`, `JudgeClassifier`) counts in the budget of the call.
    Either may be `async def`, and then the cascade is. It works wherever a classifier does: in
    `ContentSafety(classifier=...)`, in `PromptInjection(classifier=...)`, and in another cascade.

    Args:
        cheap: Asked about every text.
        expensive: Asked about the unsure ones. It scores the same categories, or some of them.
        unsure: Lower and upper end of the scores that are unsure; or such a pair for each category that may be.
        categories: Which may be unsure; all that the cheap one scores when empty. What a guard does not look for should not
            cost a question.
        on_error: What becomes of a failure of the expensive one: `raise` passes it on, so that `on_error` of the guard
            decides; `cheap` keeps the scores of the cheap one, and counts the failure.
        timeout_s: Seconds that the expensive one may take if it waits for something; None leaves it to the guard around it,
            whose own bound (10 s) holds for both together.

    Raises:
        ConfigurationError: one of the two is no classifier, ends that are no range within 0 to 1, a time that is none, or
            both a range for each category and `categories`.
    """

    cheap: Classifier
    expensive: Classifier
    unsure: Sequence[float] | Mapping[str, Sequence[float]] = field(default=(0.2, 0.9), kw_only=True)
    categories: Sequence[str] = field(default=(), kw_only=True)
    on_error: Literal["raise", "cheap"] = field(default="raise", kw_only=True)
    timeout_s: float | None = field(default=5.0, kw_only=True)
    _counts: list[int] = field(init=False, repr=False, compare=False)
    _lock: Lock = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("cheap", "expensive"):
            check_callable(f"{_NAME}({name}=...): classify", getattr(getattr(self, name), "classify", None), "text")
        settle(self, unsure=_ranges(self.unsure), categories=_names(self.categories))
        if isinstance(self.unsure, Mapping) and self.categories:
            raise ConfigurationError(
                f"{_NAME}(categories=...): unsure= names the categories already; leave one of them out"
            )
        one_of(self, "on_error", {"raise", "cheap"})
        check_timeout(_NAME, self.timeout_s)
        settle(self, _counts=[0, 0, 0], _lock=Lock())
        _ = self._ask, self._awaits  # here, where no two threads make one each
        if any(inspect.iscoroutinefunction(each.classify) for each in (self.cheap, self.expensive)):
            settle(self, __class__=_AsyncCascade)  # asynchronous if its `classify` is

    def __hash__(self) -> int:
        return hash((_NAME, self.on_error, self.categories))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what a process counted, and its threads."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.init}

    def __setstate__(self, state: dict[str, Any]) -> None:
        settle(self, **state)
        settle(self, _counts=[0, 0, 0], _lock=Lock())

    @property
    def blocking(self) -> bool:
        """Whether one of the two waits for something."""
        return bool(getattr(self.cheap, "blocking", False) or getattr(self.expensive, "blocking", False))

    @property
    def counts(self) -> CascadeCounts:
        """How often the expensive one was asked."""
        with self._lock:
            return CascadeCounts(*self._counts)

    @property
    def card(self) -> Any:
        """What is known of the cheap one, if it has a card.

        Raises:
            AttributeError: it has none.
        """
        return cast("Any", self.cheap).card

    def explain(self, text: str, /, **options: Any) -> Any:
        """Return what moved the scores of the cheap one, if it can say; asks nobody else.

        Raises:
            AttributeError: it cannot.
        """
        return cast("Any", self.cheap).explain(text, **options)

    def classify(self, text: str, /) -> Any:
        """Return the scores of a text by category: those that the cheap one knows.

        Raises:
            TimeoutError: the expensive one took too long, unless `on_error` is `cheap`; so for all others of its failures.
            TooManyStuck: too many earlier calls of it have not returned.
            TypeError: one of the two did not return a mapping of numbers.
            ValueError: a score that is not from 0 to 1, or the expensive one scored none of the unsure categories.
        """
        scores = scores_of(_NAME, self.cheap.classify(text))
        unsure = self._unsure(scores)
        if not unsure:
            return scores
        try:
            return _joined(scores, unsure, self._ask(text))
        except Exception:
            if self._failure_counts():
                raise
            return scores

    def score(self, text: str, /) -> Any:
        """Return what `classify` does."""
        return self.classify(text)

    def _unsure(self, scores: Scores) -> list[str]:
        """Return the categories to ask about, and count."""
        found = unsure_categories(scores, self.unsure, self.categories)
        with self._lock:
            self._counts[0] += 1
            self._counts[1] += bool(found)
        return found

    def _failure_counts(self) -> bool:
        """Note a failure of the expensive one; return whether it is to be passed on."""
        with self._lock:
            self._counts[2] += 1
        return self.on_error == "raise"

    @cached_property
    def _ask(self) -> Any:
        if self.timeout_s is None or not getattr(self.expensive, "blocking", False):
            return self.expensive.classify
        return BoundedCalls(self.expensive.classify, timeout_s=self.timeout_s, max_stuck=MAX_STUCK)

    @cached_property
    def _awaits(self) -> BoundedAwaits:
        return BoundedAwaits(timeout_s=self.timeout_s)


@dataclass(frozen=True)
class _AsyncCascade(Cascade):
    """The same if one of the two is `async def`."""

    __hash__ = Cascade.__hash__

    async def classify(self, text: str, /) -> Any:
        """Return the scores of a text; raises like `Cascade.classify`."""
        scores = scores_of(_NAME, await _answer(self.cheap, self.cheap.classify, text))
        unsure = self._unsure(scores)
        if not unsure:
            return scores
        try:
            return _joined(scores, unsure, await self._awaits(_answer(self.expensive, self._ask, text)))
        except Exception:
            if self._failure_counts():
                raise
            return scores


async def _answer(classifier: Classifier, classify: Callable[[str], Any], text: str) -> object:
    """Ask a classifier of either kind; one that waits, in a thread."""
    import asyncio  # noqa: PLC0415  whoever has an asynchronous classifier has loaded it

    if inspect.iscoroutinefunction(classify):
        return await classify(text)
    return await asyncio.to_thread(classify, text) if getattr(classifier, "blocking", False) else classify(text)


def unsure_categories(
    scores: Scores, unsure: Sequence[float] | Mapping[str, Sequence[float]], categories: Sequence[str]
) -> list[str]:
    """Return the categories whose scores are unsure.

    Args:
        scores: Of the cheap classifier.
        unsure: A range, or one for each category that may be unsure.
        categories: Those that may be, if there is one range; all when empty.
    """
    if isinstance(unsure, Mapping):
        return [name for name, (low, high) in unsure.items() if low <= scores.get(name, -1.0) < high]
    low, high = unsure
    return [name for name, score in scores.items() if low <= score < high and (not categories or name in categories)]


def _joined(scores: dict[str, float], unsure: Sequence[str], answer: object) -> dict[str, float]:
    """Return the scores with those of the expensive classifier for what was unsure."""
    said = scores_of(_NAME, answer)
    better = {name: said[name] for name in unsure if name in said}
    if not better:
        raise ValueError(f"{_NAME}: the expensive classifier scored none of what was unsure")
    costs = [each for each in (spent_on(said), spent_on(scores)) if each]
    if not costs:
        return {**scores, **better}
    usage = reduce(Usage.plus, (each["usage"] for each in costs))
    return Scored({**scores, **better}, usage=usage, model=costs[0]["model"])


def _ranges(unsure: object) -> Any:
    if isinstance(unsure, Mapping):
        given = cast("Mapping[str, object]", unsure)
        if not given:
            raise ConfigurationError(f"{_NAME}(unsure={{}}) would never ask; name the categories that may be unsure")
        return FrozenDict({name: _range(f"unsure[{name!r}]", each) for name, each in given.items()})
    return _range("unsure", unsure)


def _range(name: str, value: object) -> tuple[float, float]:
    ends = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()
    if len(ends) != 2 or not all(map(is_score, ends)) or not ends[0] < ends[1]:
        raise ConfigurationError(
            f"{_NAME}({name}=...) must be a lower and an upper score from 0 to 1, such as (0.2, 0.9)"
        )
    return ends[0], ends[1]


def _names(categories: object) -> tuple[str, ...]:
    names = (categories,) if isinstance(categories, str) else tuple(cast("Sequence[Any]", categories))
    if not all(isinstance(name, str) and name for name in names):
        raise ConfigurationError(f"{_NAME}(categories=...) takes names of categories")
    return cast("tuple[str, ...]", names)
