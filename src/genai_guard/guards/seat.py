"""A guard in its place in a pipeline, and what is known of it before the first call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, ContextGuard, Guard
from genai_guard.guards.conditions import When
from genai_guard.guards.escalation import Escalate
from genai_guard.messages import Part, PartKind
from genai_guard.verdicts import Action, Finding, Mode, OnError, Verdict

__all__ = ["Seat"]


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """A guard, and what is known of it before the first call. Equal to itself alone: a guard need not be hashable.

    Attributes:
        guard: The guard, out of what says when it is asked and what becomes of its verdicts.
        takes_context: Whether it is told what the call is about: as a `ContextGuard`, or a `WholeGuard` whose `check_parts`
            has a second parameter.
        ask: What is called for a verdict about one text: `check`, or `check_part` of a `ContextGuard`.
        detail: Tells what a finding of a matching guard is about, by its category and what is written there.
        conditions: All of which must hold where it is asked.
        escalations: What counts its findings, from the inside out.
    """

    guard: Any
    name: str
    mode: Mode
    on_error: OnError
    action: Action
    ask: Any
    is_async: bool
    inline: bool
    may_edit: bool = True
    takes_context: bool = False
    normalize: bool = True
    check_every_chars: int | None = None
    kinds: frozenset[PartKind] | None = None
    timeout_s: float | None = None
    beside_call: bool = False
    max_reasks: int = 0
    detail: Callable[[str, str], str] | None = None
    conditions: tuple[When, ...] = ()
    escalations: tuple[Escalate, ...] = ()

    @classmethod
    def of(cls, given: Guard) -> Seat:
        """Look at a guard once.

        Raises:
            ConfigurationError: it is none, or asks for what does not go together.
        """
        guard, name, conditions, escalations = _unwrapped(given)
        check, action = getattr(guard, "check", None), getattr(guard, "action", None)
        if not callable(check) or isinstance(guard, type):
            raise ConfigurationError(
                f"{_describe(guard)} is not a guard: a guard is an object with a method check(text) -> Verdict, "
                "such as PII() or a function under @guard"
            )
        takes_context = isinstance(guard, ContextGuard) or (
            getattr(guard, "wants_context", True) and _has_second(getattr(guard, "check_parts", None))
        )
        ask = guard.check_part if isinstance(guard, ContextGuard) else check
        is_async = inspect.iscoroutinefunction(ask) or bool(getattr(guard, "is_async", False))
        inline = not is_async and not getattr(guard, "blocking", False)
        kinds: Any = getattr(guard, "kinds", None)
        detail: Any = getattr(guard, "detail", None)
        return _checked(
            cls(
                guard=guard,
                name=name or getattr(guard, "name", "") or type(guard).__name__,
                mode=getattr(guard, "mode", "enforce"),
                on_error=getattr(guard, "on_error", "block"),
                action=Action.BLOCK if action is None else Action(action),
                ask=ask,
                is_async=is_async,
                inline=inline,
                may_edit=action is None or Action(action).edits,
                takes_context=takes_context,
                normalize=getattr(guard, "normalize", True),
                check_every_chars=getattr(guard, "check_every_chars", None),
                kinds=None if kinds is None else frozenset(kinds),
                timeout_s=None if inline else getattr(guard, "timeout_s", None),
                beside_call=bool(getattr(guard, "beside_call", False)),
                max_reasks=int(getattr(guard, "max_reasks", 0)),
                detail=cast("Any", detail) if callable(detail) else None,
                conditions=conditions,
                escalations=escalations,
            )
        )

    @property
    def needs_context(self) -> bool:
        """Whether it must know what a call is about."""
        return self.takes_context or bool(self.conditions or self.escalations) or hasattr(self.guard, "views_for")

    def sees(self, kind: PartKind) -> bool:
        """Whether texts of this kind are shown to it."""
        return self.kinds is None or kind in self.kinds

    def applies(self, part: Part, context: Context) -> bool:
        """Whether it is asked about `part`."""
        return all(condition.holds(part, context) for condition in self.conditions)

    def raised(self, verdict: Verdict, parts: Sequence[Part], context: Context) -> Verdict:
        """Return what is due, given what the same session did before."""
        for escalation in self.escalations:
            verdict = escalation.raised(verdict, parts, context)
        return verdict

    def is_due(self, context: Context) -> bool:
        """Count a finding in the reply of this call; return whether it is to be blocked."""
        due = [escalation.is_due(context.caller, [context.request_id]) for escalation in self.escalations]
        return any(due)

    def verdict(self, findings: Sequence[Finding]) -> Verdict:
        """Return the verdict of a matching guard."""
        return Verdict(self.action, "", tuple(findings), self.name, self.mode)

    def failure(self, error: BaseException) -> Verdict:
        """Return the verdict that says that the guard broke."""
        return Verdict(Action.ERROR, "", (), self.name, self.mode, type(error).__name__)


def _unwrapped(guard: Any) -> tuple[Any, str, tuple[When, ...], tuple[Escalate, ...]]:
    """Take a guard out of its conditions and escalations; the outermost says its name."""
    name = guard.name if isinstance(guard, When | Escalate) else ""
    conditions: list[When] = []
    escalations: list[Escalate] = []
    while isinstance(guard, When | Escalate):
        if isinstance(guard, When):
            conditions.append(guard)
        else:
            escalations.insert(0, guard)
        guard = guard.then
    return guard, name, tuple(conditions), tuple(escalations)


def _has_second(method: Any) -> bool:
    """Whether a method takes a context besides the texts."""
    return callable(method) and len(inspect.signature(method).parameters) > 1


def _checked(seat: Seat) -> Seat:
    if seat.timeout_s is not None and not seat.timeout_s > 0:
        raise ConfigurationError(f"{seat.name}: timeout_s={seat.timeout_s!r} must be a number of seconds above 0")
    if seat.beside_call and seat.inline:
        raise ConfigurationError(
            f"{seat.name} has beside_call=True and would keep the call waiting: make its check async def, or say blocking=True"
        )
    if seat.beside_call and seat.may_edit:
        raise ConfigurationError(
            f"{seat.name} has beside_call=True and may edit: what the model has read already cannot be edited; "
            "give it action='block' or 'flag'"
        )
    return seat


def _describe(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"an object of type {type(value).__name__}"
