"""What limits count for a call, by how it ended.

| how the call ended | counted |
|---|---|
| blocked or refused before it was made; never sent; refused by the provider, with 429, another 4xx or 5xx | what the provider reported all the same, else nothing |
| answered, whatever became of the answer afterwards | what the provider reported, else what the texts come to |
| cut off, abandoned or blocked in mid-stream | the request, and what had been received |
| timed out or cancelled before anything came | what was reserved: the provider may have charged all of it |

Requests are counted in any case, and the place of a call in flight is given back in any case.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from genai_guard.messages import Usage

__all__ = ["Ending", "charge_for"]

_NOTHING: Final = Usage()
_NEVER_SENT: Final = frozenset({"ConnectTimeout", "PoolTimeout", "ConnectionTimeoutError", "ConnectTimeoutError"})
"""Exceptions with a timeout in their name that say that there was no connection; httpx, aiohttp and urllib3 have them."""


class Ending(NamedTuple):
    """How a call ended.

    Attributes:
        status: See `Event.status`.
        stage: See `Event.stage`.
        answering: Whether the model had begun to answer.
        called: Whether the function had been called.
        usage: What is known of its usage: as reported, else what the texts come to.
        reported: Whether the provider reported it.
        error_type: Class name of what ended it.
    """

    status: str
    stage: str
    answering: bool
    called: bool
    usage: Usage
    reported: bool = False
    error_type: str = ""


def charge_for(ending: Ending) -> Usage | None:
    """Return what limits count for a call; None to leave it at what was reserved."""
    if ending.answering or ending.reported:
        return ending.usage
    if not ending.called or ending.error_type in _NEVER_SENT:
        return _NOTHING
    # An input guard that refuses while the model is at it leaves nobody knowing what that has cost.
    is_unknown = ending.status in {"timeout", "cancelled"} or ending.stage == "input"
    return None if is_unknown else _NOTHING
