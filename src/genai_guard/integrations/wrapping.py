"""Wrapping the two forms in which a framework asks a model."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.clients.base import Client
    from genai_guard.pipeline import Pipeline

__all__ = ["name_of", "named", "seen_as", "wrapped_both"]

_SLOTS: Final = ("__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
_NAMES: Final = ("model_name", "model", "model_id", "deployment_name")


def seen_as(kind: Any, model: Any, known: dict[str, Any] | None = None) -> Any:
    """Return a pydantic model seen through another class of its kind: the two share their settings.

    Args:
        kind: The class.
        model: The model.
        known: Settings to have in place of the shared ones.
    """
    seen = kind.__new__(kind)
    object.__setattr__(seen, "__dict__", model.__dict__ if known is None else known)
    for slot in _SLOTS:
        object.__setattr__(seen, slot, getattr(model, slot))
    return seen


def name_of(model: Any) -> str:
    """Return the name under which the provider knows a model; empty if it has none."""
    found = (getattr(model, name, None) for name in _NAMES)
    return next((name for name in found if isinstance(name, str) and name), "")


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
