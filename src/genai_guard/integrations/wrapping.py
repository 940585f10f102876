"""Wrapping the two forms in which a framework asks a model."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.clients.base import Client
    from genai_guard.pipeline import Pipeline

__all__ = ["named", "wrapped_both"]


def wrapped_both(
    pipeline: Pipeline, name: str, fn: Callable[..., Any], afn: Callable[..., Any], *, reader: Client | None = None
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Wrap a synchronous function and its asynchronous twin, which go by `name` on events.

    Which of them is called is not known yet. Where a guard or store is asynchronous, the synchronous one cannot be
    wrapped: it says so when it is called.

    Raises:
        ConfigurationError: neither can be wrapped.
    """
    awaited = pipeline.wrap(named(name, afn), reader=reader)
    try:
        return pipeline.wrap(named(name, fn), reader=reader), awaited
    except ConfigurationError as error:
        message = str(error)

    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise ConfigurationError(message)

    return refuse, awaited


def named(name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function under another name, by which it goes on events."""
    made = FunctionType(fn.__code__, fn.__globals__, name, fn.__defaults__, fn.__closure__)
    made.__kwdefaults__ = fn.__kwdefaults__
    made.__qualname__ = name
    return made
