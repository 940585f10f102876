"""What `Groundedness` and `Relevance` have in common: a reply is compared with the request, by a scorer or by words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, cast

from genai_guard.guards.asking import MAX_STUCK, BoundedAwaits, check_callable, check_fraction, check_timeout, is_async
from genai_guard.guards.base import Context, GuardBase, settle
from genai_guard.guards.bounded import BoundedCalls
from genai_guard.guards.classifiers.categories import is_score
from genai_guard.messages import Part, PartKind
from genai_guard.verdicts import Action, ActionLike, Finding, Verdict

__all__ = ["ComparingGuard", "is_reply"]


@dataclass(frozen=True, kw_only=True)
class ComparingGuard(GuardBase):
    """A guard of replies that compares them with something of the request.

    Args:
        action: What to do with what is found: `flag` or `block`.
        blocking: Whether the scorer waits for something, so that an asynchronous call runs it in a thread.
        timeout_s: Seconds that a scorer which waits may take.
    """

    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})
    kinds: ClassVar[frozenset[PartKind]] = frozenset({"text"})

    scorer: Callable[[str, str], Any] | None = None
    threshold: float = 0.5
    action: ActionLike = field(default=Action.FLAG)
    blocking: bool = field(default=True)
    timeout_s: float = field(default=10.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fraction(type(self).__name__.lstrip("_"), "threshold", self.threshold)
        check_timeout(type(self).__name__.lstrip("_"), self.timeout_s)
        if self.scorer is not None:
            check_callable(f"{type(self).__name__.lstrip('_')}(scorer)", self.scorer, "reference", "reply")
        settle(self, blocking=self.scorer is not None and not is_async(self.scorer) and self.blocking)
        _ = self._calls, self._awaits  # here, where no two threads make one each

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the threads: they are made again where they are needed."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _calls(self) -> BoundedCalls[object]:
        return BoundedCalls(self._ask, timeout_s=self.timeout_s, max_stuck=MAX_STUCK)

    @cached_property
    def _awaits(self) -> BoundedAwaits:
        return BoundedAwaits(timeout_s=self.timeout_s)

    def _ask(self, pair: Any) -> object:
        reference, reply = pair
        return cast("Callable[[str, str], Any]", self.scorer)(reference, reply)

    def _score(self, reference: str, reply: str) -> float:
        """Return what the scorer says."""
        pair: Any = (reference, reply)
        return self._checked(self._calls(pair) if self.blocking else self._ask(pair))

    async def _score_later(self, reference: str, reply: str) -> float:
        """Return what an asynchronous scorer says."""
        return self._checked(await self._awaits(cast("Awaitable[object]", self._ask((reference, reply)))))

    def _checked(self, answer: Any) -> float:
        try:
            score = float(answer)
        except (TypeError, ValueError):
            raise TypeError(
                f"{self.name}: the scorer returned {type(answer).__name__}, not a number from 0 to 1"
            ) from None
        if isinstance(answer, str | bool) or not is_score(score):
            raise ValueError(f"{self.name}: the scorer returned what is no number from 0 to 1")
        return score

    def _by_score(self, text: str, score: float, category: str) -> list[Finding]:
        """Return a finding of the whole text if a score is below the threshold."""
        if score >= self.threshold:
            return []
        detail = f"score {score:.2f}, threshold {self.threshold:g}"
        return [Finding(f"{self.name}.score", category, 0, len(text), 1 - max(score, 0.0), self.name, "", detail)]

    def _verdict(self, text: str, found: Iterable[Finding]) -> Verdict:
        findings = tuple(found)
        return Verdict(Action(self.action) if findings else Action.ALLOW, text, findings, self.name, self.mode)


def is_reply(part: Part, context: Context) -> bool:
    """Whether a text is one that the model wrote to be read."""
    return context.side == "output" and part.kind == "text" and bool(part.text.strip())
