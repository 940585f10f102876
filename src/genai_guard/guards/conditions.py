"""`when`: a guard for some texts and some callers only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final, TypeAlias, cast

from genai_guard.context import current_caller
from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import Context, Guard, settle
from genai_guard.messages import Part
from genai_guard.verdicts import Action, Verdict

__all__ = ["When", "when"]

Words: TypeAlias = str | Sequence[str]

_ROLES: Final = ("system", "user", "assistant", "tool")
_CONTENTS: Final = ("text", "arguments", "result", "refusal", "reasoning")


@dataclass(frozen=True)
class When:
    """Ask a guard only where all that is named holds.

    A guard inside of this stays what it is: one that matches by rules is still fused with the others and exact in
    streams. Several values of one name mean any of them. What the caller does not say holds for nobody: with `tenant` a
    call without a tenant is not looked at, so give what must hold for everybody a guard of its own.

    Alone, `check` takes its text for one of the user and goes by the current `caller(...)`.

    Args:
        then: The guard.
        role: Who wrote the text: `system`, `user`, `assistant` or `tool`.
        content: What the text is: `text`, `arguments` (of a tool call), `result` (of a tool), `refusal` or `reasoning`.
        tool: Name of the tool, for arguments and results.
        user: End users.
        tenant: Customers or organisations.
        tags: Tags of the caller, all of which must be equal.
        variant: Variants of experiments: names of variants, whatever the experiment, or by the name of the experiment.
            Input guards are asked before the assignment is made; what it is going to be is known all the same.
        name: Name in verdicts; that of the guard when empty.

    Raises:
        ConfigurationError: no condition, a role or content that does not exist, or `then` is no guard.
    """

    kind: ClassVar[str] = "when"

    then: Guard
    role: Words = field(default=(), kw_only=True)
    content: Words = field(default=(), kw_only=True)
    tool: Words = field(default=(), kw_only=True)
    user: Words = field(default=(), kw_only=True)
    tenant: Words = field(default=(), kw_only=True)
    tags: Mapping[str, str] = field(default_factory=FrozenDict[str, str], kw_only=True)
    variant: Words | Mapping[str, str] = field(default=(), kw_only=True)
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not callable(getattr(self.then, "check", None)):
            raise ConfigurationError(f"when({type(self.then).__name__}, ...): then= must be a guard, such as PII()")
        for name in ("role", "content", "tool", "user", "tenant"):
            settle(self, **{name: _words(name, getattr(self, name))})
        settle(self, tags=_mapping("tags", self.tags), variant=_variant(self.variant))
        _known("role", self.role, _ROLES)
        _known("content", self.content, _CONTENTS)
        if not any(getattr(self, each.name) for each in fields(self) if each.name not in {"then", "name"}):
            raise ConfigurationError(
                "when() has no condition: say role=, content=, tool=, user=, tenant=, tags= or variant="
            )
        settle(self, name=self.name or getattr(self.then, "name", "") or type(self.then).__name__)

    def __hash__(self) -> int:
        return hash((type(self), self.name, self.role, self.tenant))

    def holds(self, part: Part, context: Context) -> bool:
        """Whether the guard is asked about `part`."""
        return (
            (not self.role or part.role in self.role)
            and (not self.content or part.kind in self.content)
            and (not self.tool or part.name in self.tool)
            and self.holds_for(context)
        )

    def holds_for(self, context: Context) -> bool:
        """Whether the guard is asked at all in a call."""
        caller = context.caller
        return (
            (not self.user or caller.user in self.user)
            and (not self.tenant or caller.tenant in self.tenant)
            and all(caller.value(name) == value for name, value in self.tags.items())
            and (not self.variant or self._has_variant(context.variants))
        )

    def check(self, text: str, /) -> Any:
        """Return the verdict of the guard about `text`, or that the text is allowed."""
        if self.holds(Part(text), Context(caller=current_caller())):
            return self.then.check(text)
        return Verdict(Action.ALLOW, text, (), self.name)

    def _has_variant(self, variants: Mapping[str, str]) -> bool:
        wanted = self.variant
        if isinstance(wanted, Mapping):
            return all(variants.get(experiment) == variant for experiment, variant in wanted.items())
        return not set(variants.values()).isdisjoint(wanted)


when: Final = When
"""Make a guard conditional: `when(PII(), tenant="acme")`; see `When`."""


def _words(name: str, given: object) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else given
    if not isinstance(words, Sequence) or not _are_words(cast("Sequence[object]", words)):
        raise ConfigurationError(f"when({name}=...) takes a word or a list of words")
    return tuple(cast("Sequence[str]", words))


def _mapping(name: str, given: object) -> FrozenDict[str, str]:
    pairs = cast("Mapping[object, object]", given).items() if isinstance(given, Mapping) else ((None, None),)
    if not all(map(_are_words, pairs)):
        raise ConfigurationError(f"when({name}=...) takes a mapping of words to words")
    return FrozenDict(cast("Mapping[str, str]", given))


def _are_words(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) and value for value in values)


def _variant(given: object) -> tuple[str, ...] | FrozenDict[str, str]:
    return _mapping("variant", cast("object", given)) if isinstance(given, Mapping) else _words("variant", given)


def _known(name: str, words: Words, known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise ConfigurationError(f"when({name}={word!r}): must be one of {', '.join(map(repr, known))}")
