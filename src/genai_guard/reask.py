"""Asking the model again, when a guard refuses its reply and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from genai_guard.clients import ask_again
from genai_guard.effects import Flow, Io, Smuggled
from genai_guard.errors import ComponentFailed, Rejected
from genai_guard.guards.judgement import Judgement
from genai_guard.limiting import reserving, settling_reply
from genai_guard.messages import Part
from genai_guard.outcome import Call
from genai_guard.plan import Args, Kwargs, Parameter, Plan
from genai_guard.screening import judge_call
from genai_guard.steps import read_reply
from genai_guard.text.tokens import byte_size
from genai_guard.verdicts import Action, Verdict

if TYPE_CHECKING:
    from genai_guard.clients.base import Client

__all__ = ["Asked", "answered", "as_past"]


class Asked(NamedTuple):
    """What the model was asked, and how another turn is written behind it."""

    fn: Callable[..., Any]
    args: Args
    kwargs: Kwargs
    carrier: Parameter
    client: Client

    def again(self, reply: Sequence[Part], feedback: str) -> Asked | None:
        """Return the same with one more turn; None if the client cannot write one."""
        content = self.carrier.read(self.args, self.kwargs)
        written = ask_again(self.client, content, self.kwargs, reply, feedback)
        if written is None:
            return None
        content, kwargs = written
        args, kwargs = self.carrier.write(self.args, kwargs, content)
        return self._replace(args=args, kwargs=kwargs)


class Answer(NamedTuple):
    """A reply, what was said about it, and how to write it back."""

    reply: Any
    writer: Client | None
    parts: tuple[Part, ...]
    judgement: Judgement | None


def answered(
    plan: Plan, call: Call, asked: Asked, reply: Any, read: tuple[Client | None, tuple[Part, ...]]
) -> Flow[Answer]:
    """Judge a reply, and ask the model again for as long as a guard wants it to; return its last reply.

    Each time is a request of its own to the limits. One that they refuse is not made: the reply stands that there is,
    with what was said about it. What was said about the replies before the last is kept as a flag.
    """
    times = 0
    writer, parts = read
    while True:
        judgement = yield from judge_call(plan, call, plan.output, parts)
        if judgement is None or judgement.feedback is None or times >= judgement.feedback.seat.max_reasks:
            break
        again = asked.again(_as_written(parts, judgement), judgement.feedback.text)
        if again is None:
            break
        if not (yield from _claimed(plan, call, call.output_size + byte_size(judgement.feedback.text))):
            break
        asked, times = again, times + 1
        call.verdicts += as_past(judgement.verdicts)
        call.reckon(judgement)
        call.stage = "call"
        reply = yield from _reply(plan, call, asked)
        call.stage = "output"
        writer, parts = read_reply(plan, call, reply)
    return Answer(reply, writer, parts, judgement)


def _as_written(parts: Sequence[Part], judgement: Judgement) -> list[Part]:
    """Return the reply as the guards left it: what they took out must not go back to the model."""
    return [part._replace(text=text) for part, text in zip(parts, judgement.texts, strict=True)]


def _claimed(plan: Plan, call: Call, more: int) -> Flow[bool]:
    """Settle what the last reply took, and reserve for the next one, `more` bytes longer; return whether there was room."""
    limiter, ticket = plan.limiter, call.ticket
    if limiter is not None and ticket is not None:
        try:
            yield from settling_reply(plan, call, limiter, ticket)
            yield from reserving(plan, call, more=more)
        except (Rejected, ComponentFailed):
            call.denied_by, call.stage = "", "output"
            return False
    call.again()
    return True


def _reply(plan: Plan, call: Call, asked: Asked) -> Flow[Any]:
    began = plan.now()
    call.attempts += 1
    try:
        if plan.awaits:
            return (yield Io(asked.fn, asked.args, asked.kwargs, is_async=True))
        return asked.fn(*asked.args, **asked.kwargs)
    except StopIteration as error:
        raise Smuggled(error) from error
    finally:
        call.model_s += plan.now() - began


def as_past(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return verdicts on a reply that was not the last: what was refused was not the end."""
    return [replace(each, action=Action.FLAG) if each.action is Action.BLOCK else each for each in verdicts]
