"""What somebody thinks of a reply, as values; and which of them hold when there are several.

Rule 1: A call, a name and a source together have one opinion at a time: the one with the latest time. Two of one time
are told apart by their values, so that the order in which they arrive never matters.
Rule 2: What is said again changes nothing. A value of None withdraws.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of, settle

__all__ = ["Feedback", "Opinion", "Source", "Value", "feedback_of", "history", "latest"]

Source: TypeAlias = Literal["human", "llm_judge", "code"]
"""Who may say something of a reply: the kinds that MLflow knows."""

Value: TypeAlias = str | float | bool | tuple[str, ...] | None
"""What can be said of a reply. None withdraws what was said before."""

_TEXTS: Final = frozenset({"correction", "comment"})
_LONGEST_ID: Final = 1024


class Opinion(NamedTuple):
    """Of what there is one at a time."""

    request_id: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thing that somebody said of one reply.

    Args:
        request_id: The call.
        name: `thumbs`, `rating`, `correction`, `comment`, `ranking`, or the name of a score of your own.
        value: `up` or `down` for `thumbs`; a number for `rating`; the text that the reply should have been for
            `correction`; a text for `comment`; the ids of calls, the best first, for `ranking`; a number, a truth value
            or a text for other names. None withdraws what was said before.
        time_s: When it was said, in seconds since 1970.
        source: Who says it: the id of a user, a reviewer or a judge. Not redacted.
        source_type: What that is.
        user: Whose call it was, so that it can be erased for them. Not redacted.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    request_id: str
    name: str = field(kw_only=True)
    value: Value = field(kw_only=True, repr=False)
    time_s: float = field(kw_only=True)
    source: str = field(default="", kw_only=True)
    source_type: Source = field(default="human", kw_only=True)
    user: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        _must(_is_id(self.request_id), "request_id", f"a text of 1 to {_LONGEST_ID} characters")
        _must(_is_name(self.name), "name", "a word of letters, digits, '_', '-' and '.', at most 64 of them")
        _must(_is_writable(self.source), "source", "a text")
        _must(_is_writable(self.user), "user", "a text")
        one_of(self, "source_type", {"human", "llm_judge", "code"})
        _must(_is_number(self.time_s) and self.time_s >= 0, "time_s", "a number of seconds since 1970")
        settle(self, value=_checked(self.name, self.value), time_s=float(self.time_s))

    @property
    def opinion(self) -> Opinion:
        """Of what there is one at a time."""
        return Opinion(self.request_id, self.name, self.source)

    @property
    def version(self) -> tuple[float, str]:
        """What the latest has the greatest of."""
        return self.time_s, self.digest

    @property
    def digest(self) -> str:
        """What tells values apart, without saying what they are."""
        return blake2b(json.dumps(self.value).encode(), digest_size=16).hexdigest()

    def __repr__(self) -> str:
        return f"<Feedback {self.name} of {self.request_id}>"


def feedback_of(
    request_id: str,
    *,
    time_s: float,
    thumbs: Literal["up", "down"] | None = None,
    rating: float | None = None,
    correction: str | None = None,
    comment: str | None = None,
    ranking: Sequence[str] | None = None,
    scores: Mapping[str, float | bool | str] | None = None,
    withdraw: Iterable[str] = (),
    **who: Any,
) -> tuple[Feedback, ...]:
    """Return each of the things that were said, as values.

    Raises:
        ConfigurationError: nothing was said, or something that cannot be.
    """
    own = dict(scores or {})
    if clash := sorted(own.keys() & _STANDARD.keys()):
        raise ConfigurationError(f"feedback(scores=...): {clash[0]!r} has a parameter of its own")
    given = {
        "thumbs": thumbs,
        "rating": rating,
        "correction": correction,
        "comment": comment,
        "ranking": ranking,
        **own,
    }
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    said |= dict.fromkeys([withdraw] if isinstance(withdraw, str) else withdraw)
    if not said:
        raise ConfigurationError("feedback(...) says nothing: give thumbs=, rating=, correction=, comment= or ranking=")
    return tuple([Feedback(request_id, name=name, value=value, time_s=time_s, **who) for name, value in said.items()])


def latest(entries: Iterable[Feedback]) -> tuple[Feedback, ...]:
    """Return what holds now, the oldest first; what was withdrawn is left out."""
    held: dict[Opinion, Feedback] = {}
    for entry in entries:
        before = held.setdefault(entry.opinion, entry)
        if entry.version > before.version:
            held[entry.opinion] = entry
    return tuple(sorted((each for each in held.values() if each.value is not None), key=_order))


def history(entries: Iterable[Feedback]) -> tuple[Feedback, ...]:
    """Return everything that was said, the oldest first, without what only repeats the one before."""
    said: list[Feedback] = []
    last: dict[Opinion, str] = {}
    for entry in sorted(entries, key=_order):
        if last.get(entry.opinion) != entry.digest:
            last[entry.opinion] = entry.digest
            said.append(entry)
    return tuple(said)


def _order(entry: Feedback) -> tuple[float, Opinion, str]:
    return entry.time_s, entry.opinion, entry.digest


# --- what a value may be ----------------------------------------------------------------------------------------------


def _thumbs(value: object) -> str:
    _must(value in {"up", "down"} if isinstance(value, str) else False, "thumbs", "'up' or 'down'")
    return cast("str", value)


def _rating(value: object) -> float:
    _must(_is_number(value), "rating", "a number")
    return float(cast("float", value))


def _text(value: object) -> str:
    _must(isinstance(value, str) and bool(value.strip()), "correction or comment", "a text that is not empty")
    return cast("str", value)


def _ranking(value: object) -> tuple[str, ...]:
    ids = tuple(cast("Iterable[object]", value)) if isinstance(value, Sequence) and not isinstance(value, str) else ()
    names = [each for each in ids if _is_id(each)]
    wanted = "a list of at least two different request ids, the best first"
    _must(len(set(names)) == len(ids) > 1, "ranking", wanted)
    return cast("tuple[str, ...]", ids)


def _own(value: object) -> Value:
    """A score by a name of the caller's."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    _must(_is_number(value), "value", "a number, a truth value or a text")
    return float(cast("float", value))


_STANDARD: Final[Mapping[str, Any]] = {
    "thumbs": _thumbs, "rating": _rating, "correction": _text, "comment": _text, "ranking": _ranking
}  # fmt: skip


def _checked(name: str, value: object) -> Value:
    return None if value is None else cast("Value", _STANDARD.get(name, _own)(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_id(value: object) -> bool:
    return _is_writable(value) and 0 < len(cast("str", value)) <= _LONGEST_ID


def _is_writable(value: object) -> bool:
    """Whether it is a text without lone surrogates, which files have no bytes for."""
    with suppress(UnicodeEncodeError):
        return isinstance(value, str) and len(value.encode()) >= 0
    return False


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64 and all(each.isalnum() or each in "_-." for each in value)


def _must(holds: bool, parameter: str, wanted: str) -> None:
    """Refuse a value without repeating it: it may be anything that a user wrote."""
    if not holds:
        raise ConfigurationError(f"Feedback({parameter}=...) must be {wanted}")
