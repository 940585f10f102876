"""Asks the guards of one side of a pipeline about a text or a conversation, in the way that a call does.

Limits, experiments and the recorder of the pipeline are left out: nothing is counted, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from genai_guard.clients import request_client
from genai_guard.commands.shared import UsageError
from genai_guard.errors import ComponentFailed
from genai_guard.guards.base import Side
from genai_guard.guards.seat import Seat
from genai_guard.messages import Part
from genai_guard.pipeline import Pipeline
from genai_guard.verdicts import Action, Finding, Verdict, gravest

if TYPE_CHECKING:
    from genai_guard.recording.event import Event

__all__ = ["Answer", "Content", "ask", "seats_of"]

Content: TypeAlias = str | Sequence[Mapping[str, Any]]
"""A text, or the messages of a conversation."""

_QUESTION: Final = "?"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the guards of a side said.

    Attributes:
        parts: The texts, as they were written.
        texts: What is left of them, in the same order; None if they may not go on.
        verdicts: What was found, by guard, plain allowances excepted.
    """

    parts: tuple[Part, ...]
    texts: tuple[str, ...] | None
    verdicts: tuple[Verdict, ...]

    @property
    def action(self) -> Action:
        """The gravest action of those that are not in shadow mode."""
        return gravest(verdict.action for verdict in self.verdicts if verdict.mode == "enforce")

    @property
    def mode(self) -> str:
        """`shadow` if all that was said is only recorded."""
        return "shadow" if self.verdicts and all(each.mode == "shadow" for each in self.verdicts) else "enforce"

    @property
    def error(self) -> str:
        """What a guard raised, if one did."""
        return next((verdict.error for verdict in self.verdicts if verdict.error), "")

    @property
    def says_no(self) -> bool:
        """Whether the text may not go on. A guard that broke says neither yes nor no, which is not a yes."""
        return self.action in {Action.BLOCK, Action.ERROR}

    @property
    def found(self) -> list[tuple[Finding, Verdict]]:
        """All findings, each with the verdict that it is part of, in the order in which they were made."""
        return [(finding, verdict) for verdict in self.verdicts for finding in verdict.findings]

    def part_of(self, finding: Finding) -> Part:
        """Return the text in which a finding is."""
        return next((part for part in self.parts if part.where == finding.where), self.parts[0])


class _Notes:
    """Keeps the one event of a call."""

    wants_text = True

    def __init__(self) -> None:
        self.event: Event | None = None

    def record(self, event: Event, /) -> None:
        self.event = event


def seats_of(pipeline: Pipeline, side: Side) -> tuple[Seat, ...]:
    """Return the guards of a side, with what is known of them."""
    return tuple(Seat.of(guard) for guard in (pipeline.input if side == "input" else pipeline.output))


def ask(pipeline: Pipeline, side: Side, content: Content) -> Answer:
    """Ask the guards of one side.

    Args:
        pipeline: Its guards are asked, and nothing else of it.
        side: Whose guards.
        content: A text; or a conversation, of which the guards of replies see the last message.

    Raises:
        UsageError: the conversation is none.
    """
    request, reply = (content, "") if side == "input" else _parted(content)
    notes, left = _Notes(), list[Any]()
    guarded = Pipeline(
        name=pipeline.name,
        input=pipeline.input if side == "input" else (),
        output=[_asking_once(guard) for guard in pipeline.output] if side == "output" else (),
        recorder=notes,
        on_reject=lambda _: None,
    )
    value = _call(guarded, request, reply, left)
    event = notes.event
    if event is None:  # a call without an event would be a defect of the pipeline
        raise RuntimeError("the call left no event")
    if side == "input":
        texts = _texts_of(left[0]) if left else None
        return Answer(event.request, texts, event.verdicts)
    return Answer(event.response, None if value is None else (value,), event.verdicts)


def _asking_once(guard: Any) -> Any:
    """Return a guard that does not have the model asked again: there is no model that could answer otherwise."""
    if not is_dataclass(guard) or isinstance(guard, type):
        return guard
    names = {each.name for each in fields(guard)}
    if "then" in names:
        return replace(cast("Any", guard), then=_asking_once(cast("Any", guard).then))
    return replace(cast("Any", guard), max_reasks=0) if "max_reasks" in names else guard


def _call(pipeline: Pipeline, request: Any, reply: str, left: list[Any]) -> Any:
    """Carry a call through a pipeline to a model that keeps what it is given; return what comes out, or None."""

    def model(messages: Any) -> str:
        left.append(messages)
        return reply

    async def amodel(messages: Any) -> str:  # guards that wait need a function that may
        left.append(messages)
        return reply

    try:
        if any(seat.is_async for seat in (*seats_of(pipeline, "input"), *seats_of(pipeline, "output"))):
            import asyncio  # noqa: PLC0415  takes longer to load than most texts to check

            return asyncio.run(_arun(pipeline, amodel, request))
        return pipeline.run(model, request).value
    except ComponentFailed:  # a verdict says so
        return None


async def _arun(pipeline: Pipeline, model: Any, request: Any) -> Any:
    return (await pipeline.arun(model, request)).value


def _parted(content: Content) -> tuple[Any, str]:
    """Return the request and the reply out of what the guards of replies are asked about."""
    if isinstance(content, str):
        return _QUESTION, content
    last = content[-1].get("content") if content else None
    if not isinstance(last, str):
        raise UsageError("the last message is the reply to check: its content must be a text")
    return list(content[:-1]) or _QUESTION, last


def _texts_of(content: Any) -> tuple[str, ...]:
    if isinstance(content, str):
        return (content,)
    return tuple(part.text for part in request_client(content, {}).read_request(content, {}).parts)
