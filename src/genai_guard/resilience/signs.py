"""What an exception of a provider says: whether another try may help, and when.

Read by what the exceptions look like, not by their classes: nobody has to have the SDKs installed. The shapes are those
of the SDKs of OpenAI and Anthropic, httpx, requests, urllib3, aiohttp and the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from genai_guard.errors import CallTimeout, GenAIGuardError

__all__ = ["is_outage", "is_transient", "may_be_elsewhere", "retry_after_s", "status_of"]

_CONNECTION: Final = frozenset({
    *("ConnectionError", "TimeoutError", "Timeout", "IncompleteRead"),  # builtins, requests, http.client
    *("APIConnectionError", "APITimeoutError"),  # OpenAI and Anthropic
    *("NetworkError", "TimeoutException", "RemoteProtocolError"),  # httpx
    *("ClientConnectionError", "ClientPayloadError"),  # aiohttp
    *("ProtocolError", "NewConnectionError", "MaxRetryError"),  # urllib3
})  # fmt: skip
"""Names of classes, of which one among the bases of an exception says that the provider was not reached or went away."""
_AGAIN: Final = frozenset({408, 429})
_NOT_HERE: Final = frozenset({401, 402, 403, 404, 413})
"""What one provider or model refuses and another may not: no access, no credit, no such model, too long for it."""


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that the exception carries; None if it carries none."""
    response = getattr(error, "response", None)
    for value in (
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "status", None),
        getattr(error, "code", None),
    ):
        if type(value) is int and 100 <= value < 600:
            return value
    return None


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed a little later.

    That is 408, 429 and 5xx, but 501 and a quota that is used up; a connection that failed; and a timeout. What the
    provider says in `x-should-retry` counts more. Never what this library raised by itself, but `CallTimeout`.
    """
    if isinstance(error, GenAIGuardError):
        return isinstance(error, CallTimeout)
    stated = _header(error, "x-should-retry")
    if stated in {"true", "false"}:
        return stated == "true"
    status = status_of(error)
    if status is None:
        return is_outage(error)
    if getattr(error, "code", None) == "insufficient_quota":
        return False
    return status in _AGAIN or is_outage(error)


def is_outage(error: BaseException) -> bool:
    """Whether the provider is to blame and was not merely busy: 5xx, but 501; no connection; a timeout."""
    if isinstance(error, GenAIGuardError):
        return isinstance(error, CallTimeout)
    status = status_of(error)
    if status is not None:
        return status == 408 or (500 <= status < 600 and status != 501)
    return any(kind.__name__ in _CONNECTION for kind in type(error).__mro__)


def may_be_elsewhere(error: BaseException) -> bool:
    """Whether another provider or model may answer: what is transient, and 401, 402, 403, 404, 413 and a used-up quota."""
    status = None if isinstance(error, GenAIGuardError) else status_of(error)
    return is_transient(error) or is_outage(error) or status in _NOT_HERE or status == 429


def retry_after_s(error: BaseException, wall_clock: Callable[[], float]) -> float | None:
    """Return the seconds that the provider asks to wait; None if it does not.

    Args:
        error: What the call raised.
        wall_clock: Seconds since 1970, for a `Retry-After` that is a date.
    """
    stated = _header(error, "retry-after-ms")
    seconds = _number(stated)
    if seconds is not None:
        return seconds / 1000
    stated = _header(error, "retry-after")
    seconds = _number(stated)
    if seconds is None and stated:
        seconds = _until(stated, wall_clock())
    if seconds is None:
        seconds = _number(getattr(error, "retry_after", None))
    return seconds


def _header(error: BaseException, name: str) -> str:
    """Return a header of the response that the exception holds; empty if there is none, or nothing like headers."""
    for holder in (getattr(error, "response", None), error):
        headers: Any = getattr(holder, "headers", None)
        try:
            value = None if headers is None else headers.get(name) or headers.get(name.title())
        except Exception:  # noqa: BLE001, S112  somebody else's object: it must not break the handling of its error
            continue
        if isinstance(value, str):
            return value.strip()
    return ""


def _number(value: object) -> float | None:
    try:
        seconds = float(value) if isinstance(value, str | int | float) and value != "" else math.nan
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(date: str, now_s: float) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  rare, and it takes milliseconds to import

    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now_s)
    except (TypeError, ValueError):
        return None
