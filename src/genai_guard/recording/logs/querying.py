"""Questions that need no database: which rows, the latest of them, how many of each."""

from __future__ import annotations

import heapq
import json
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from genai_guard.errors import ConfigurationError
from genai_guard.recording.logs.columns import LOG_COLUMNS
from genai_guard.recording.logs.sampling import weight
from genai_guard.recording.rows import day_and_time

__all__ = ["CallCount", "cell", "checked_columns", "count_by", "latest", "matching", "since_text"]

R = TypeVar("R", bound=Mapping[str, Any])

_NAMES: Final = frozenset(column.name for column in LOG_COLUMNS)
_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS_S: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?")


@dataclass(frozen=True, slots=True)
class CallCount:
    """How many calls there were.

    Attributes:
        rows: How many rows the log has.
        calls: How many calls these stand for, where the log has only a sample.
    """

    rows: int
    calls: float


def matching(
    rows: Iterable[R],
    *,
    status: Collection[str] = (),
    user: str | None = None,
    model: str | None = None,
    since: str = "",
    where: Mapping[str, str] | None = None,
) -> Iterator[R]:
    """Yield the rows of which all holds that is asked for.

    Args:
        rows: Of a log: `InferenceLog("inference").read()`.
        status: How the call ended, any of these.
        user: The user on whose behalf it was made.
        model: The model that answered, or was asked.
        since: Calls from then on: `2026-11-20`, `2026-11-20T08:30` in UTC, or as long ago as `15m`, `2h`, `3d`.
        where: Columns and what `cell` makes of their values.

    Raises:
        ConfigurationError: there is no such column, or `since` is no time.
    """
    wanted = dict(where or {})
    checked_columns(wanted)
    if user is not None:
        wanted["requester"] = user
    if model is not None:
        wanted["model"] = model
    begin, statuses = since_text(since), frozenset(status)
    return (
        row
        for row in rows
        if (not statuses or row.get("status") in statuses)
        and str(row.get("request_time")) >= begin
        and all(cell(row.get(name)) == value for name, value in wanted.items())
    )


def latest(rows: Iterable[R], count: int) -> list[R]:
    """Return the last rows by the time of their calls, in the order of time."""
    numbered = ((str(row.get("request_time")), number, row) for number, row in enumerate(rows))
    return [row for *_, row in sorted(heapq.nlargest(count, numbered, key=lambda each: each[:2]), key=lambda e: e[:2])]


def count_by(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], CallCount]:
    """Return how many calls there were by the values of columns, the most first.

    Raises:
        ConfigurationError: there is no such column.
    """
    checked_columns(columns)
    found: dict[tuple[str, ...], tuple[int, float]] = {}
    for row in rows:
        key = tuple([cell(row.get(name)) for name in columns])
        seen, calls = found.get(key, (0, 0.0))
        found[key] = (seen + 1, calls + weight(row))
    ordered = sorted(found.items(), key=lambda pair: (-pair[1][1], pair[0]))
    return {key: CallCount(*counts) for key, counts in ordered}


def cell(value: object) -> str:
    """Return a value as one word or text: nothing for null, `true` and `false`, JSON for lists and mappings."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def checked_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of columns.

    Raises:
        ConfigurationError: there is no such column.
    """
    found = tuple(names)
    for name in found:
        if name not in _NAMES:
            raise ConfigurationError(f"{name!r} is no column of a log; there are {', '.join(sorted(_NAMES))}")
    return found


def since_text(since: str, *, now_s: float | None = None) -> str:
    """Return a time, or how long ago it was, as the beginning of a `request_time`.

    Raises:
        ConfigurationError: it is neither.
    """
    ago = _AGO.fullmatch(since)
    if ago is not None:
        begin_s = (time.time() if now_s is None else now_s) - float(ago[1]) * _UNITS_S[ago[2]]
        return day_and_time(max(0.0, begin_s))[1]
    if since and not (_MOMENT.fullmatch(since) and _is_time(since)):
        raise ConfigurationError(f"{since!r} must be a time such as 2026-11-20 or 2026-11-20T08:30, or 15m, 2h, 3d ago")
    return since


def _is_time(since: str) -> bool:
    from datetime import datetime  # noqa: PLC0415  takes a while to import

    try:
        datetime.fromisoformat(since)
    except ValueError:
        return False
    return True
