"""What a provider says about its own limits: with the headers of a reply, or with an exception.

| provider | says |
|---|---|
| OpenAI, Azure | `x-ratelimit-remaining-requests`, `x-ratelimit-reset-requests: 6m0s`, the same for tokens, `retry-after-ms` |
| Anthropic | `anthropic-ratelimit-input-tokens-remaining`, `anthropic-ratelimit-input-tokens-reset: 2026-01-31T12:00:00Z` |
| Databricks | `retry-after`, and `retry_after_secs` on the exceptions of its SDK |
| others | `x-ratelimit-remaining`, `ratelimit-remaining` and the like, `retry-after` |

Whatever cannot be read counts as not said. Nothing here raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from genai_guard.errors import GenAIGuardError

__all__ = ["Remaining", "Signal", "signal_of"]

_NANO: Final = 10**9
_MOST_HEADERS: Final = 256
_LONGEST_VALUE: Final = 64
_EPOCH_S: Final = 10**9  # a greater number of seconds is a date
_LONGEST_S: Final = 366 * 86_400
_TOO_MANY: Final = 429
_WAITING: Final = frozenset({_TOO_MANY, 503, 529})
"""Answers of which a `retry-after` is meant for everybody: too many requests, unavailable, overloaded."""

_UNITS: Final = {
    "requests": "requests",
    "tokens": "tokens",
    "input-tokens": "input_tokens",
    "output-tokens": "output_tokens",
}
_DURATION: Final = re.compile(
    r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?"
)
_PARTS_S: Final = (86_400, 3_600, 60, 1, 1e-3)


class Remaining(NamedTuple):
    """What is left to us of one of the provider's limits.

    Attributes:
        units: How many.
        reset_ns: Nanoseconds until it is whole again; None if it does not say.
    """

    units: int
    reset_ns: int | None


class Signal(NamedTuple):
    """What a provider has said.

    Attributes:
        refused: Whether it refused the call because there were too many.
        retry_after_ns: How long it wants no calls; None if it does not say.
        remaining: What is left, by `requests`, `tokens`, `input_tokens` and `output_tokens`.
    """

    refused: bool = False
    retry_after_ns: int | None = None
    remaining: Mapping[str, Remaining] = {}


_SILENCE: Final = Signal()


def signal_of(answer: object, wall_s: float) -> Signal:
    """Return what an exception, a reply or a stream says, by the attributes that those of client libraries have.

    Args:
        answer: What was raised or returned.
        wall_s: Seconds since 1970, for dates.
    """
    if isinstance(
        answer, GenAIGuardError
    ):  # `RateLimited` among them: what our own limits refuse is not what a provider says
        return _SILENCE
    try:
        return _signal(answer, wall_s)
    except Exception:  # noqa: BLE001  objects of others, whose attributes may do anything
        return _SILENCE


def _signal(answer: Any, wall_s: float) -> Signal:
    status = _status(answer) if isinstance(answer, BaseException) else 0
    headers = _headers(answer)
    wait_ns: int | None = None
    if status in _WAITING:
        stated = getattr(answer, "retry_after_secs", None)
        wait_ns = _ns(float(stated)) if isinstance(stated, int | float) else _retry_after(headers, wall_s)
    if not headers and not status:
        return _SILENCE
    return Signal(status == _TOO_MANY, wait_ns, dict(_remaining(headers, wall_s)))


def _status(error: BaseException) -> int:
    response = getattr(error, "response", None)
    places = (error, "status_code"), (response, "status_code"), (error, "status"), (response, "status"), (error, "code")
    for owner, name in places:
        value = getattr(owner, name, None)
        if isinstance(value, int):
            return int(value)
    if isinstance(response, Mapping):  # of AWS
        code = _inner(cast("Mapping[str, Any]", response)).get("HTTPStatusCode")
        return code if isinstance(code, int) else 0
    name = type(error).__name__
    return _TOO_MANY if "RateLimit" in name or "TooManyRequests" in name else 0


def _inner(response: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = response.get("ResponseMetadata")
    return cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else {}


def _headers(answer: Any) -> dict[str, str]:
    """Return those of the headers that matter, by their names in small letters."""
    response = getattr(answer, "response", None)
    found = getattr(response, "headers", None)
    if found is None and isinstance(response, Mapping):
        found = _inner(cast("Mapping[str, Any]", response)).get("HTTPHeaders")
    if found is None:
        found = getattr(answer, "headers", None)
    items = getattr(found, "items", None)
    if not callable(items):
        return {}
    headers: dict[str, str] = {}
    for (name, value), _ in zip(cast("Iterable[tuple[Any, Any]]", items()), range(_MOST_HEADERS), strict=False):
        if isinstance(name, str) and isinstance(value, str) and len(value) <= _LONGEST_VALUE:
            headers[name.lower()] = value.strip()
    return headers


def _retry_after(headers: Mapping[str, str], wall_s: float) -> int | None:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _ns(milliseconds / 1e3)
    for name in ("retry-after", "x-retry-after"):
        if name in headers:
            return _span(headers[name], wall_s)
    return None


def _remaining(headers: Mapping[str, str], wall_s: float) -> Iterable[tuple[str, Remaining]]:
    for word, unit in _UNITS.items():
        names = [
            (f"x-ratelimit-remaining-{word}", f"x-ratelimit-reset-{word}"),
            (f"anthropic-ratelimit-{word}-remaining", f"anthropic-ratelimit-{word}-reset"),
        ]
        if unit == "requests":
            names += [("x-ratelimit-remaining", "x-ratelimit-reset"), ("ratelimit-remaining", "ratelimit-reset")]
        for left, reset in names:
            units = _number(headers.get(left, ""))
            if units is not None:
                yield unit, Remaining(int(units), _span(headers.get(reset, ""), wall_s))
                break


def _span(text: str, wall_s: float) -> int | None:
    """Return a time from now in nanoseconds, written as seconds, as `1m30s`, or as a date."""
    seconds = _number(text)
    if seconds is not None:
        return _ns(seconds - wall_s if seconds > _EPOCH_S else seconds)
    parts = _DURATION.fullmatch(text) if text else None
    if parts is not None:
        return _ns(math.fsum(float(part or 0) * size for part, size in zip(parts.groups(), _PARTS_S, strict=True)))
    moment = _date(text)
    return None if moment is None else _ns(moment - wall_s)


def _date(text: str) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  loads half of `email` and `socket` for a rare header

    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(text).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None


def _ns(seconds: float) -> int:
    """Return seconds in whole nanoseconds, rounded up; none before now, and none in another year."""
    return math.ceil(min(max(0.0, seconds), _LONGEST_S) * _NANO)
