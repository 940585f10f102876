"""What a guard is.

The least is a method `check(text) -> Verdict`, which may be `async def`. Three further shapes let the pipeline do
better than calling it text by text; each is a Protocol that a guard may satisfy besides:

- `MatchingGuard` has `rules`. The rules of all such guards of a side are fused into one scan, and streams stay exact.
- `WholeGuard` judges all texts of a request or reply at once, for instance their total length.
- A guard with neither sees each text after the edits of the guards above, in the order given to the pipeline. It
  holds a stream back to its end, unless it says after how many characters it wants to be asked about the text so far.
  A `ContextGuard` is one of these that is also told who wrote the text, what kind of text it is, and what the call is
  about.

A guard may also say `name`, `mode`, `on_error`, `blocking` and more; `Guard` describes what their absence means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Protocol, TypeAlias, runtime_checkable

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.messages import ANONYMOUS, Caller, Part, Request
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action, ActionLike, Mode, OnError, Verdict

if TYPE_CHECKING:
    from genai_guard.text.views import Views

__all__ = [
    "CallGuard",
    "Classifier",
    "Context",
    "ContextGuard",
    "Guard",
    "GuardBase",
    "MatchingGuard",
    "Meter",
    "Planter",
    "Side",
    "WholeGuard",
    "check_interval",
    "one_of",
    "settle",
]

Answer: TypeAlias = Verdict | Awaitable[Verdict]
Side: TypeAlias = Literal["input", "output"]

_NOTHING: Final = Request(())


@dataclass(frozen=True, slots=True)
class Context:
    """What a call is about, as far as it is known when a guard is asked.

    Attributes:
        side: Whether a request or a reply is judged.
        request: What was asked, as the caller wrote it: on the output side too.
        parts: The texts of this side, as they were written. In a stream those that have begun; the last of them is the
            one that is judged.
        caller: On whose behalf.
        variants: Variant of each experiment, by the name of the experiment.
        request_id: Identifier of the call.
    """

    side: Side = "input"
    request: Request = _NOTHING
    parts: tuple[Part, ...] = ()
    caller: Caller = ANONYMOUS
    variants: Mapping[str, str] = field(default_factory=FrozenDict[str, str])
    request_id: str = ""


@runtime_checkable
class Guard(Protocol):
    """Judges a text.

    Optional attributes, with what their absence means: `name` (the class name), `mode` (`enforce`), `on_error`
    (`block`: an exception stops the call as `ComponentFailed`), `blocking` (False; True moves a synchronous `check`
    that waits for something to a thread when the call is asynchronous), `check_every_chars` (None: a stream is held to
    its end), `kinds` (None: texts of every kind are shown to it; else a set of `PartKind`, and streamed texts of
    another kind are not held for it), `timeout_s` (of a slow guard; None: it may take as long as it
    likes), `beside_call` (False; True
    lets a slow guard of the input side run while the model is called, and the reply is held until it has spoken; it
    cannot edit then), `is_async` (True says that what a plain `check` returns is awaited), `max_reasks` (0: how often the model is asked again when the guard blocks its reply with
    `Verdict.feedback`).

    A guard whose `check` is `async def`, or which is `blocking`, is slow: slow guards that follow each other and do not
    edit run at the same time, and the first that blocks ends the others.
    """

    def check(self, text: str, /) -> Answer:
        """Return a verdict whose findings point into `text` and whose `text` is the one to go on with."""
        ...


@runtime_checkable
class ContextGuard(Guard, Protocol):
    """Judges a text by where it stands in a call. Alone, by `check`, it knows nothing but the text."""

    def check_part(self, part: Part, context: Context, /) -> Answer:
        """Return a verdict about `part.text`, which is the text after the edits of the guards above.

        Asked inside of a pipeline instead of `check`, and `async def` if that is.
        """
        ...


class Classifier(Protocol):
    """Says how much a text has of each category. One object may serve many guards; `async def` is slow, see `Guard`."""

    def classify(self, text: str, /) -> Mapping[str, float] | Awaitable[Mapping[str, float]]:
        """Return scores from 0 to 1 by category, such as `{"hate": 0.02, "violence": 0.7}`."""
        ...


@runtime_checkable
class MatchingGuard(Protocol):
    """Finds spans by rules, and leaves the scanning to the pipeline.

    One may have a method `detail(category, matched)`, which returns what people are told of a finding; never its text.
    """

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


@runtime_checkable
class CallGuard(MatchingGuard, Protocol):
    """Looks for something else in each call besides, for instance for what its system prompt says."""

    @property
    def call_rules(self) -> Sequence[Rule]:
        """What findings of that are called: rules with an id, a category and a score, whose patterns do not matter."""
        ...

    def views_for(self, context: Context, /) -> Views | None:
        """Return what to look for in this call, by a scanner of as many rules as `call_rules`; None for nothing."""
        ...


@runtime_checkable
class Planter(Protocol):
    """Puts something into the system prompt of each call, by which it recognises it in the reply."""

    def plant(self, text: str, /) -> str:
        """Return the system prompt with it."""
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

        A verdict that edits holds the new text of its part. A guard whose method takes a second parameter gets the
        `Context` there, unless it says `wants_context = False`, which spares each call what the context costs.
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
