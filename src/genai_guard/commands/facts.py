"""What there is to say about a rule of a policy, in words: what it looks for, what it checks, what it needs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Final, NamedTuple, cast

from genai_guard.guards.base import Guard
from genai_guard.guards.blocked_patterns import BlockedPatterns
from genai_guard.guards.credentials import CREDENTIALS
from genai_guard.guards.credentials.credential import after_sign
from genai_guard.guards.entities.catalogue import CATALOGUE, DEFAULT_THRESHOLD, NAMED_THRESHOLD
from genai_guard.guards.pii import PII
from genai_guard.guards.seat import Seat
from genai_guard.guards.secrets import Secrets
from genai_guard.text.rules import Rule

__all__ = [
    "RuleFacts",
    "Source",
    "about",
    "conditions_of",
    "facts_of",
    "kind_of",
    "members_of",
    "needed_of",
    "sources_of",
    "words_in_short",
]

_WORDS_SHOWN: Final = 12
_ENDINGS: Final = tuple(f"{gap}{word}" for word in ("number", "no", "nr", "num", "id") for gap in ("_", ""))
"""What a word that names a number may have behind it."""


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """A rule of a policy, described.

    Attributes:
        rule: Identifier.
        category: What a match is.
        guard: Name of its guard.
        kind: Kind of the guard, as a policy file has it.
        action: What the guard does with a match.
        mode: `shadow` if it only records.
        score: Confidence of a match.
        needed: Score that the guard asks for; None if it asks for none.
        looks_for: What it looks for.
        checks: What a match has to stand besides.
        words: Words of which one is in every match, or stands before it; none if the form alone is enough.
        exceptions: How many exceptions the policy makes.
        disguises: Whether it is looked for in disguise too.
        conditions: Where it is looked for only, and when it blocks besides.
    """

    rule: str
    category: str
    guard: str
    kind: str
    action: str
    mode: str
    score: float
    needed: float | None
    looks_for: str
    checks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    exceptions: int = 0
    disguises: bool = True
    conditions: tuple[str, ...] = ()


class Source(NamedTuple):
    """Where a rule comes from.

    Attributes:
        seat: The guard of the pipeline.
        guard: The guard that has the rule: that of the seat, or one that it is made of.
        rule: The rule.
    """

    seat: Seat
    guard: Any
    rule: Rule


def sources_of(seat: Seat) -> Iterator[Source]:
    """Yield the rules of a guard, and of the guards that it is made of; none if it does not work by rules."""
    for guard in members_of(seat.guard):
        for rule in (*getattr(guard, "rules", ()), *getattr(guard, "call_rules", ())):
            yield Source(seat, guard, rule)


def members_of(guard: Any) -> Iterator[Any]:
    """Yield a guard, and those that it is made of."""
    yield guard
    for member in getattr(guard, "members", ()):
        yield from members_of(Seat.of(member).guard)


def kind_of(guard: Guard) -> str:
    """Return the kind of a guard, as a policy file has it; the class name of one that has no such kind."""
    return getattr(guard, "kind", "") or type(guard).__name__


def about(guard: Guard) -> str:
    """Return what a guard says of itself, in a line."""
    return _first_line(guard)


def conditions_of(seat: Seat) -> tuple[str, ...]:
    """Return where the guard is asked, and from when on it blocks: `role=tool`, `block after=3`."""
    said: list[str] = []
    for condition in seat.conditions:
        names = (each.name for each in fields(condition) if each.name not in {"then", "name"})
        said += (f"only where {name}={_words(getattr(condition, name))}" for name in names if getattr(condition, name))
    said += (f"blocks from finding {each.after} of a {each.by} on" for each in seat.escalations)
    return tuple(said)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return " and ".join(f"{key}: {word}" for key, word in cast("Mapping[str, str]", value).items())
    return value if isinstance(value, str) else " or ".join(value)


def facts_of(source: Source) -> RuleFacts:
    """Describe a rule."""
    seat, guard, rule = source
    return RuleFacts(
        rule=rule.id,
        category=rule.category,
        guard=seat.name,
        kind=kind_of(guard),
        action=seat.action.value,
        mode=seat.mode,
        score=rule.score,
        needed=needed_of(guard, rule.category),
        looks_for=_looks_for(guard, rule),
        checks=tuple(_checks(guard, rule)),
        words=() if rule.keywords else rule.starts or rule.words,
        exceptions=_exceptions(guard, rule),
        disguises=getattr(guard, "normalize", True),
        conditions=conditions_of(seat),
    )


def needed_of(guard: Any, category: str) -> float | None:
    """Return the score that a guard asks for, for findings of a category; None if it asks for none."""
    if isinstance(guard, PII):
        usual = DEFAULT_THRESHOLD if guard.entities is None else NAMED_THRESHOLD
        return guard.thresholds.get(category, usual if guard.threshold is None else guard.threshold)
    named: Any = getattr(guard, "thresholds", None) or {}
    needed: Any = named.get(category, named.get(category.lower(), getattr(guard, "threshold", None)))
    return float(needed) if isinstance(needed, int | float) and not isinstance(needed, bool) else None


def _looks_for(guard: Guard, rule: Rule) -> str:
    if rule.keywords:
        return _keywords(rule)
    if isinstance(guard, BlockedPatterns):
        return f"the regex `{rule.pattern}`{', in either case' if rule.ignore_case else ''}"
    if isinstance(guard, PII):
        named = rule.id.endswith(("_named", "_named_too"))
        return f"personal data, {rule.category}" + (", behind a word that says what it is" if named else "")
    if isinstance(guard, Secrets) and rule.category in CREDENTIALS:
        named = CREDENTIALS[rule.category].context is after_sign
        return f"a credential, {rule.category}, told by " + ("the name before it" if named else "its form")
    return f"{rule.category}: {about(guard)}"


def _keywords(rule: Rule) -> str:
    phrases = f"one of {len(rule.keywords):,} words and phrases" if len(rule.keywords) > 1 else "a word or phrase"
    edits = f", with up to {rule.fuzzy} wrong letters in a word" if rule.fuzzy else ""
    return phrases + (", in either case" if rule.ignore_case else "") + edits


def _checks(guard: Guard, rule: Rule) -> Iterator[str]:
    if isinstance(guard, PII) and rule.category in CATALOGUE and CATALOGUE[rule.category].how:
        yield CATALOGUE[rule.category].how
        return
    for check in (rule.validator, rule.trim):
        said = "" if check is None else _first_line(check)
        if said:
            yield said


def _exceptions(guard: Guard, rule: Rule) -> int:
    if rule.exceptions:
        return len(rule.exceptions)
    values: Any = getattr(guard, "allow", None) or getattr(guard, "exceptions", None) or ()
    return len(values) if rule.ignore is not None else 0


def _first_line(thing: Any) -> str:
    """Return the first line of a docstring, without the full stop."""
    while isinstance(thing, partial):
        thing = cast("Any", thing.func)
    return (inspect.getdoc(thing) or "").partition("\n")[0].rstrip(".")


def words_in_short(words: Sequence[str]) -> str:
    """Return the first of many words, and how many more there are; of `passport` and `passport_no` only the former."""
    stems = [
        word for word in words if not any(word.removesuffix(end) in words for end in _ENDINGS if word.endswith(end))
    ]
    more = f" and {len(stems) - _WORDS_SHOWN} more" if len(stems) > _WORDS_SHOWN else ""
    return ", ".join(stems[:_WORDS_SHOWN]) + more
