"""By what calls are counted apart, and how the number of series stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.recording.event import Event
    from genai_guard.routing.experiment import Assignment

__all__ = [
    "DIMENSIONS",
    "OTHER",
    "REACHED",
    "STATUSES",
    "Key",
    "SeriesCap",
    "applied",
    "check_declared",
    "checked",
    "is_name",
    "key_reader",
    "variant",
]

Key: TypeAlias = tuple[str, ...]
"""The status of a call and its value in each declared dimension, in their order."""

OTHER: Final = "__other__"
"""Stands for every value that is not counted apart."""

DIMENSIONS: Final = ("model", "tenant", "variant")
"""What calls are counted apart by, besides their status, unless said otherwise."""

STATUSES: Final = (
    "ok",
    "blocked",
    "rate_limited",
    "budget_exceeded",
    "breaker_open",
    "component_failed",
    "error",
    "timeout",
    "cancelled",
    "abandoned",
)

REACHED: Final = frozenset({"call", "stream", "output", "done"})
"""The stages in which calls end that reached the model."""

_PATHS: Final = {
    "status": "status",
    "model": "model",
    "pipeline": "pipeline",
    "target": "target",
    "stage": "stage",
    "user": "caller.user",
    "tenant": "caller.tenant",
    "session": "caller.session",
}


def is_name(dimension: str) -> bool:
    """Whether the values of a dimension are names of the application's own, and not what callers say."""
    return dimension == "variant" or (dimension in _PATHS and not _PATHS[dimension].startswith("caller."))


def checked(dimensions: Iterable[object]) -> Key:
    """Return the dimensions in the order of keys: `status`, which always is one, what an event has, what it implies.

    Raises:
        ConfigurationError: a dimension is not a non-empty string, or all of them are one string.
    """
    given = tuple(dimensions)
    names = [name for name in given if isinstance(name, str) and name]
    if isinstance(dimensions, str) or len(names) < len(given):
        raise ConfigurationError("MetricsRecorder(dimensions=...) takes names, for instance ('model', 'variant')")
    plain = [name for name in names if name in _PATHS]
    return tuple(dict.fromkeys(("status", *plain, *names)))


def check_declared(names: Iterable[str], dimensions: Sequence[str]) -> None:
    """Refuse to look for what is not counted apart.

    Raises:
        ConfigurationError: one of the names is no declared dimension.
    """
    unknown = [name for name in names if name not in dimensions]
    if unknown:
        raise ConfigurationError(
            f"{unknown[0]!r} is not counted apart, only {', '.join(dimensions)} are: "
            f"declare it with MetricsRecorder(dimensions=(..., {unknown[0]!r}))"
        )


def key_reader(dimensions: Sequence[str]) -> Callable[[Event], Key]:
    """Return the function that reads the key of an event.

    A dimension is `status`, `model`, `variant`, `tenant`, `user`, `session`, `pipeline`, `target` or `stage`; any
    other name is that of an experiment, which gives its variant, or of a tag of the caller.

    Args:
        dimensions: As `checked` returns them.
    """
    plain = _plain([_PATHS[name] for name in dimensions if name in _PATHS])
    implied = [variant if name == "variant" else _experiment_or_tag(name) for name in dimensions if name not in _PATHS]
    if not implied:
        return plain
    if len(implied) == 1:
        read = implied[0]
        return lambda event: (*plain(event), read(event))
    return lambda event: (*plain(event), *[read(event) for read in implied])


def variant(event: Event) -> str:
    """Return the variant of a call: `treatment`, or `tone=short,size=large` when several experiments apply.

    Experiments in shadow mode do not decide anything, and are left out.
    """
    return applied(event.assignments)


def applied(assignments: tuple[Assignment, ...]) -> str:
    """Return the variant that assignments come to."""
    if not assignments:
        return ""
    if len(assignments) == 1:
        only = assignments[0]
        return only.variant if only.mode == "enforce" else ""
    several = [each for each in assignments if each.mode == "enforce" and each.variant]
    if len(several) == 1:
        return several[0].variant
    return ",".join(f"{each.experiment}={each.variant}" for each in several)


def _plain(paths: Sequence[str]) -> Callable[[Event], Key]:
    """Read attributes in one step; `attrgetter` of a single one would not give a tuple."""
    return attrgetter(*paths) if len(paths) > 1 else lambda event: (event.status,)


def _experiment_or_tag(name: str) -> Callable[[Event], str]:
    def read(event: Event) -> str:
        for assignment in event.assignments:
            if assignment.experiment == name:
                return assignment.variant
        return event.caller.tags.get(name, "")

    return read


class SeriesCap:
    """Decides which keys are counted apart.

    Up to three quarters of `limit`, every combination is. Beyond, the dimension with the most values is folded into
    `__other__`, then the next; what still does not fit keeps its status alone, so that error counts stay exact. There
    are never more than `limit` series and one for each status.

    Args:
        limit: Most combinations of values counted apart at a time.
    """

    __slots__ = ("_exact", "_last_used", "_limit", "_widest")

    def __init__(self, limit: int, *, dimensions: int) -> None:
        self._limit = limit
        self._exact = limit - limit // 4 if dimensions > 2 else limit  # with one besides status, nothing is in between
        self._last_used: dict[Key, int] = {}
        self._widest: list[int] = []

    def __len__(self) -> int:
        return len(self._last_used)

    def admit(self, key: Key, *, now: int) -> Key:
        """Return the key to count under, and note that it was used at slice `now`."""
        used = self._last_used
        if key not in used and len(used) >= self._exact:
            key = self._coarser(key)
        used[key] = now
        return key

    def expire(self, *, before: int) -> None:
        """Forget keys that no kept slice uses, so that new ones have room."""
        self._last_used = {key: last for key, last in self._last_used.items() if last >= before}
        self._widest = []

    def _coarser(self, key: Key) -> Key:
        values = list(key)
        for place in self._folding_order(len(key)):
            values[place] = OTHER
            folded = tuple(values)
            if folded in self._last_used or len(self._last_used) < self._limit:
                return folded
        return _status_only(key)

    def _folding_order(self, places: int) -> list[int]:
        """Every place but that of the status, the one with the most different values first."""
        if not self._widest:
            widths = {place: _width(self._last_used, place) for place in range(1, places)}
            self._widest = sorted(widths, key=widths.__getitem__, reverse=True)
        return self._widest


def _width(keys: Collection[Key], place: int) -> int:
    return len({key[place] for key in keys})


def _status_only(key: Key) -> Key:
    status = key[0] if key[0] in STATUSES else OTHER
    return (status, *[OTHER] * (len(key) - 1))
