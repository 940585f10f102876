"""The stage of the flow that calls the model when a pipeline has `Resilience`: old replies first, then attempts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from genai_guard.beside import Beside
from genai_guard.drive import adrive
from genai_guard.effects import Flow, Io
from genai_guard.errors import GuardBlocked
from genai_guard.outcome import NO_USAGE
from genai_guard.reask import Asked
from genai_guard.relay import Source
from genai_guard.resilience.attempts import Answer, Attempts
from genai_guard.resilience.cache import Cache, Failure, Kept, Landing, kept
from genai_guard.resilience.keys import Key, key_of, question_of
from genai_guard.resilience.resilience import Resilience
from genai_guard.resilience.semantic import normal
from genai_guard.resilience.timeout import FOREVER
from genai_guard.screening import judge_call
from genai_guard.steps import read_reply
from genai_guard.verdicts import Action, Verdict

if TYPE_CHECKING:
    from concurrent.futures import Future

    from genai_guard.guards.judgement import Judgement
    from genai_guard.outcome import Call
    from genai_guard.plan import Plan

__all__ = ["Course", "withstanding"]


def withstanding(parts: Resilience) -> Callable[[Plan, Call, Asked, Judgement | None], Flow[tuple[Any, Source | None]]]:
    """Return the stage of the flow that calls the model: with limits, attempts, and the output guards of whole replies."""

    def withstand(plan: Plan, call: Call, asked: Asked, judgement: Judgement | None) -> Flow[tuple[Any, Source | None]]:
        attempts = Course(plan, call, asked, parts)
        try:
            answer = yield from attempts.beside(judgement) if plan.input.beside else attempts.begin()
        except BaseException as error:
            if attempts.source is not None:
                yield from attempts.source.close(can_wait=not isinstance(error, GeneratorExit))
            raise
        return answer.value, answer.source

    return withstand


class Course(Attempts):
    """The way of one call to an answer, be it an old one."""

    __slots__ = ()

    def beside(self, judgement: Judgement | None) -> Flow[Answer]:
        """Do all of it with input guards at work beside."""
        plan, call = self._plan, self._call
        call.beside = Beside(plan, call, judgement)
        if plan.awaits:
            return cast("Answer", (yield from call.beside.ask(adrive, (self.begin(),), {})))
        answer = yield from self.begin()
        if not plan.is_lazy:
            yield from call.beside.settle()
        return answer

    def begin(self) -> Flow[Answer]:
        """Return an answer: an old one, one that another call is about to get, or a new one."""
        cache, asked = self._parts.cache, self._asked
        if self._plan.is_lazy or asked.kwargs.get("stream"):
            return (yield from self.answer())
        if cache is None:
            return (yield from self._fresh())
        key = key_of(self._call, cache.version, asked.fn, asked.args, asked.kwargs)
        if key is None:
            return (yield from self._fresh())
        while True:
            claim = cache.claim(key)
            landing: Landing | None = claim.kept
            if claim.flight is not None:
                if claim.leads:
                    return (yield from self._lead(cache, key, claim.flight))
                landing = yield from self._landing(claim.flight)
            if isinstance(landing, Kept):
                return (yield from self._given_again(landing, partial(cache.forget, key)))
            if landing is Failure.FAILED:
                return (yield from self._fresh())

    def _fresh(self) -> Flow[Answer]:
        """Return the answer to a question that is near to this one, or a new one."""
        semantic = self._parts.semantic
        question = None if semantic is None else question_of(self._call, semantic.version, self._asked)
        if semantic is None or question is None:
            return (yield from self.answer())
        scope, text = question
        try:
            vector = normal((yield Io(semantic.embed, (text,), is_async=semantic.is_async)))
        except Exception as error:  # noqa: BLE001  somebody else's function: without it, the call is made
            verdict = Verdict(Action.ERROR, guard="semantic_cache", error=type(error).__name__)
            self._call.verdicts.append(verdict)
            return (yield from self.answer())
        found = semantic.find(scope, vector)
        if found is not None:
            return (yield from self._given_again(found[0], partial(semantic.forget, scope, found[1])))
        answer = yield from self.answer()
        reply = kept(answer.raw) if self._is_fit(answer) else None
        if reply is not None:
            semantic.keep(scope, vector, reply, self._asked.fn)
        return answer

    def _lead(self, cache: Cache, key: Key, flight: Future[Landing]) -> Flow[Answer]:
        """Make the call that others wait for."""
        landing: Landing = Failure.GONE
        try:
            answer = yield from self._fresh()
            landing = (kept(answer.raw) if self._is_fit(answer) else None) or Failure.FAILED
            return answer
        except Exception:
            landing = Failure.FAILED
            raise
        finally:
            cache.land(key, flight, landing, self._asked.fn)

    def _landing(self, flight: Future[Landing]) -> Flow[Landing]:
        """Wait for the call that another one makes, until the own deadline."""
        left_s = self._deadline.left_s
        timeout_s = None if left_s == FOREVER else max(left_s, 0.0)
        try:
            if self._plan.signature.is_async:
                return cast("Landing", (yield Io(landed, (flight, timeout_s), is_async=True)))
            return flight.result(timeout_s)
        except TimeoutError:
            raise self._deadline.error() from None

    def _given_again(self, found: Kept, forget: Callable[[], None]) -> Flow[Answer]:
        """Let the output guards judge an old reply anew; nothing is asked again, and nothing counted."""
        plan, call = self._plan, self._call
        call.stage, call.answered_by = "output", "cache"
        reply = found.reply
        writer, parts = read_reply(plan, call, reply)
        call.reported = NO_USAGE
        guards = plan.output
        judgement = (
            guards.judge(parts, call.vault) if guards.is_plain else (yield from judge_call(plan, call, guards, parts))
        )
        try:
            return self._guarded(reply, writer, parts, judgement)
        except GuardBlocked:
            forget()
            raise

    def _is_fit(self, answer: Answer) -> bool:
        """Whether a reply may be given to others."""
        tiers = 0 if self._parts.tiers is None else len(self._parts.tiers.targets)
        return answer.source is None and self._place <= tiers and not self._is_cut_off()


async def landed(flight: Future[Landing], timeout_s: float | None) -> Landing:
    """Await a call that another one makes.

    Raises:
        TimeoutError: it took longer.
    """
    import asyncio  # noqa: PLC0415  already loaded by whoever awaits; not worth 46 ms of everybody's import

    return await asyncio.wait_for(asyncio.wrap_future(flight), timeout_s)
