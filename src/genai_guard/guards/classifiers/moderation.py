"""`ModerationEndpoint`: scores of a moderation service, in the shape that OpenAI's has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from genai_guard.clients.walk import is_list
from genai_guard.frozen import FrozenDict
from genai_guard.guards.asking import check_callable, is_async
from genai_guard.guards.base import settle
from genai_guard.guards.classifiers.adapter import Adapter
from genai_guard.guards.classifiers.categories import is_score, merged

__all__ = ["ModerationEndpoint", "scores_in"]


@dataclass(frozen=True)
class ModerationEndpoint(Adapter):
    """A classifier that asks a moderation service through a callable of yours.

        client = openai.OpenAI()
        ModerationEndpoint(lambda text: client.moderations.create(model="omni-moderation-latest", input=text))

    What it returns may be an object of the SDK or the JSON of the answer: `results[].category_scores`. Sub-categories
    count for their category, the highest of them: `self-harm/intent` for `self_harm`, `sexual/minors` for `sexual`,
    `hate/threatening` for `hate`. It sends the text to whomever the callable sends it.

    Args:
        call: Takes a text, and returns the answer of the service; it may be `async def`.
        labels: Further names of categories, and which of `CATEGORIES`, or which name of your own, they stand for.

    Raises:
        ConfigurationError: not a function of a text.
    """

    call: Callable[[str], Any]
    labels: Mapping[str, str] = field(default_factory=FrozenDict[str, str], kw_only=True)

    blocking: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_callable("ModerationEndpoint(call)", self.call, "text")
        settle(self, labels=FrozenDict(self.labels))
        if is_async(self.call):
            settle(self, __class__=_AsyncModerationEndpoint)  # asynchronous if its `classify` is

    def classify(self, text: str, /) -> Any:
        """Return the scores of the service by our categories.

        Raises:
            ValueError: the answer does not have the shape of one.
        """
        return scores_in(self.call(text), self.labels)


@dataclass(frozen=True)
class _AsyncModerationEndpoint(ModerationEndpoint):
    """The same for an asynchronous callable."""

    blocking: ClassVar[bool] = False

    async def classify(self, text: str, /) -> Any:
        """Return the scores; raises like `ModerationEndpoint.classify`."""
        return scores_in(await cast("Awaitable[object]", self.call(text)), self.labels)


def scores_in(answer: object, labels: Mapping[str, str]) -> dict[str, float]:
    """Return the scores of an answer of a moderation service by our categories.

    Args:
        answer: Its JSON, or an object of an SDK.
        labels: Further names of categories.

    Raises:
        ValueError: it does not have the shape of one. What it says instead is not repeated: it may quote the text.
    """
    results = _get(answer, "results")
    if not is_list(results) or not results:
        raise ValueError("the moderation endpoint answered without results")
    scores = [score for result in cast("list[object]", results) for score in _scores(_get(result, "category_scores"))]
    found = merged(scores, labels)
    if not found:
        raise ValueError("the moderation endpoint answered without a score for any known category")
    return found


def _scores(scores: object) -> Iterator[tuple[str, float]]:
    """Yield label and score of each category; the SDK has attributes where JSON has keys."""
    dump = getattr(scores, "model_dump", None)
    values = dump(by_alias=True) if callable(dump) else scores
    if not isinstance(values, Mapping):
        raise ValueError("the moderation endpoint answered without category_scores")  # noqa: TRY004
    for number, (label, score) in enumerate(cast("Mapping[object, object]", values).items()):
        if score is None:  # a category that the model does not know
            continue
        if not isinstance(label, str) or not is_score(score):
            raise ValueError(f"item {number} of the category_scores is no score from 0 to 1")
        yield label, cast("float", score)


def _get(value: object, name: str) -> object:
    return cast("Mapping[str, object]", value).get(name) if isinstance(value, Mapping) else getattr(value, name, None)
