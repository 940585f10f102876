"""`escalate`: what is only flagged the first times is blocked when it goes on, over the turns of a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, ClassVar, Final, Literal

from genai_guard.context import current_caller
from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, Guard, settle
from genai_guard.guards.tallies import MemoryTally, Tally
from genai_guard.messages import Caller, Part
from genai_guard.verdicts import Action, Verdict

__all__ = ["Escalate", "escalate"]

Scope = Literal["session", "user", "tenant"]
_SILENT: Final = frozenset({Action.ALLOW, Action.ERROR, Action.BLOCK})


@dataclass(frozen=True)
class Escalate:
    """Block once a guard has found something in several texts of one session.

    The first `after - 1` texts in which the guard finds something get its own action; from the next one on its findings
    block. Counted are different texts: a conversation that is sent again with each turn counts each message once, and
    each reply is a text of its own. Calls that do not say whose session it is are not counted.

    A guard inside of this stays what it is: fused with the others, and exact in streams.

    Args:
        then: The guard, whose action is not `block`.
        after: The how manieth text with a finding is blocked, and every one after it.
        within_s: Seconds for which a finding is remembered.
        by: Whose texts are counted together: those of a `session`, `user` or `tenant`.
        tally: Where the counts are kept; in the memory of this process unless said. One that several processes share is
            `SqliteTally(path)`, or any object with the method of `Tally`.
        clock: Seconds since any fixed moment that all processes share.
        name: Name in verdicts; that of the guard when empty.

    Raises:
        ConfigurationError: `then` is no guard or blocks anyway, or a number is out of range.
    """

    kind: ClassVar[str] = "escalate"

    then: Guard
    after: int = field(default=3, kw_only=True)
    within_s: float = field(default=86_400, kw_only=True)
    by: Scope = field(default="session", kw_only=True)
    tally: Tally | None = field(default=None, kw_only=True)
    clock: Callable[[], float] = field(default=time.time, kw_only=True, repr=False, compare=False)
    name: str = field(default="", kw_only=True)
    _tally: Tally = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not callable(getattr(self.then, "check", None)):
            raise ConfigurationError(f"escalate({type(self.then).__name__}): then= must be a guard, such as PII()")
        if getattr(self.then, "action", Action.FLAG) == Action.BLOCK:
            raise ConfigurationError("escalate(then=...) blocks from the first time on: give it action='flag'")
        if type(self.after) is not int or self.after < 2:
            raise ConfigurationError(f"escalate(after={self.after!r}) must be a whole number of at least 2")
        if not self.within_s > 0:
            raise ConfigurationError(f"escalate(within_s={self.within_s!r}) must be a number of seconds above 0")
        if self.by not in {"session", "user", "tenant"}:
            raise ConfigurationError(f"escalate(by={self.by!r}) must be 'session', 'user' or 'tenant'")
        if self.tally is not None and not callable(getattr(self.tally, "add", None)):
            raise ConfigurationError(
                f"escalate(tally={type(self.tally).__name__}) must be a tally, such as SqliteTally(path)"
            )
        settle(self, name=self.name or getattr(self.then, "name", "") or type(self.then).__name__)
        settle(self, _tally=MemoryTally() if self.tally is None else self.tally)

    def __hash__(self) -> int:
        return hash((type(self), self.name, self.after, self.by))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what a process counted by itself."""
        return {name: value for name, value in self.__dict__.items() if name != "_tally"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        settle(self, _tally=MemoryTally() if self.tally is None else self.tally)

    def check(self, text: str, /) -> Any:
        """Return the verdict of the guard about `text`, raised to `block` when that is due for the current caller."""
        verdict = self.then.check(text)
        if not isinstance(verdict, Verdict):
            return verdict
        return self.raised(verdict, (Part(text),), Context(caller=current_caller()))

    def raised(self, verdict: Verdict, parts: Iterable[Part], context: Context) -> Verdict:
        """Count the texts in which something was found, and return the verdict that is due.

        Args:
            verdict: What the guard said.
            parts: The texts that it found something in, as they were written.
            context: The call.
        """
        if verdict.action in _SILENT or not verdict.findings:
            return verdict
        marks = [context.request_id] if context.side == "output" else [part.text for part in parts]
        return replace(verdict, action=Action.BLOCK) if self.is_due(context.caller, marks) else verdict

    def is_due(self, caller: Caller, texts: Iterable[str]) -> bool:
        """Count different texts; return whether there are enough of them by now."""
        whose = caller.value(self.by)
        if not whose:
            return False
        key = _digest(f"{self.name}\0{self.by}\0{whose}")
        counts = [self._tally.add(key, _digest(text), self.clock(), self.within_s) for text in texts]
        return max(counts, default=0) >= self.after


escalate: Final = Escalate
"""Block what goes on: `escalate(PromptInjection(action="flag"), after=3)`; see `Escalate`."""


def _digest(text: str) -> bytes:
    """No text and no name is kept, here or in a shared store."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
