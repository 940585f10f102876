"""`ContentSafety`: hate, harassment, sexual content, violence, self-harm and help with crimes."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.asking import MAX_STUCK, BoundedAwaits, check_callable, check_fraction, check_timeout
from genai_guard.guards.base import Classifier, GuardBase, check_interval, settle
from genai_guard.guards.bounded import BoundedCalls
from genai_guard.guards.classifiers.categories import CATEGORIES, scores_of, spent_on
from genai_guard.guards.classifiers.learned.harm import learned_findings, thresholds
from genai_guard.guards.classifiers.lexical import LexicalClassifier
from genai_guard.verdicts import Action, ActionLike, Finding, Verdict

__all__ = ["ContentSafety"]

_PATIENCE_S: Final = 10.0


@dataclass(frozen=True)
class ContentSafety(GuardBase):
    """Score a text by categories of unsafe content, and block or flag it where a score reaches its threshold.

    The categories are `hate` (against groups), `harassment` (against a person), `sexual`, `violence`, `self_harm` and
    `illicit` (help with crimes). The scores come from a classifier: your model, or a moderation service. Without one,
    `LexicalClassifier` goes by words and phrases, and what it lets pass is scored by a small model that was trained on texts
    of many sorts (`LearnedClassifier("harm")`): they find what is said in plain words, and miss more than a large model does.

    A classifier is any object with `classify(text)`, which returns scores from 0 to 1 by category, and may be
    `async def`. One that waits for something says `blocking = True`. An answer that is not that is an error, and
    `on_error` decides; it never passes for a harmless text. A finding is the text as a whole; with the built-in
    classifier it is the words that gave the text away.

    Args:
        classifier: What scores a text; the built-in ones when None.
        false_positives: Share of harmless texts that the learned scorer may flag, all categories together; None leaves it to
            words and phrases. Measured on sources that it was not trained on; yours will differ. Of no concern to a
            classifier of yours.
        thresholds: For categories, from which score on they count; `threshold` for the others.
        threshold: From which score on a category counts.
        categories: What to look for. Others may be named if the classifier scores them.
        action: What to do with what is found: `block` or `flag`.
        blocking: Whether the classifier waits for something, so that an asynchronous call runs it in a thread. Also
            true if the classifier says so.
        timeout_s: Seconds that a classifier which waits may take; 10 when None.
        beside_call: Whether a classifier that waits may do so while the model is called; the reply is held until then.
        check_every_chars: In a stream, score the text so far each time that so many characters have come, and at the
            end. None holds the stream to its end.

    Raises:
        ConfigurationError: no classifier, a category that is none, a number out of range, a share of false positives that
            was not measured, or a model file that is missing or damaged.
    """

    kind: ClassVar[str] = "content_safety"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})

    classifier: Classifier | None = None
    thresholds: Mapping[str, float] = field(default_factory=FrozenDict[str, float], kw_only=True)
    threshold: float = field(default=0.5, kw_only=True)
    categories: Sequence[str] = field(default=CATEGORIES, kw_only=True)
    false_positives: float | None = field(default=0.01, kw_only=True)
    action: ActionLike = field(default=Action.BLOCK, kw_only=True)
    blocking: bool = field(default=False, kw_only=True)
    timeout_s: float | None = field(default=None, kw_only=True)
    beside_call: bool = field(default=False, kw_only=True)
    check_every_chars: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fraction("ContentSafety", "threshold", self.threshold)
        check_timeout("ContentSafety", self.timeout_s)
        check_interval("ContentSafety", self.check_every_chars)
        settle(self, categories=_named(self.categories), thresholds=self._checked_thresholds())
        if self.classifier is None:
            self._check_names()
            if self.false_positives is not None:
                thresholds(self.false_positives)
        else:
            check_callable(
                "ContentSafety(classifier=...): classify", getattr(self.classifier, "classify", None), "text"
            )
        is_async = inspect.iscoroutinefunction(self._classifier.classify)
        settle(self, blocking=not is_async and (self.blocking or getattr(self.classifier, "blocking", False)))
        if is_async or self.blocking:
            settle(self, timeout_s=_PATIENCE_S if self.timeout_s is None else self.timeout_s)
        _ = self._calls, self._awaits, self._classifier  # here, where no two threads make one each
        settle(self, __class__=_AsyncContentSafety if is_async else ContentSafety)  # asynchronous if its `check` is

    def check(self, text: str, /) -> Any:
        """Return the verdict about `text`.

        Raises:
            TimeoutError: the classifier took too long.
            TooManyStuck: too many earlier calls of a classifier that waits have not returned.
            TypeError: it did not return a mapping of numbers.
            ValueError: it returned a score that is not from 0 to 1, or none for a category that was asked for.
        """
        if not text.strip():
            return self._verdict(text, ())
        if isinstance(self._classifier, LexicalClassifier):
            return self._built_in(text, self._classifier.places(text))
        return self._answered(text, self._calls(text) if self.blocking else self._ask(text))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the threads: they are made again where they are needed."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _classifier(self) -> Classifier:
        return LexicalClassifier() if self.classifier is None else self.classifier

    @cached_property
    def _calls(self) -> BoundedCalls[object]:
        return BoundedCalls(self._ask, timeout_s=self.timeout_s or _PATIENCE_S, max_stuck=MAX_STUCK)

    @cached_property
    def _awaits(self) -> BoundedAwaits:
        return BoundedAwaits(timeout_s=self.timeout_s)

    def _ask(self, text: str) -> object:
        return self._classifier.classify(text)

    def _built_in(self, text: str, places: Iterable[tuple[str, int, int, float]]) -> Verdict:
        verdict = self._verdict(text, places)
        if verdict.findings or self.classifier is not None or self.false_positives is None:
            return verdict
        found = tuple(learned_findings(text, self.categories, self.false_positives, name=self.name))
        return replace(verdict, action=Action(self.action), findings=found) if found else verdict

    def _answered(self, text: str, answer: object) -> Verdict:
        verdict, spent = self._verdict(text, self._whole(text, answer)), spent_on(answer)
        return replace(verdict, **spent) if spent else verdict

    def _whole(self, text: str, answer: object) -> list[tuple[str, int, int, float]]:
        scores = scores_of(self.name, answer)
        expected = {*self.thresholds, *(() if self.categories == CATEGORIES else self.categories)}
        missing = sorted(expected - scores.keys())
        if missing or scores.keys().isdisjoint(self.categories):
            wanted = ", ".join(missing or self.categories)
            raise ValueError(f"{self.name}: the classifier scored none of what was asked for: {wanted}")
        return [(category, 0, len(text), score) for category, score in scores.items()]

    def _verdict(self, text: str, places: Iterable[tuple[str, int, int, float]]) -> Verdict:
        found = tuple(self._findings(places))
        return Verdict(Action(self.action) if found else Action.ALLOW, text, found, self.name, self.mode)

    def _findings(self, places: Iterable[tuple[str, int, int, float]]) -> Iterator[Finding]:
        reached: dict[str, int] = {}
        for category, start, end, score in places:
            least = self.thresholds.get(category, self.threshold)
            if category in self.categories and score >= least and score > 0 and end > reached.get(category, 0):
                reached[category] = end
                detail = f"score {score:.2f}, threshold {least:g}"
                rule = f"{self.name}.{category}"
                yield Finding(rule, category.upper(), start, end, min(float(score), 1.0), self.name, "", detail)

    def _checked_thresholds(self) -> FrozenDict[str, float]:
        given = self.thresholds
        if not isinstance(given, Mapping):
            raise ConfigurationError(
                f"ContentSafety(thresholds=...) takes a mapping such as {{'hate': 0.5}}, not {type(given).__name__}"
            )
        for category, value in given.items():
            check_fraction("ContentSafety", f"thresholds[{category!r}]", value)
            if category not in self.categories:
                known = ", ".join(self.categories)
                raise ConfigurationError(f"ContentSafety(thresholds=...): {category!r} is not one of {known}")
        return FrozenDict(given)

    def _check_names(self) -> None:
        for category in self.categories:
            if category not in CATEGORIES:
                raise ConfigurationError(
                    f"ContentSafety(categories=...): {category!r} is not one of {', '.join(CATEGORIES)}, which are those "
                    "of the built-in classifier"
                )


@dataclass(frozen=True)
class _AsyncContentSafety(ContentSafety):
    """The same for a classifier whose `classify` is `async def`."""

    async def check(self, text: str, /) -> Verdict:
        """Return the verdict about `text`; raises like `ContentSafety.check`."""
        if not text.strip():
            return self._verdict(text, ())
        answer = await self._awaits(cast("Awaitable[object]", self._ask(text)))
        return self._answered(text, answer)


def _named(categories: object) -> tuple[str, ...]:
    names = (categories,) if isinstance(categories, str) else tuple(cast("Iterable[object]", categories))
    for number, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise ConfigurationError(f"ContentSafety(categories=...): item {number} is no name of a category")
    if not names:
        raise ConfigurationError("ContentSafety(categories=[]) would find nothing; leave it out to look for all")
    return tuple(dict.fromkeys(cast("tuple[str, ...]", names)))
