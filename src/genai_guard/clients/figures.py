"""The figures of a call: model, bound, token counts. Whatever is no such figure counts as not given."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from genai_guard.clients.duck import Fields, fields
from genai_guard.messages import Usage

__all__ = ["bound_of", "chat_usage", "count", "message_usage", "model_of", "response_usage", "word_of"]

_BOUNDS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_new_tokens")


def count(value: object) -> int:
    """Return a number of tokens; 0 for anything that is none."""
    return value if type(value) is int and value > 0 else 0


def model_of(value: object) -> str:
    """Return the name of a model; empty for anything that is none."""
    return value if isinstance(value, str) else ""


def word_of(value: object) -> str:
    """Return a word that is a string or a member of an enumeration; empty for anything else."""
    return model_of(value.value if isinstance(value, Enum) else value)


def bound_of(kwargs: Mapping[str, Any]) -> int | None:
    """Return the most tokens that the reply may have, if the call says."""
    if not kwargs:
        return None
    for name in _BOUNDS:
        if name in kwargs and (bound := count(kwargs[name])):
            return bound
    options = kwargs.get("options")
    return None if options is None else count(fields(options).get("num_predict")) or None


def chat_usage(usage: object) -> Usage | None:
    """Read the usage of a chat completion; None if there is none."""
    if usage is None:
        return None
    known = fields(usage)
    return Usage(
        count(known.get("prompt_tokens")),
        count(known.get("completion_tokens")),
        _detail(known.get("prompt_tokens_details"), "cached_tokens"),
        _detail(known.get("completion_tokens_details"), "reasoning_tokens"),
    )


def response_usage(usage: object) -> Usage | None:
    """Read the usage of a response; None if there is none."""
    if usage is None:
        return None
    known = fields(usage)
    details = known.get("input_tokens_details")
    return Usage(
        count(known.get("input_tokens")),
        count(known.get("output_tokens")),
        _detail(details, "cached_tokens"),
        _detail(known.get("output_tokens_details"), "reasoning_tokens"),
        cache_write_tokens=_detail(details, "cache_write_tokens"),
    )


def message_usage(known: Fields) -> Usage:
    """Read the usage of an Anthropic message, whose `input_tokens` leave out what was cached."""
    cached = count(known.get("cache_read_input_tokens"))
    written = count(known.get("cache_creation_input_tokens"))
    return Usage(
        count(known.get("input_tokens")) + cached + written,
        count(known.get("output_tokens")),
        cached,
        _detail(known.get("output_tokens_details"), "thinking_tokens"),
        cache_write_tokens=written,
    )


def _detail(details: object, name: str) -> int:
    return 0 if details is None else count(fields(details).get(name))
