"""`Relevance`: whether a reply has to do with the question. By words it is a proxy, and named so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.asking import is_async
from genai_guard.guards.base import Context, settle
from genai_guard.guards.comparing import ComparingGuard, is_reply
from genai_guard.guards.overlap import content_words, stem
from genai_guard.messages import Part
from genai_guard.verdicts import Finding, Verdict

__all__ = ["Relevance"]

_COMMON: Final = frozenset(
    stem(word)
    for word in """able add answer ask bad best better big bring call change come day different easy example explain feel find
    first give go good great happen help hour important keep kind know last long look lot make many mean month need new next number
    old part people person place point possible problem question reason right say see show small start state take tell thank thing
    think time today tomorrow try turn use want way week well work world write wrong year describe list compare really difference
    between name work per still call anyone someone something""".split()  # noqa: SIM905
)
"""Words that questions about anything hold: they say little about what it is about."""
_COMMON_WEIGHT: Final = 0.3
_LEAST_WEIGHT: Final = 1.5
_PREFIX: Final = 5


@dataclass(frozen=True)
class Relevance(ComparingGuard):
    """Say whether a reply has to do with the last question of the user. Without a scorer this is a lexical proxy.

    By words, relevance is the share of the question's content words, by a crude stem, that come up in the reply; words that
    stand in questions about anything count less. A good answer may use none of them, so short replies pass, and so do
    replies to questions that hold hardly a word of content.

    It tells a reply about something else from one that may be an answer, and no more: it does not see whether the question
    is answered, nor whether the answer is right.

    Args:
        scorer: Takes the question and the reply, and returns how relevant it is, from 0 to 1; it may be `async def`. Asked in
            place of the comparison by words, for short replies too.
        threshold: Share of the words, or score of a scorer, below which a reply is found.
        min_words: Content words from which on a reply is looked at.

    Raises:
        ConfigurationError: a scorer that is no function of two texts, or a number out of range.
    """

    kind: ClassVar[str] = "relevance"

    scorer: Callable[[str, str], Any] | None = None
    threshold: float = field(default=0.2, kw_only=True)
    min_words: int = field(default=8, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.min_words) is not int or self.min_words < 1:
            raise ConfigurationError(f"Relevance(min_words={self.min_words!r}) must be a whole number of at least 1")
        settle(self, __class__=_AsyncRelevance if is_async(self.scorer) else Relevance)

    def check(self, text: str, /, *, question: str = "") -> Any:
        """Return the verdict about a reply.

        Args:
            text: The reply.
            question: What was asked. Without a question nothing is found.

        Raises:
            TimeoutError: the scorer took too long.
            TooManyStuck: too many earlier calls of it have not returned.
            TypeError: it did not return a number.
            ValueError: the number is not from 0 to 1.
        """
        if not text.strip() or not question.strip():
            return self._verdict(text, ())
        if self.scorer is None:
            return self._verdict(text, self._by_words(text, question))
        return self._verdict(text, self._by_score(text, self._score(question, text), "IRRELEVANT"))

    def check_part(self, part: Part, context: Context, /) -> Any:
        """Return the verdict about a text of a reply, given the request; raises like `check`."""
        return self.check(part.text, question=_question(part, context))

    def _by_words(self, text: str, question: str) -> list[Finding]:
        reply = [span.key for span in content_words(text)]
        if len(reply) < self.min_words:
            return []
        weights = {span.key: _COMMON_WEIGHT if span.key in _COMMON else 1.0 for span in content_words(question)}
        if sum(weights.values()) < _LEAST_WEIGHT:
            return []
        score = _share(weights, set(reply))
        if score >= self.threshold:
            return []
        detail = f"lexical proxy: {score:.2f} of the question's words come up, threshold {self.threshold:g}"
        return [Finding(f"{self.name}.words", "IRRELEVANT", 0, len(text), 1 - score, self.name, "", detail)]


@dataclass(frozen=True)
class _AsyncRelevance(Relevance):
    """The same for an asynchronous scorer."""

    async def check(self, text: str, /, *, question: str = "") -> Verdict:
        """Return the verdict about a reply; raises like `Relevance.check`."""
        if not text.strip() or not question.strip():
            return self._verdict(text, ())
        return self._verdict(text, self._by_score(text, await self._score_later(question, text), "IRRELEVANT"))

    async def check_part(self, part: Part, context: Context, /) -> Verdict:
        """Return the verdict about a text of a reply; raises like `Relevance.check`."""
        return await self.check(part.text, question=_question(part, context))


def _share(weights: Mapping[str, float], reply: set[str]) -> float:
    """Return how much of the question comes up in the reply; long words match by their beginnings."""
    beginnings = {word[:_PREFIX] for word in reply if len(word) >= _PREFIX}
    met = (weight for word, weight in weights.items() if word in reply or word[:_PREFIX] in beginnings)
    return sum(met) / sum(weights.values())


def _question(part: Part, context: Context) -> str:
    """Return the last thing that the user wrote; nothing if the text is no reply."""
    if not is_reply(part, context):
        return ""
    return next((each.text for each in reversed(context.request.parts) if each.role == "user"), "")
