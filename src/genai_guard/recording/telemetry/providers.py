"""Who listens, and who serves a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["is_real", "served_by"]

_SERVED_BY: Final = {
    "anthropic": "anthropic",
    "boto3": "aws.bedrock",
    "botocore": "aws.bedrock",
    "cohere": "cohere",
    "google": "gcp.gen_ai",
    "groq": "groq",
    "mistralai": "mistral_ai",
    "openai": "openai",
    "vertexai": "gcp.vertex_ai",
}

_DOING_NOTHING: Final = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")

_UNKNOWN: Final = "_OTHER"
"""What the conventions write where they have no name."""


def is_real(provider: object) -> bool:
    """Whether a provider is that of an SDK, and none of the API's own, which do nothing."""
    return not type(provider).__module__.startswith(_DOING_NOTHING)


def served_by(fn: Callable[..., Any]) -> str:
    """Return who serves the model that a function calls, if it is a method of a provider's own library."""
    package = str(getattr(fn, "__module__", None) or "").partition(".")[0]
    return _SERVED_BY.get(package, _UNKNOWN)
