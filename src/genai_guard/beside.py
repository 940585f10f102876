"""Input guards that judge a request while the model is called with it; the reply waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from genai_guard.concurrently import Crew, Tasks
from genai_guard.effects import Flow, Io
from genai_guard.errors import ComponentFailed, Rejected
from genai_guard.guards.judgement import Judgement
from genai_guard.outcome import Call
from genai_guard.relay import Source
from genai_guard.screening import Inquiry, context_of, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from genai_guard.plan import Args, Kwargs, Plan

__all__ = ["Beside", "ask_beside"]


def ask_beside(plan: Plan, call: Call, judgement: Judgement | None, asked: tuple[Any, Args, Kwargs]) -> Flow[Any]:
    """Call the model with guards at work beside it; `judgement` holds the texts that both are given."""
    call.beside = Beside(plan, call, judgement)
    return (yield from call.beside.ask(*asked))


class Beside:
    """Guards at work beside one call of the model. They begin when this is made."""

    __slots__ = ("_call", "_crew", "_inquiry", "_judgement", "_plan")

    def __init__(self, plan: Plan, call: Call, judgement: Judgement | None) -> None:
        parts = call.request.parts
        self._plan = plan
        self._call = call
        self._judgement = Judgement.of(parts)
        if judgement is not None:
            self._judgement.texts, self._judgement.edits = judgement.texts, judgement.edits
        context = context_of(plan, call, plan.input, parts)
        self._inquiry = Inquiry(self._judgement, parts, context, plan.input.beside)
        self._crew: Crew | None = self._inquiry.begin(is_async=plan.signature.is_async)

    def ask(self, fn: Callable[..., Any], args: Args, kwargs: Kwargs) -> Flow[Any]:
        """Call the model and return its reply once the guards let it pass.

        An asynchronous model is given up as soon as a guard says no. A generator begins with its first chunk, and so
        do not wait for the guards here.

        Raises:
            GuardBlocked: a guard said no.
            ComponentFailed: one broke whose `on_error` is `block`.
        """
        plan = self._plan
        if plan.awaits:
            tasks = cast("Tasks", self._crew)
            reply, results = yield Io(tasks.around, (fn, args, kwargs), is_async=True)
            self._crew = None
            self._take(results)
        else:
            reply = fn(*args, **kwargs)
        if not plan.is_lazy:
            try:
                yield from self.settle()
            except (Rejected, ComponentFailed):
                source = Source.of(self._call, reply)
                if source is not None:
                    yield from source.close(can_wait=True)
                raise
        return reply

    def settle(self) -> Flow[None]:
        """Wait for the guards that have not spoken yet.

        Raises:
            GuardBlocked: one said no.
            ComponentFailed: one broke whose `on_error` is `block`.
        """
        if self._crew is not None:
            results = yield Io(self._crew.wait, is_async=self._plan.signature.is_async)
            self._crew = None
            self._take(results)
        if self._judgement.stopped:
            self._call.stage = "input"
        refuse(self._plan.input, self._judgement)

    def cancel(self) -> None:
        """Give up what has not ended."""
        if self._crew is not None:
            self._crew.cancel()

    def _take(self, results: Any) -> None:
        self._inquiry.take(results)
        self._call.judged(self._judgement)
