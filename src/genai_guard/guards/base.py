"""What a guard is.

The least is a method `check(text) -> Verdict`, which may be `async def`. Three further shapes let the pipeline do
better than calling it text by text; each is a Protocol that a guard may satisfy besides:

- `MatchingGuard` has `rules`. The rules of all such guards of a side are fused into one scan, and streams stay exact.
- `WholeGuard` judges all texts of a request or reply at once, for instance their total length.
- A guard with neither sees each text after the edits of the guards above, in the order given to the pipeline. It
  holds a stream back to its end, unless it says after how many characters it wants to be asked about the text so far.

A guard may also say `name`, `mode`, `on_error` and `blocking`; `Guard` describes what their absence means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action, ActionLike, Mode, OnError, Verdict

__all__ = ["Guard", "GuardBase", "MatchingGuard", "Meter", "WholeGuard", "check_interval", "one_of", "settle"]

Answer: TypeAlias = Verdict | Awaitable[Verdict]


@runtime_checkable
class Guard(Protocol):
    """Judges a text.

    Optional attributes, with what their absence means: `name` (the class name), `mode` (`enforce`), `on_error`
    (`block`: an exception stops the call as `ComponentFailed`), `blocking` (False; True moves a synchronous `check`
    that waits for something to a thread when the call is asynchronous), `check_every_chars` (None: a stream is held to
    its end).
    """

    def check(self, text: str, /) -> Answer:
        """Return a verdict whose findings point into `text` and whose `text` is the one to go on with."""
        ...


@runtime_checkable
class MatchingGuard(Protocol):
    """Finds spans by rules, and leaves the scanning to the pipeline."""

    @property
    def rules(self) -> Sequence[Rule]:
        """What to look for."""
        ...

    @property
    def action(self) -> ActionLike:
        """What to do with a match."""
        ...

    def replacement(self, rule: Rule, matched: str, /) -> str:
        """Return what to put in place of a match; called only if `action` edits."""
        ...


class Meter(Protocol):
    """Watches a streamed text grow."""

    def feed(self, text: str, /) -> Verdict | None:
        """Take the next characters; return a verdict as soon as there is one."""
        ...

    def finish(self) -> Verdict | None:
        """The stream ended."""
        ...


@runtime_checkable
class WholeGuard(Protocol):
    """Judges all texts of one side of a call together."""

    def check_parts(self, parts: Sequence[Part], /) -> Sequence[Verdict]:
        """Return one verdict for each part that is not simply allowed, with `Finding.where` set; none when all is well.

        A verdict that edits holds the new text of its part.
        """
        ...

    def meter(self) -> Meter:
        """Return a new watcher for one streamed reply."""
        ...


@dataclass(frozen=True, kw_only=True)
class GuardBase:
    """The parameters that every built-in guard takes.

    Args:
        action: What to do with what is found.
        mode: `shadow` evaluates and records, and changes nothing.
        on_error: What becomes of the call when the guard itself fails.
        name: Name in verdicts, events and errors; the kind of guard when empty.
    """

    kind: ClassVar[str] = "guard"
    """Name in a policy file."""
    allowed_actions: ClassVar[frozenset[Action]] = frozenset(Action)

    action: ActionLike = Action.BLOCK
    mode: Mode = "enforce"
    on_error: OnError = "block"
    name: str = ""

    def __post_init__(self) -> None:
        one_of(self, "action", {action.value for action in self.allowed_actions})
        one_of(self, "mode", {"enforce", "shadow"})
        one_of(self, "on_error", {"block", "allow"})
        settle(self, action=Action(self.action), name=self.name or self.kind)


def settle(guard: object, **values: Any) -> None:
    """Set fields of a frozen dataclass while it is being built."""
    for name, value in values.items():
        object.__setattr__(guard, name, value)


def check_interval(guard: str, chars: int | None) -> None:
    """Refuse a `check_every_chars` that is no number of characters."""
    if chars is not None and (not isinstance(chars, int) or isinstance(chars, bool) or chars < 1):
        raise ConfigurationError(f"{guard}(check_every_chars={chars!r}) must be a number of characters, or None")


def one_of(guard: object, name: str, allowed: set[str]) -> None:
    """Refuse a parameter that is none of the `allowed` words."""
    value = getattr(guard, name)
    if value not in allowed:
        words = ", ".join(repr(word) for word in sorted(allowed))
        raise ConfigurationError(f"{type(guard).__name__}({name}={value!r}): must be one of {words}")
