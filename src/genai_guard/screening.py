"""All guards of a side around a request or reply, slow and asynchronous ones included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from genai_guard.concurrently import UNDONE, Crew, Job, Result, Tasks, Threads
from genai_guard.drive import drive
from genai_guard.effects import Flow, Io
from genai_guard.errors import ComponentFailed, GuardBlocked
from genai_guard.guards.base import Context
from genai_guard.guards.judgement import Judgement, place_in_original
from genai_guard.guards.screen import NO_CONTEXT, Screen
from genai_guard.guards.seat import Seat
from genai_guard.messages import Caller, Part, Request
from genai_guard.outcome import Call
from genai_guard.verdicts import Action, Verdict

if TYPE_CHECKING:
    from genai_guard.guards.pseudonyms.calls import CallVault, Vaults
    from genai_guard.plan import Plan
    from genai_guard.routing import Assignment, ExperimentRouter

__all__ = ["Inquiry", "Question", "ask_others", "context_of", "enforced", "judge", "judge_call", "refuse", "scanned"]


class Question(NamedTuple):
    """What one guard of step 3 is asked: about which part, by its index in a judgement."""

    seat: Seat
    place: int


def judge(
    guards: Screen, parts: tuple[Part, ...], vault: CallVault | None, context: Context, *, is_async: bool = False
) -> Flow[Judgement | None]:
    """Ask all guards of a side about `parts`, until one ends the call; return None when none has anything to say."""
    judgement = guards.judge(parts, vault, context)
    if guards.others:
        judgement = judgement or Judgement.of(parts)
        yield from ask_others(guards.groups, judgement, parts, context, is_async=is_async)
    return judgement


def judge_call(plan: Plan, call: Call, guards: Screen, parts: tuple[Part, ...]) -> Flow[Judgement | None]:
    """Do the same for the texts of a call."""
    context = context_of(plan, call, guards, parts)
    return (yield from judge(guards, parts, call.vault, context, is_async=plan.signature.is_async))


def context_of(plan: Plan, call: Call, guards: Screen, parts: tuple[Part, ...]) -> Context:
    """Return what guards may know of a call."""
    if not guards.needs_context:
        return NO_CONTEXT
    unit = call.unit() if plan.router is not None and plan.router.by_request else call.caller
    variants = _variants(call.assignments or _foreseen(plan.router, unit))
    request = call.request
    if call.told:
        told = [part for part in call.told if part.role == "system"]
        request = request._replace(parts=(*told, *request.parts))
    return Context(guards.side, request, parts, call.caller, variants, call.request_id)


def scanned(
    guards: Screen, part: Part, caller: Caller, vaults: Vaults | None, router: ExperimentRouter | None
) -> Verdict:
    """Return what guards that are not asynchronous say about one text, without a call."""
    parts = (part,)
    vault = None if vaults is None else vaults.open(caller, parts)
    context = Context(guards.side, Request(parts), parts, caller, _variants(_foreseen(router, caller)))
    judgement: Judgement | None = drive(judge(guards, parts, vault, context))
    if guards.beside:
        judgement = judgement or Judgement.of(parts)
        drive(ask_others((guards.beside,), judgement, parts, context, is_async=False))
    return Verdict(Action.ALLOW, part.text) if judgement is None else judgement.summary()


def _foreseen(router: ExperimentRouter | None, unit: Caller) -> Iterable[Assignment]:
    """Work out an assignment before it is made, which is the same each time.

    A router that fails does so again where it counts.
    """
    if router is not None:
        with suppress(Exception):
            return router.route(unit)
    return ()


def _variants(assignments: Iterable[Assignment]) -> dict[str, str]:
    """Return the variant of each experiment that is in force."""
    return {each.experiment: each.variant for each in assignments if each.mode == "enforce"}


def enforced(guards: Screen, call: Call, parts: tuple[Part, ...], judgement: Judgement) -> list[str] | None:
    """Put the verdicts on the call; return the texts to go on with, or None if none changed.

    Raises:
        GuardBlocked: a guard said no.
        ComponentFailed: a guard broke whose `on_error` is `block`.
    """
    call.judged(judgement)
    refuse(guards, judgement)
    changed = any(text is not part.text for text, part in zip(judgement.texts, parts, strict=True))
    return judgement.texts if changed else None


def refuse(guards: Screen, judgement: Judgement) -> None:
    """Raise the verdict that ends the call, if there is one."""
    if judgement.blocked is not None:
        raise GuardBlocked(judgement.blocked.guard, guards.side, judgement.blocked.findings)
    if judgement.failed is not None:
        seat, error = judgement.failed
        raise ComponentFailed(seat.name, guards.side, type(error).__name__) from error


def ask_others(
    groups: Iterable[Sequence[Seat]], judgement: Judgement, parts: Sequence[Part], context: Context, *, is_async: bool
) -> Flow[None]:
    """Ask the guards of step 3; `parts` hold the originals of `judgement.texts`."""
    for group in groups:
        if judgement.stopped:
            return
        inquiry = Inquiry(judgement, parts, context, group)
        if group[0].inline:
            inquiry.ask_inline()
        elif inquiry.questions:
            yield from inquiry.ask_together(is_async=is_async)


class Inquiry:
    """One group of guards of step 3, asked about the texts of a judgement."""

    __slots__ = ("_context", "_judgement", "_parts", "questions")

    def __init__(self, judgement: Judgement, parts: Sequence[Part], context: Context, seats: Iterable[Seat]) -> None:
        self._judgement: Final = judgement
        self._parts: Final = parts
        self._context: Final = context
        self.questions: Final = [
            Question(seat, index)
            for seat in seats
            for index, part in enumerate(parts)
            if _is_asked(seat, part) and (not seat.conditions or seat.applies(part, context))
        ]

    def ask_inline(self) -> None:
        """Ask guards that only compute, until one ends the call."""
        for question in self.questions:
            job = self._job(question)
            try:
                result: Result = job.run(*job.args)
            except Exception as error:  # noqa: BLE001  any failure of a plug-in is a verdict
                result = error
            self._take(question, result)
            if self._judgement.stopped:
                return

    def ask_together(self, *, is_async: bool) -> Flow[None]:
        """Ask slow guards at the same time; a single one is asked without much ado."""
        if len(self.questions) > 1 or self.questions[0].seat.timeout_s is not None:
            crew = self.begin(is_async=is_async)
            self.take((yield Io(crew.wait, is_async=is_async)))
            return
        run, args, awaited, _ = self._job(self.questions[0])
        try:
            result = yield Io(run, args, is_async=awaited)
        except Exception as error:  # noqa: BLE001  as above
            result = error
        self.take([result])

    def begin(self, *, is_async: bool) -> Crew:
        """Let all guards begin."""
        return (Tasks if is_async else Threads)([self._job(each) for each in self.questions], self._ends)

    def take(self, results: Sequence[Result]) -> None:
        """Take what guards answered who saw the same texts."""
        shown = list(self._judgement.texts)
        for question, result in zip(self.questions, results, strict=True):
            if result is not UNDONE:
                self._take(question, result, shown[question.place])

    def _job(self, question: Question) -> Job:
        seat, index = question
        text = self._judgement.texts[index]
        args = (self._parts[index]._replace(text=text), self._context) if seat.takes_context else (text,)
        return Job(seat.ask, args, seat.is_async, seat.timeout_s)

    def _ends(self, number: int, result: Result) -> bool:
        seat = self.questions[number].seat
        if seat.mode != "enforce":
            return False
        return (
            seat.on_error == "block"
            if isinstance(result, Exception)
            else isinstance(result, Verdict) and result.blocked
        )

    def _take(self, question: Question, result: Result, shown: str | None = None) -> None:
        """Take an answer; `shown` is the text that the guard saw, if that may not be the one that there is by now."""
        judgement, (seat, index) = self._judgement, question
        part = self._parts[index]
        try:
            verdict = _verdict(result)
            placed = place_in_original(verdict, seat, part, judgement.edits.get(index, []))
            placed = seat.raised(placed, (part,), self._context)
        except Exception as error:  # noqa: BLE001  as above
            judgement.fail(seat, error)
            return
        judgement.take(seat, verdict, placed)
        text = judgement.texts[index]
        if not verdict.action.edits or seat.mode != "enforce" or verdict.text == text:
            return
        if shown not in {None, text}:
            judgement.fail(seat, RuntimeError("two guards edited one text at the same time: give them an action"))
            return
        judgement.texts[index] = verdict.text
        judgement.edits[index] = None


def _is_asked(seat: Seat, part: Part) -> bool:
    """There is nothing to ask about an empty text, but about a call without arguments."""
    return seat.sees(part.kind) and bool(part.text or (seat.takes_context and part.kind == "arguments"))


def _verdict(result: Result) -> Verdict:
    if isinstance(result, Exception):
        raise result
    if not isinstance(result, Verdict):
        raise TypeError(f"check() must return a Verdict, not {type(result).__name__}")
    return result
