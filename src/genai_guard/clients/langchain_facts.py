"""What messages of LangChain say of a call: tokens, model, why it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genai_guard.clients.figures import count, model_of
from genai_guard.messages import Usage

__all__ = ["said_finish", "said_model", "usage_of"]

_MODELS: Final = ("model_name", "model", "model_id")
_FINISHES: Final = ("finish_reason", "stop_reason", "done_reason")


def usage_of(known: Mapping[str, Any]) -> Usage:
    """Read a `usage_metadata`, whose tokens of the input include the cached ones."""
    asked: Mapping[str, Any] = known.get("input_token_details") or {}
    said: Mapping[str, Any] = known.get("output_token_details") or {}
    return Usage(
        count(known.get("input_tokens")),
        count(known.get("output_tokens")),
        count(asked.get("cache_read")),
        count(said.get("reasoning")),
        cache_write_tokens=count(asked.get("cache_creation")),
    )


def said_model(info: Mapping[str, Any]) -> str:
    """Return the name of the model that answered; empty when it is not said."""
    return next((name for field in _MODELS if (name := model_of(info.get(field)))), "")


def said_finish(info: Mapping[str, Any]) -> str:
    """Return why the model stopped; empty when it is not said."""
    return next((reason for field in _FINISHES if (reason := model_of(info.get(field)))), "")
