"""One call and its attempts: in which order they are made, and what becomes of each. No I/O, as in `flow`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from genai_guard.effects import END, Flow, Io, Smuggled
from genai_guard.errors import BreakerOpen, CallTimeout, ComponentFailed, GenAIGuardError, GuardBlocked, Rejected
from genai_guard.limiting import reserving, settling_attempt
from genai_guard.reask import Asked, answered, as_past
from genai_guard.relay import Source
from genai_guard.resilience.fallback import CUT_OFF, PRIMARY, Target
from genai_guard.resilience.resilience import Resilience
from genai_guard.resilience.timeout import FOREVER, AsyncChunks, Bound, Deadline, TimedChunks, in_time, in_time_async
from genai_guard.screening import enforced
from genai_guard.steps import hear, read_reply

if TYPE_CHECKING:
    from genai_guard.clients.base import Client
    from genai_guard.guards.judgement import Judgement
    from genai_guard.messages import Part
    from genai_guard.outcome import Call
    from genai_guard.plan import Plan

__all__ = ["Answer", "Attempts"]


class Answer(NamedTuple):
    """What a call is answered with.

    Attributes:
        value: The reply as guards left it, or the stream object of the provider.
        source: The stream, whose first chunk has been asked for; None for a whole reply.
        raw: The reply as it came.
    """

    value: Any
    source: Source | None = None
    raw: Any = None


class Attempts:
    """What is done about one call until it is answered, or nothing is left to try."""

    __slots__ = ("_asked", "_call", "_deadline", "_mark", "_model", "_parts", "_place", "_plan", "source")

    def __init__(self, plan: Plan, call: Call, asked: Asked, parts: Resilience) -> None:
        self.source: Source | None = None
        self._plan = plan
        self._call = call
        self._asked = asked
        self._parts = parts
        self._mark = len(call.verdicts)
        self._model = call.asked
        self._place = 0
        total_s = None if parts.timeout is None else parts.timeout.total_s
        self._deadline = Deadline(parts.clock, total_s, plan.now() - call.started)

    def answer(self) -> Flow[Answer]:
        """Ask one target after another until one has an answer that is good enough."""
        call, targets = self._call, self._parts.targets
        for place, target in enumerate(targets):
            following = place + 1 < len(targets)
            self._place = place
            asked = self._aim(target)
            try:
                answer = yield from self._tried(asked, target)
                if answer.source is None:
                    answer = yield from self._judged(asked, answer)
            except Exception as error:
                if not following or not self._goes_on(error):
                    raise
                yield from self._leave(error)
                continue
            if following and answer.source is None and self._is_wanting(answer.value):
                yield from self._leave(None)
                continue
            call.answered_by = target.name
            return answer
        raise AssertionError  # the last target answers or raises

    # --- one target ---------------------------------------------------------------------------------------------------

    def _aim(self, target: Target) -> Asked:
        """Return what a target is asked."""
        asked, call = self._asked, self._call
        if target is PRIMARY:
            return asked
        args, kwargs = asked.args, asked.kwargs
        for name, value in target.params.items():
            args, kwargs = self._plan.signature.parameter(name).write(args, kwargs, value)
        model = target.params.get("model")
        call.model = call.asked = model if type(model) is str else self._model
        return asked._replace(fn=target.call or asked.fn, args=args, kwargs=kwargs)

    def _tried(self, asked: Asked, target: Target) -> Flow[Answer]:
        """Ask one target, again if need be."""
        retry = self._parts.retry
        if retry is None:
            return (yield from self._attempt(asked, target))
        retry.purse.pay_in()
        failed: Exception | None = None
        for number in range(1, retry.attempts + 1):
            wait_s: float | None = None
            try:
                return (yield from self._attempt(asked, target))
            except (Rejected, ComponentFailed):
                if failed is None:
                    raise
                self._call.denied_by, self._call.stage = "", "call"  # no further attempt: what failed is what counts
            except Exception as error:  # noqa: BLE001  raised below, or tried again
                failed = error
                wait_s = retry.wait_s(error, number)
            if wait_s is None or wait_s >= self._deadline.left_s:
                break
            yield from self._leave(failed)
            self._call.retries += 1
            sleep, is_async = (
                (self._parts.asleep, True) if self._plan.signature.is_async else (self._parts.sleep, False)
            )
            yield Io(sleep, (wait_s,), is_async=is_async)
        try:
            raise cast("Exception", failed)
        finally:
            del failed  # it holds this frame, which holds it

    def _attempt(self, asked: Asked, target: Target) -> Flow[Answer]:
        """Call the model once, if the breaker and the limits let it; whatever it answers has begun to arrive."""
        plan, call, breaker = self._plan, self._call, self._parts.breaker
        call.stage = "call"
        permit = None if breaker is None else breaker.admit(target.name or call.asked or plan.name)
        went_well: bool | None = None
        try:
            yield from reserving(plan, call, within_s=self._deadline.left_s)
            call.stage = "call"
            call.attempts += 1
            call.heard = False
            answer = yield from self._called(asked)
            went_well = True
            return answer
        except Exception as error:
            went_well = None if breaker is None else breaker.verdict(error)
            raise
        finally:
            if breaker is not None and permit is not None:
                breaker.release(permit, went_well=went_well)

    def _called(self, asked: Asked) -> Flow[Answer]:
        plan, call = self._plan, self._call
        began = plan.now()
        try:
            run = self._timed(asked.fn, streams=bool(asked.kwargs.get("stream")))
            reply = (
                (yield Io(run, asked.args, asked.kwargs, is_async=True))
                if plan.awaits
                else run(*asked.args, **asked.kwargs)
            )
            source = None if type(reply) is str else Source.of(call, reply)
            if source is not None and (plan.signature.is_async or not source.is_async):
                yield from self._begin(source, plan.now() - began)
        except StopIteration as error:
            raise Smuggled(error) from error
        finally:
            call.model_s += plan.now() - began
        if source is None:
            return Answer(reply, None, reply)
        self.source = source
        return Answer(reply, source)

    def _begin(self, source: Source, passed_s: float) -> Flow[None]:
        """Wait for the first chunk of a stream: until then, it can be asked for again."""
        chunks = source.chunks
        try:
            if source.is_async:
                first = yield Io(
                    in_time_async, (self._bound(passed_s, streams=True), anext, (chunks, END), {}), is_async=True
                )
            elif self._parts.timeout is None:
                first = next(chunks, END)
            else:
                first = in_time(self._bound(passed_s, streams=True), next, (chunks, END), {})
        except BaseException as error:
            yield from source.close(can_wait=not isinstance(error, GeneratorExit))
            raise
        if source.is_async:
            source.chunks = AsyncChunks(first, chunks, self._deadline)
        elif self._deadline.left_s == FOREVER:
            source.chunks = chain(() if first is END else (first,), chunks)
        else:
            source.chunks = TimedChunks(first, chunks, self._deadline)

    def _timed(self, fn: Callable[..., Any], *, streams: bool = False) -> Callable[..., Any]:
        """Return `fn` with its span and the bounds of an attempt around it. What a generator function returns is bounded later."""
        if self._call.span is not None:
            fn = self._call.span.around(fn, is_async=self._plan.awaits)
        if self._parts.timeout is None or self._plan.is_lazy:
            return fn
        if self._plan.awaits:
            return lambda *args, **kwargs: in_time_async(self._bound(streams=streams), fn, args, kwargs)
        return lambda *args, **kwargs: in_time(self._bound(streams=streams), fn, args, kwargs)

    def _bound(self, passed_s: float = 0.0, *, streams: bool = False) -> Bound:
        """Return what bounds an attempt of which so much time has passed."""
        bound, timeout = Bound(self._deadline), self._parts.timeout
        if timeout is not None:
            bound.within("attempt_s", timeout.attempt_s, passed_s)
            if streams:
                bound.within("first_token_s", timeout.first_token_s, passed_s)
        return bound

    def _judged(self, asked: Asked, answer: Answer) -> Flow[Answer]:
        """Let the output guards judge a whole reply."""
        plan, call = self._plan, self._call
        call.stage = "output"
        read = read_reply(plan, call, answer.value)
        if plan.output.is_plain:
            writer, parts = read
            return self._guarded(answer.value, writer, parts, plan.output.judge(parts, call.vault))
        asked = asked._replace(fn=self._timed(asked.fn))
        reply, writer, parts, judgement = yield from answered(plan, call, asked, answer.value, read)
        return self._guarded(reply, writer, parts, judgement)

    def _guarded(
        self, reply: Any, writer: Client | None, parts: tuple[Part, ...], judgement: Judgement | None
    ) -> Answer:
        """Return a reply as the guards left it.

        Raises:
            GuardBlocked: one said no.
            ComponentFailed: one broke whose `on_error` is `block`.
        """
        plan, call = self._plan, self._call
        texts = None if judgement is None else enforced(plan.output, call, parts, judgement)
        texts = texts if call.vault is None else call.vault.restored(parts, texts)
        return Answer(reply if texts is None or writer is None else writer.write_reply(reply, texts), None, reply)

    # --- between two ------------------------------------------------------------------------------------------------

    def _goes_on(self, error: Exception) -> bool:
        """Whether the next target is asked because this one failed."""
        fallback = self._parts.fallback
        if fallback is None or self._deadline.left_s <= 0:
            return False
        if isinstance(error, GuardBlocked):
            return fallback.on_block and error.stage == "output"
        if isinstance(error, GenAIGuardError):
            return isinstance(error, BreakerOpen | CallTimeout)
        return self._call.stage == "call" and fallback.takes(error)

    def _is_wanting(self, value: Any) -> bool:
        """Whether the next target is asked although this one answered."""
        fallback, tiers = self._parts.fallback, self._parts.tiers
        if fallback is not None and fallback.on_truncation and self._is_cut_off():
            return True
        if tiers is None or self._place >= len(tiers.targets):
            return False
        try:
            return tiers.escalate(value)
        except Exception as error:
            raise ComponentFailed("tiers", "output", type(error).__name__) from error

    def _is_cut_off(self) -> bool:
        return self._call.finish_reason.lower() in CUT_OFF

    def _leave(self, error: Exception | None) -> Flow[None]:
        """Settle an attempt and take what is known of it, for there will be another; `error` ended it."""
        call = self._call
        if error is not None:
            call.failed(error)
            hear(self._plan, call, error)
            call.heard = True  # it is raised all the same if limits refuse the next attempt
        yield from settling_attempt(self._plan, call)
        call.verdicts[self._mark :] = as_past(call.verdicts[self._mark :])
