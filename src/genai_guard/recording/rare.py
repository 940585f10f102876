"""What few calls have, counted apart: a call without any of it pays for one comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.sketch import Name, merge

if TYPE_CHECKING:
    from genai_guard.recording.event import Event

__all__ = ["CACHE", "ERRORS", "NAMED", "NOTHING_RARE", "Hit", "Rare"]

ERRORS: Final = frozenset({"error", "timeout", "component_failed", "breaker_open"})
"""The statuses that count as errors: something broke. What the policy refused or the caller gave up is not among them."""

CACHE: Final = "cache"
"""What answers when an old reply is given again."""

_MOST_NAMES: Final = 64


class Hit(NamedTuple):
    """What guardrail hits are counted by: a guard, what it did, and whether that was enforced."""

    guard: str
    action: str
    mode: str


class Rare:
    """Counters of what most calls do not have.

    Of very many different names only the first are told apart: an exception class may be made up by the call.

    Attributes:
        hits: Guardrail hits.
        error_types: Errors by the class of what was raised.
        denials: Calls by the limit that refused them.
        shadow_denials: Calls by the limit in shadow mode that would have refused them.
        fallbacks: Calls by the target of a fallback or tier that answered.
        retries: Attempts that repeat what failed.
        cache_hits: Calls that were answered with an old reply.
    """

    __slots__ = ("cache_hits", "denials", "error_types", "fallbacks", "hits", "retries", "shadow_denials")

    def __init__(self) -> None:
        self.hits: dict[Hit, int] = {}
        self.error_types: dict[str, int] = {}
        self.denials: dict[str, int] = {}
        self.shadow_denials: dict[str, int] = {}
        self.fallbacks: dict[str, int] = {}
        self.retries = 0
        self.cache_hits = 0

    def count(self, event: Event) -> None:
        """Count what is rare about a call."""
        self.retries += event.retries
        if event.error_type and event.status in ERRORS:
            _count(self.error_types, event.error_type, OTHER)
        if event.denied_by:
            _count(self.denials, event.denied_by, OTHER)
        for limit in event.shadow_denials:
            _count(self.shadow_denials, limit, OTHER)
        if event.answered_by == CACHE:
            self.cache_hits += 1
        elif event.answered_by:
            _count(self.fallbacks, event.answered_by, OTHER)
        for verdict in event.verdicts:
            guard = verdict.guard or next((each.guard for each in verdict.findings if each.guard), "")
            action = str(verdict.action)
            _count(self.hits, Hit(guard, action, verdict.mode), Hit(OTHER, action, verdict.mode))

    def plus(self, other: Rare) -> Rare:
        """Add the counts of `other`, and return where they stand: apart from `other`, and from what may not change."""
        if other is NOTHING_RARE:
            return self
        into = Rare() if self is NOTHING_RARE else self
        for name in NAMED:
            merge(getattr(into, name), getattr(other, name))
        into.retries += other.retries
        into.cache_hits += other.cache_hits
        return into


NOTHING_RARE: Final = Rare()
"""What there is of it where there is none: nobody may count in it."""

NAMED: Final = ("hits", "error_types", "denials", "shadow_denials", "fallbacks")
"""What is counted by names."""


def _count(counts: dict[Name, int], name: Name, other: Name) -> None:
    kept = name if name in counts or len(counts) < _MOST_NAMES else other
    counts[kept] = counts.get(kept, 0) + 1
