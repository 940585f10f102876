"""Guards made of guards: `any_of`, `all_of` and `unless`. A guard for some calls only is made by `when`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, reduce
from typing import Any, ClassVar, TypeAlias, cast

from genai_guard.concurrently import UNDONE, Job, Result, Tasks, Threads
from genai_guard.context import current_caller
from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, ContextGuard, Guard, GuardBase, settle
from genai_guard.guards.seat import Seat
from genai_guard.messages import Part, Usage
from genai_guard.text.edits import Edit, apply_edits
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["AllOf", "AnyOf", "Unless", "all_of", "any_of", "unless"]

Asking: TypeAlias = Generator[Sequence[Seat], list[Verdict], list[Verdict]]
"""Yields the guards to ask next; is sent what they said; returns what counts."""


@dataclass(frozen=True, kw_only=True)
class Combined(GuardBase, ABC):
    """What guards have in common that ask others: only whether those find something counts, not what they would do.

    The quick ones among them are asked first, and the slow ones, which run at the same time, only if that decides
    nothing. A guard in shadow mode finds nothing here, and neither does one that fails and has `on_error="allow"`; one
    that fails otherwise fails the whole. A stream is held to its end.
    """

    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.REDACT, Action.BLOCK})

    @property
    @abstractmethod
    def members(self) -> tuple[Guard, ...]:
        """The guards that are asked."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for seat in self._seats:
            if seat.escalations:
                raise ConfigurationError(f"{self.kind}: escalate(...) stands around {self.kind}(...), not within it")

    def __hash__(self) -> int:
        return hash((type(self), self.name, self.action))

    @property
    def is_async(self) -> bool:
        """Whether `check` returns what has to be awaited, since one of the guards does."""
        return any(seat.is_async for seat in self._seats)

    @property
    def blocking(self) -> bool:
        """Whether a guard waits for something."""
        return any(not seat.inline for seat in self._seats)

    def check(self, text: str, /) -> Any:
        """Return the verdict about `text`; awaitable if one of the guards is asynchronous."""
        return self.check_part(Part(text), Context(caller=current_caller()))

    def check_part(self, part: Part, context: Context, /) -> Any:
        """Return the verdict about a text of a call; awaitable if one of the guards is asynchronous."""
        return self._awaited(part, context) if self.is_async else self._asked(part, context)

    @abstractmethod
    def _asking(self) -> Asking:
        """Ask the guards."""

    @cached_property
    def _seats(self) -> tuple[Seat, ...]:
        return tuple(Seat.of(member) for member in self.members)

    @property
    def _by_speed(self) -> Iterator[list[Seat]]:
        for is_quick in (True, False):
            if seats := [seat for seat in self._seats if seat.inline is is_quick]:
                yield seats

    def _asked(self, part: Part, context: Context) -> Verdict:
        asking, said = self._asking(), list[Verdict]()
        try:
            seats = next(asking)
            while True:
                jobs = _jobs(seats, part, context)
                results = [_done(job) for job in jobs] if _is_simple(jobs, seats) else Threads(jobs, _ends).wait()
                verdicts = _verdicts(seats, results)
                said += verdicts
                seats = asking.send(verdicts)
        except StopIteration as stop:
            return self._verdict(part.text, stop.value, said)

    async def _awaited(self, part: Part, context: Context) -> Verdict:
        asking, said = self._asking(), list[Verdict]()
        try:
            seats = next(asking)
            while True:
                jobs = _jobs(seats, part, context)
                results = [_done(job) for job in jobs] if seats[0].inline else await Tasks(jobs, _ends).wait()
                verdicts = _verdicts(seats, results)
                said += verdicts
                seats = asking.send(verdicts)
        except StopIteration as stop:
            return self._verdict(part.text, stop.value, said)

    def _verdict(self, text: str, counting: Sequence[Verdict], said: Sequence[Verdict]) -> Verdict:
        """Return the verdict by those that count; what any of the guards spent is told with it."""
        spent = [each for each in said if each.usage is not None]
        usage = reduce(Usage.plus, (each.usage for each in spent if each.usage is not None)) if spent else None
        model = spent[0].model if spent else ""
        if not counting:
            return Verdict(Action.ALLOW, text, (), self.name, self.mode, usage=usage, model=model)
        findings = tuple(replace(each, guard=self.name) for verdict in counting for each in verdict.findings)
        if not findings:
            findings = (Finding(f"{self.name}.found", self.name.upper(), 0, len(text), 1.0, self.name),)
        if self.action is Action.REDACT and self.mode == "enforce":
            text = apply_edits(text, [Edit(each.start, each.end, f"[{each.category}]") for each in findings])
        return Verdict(Action(self.action), text, findings, self.name, self.mode, usage=usage, model=model)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is looked up again."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True)
