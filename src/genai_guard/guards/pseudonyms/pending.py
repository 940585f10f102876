"""What a guard that pseudonymises tells: what it wants replaced, and how long stand-ins last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.text.rules import Rule

__all__ = ["Pending", "Pseudonyms", "Scope"]

Scope: TypeAlias = Literal["request", "session"]
"""How long the same value gets the same stand-in: for one call, or for all calls of one session."""


class Pending(str):
    """A replacement that is still to be drawn: `Vault.fill` puts a stand-in in its place.

    Until then it is the label of the category, so that where nobody has a vault the text is redacted and not let
    through.

    Attributes:
        rule: The rule that matched.
    """

    __slots__ = ("rule",)

    rule: Rule

    @classmethod
    def of(cls, rule: Rule) -> Pending:
        """Return the replacement of a match of `rule`."""
        pending = cls(f"[{rule.category}]")
        pending.rule = rule
        return pending


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """How a guard wants its stand-ins kept.

    Attributes:
        scope: For one call, or for all calls of a session.
        key: Makes the same stand-ins of the same values in every process; random ones when None.
        session_idle_s: Seconds without a call after which a session is forgotten.
        max_sessions: Sessions that are kept at a time.
    """

    scope: Scope = "request"
    key: str | bytes | None = field(default=None, repr=False)
    session_idle_s: float = 3600.0
    max_sessions: int = 10_000

    def __post_init__(self) -> None:
        if not self.session_idle_s > 0:
            raise ConfigurationError(f"PII(session_idle_s={self.session_idle_s!r}) must be more than 0 seconds")
        if self.max_sessions < 1:
            raise ConfigurationError(f"PII(max_sessions={self.max_sessions!r}) must be at least 1")
