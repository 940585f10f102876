"""Which calls somebody is to look at. Pure: the same call is chosen, or not, in every process and at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import prod
from typing import Final, NamedTuple

import mmh3

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import one_of, settle
from genai_guard.recording.alerts.checks import values_of
from genai_guard.recording.dimensions import Key, checked, key_reader
from genai_guard.recording.event import Event
from genai_guard.verdicts import Action, Verdict

__all__ = ["Choice", "Selection", "checked_selections", "choose", "has_found", "union"]

_EVERYTHING: Final[Mapping[str, str]] = FrozenDict()


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A share of certain calls: of those that a guard flagged, of those that none did, of a variant.

    Whether a call is in it is decided by a hash of its request id: the same in every process, and independent of all
    other selections.

    Args:
        name: The reason that its calls are there for; made of what it selects when empty.
        share: Share of the calls, above 0 and at most 1.
        found: True for calls in which a guard found something, False for those in which none did, None for both. One
            that broke has found nothing.
        guard: Only calls in which this guard found something.
        rule: Only calls in which such a rule did, by a pattern with `*` and `?`: `pii.*`.
        action: Only calls with such a verdict, for instance `block`.
        where: Values of dimensions that calls must have: `{"variant": "treatment"}`. Any dimension of a recorder will do.
        priority: Items of a higher one are reviewed first.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    name: str = ""
    share: float = 1.0
    found: bool | None = None
    guard: str = ""
    rule: str = ""
    action: Action | str = ""
    where: Mapping[str, str] = _EVERYTHING
    priority: int = 0
    _key_of: Callable[[Event], Key] | None = field(init=False, repr=False, compare=False)
    _wanted: Sequence[tuple[int, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        is_share = isinstance(self.share, int | float) and not isinstance(self.share, bool) and 0 < self.share <= 1
        _must(is_share, "share", "a number above 0 and at most 1")
        _must(self.found in {True, False, None}, "found", "True, False or None")
        for name in ("name", "guard", "rule"):
            _must(isinstance(getattr(self, name), str), name, "a text")
        one_of(self, "action", {"", *(action.value for action in Action)})
        _must(type(self.priority) is int, "priority", "a whole number")
        where = values_of(self, "where")
        by_guard = bool(self.guard or self.rule or self.action)
        _must(not (by_guard and self.found is False), "found", "True or None beside guard=, rule= and action=")
        names = checked(where) if where else ()
        settle(
            self,
            action=str(self.action),
            where=FrozenDict(where),
            name=self.name or self._made_name(),
            _key_of=key_reader(names) if names else None,
            _wanted=[(place, where[name]) for place, name in enumerate(names) if name in where],
        )

    def matches(self, event: Event) -> bool:
        """Whether a call is one of those of which this takes a share."""
        if self.guard or self.rule or self.action:
            if not any(map(self._is_meant, event.verdicts)):
                return False
        elif self.found is not None and has_found(event) is not self.found:
            return False
        if self._key_of is None:
            return True
        key = self._key_of(event)
        return all(key[place] == value for place, value in self._wanted)

    def takes(self, request_id: str) -> bool:
        """Whether the hash of a call is within the share."""
        if self.share == 1:
            return True
        text = f"{self.name}:{request_id}".encode("utf-8", "surrogatepass")
        return (mmh3.mmh3_x64_128_uintdigest(text, 0) >> 64) < self.share * 2**64

    def _is_meant(self, verdict: Verdict) -> bool:
        return (
            self.guard in {"", verdict.guard}
            and self.action in {"", verdict.action}
            and (not self.rule or any(fnmatchcase(finding.rule, self.rule) for finding in verdict.findings))
        )

    def _made_name(self) -> str:
        words = [word for word in (self.guard, self.rule, str(self.action)) if word]
        words += {True: ["flagged"], False: ["unflagged"], None: []}[self.found] if not words else []
        words += [f"{name}={value}" for name, value in self.where.items()]
        return " ".join(words) or "sampled"


class Choice(NamedTuple):
    """Why a call is to be reviewed.

    Attributes:
        reasons: Names of the selections that took it.
        priority: The highest of theirs.
        propensity: Probability that a call like it is taken: by any of the selections that it matches.
    """

    reasons: tuple[str, ...]
    priority: int
    propensity: float


def choose(selections: Iterable[Selection], event: Event) -> Choice | None:
    """Return why a call is to be reviewed; None if it is not."""
    matching = [each for each in selections if each.matches(event)]
    taken = [each for each in matching if each.takes(event.request_id)]
    if not taken:
        return None
    names = tuple([each.name for each in taken])
    return Choice(names, max([each.priority for each in taken]), union([each.share for each in matching]))


def union(shares: Iterable[float]) -> float:
    """Return the probability that at least one of several independent things happens."""
    return 1.0 - prod([1.0 - share for share in shares])


def has_found(event: Event) -> bool:
    """Whether a guard found something in a call."""
    return any(verdict.action is not Action.ERROR for verdict in event.verdicts)


def checked_selections(given: Iterable[object]) -> tuple[Selection, ...]:
    """Return the selections of a queue.

    Raises:
        ConfigurationError: one is none, or two have the same name.
    """
    found = tuple(given)
    selections = tuple([each for each in found if isinstance(each, Selection)])
    if len(selections) < len(found):
        raise ConfigurationError("ReviewQueue(selections=...) takes Selection(share=...)")
    names: Sequence[str] = [each.name for each in selections]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(
            f"ReviewQueue(selections=...): two are called {twice!r}: give one of them another name="
        )
    return selections


def _must(holds: bool, parameter: str, wanted: str) -> None:
    if not holds:
        raise ConfigurationError(f"Selection({parameter}=...) must be {wanted}")