class Several(Combined):
    """Two guards or more that are asked alike."""

    guards: Sequence[Guard] = ()

    def __post_init__(self) -> None:
        settle(self, guards=_several(self.kind, self.guards))
        super().__post_init__()

    __hash__ = Combined.__hash__

    @property
    def members(self) -> tuple[Guard, ...]:
        """The guards that are asked."""
        return tuple(self.guards)


@dataclass(frozen=True)
class AnyOf(Several):
    """Find something where at least one of several guards does.

    Args:
        guards: The guards; two or more.
        action: What to do with what they found: `flag`, `redact` or `block`.
        name: Name in verdicts.

    Raises:
        ConfigurationError: fewer than two guards, or one that is none.
    """

    kind: ClassVar[str] = "any_of"

    __hash__ = Combined.__hash__

    def _asking(self) -> Asking:
        for seats in self._by_speed:
            found = [verdict for verdict in (yield seats) if _found(verdict)]
            if found:
                return found
        return []


@dataclass(frozen=True)
class AllOf(Several):
    """Find something in a text only if each of several guards does.

    Args:
        guards: The guards; two or more.
        action: What to do with what they found: `flag`, `redact` or `block`.
        name: Name in verdicts.

    Raises:
        ConfigurationError: fewer than two guards, or one that is none.
    """

    kind: ClassVar[str] = "all_of"

    __hash__ = Combined.__hash__

    def _asking(self) -> Asking:
        found: list[Verdict] = []
        for seats in self._by_speed:
            verdicts = yield seats
            if not all(map(_found, verdicts)):
                return []
            found += verdicts
        return found


@dataclass(frozen=True)
class Unless(Combined):
    """Find what a guard finds, unless another one finds something in the same text.

    Args:
        then: The guard.
        exception: Finds what excuses the text. It is asked only where `then` found something.
        action: What to do with what `then` found: `flag`, `redact` or `block`.
        name: Name in verdicts.

    Raises:
        ConfigurationError: one of the two is no guard.
    """

    kind: ClassVar[str] = "unless"

    then: Guard
    exception: Guard

    __hash__ = Combined.__hash__

    @property
    def members(self) -> tuple[Guard, ...]:
        """The guards that are asked."""
        return self.then, self.exception

    def _asking(self) -> Asking:
        guard, exception = self._seats
        (verdict,) = yield [guard]
        if not _found(verdict):
            return []
        (excuse,) = yield [exception]
        return [] if _found(excuse) else [verdict]


def any_of(*guards: Guard, **parameters: Any) -> AnyOf:
    """Make a guard that finds something where one of `guards` does; parameters are those of `AnyOf`."""
    return AnyOf(guards, **parameters)


def all_of(*guards: Guard, **parameters: Any) -> AllOf:
    """Make a guard that finds something only where each of `guards` does; parameters are those of `AllOf`."""
    return AllOf(guards, **parameters)


def unless(then: Guard, exception: Guard, **parameters: Any) -> Unless:
    """Make a guard that finds what `then` does, unless `exception` finds something too; see `Unless`."""
    return Unless(then, exception, **parameters)


def _several(name: str, guards: object) -> tuple[Guard, ...]:
    if isinstance(guards, str) or not isinstance(guards, Sequence) or len(cast("Sequence[object]", guards)) < 2:
        raise ConfigurationError(f"{name}() takes two guards or more: {name}(PII(), Secrets())")
    return tuple(cast("Sequence[Guard]", guards))


def _jobs(seats: Sequence[Seat], part: Part, context: Context) -> list[Job]:
    return [
        Job(
            seat.ask,
            (part, context) if isinstance(seat.guard, ContextGuard) else (part.text,),
            seat.is_async,
            seat.timeout_s,
        )
        if seat.applies(part, context)
        else Job(Verdict, (Action.ALLOW, part.text))
        for seat in seats
    ]


def _is_simple(jobs: Sequence[Job], seats: Sequence[Seat]) -> bool:
    """Whether no thread is needed."""
    return seats[0].inline or (len(jobs) == 1 and jobs[0].timeout_s is None)


def _done(job: Job) -> Result:
    try:
        return job.run(*job.args)
    except Exception as error:  # noqa: BLE001  as that of a crew
        return error


def _ends(_: int, result: Result) -> bool:
    return isinstance(result, Exception)


def _verdicts(seats: Sequence[Seat], results: Sequence[Result]) -> list[Verdict]:
    """Return what guards said.

    Raises:
        Exception: what one of them raised.
    """
    verdicts: list[Verdict] = []
    for seat, result in zip(seats, results, strict=True):
        if isinstance(result, Exception):
            if seat.on_error == "block":
                raise result
        elif isinstance(result, Verdict):
            verdicts.append(result if seat.mode == "enforce" else replace(result, action=Action.ALLOW, findings=()))
            continue
        elif result is not UNDONE:
            raise TypeError(f"{seat.name}: check() must return a Verdict, not {type(result).__name__}")
        verdicts.append(Verdict(Action.ALLOW))
    return verdicts


def _found(verdict: Verdict) -> bool:
    return verdict.action is not Action.ALLOW
