"""Who is calling, carried beside the call: `with caller(user="u-42"): ...`."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.messages import ANONYMOUS, Caller

__all__ = ["caller", "current_caller"]

_caller: Final[ContextVar[Caller]] = ContextVar("genai_guard.caller", default=ANONYMOUS)

current_caller = _caller.get
"""Return the `Caller` of the current context; every field is empty outside of any `caller(...)`."""


@contextmanager
def caller(
    *,
    user: str | int | None = None,
    tenant: str | int | None = None,
    session: str | int | None = None,
    request_id: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Generator[Caller]:
    """Say on whose behalf the calls inside the `with` block are made.

    Kept in a context variable: each thread and each asyncio task has its own, and a task inherits that of the code
    that started it. Blocks nest: what the inner one does not name is taken from the outer one, and tags are merged.
    A keyword of the call itself, such as `user=` of a client, beats the block.

    Args:
        user: End user; limits and experiments with `by="user"` go by it.
        tenant: Customer or organisation.
        session: Conversation.
        request_id: Identifier for the event of the call. One per call is made up when it is not given.
        tags: Further names and values, copied to the event.

    Raises:
        ConfigurationError: a value is neither a non-empty string nor an integer.
    """
    outer = _caller.get()
    given = {"user": user, "tenant": tenant, "session": session, "request_id": request_id}
    changes = {name: identifier(name, value) for name, value in given.items() if value is not None}
    merged = FrozenDict({**outer.tags, **tags}) if tags else outer.tags
    token = _caller.set(replace(outer, tags=merged, **changes))
    try:
        yield _caller.get()
    finally:
        _caller.reset(token)


def identifier(name: str, value: object) -> str:
    """Return `value` as an identifier: a non-empty string, or an integer in digits."""
    if type(value) is int and value.bit_length() <= 2048:
        return str(value)
    if isinstance(value, str) and value:
        return value
    wrong = "an empty string" if value == "" else type(value).__name__
    raise ConfigurationError(f"caller({name}=...) takes a non-empty string or an integer, not {wrong}")
