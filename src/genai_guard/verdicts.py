"""What a guard says about a text. Values only: frozen, comparable, and silent about the text they judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from genai_guard.messages import Usage

__all__ = ["Action", "ActionLike", "Finding", "Mode", "OnError", "OnOutage", "Verdict", "gravest"]

Mode: TypeAlias = Literal["enforce", "shadow"]
"""`shadow`: evaluated and recorded, never enforced."""

OnError: TypeAlias = Literal["block", "allow"]
"""What becomes of a call when a part of the pipeline breaks. Either way the failure is recorded."""

OnOutage: TypeAlias = Literal["deny", "allow", "local"]
"""What becomes of calls while the store of a limit cannot be reached; `local` counts them in this process."""


class Action(StrEnum):
    """What a guard does, or did, with what it found; from the mildest to the gravest."""

    ALLOW = "allow"
    FLAG = "flag"
    PSEUDONYMIZE = "pseudonymize"
    HASH = "hash"
    MASK = "mask"
    REDACT = "redact"
    TRUNCATE = "truncate"
    ERROR = "error"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        """Rank among the actions: 0 for `ALLOW`, the highest for `BLOCK`."""
        return _SEVERITY[self]

    @property
    def edits(self) -> bool:
        """Whether the action changes the text."""
        return self in _EDITS


ActionLike: TypeAlias = (
    Action | Literal["allow", "flag", "pseudonymize", "hash", "mask", "redact", "truncate", "error", "block"]
)
"""An `Action` or its name. Parameters take either; a built guard always holds the `Action`."""

_SEVERITY: Final = {action: rank for rank, action in enumerate(Action)}
_EDITS: Final = frozenset({Action.PSEUDONYMIZE, Action.HASH, Action.MASK, Action.REDACT, Action.TRUNCATE})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a guard found: a rule, and where it holds in the original text.

    Attributes:
        rule: Identifier of the rule, for instance `pii.email`.
        category: What was found, for instance `EMAIL`; also the label that replaces it.
        start: First character, counted in the text as the caller wrote it.
        end: One past the last character.
        score: Confidence from 0 to 1.
        guard: Name of the guard.
        where: Which text of the call, for instance `messages[2].content`; empty for a plain text.
        detail: A reason for people. Holds numbers and names of rules, never the caller's text.
    """

    rule: str
    category: str
    start: int = 0
    end: int = 0
    score: float = 1.0
    guard: str = ""
    where: str = ""
    detail: str = ""

    @property
    def summary(self) -> str:
        """The category and, where there is one, the reason."""
        return f"{self.category} ({self.detail})" if self.detail else self.category

    def of(self, text: str) -> str:
        """Return the found characters out of the original `text`."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A guard's answer about one text.

    Attributes:
        action: What was done. `ALLOW` has no findings; `ERROR` means that the guard broke.
        text: The text to go on with. Not part of the `repr`, which may end up in a log.
        findings: What was found, in the order of the text.
        guard: Name of the guard; empty when several guards spoke.
        mode: `shadow` when the verdict is only recorded.
        error: Class name of what the guard raised; empty unless `action` is `ERROR`.
        value: What the guard made of the text, for instance the object that a JSON reply stands for.
        feedback: What a model has to be told to do better the next time. It may quote the text: neither this nor the
            value is part of the `repr`, and neither leaves the call.
        usage: Tokens that the guard itself spent, when it asked a model; None when it did not.
        model: The model that it asked.
    """

    action: Action
    text: str = field(default="", repr=False)
    findings: tuple[Finding, ...] = ()
    guard: str = ""
    mode: Mode = "enforce"
    error: str = ""
    value: Any = field(default=None, repr=False, compare=False)
    feedback: str = field(default="", repr=False)
    usage: Usage | None = None
    model: str = ""

    @property
    def blocked(self) -> bool:
        """Whether the text must not pass."""
        return self.action is Action.BLOCK and self.mode == "enforce"


def gravest(actions: Iterable[Action]) -> Action:
    """Return the action of the highest severity; `ALLOW` for none."""
    return max(actions, key=_SEVERITY.__getitem__, default=Action.ALLOW)
