"""`JudgeClassifier`: a `Judge` in the place of a classifier, for instance as the expensive half of a `Cascade`."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.asking import is_async
from genai_guard.guards.base import settle
from genai_guard.guards.classifiers.categories import Scored
from genai_guard.guards.judge import Judge
from genai_guard.verdicts import Verdict

__all__ = ["JudgeClassifier"]


@dataclass(frozen=True)
class JudgeClassifier:
    """Score one category by a `Judge`: what it says of a text that fails, and 0 of one that passes.

    What the judge spent goes along with the scores, through a `Cascade` as well, and counts in the budget of the call as
    if the judge were a guard by itself. It is shown the text alone, not what the call is about. If its model is `async def`,
    so is `classify`.

    Args:
        judge: Who is asked. Its failures are those of the classifier.
        category: What its score is called: `injection` for `PromptInjection`, one of `CATEGORIES` for `ContentSafety`.

    Raises:
        ConfigurationError: that is no judge, or no name.
    """

    judge: Judge
    category: str = field(default="injection", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(cast("object", self.judge), Judge):
            raise ConfigurationError(f"JudgeClassifier(judge) takes a Judge, not {type(self.judge).__name__}")
        if not isinstance(cast("object", self.category), str) or not self.category:
            raise ConfigurationError("JudgeClassifier(category=...) takes the name of a category, such as 'injection'")
        settle(self, __class__=_AsyncJudgeClassifier if is_async(self.judge.llm) else JudgeClassifier)

    @property
    def blocking(self) -> bool:
        """Whether the judge waits in the thread that asks it."""
        return self.judge.blocking

    def classify(self, text: str, /) -> Any:
        """Return the score of a text, and what it cost; raises like `Judge.check`."""
        return self._scored(self.judge.check(text))

    def _scored(self, verdict: Verdict) -> Scored:
        score = max((finding.score for finding in verdict.findings), default=0.0)
        return Scored({self.category: score}, usage=verdict.usage, model=verdict.model)


@dataclass(frozen=True)
class _AsyncJudgeClassifier(JudgeClassifier):
    """The same for a judge whose model is `async def`."""

    async def classify(self, text: str, /) -> Scored:
        """Return the score of a text; raises like `JudgeClassifier.classify`."""
        return self._scored(await cast("Awaitable[Verdict]", self.judge.check(text)))
