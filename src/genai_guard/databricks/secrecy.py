"""Which fields of a configuration hold secrets, and what may stand there in their place. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["is_reference", "is_secret"]

_ENDS: Final = ("_key", "_token", "_secret", "_password", "_plaintext", "access_key_id")
_WHOLE: Final = ("bearer_token_auth.token", "api_key_auth.value")


def is_secret(path: str) -> bool:
    """Whether a field holds a secret by its name: `external_model.openai_config.openai_api_key`, `environment_vars.DB_TOKEN`."""
    return path.lower().endswith((*_ENDS, *_WHOLE))


def is_reference(value: object) -> bool:
    """Whether a value says where a secret is kept, and not what it is: `{{secrets/scope/key}}`."""
    return isinstance(value, str) and value.startswith("{{secrets/") and value.endswith("}}")
