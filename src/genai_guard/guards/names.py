"""`Names`: people, places and organisations, found by a recogniser that you bring."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple, Protocol, TypeAlias, TypeGuard, cast

from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import GuardBase, settle
from genai_guard.guards.bounded import BoundedCalls, TooManyStuck
from genai_guard.guards.hashing import check_key, stand_in
from genai_guard.text.edits import Edit, apply_edits
from genai_guard.text.words import fold
from genai_guard.verdicts import Action, ActionLike, Finding, Verdict

__all__ = ["LABELS", "NAME_ENTITIES", "NamedSpan", "Names", "Recogniser"]

NAME_ENTITIES: Final = ("PERSON", "PLACE", "ORGANISATION")
"""What `Names` tells apart."""
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{entity: entity for entity in NAME_ENTITIES},
        **dict.fromkeys(("PER",), "PERSON"),
        **dict.fromkeys(("GPE", "LOC", "LOCATION", "FAC"), "PLACE"),
        **dict.fromkeys(("ORG", "ORGANIZATION"), "ORGANISATION"),
    }
)
"""The labels that a recogniser may use, and what they stand for."""
_MAX_STUCK: Final = 4
_LEAST_SPANS: Final = 1000


class NamedSpan(NamedTuple):
    """A name in a text.

    Attributes:
        start: First character.
        end: One past the last.
        label: What it names: one of `LABELS`.
        score: Confidence, from 0 to 1.
    """

    start: int
    end: int
    label: str
    score: float = 1.0


Spans: TypeAlias = Iterable[NamedSpan | tuple[int, int, str] | tuple[int, int, str, float]]


class Recogniser(Protocol):
    """Any callable that takes a text and returns the names in it; it may be `async def`."""

    def __call__(self, text: str, /) -> Spans | Awaitable[Spans]:
        """Return the spans of the names, in any order; they may overlap."""
        ...


@dataclass(frozen=True)
class Names(GuardBase):
    """Find names of people, places and organisations, and flag, redact, mask, hash or block them.

    The recogniser is yours: a model, a service, a list. `genai_guard.guards.names_spacy` and
    `genai_guard.guards.names_presidio` have adapters for two libraries. What the actions leave of `Ada Lovelace`:
    `redact` `[PERSON]`, `mask` `A*** L***`, `hash` `[PERSON:kfbdihapleocmjgn]`.

    Spans that overlap are taken together under the label of the highest score, so that nothing of any of them is left
    over. A span that does not fit the text, or that is none, is an error of the recogniser: nothing it said is used,
    and `on_error` says what becomes of the call.

    The recogniser is asked after the rules of other guards, about the text that these left. It runs in a thread and
    for `timeout_s` at most; a coroutine function runs in the loop of an asynchronous call. While four calls are left
    behind without an answer no further one is made. A stream is held to its end.

    In a policy file the recogniser is named by its module: `my_app.names:recogniser`.

    Args:
        recogniser: Takes a text, and returns `(start, end, label)` or `(start, end, label, score)` for each name.
        entities: What to look for: `PERSON`, `PLACE`, `ORGANISATION`.
        threshold: From which score on a span counts.
        allow: Names that are no finding. Case and spacing do not count.
        hash_key: Secret of at least 16 bytes for `hash`. Without one a random key is used that dies with the process.
        timeout_s: Seconds that the recogniser may take.

    Raises:
        ConfigurationError: the recogniser is no function of a text, or another parameter is wrong.
    """

    kind: ClassVar[str] = "names"
    blocking: ClassVar[bool] = True
    allowed_actions: ClassVar[frozenset[Action]] = frozenset(
        {Action.FLAG, Action.REDACT, Action.MASK, Action.HASH, Action.BLOCK}
    )

    recogniser: Recogniser
    entities: Sequence[str] = field(default=NAME_ENTITIES, kw_only=True)
    threshold: float = field(default=0.5, kw_only=True)
    allow: Sequence[str] = field(default=(), kw_only=True)
    action: ActionLike = field(default=Action.REDACT, kw_only=True)
    hash_key: str | bytes | FromEnv | None = field(default=None, kw_only=True, repr=False)
    timeout_s: float = field(default=2.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_what_is_no_recogniser(self.recogniser)
        settle(self, entities=_known(self.entities), allow=_strings(self.allow))
        if not 0 <= self.threshold <= 1:
            raise ConfigurationError(f"Names(threshold={self.threshold!r}) must be a number from 0 to 1")
        if not 0 < self.timeout_s < math.inf:
            raise ConfigurationError(f"Names(timeout_s={self.timeout_s!r}) must be above 0, and finite")
        check_key("Names", self.hash_key, self.action)
        _ = self._calls  # here, where no two threads make one each
        if _is_async(self.recogniser):
            settle(self, __class__=_AsyncNames)  # a guard is asynchronous if its `check` is

    def check(self, text: str, /) -> Any:
        """Return a verdict whose findings point into `text` and whose `text` is the one to go on with.

        Raises:
            TimeoutError: the recogniser took too long.
            TooManyStuck: too many earlier calls have not returned.
            TypeError: what it returned is not a list of spans.
            ValueError: a span does not fit the text, or its label or score is none.
        """
        return self._verdict(text, self._calls(text) if text.strip() else [])

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the threads: they are made again where they are needed."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _calls(self) -> BoundedCalls[list[object]]:
        def answer(text: str) -> list[object]:
            return _taken(self.name, text, self.recogniser(text))

        return BoundedCalls(answer, timeout_s=self.timeout_s, max_stuck=_MAX_STUCK)

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(map(_plain, self.allow))

    def _verdict(self, text: str, answer: Sequence[object]) -> Verdict:
        spans = [_checked(self.name, number, span, len(text)) for number, span in enumerate(answer)]
        found = [
            Finding(f"{self.name}.{span.label.lower()}", span.label, span.start, span.end, span.score, self.name)
            for span in _apart(span for span in spans if self._counts(text, span))
        ]
        if not found:
            return Verdict(Action.ALLOW, text, (), self.name, self.mode)
        action = Action(self.action)
        if action.edits and self.mode == "enforce":
            text = apply_edits(text, [Edit(each.start, each.end, self._left(each, each.of(text))) for each in found])
        return Verdict(action, text, tuple(found), self.name, self.mode)

    def _counts(self, text: str, span: NamedSpan) -> bool:
        wanted = span.label in self.entities and span.score >= self.threshold
        return wanted and _plain(text[span.start : span.end]) not in self._allowed

    def _left(self, finding: Finding, name: str) -> str:
        """Return what the action leaves of a name."""
        if self.action is Action.MASK:
            return " ".join(f"{word[0]}***" for word in name.split())
        if self.action is Action.HASH:
            return f"[{finding.category}:{stand_in(_plain(name), self.hash_key)}]"
        return f"[{finding.category}]"


@dataclass(frozen=True)
class _AsyncNames(Names):
    """The same for an asynchronous recogniser."""

    blocking: ClassVar[bool] = False

    async def check(self, text: str, /) -> Verdict:
        """Return the verdict about `text`; raises like `Names.check`."""
        return self._verdict(text, await self._asked(text) if text.strip() else [])

    @cached_property
    def _waiting(self) -> set[Any]:
        return set()

    async def _asked(self, text: str) -> list[object]:
        import asyncio  # noqa: PLC0415  whoever has an asynchronous recogniser has loaded it

        left_behind = [task for task in self._waiting if not task.done()]
        if len(left_behind) >= _MAX_STUCK:
            raise TooManyStuck(len(left_behind))
        task = asyncio.ensure_future(cast("Awaitable[Spans]", self.recogniser(text)))
        try:
            done, _ = await asyncio.wait({task}, timeout=self.timeout_s)
        finally:
            if not task.done():  # not awaited: a recogniser that does not listen would hang the call
                task.cancel()
                self._waiting.add(task)
                task.add_done_callback(self._waiting.discard)
        if not done:
            raise TimeoutError(f"no answer within {self.timeout_s:g} s")
        return _taken(self.name, text, task.result())


def _taken(name: str, text: str, answer: object) -> list[object]:
    """Return what a recogniser returned as a list; its generator runs here, and may not go on forever."""
    kind = type(answer)
    if not issubclass(kind, Iterable) or issubclass(kind, str | bytes | Mapping):
        raise TypeError(f"{name}: the recogniser returned {kind.__name__}, not a list of (start, end, label)")
    most = max(_LEAST_SPANS, len(text))
    spans = list(islice(cast("Iterable[object]", answer), most + 1))
    if len(spans) > most:
        raise ValueError(f"{name}: the recogniser returned more than {most} spans for {len(text)} characters")
    return spans


def _checked(name: str, number: int, span: object, size: int) -> NamedSpan:
    """Return a span with the entity for its label. No message repeats a label, which may be anything."""
    where = f"{name}: item {number} of what the recogniser returned"
    kind = type(span)
    if not issubclass(kind, tuple) or len(cast("tuple[object, ...]", span)) not in {3, 4}:
        raise TypeError(f"{where} is {kind.__name__}, not (start, end, label) or (start, end, label, score)")
    start, end, label, *scores = cast("tuple[object, ...]", span)
    score = scores[0] if scores else 1.0
    if not _is_whole(start) or not _is_whole(end) or not isinstance(label, str):
        raise TypeError(f"{where} has a {type(start).__name__}, {type(end).__name__}, {type(label).__name__}")
    if not 0 <= start < end <= size:
        what = "is empty or reversed" if start >= end else "is out of range"
        raise ValueError(f"{where} {what}: {start}:{end} of a text of {size} characters")
    if label.upper() not in LABELS:
        raise ValueError(f"{where} has a label that is none of {', '.join(LABELS)}")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise ValueError(f"{where} has a score that is not a number from 0 to 1")
    return NamedSpan(start, end, LABELS[label.upper()], float(score))


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _apart(spans: Iterable[NamedSpan]) -> list[NamedSpan]:
    """Take together what overlaps, under the label of the highest score, and of the longest among equals."""
    found: list[tuple[NamedSpan, NamedSpan]] = []
    for span in sorted(spans):
        if not found or span.start >= found[-1][0].end:
            found.append((span, span))
            continue
        whole, best = found[-1]
        best = max(best, span, key=lambda each: (each.score, each.end - each.start))
        found[-1] = (whole._replace(end=max(whole.end, span.end)), best)
    return [whole._replace(label=best.label, score=best.score) for whole, best in found]


def _plain(name: str) -> str:
    return fold(" ".join(name.split()))


def _known(entities: object) -> tuple[str, ...]:
    names = (entities,) if isinstance(entities, str) else tuple(cast("Iterable[str]", entities))
    for name in names:
        if name not in NAME_ENTITIES:
            raise ConfigurationError(f"Names(entities=...): {name!r} is not one of {', '.join(NAME_ENTITIES)}")
    if not names:
        raise ConfigurationError("Names(entities=[]) would find nothing; leave it out to look for all entities")
    return tuple(dict.fromkeys(names))


def _strings(values: object) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"Names(allow=...) takes a list of strings, not {type(values).__name__}")
    strings = tuple(cast("Iterable[object]", values))
    for number, value in enumerate(strings):
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError(f"Names(allow=...): item {number} is not a name")
    return cast("tuple[str, ...]", strings)


def _is_async(recogniser: object) -> bool:
    call = getattr(recogniser, "__call__", None)  # noqa: B004  not whether it can be called, but how
    return inspect.iscoroutinefunction(recogniser) or inspect.iscoroutinefunction(call)


def _refuse_what_is_no_recogniser(recogniser: object) -> None:
    name = getattr(recogniser, "__qualname__", type(recogniser).__name__)
    if not callable(recogniser) or isinstance(recogniser, type):
        what = f"the class {name}" if isinstance(recogniser, type) else f"an object of type {name}"
        raise ConfigurationError(f"Names() takes a function of one text, not {what}")
    if inspect.isasyncgenfunction(recogniser):
        raise ConfigurationError(f"Names(): {name} is an asynchronous generator; return a list instead of yielding")
    try:
        inspect.signature(recogniser).bind("")
    except TypeError:
        raise ConfigurationError(f"Names(): {name} must be callable with one argument, the text") from None
    except ValueError:
        return  # a function of an extension module that does not tell its signature
