"""What answers: a model of a provider, of the workspace or of Unity Catalog, as users name it and as the APIs want it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple, TypeAlias, cast

from genai_guard.databricks.secrecy import is_reference, is_secret
from genai_guard.databricks.traffic import slug
from genai_guard.errors import ConfigurationError

__all__ = ["KEYS", "PROVIDERS", "Target", "destination", "served_entity"]

Target: TypeAlias = str | Mapping[str, Any]
"""`openai/gpt-5-mini@scope/key`, `system.ai.llama@1`, or the entity as the API has it."""

PROVIDERS: Final = (
    "ai21labs", "amazon-bedrock", "anthropic", "cohere", "custom", "databricks-model-serving",
    "google-cloud-vertex-ai", "openai", "palm",
)  # fmt: skip
"""Providers of external models."""

KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "ai21labs": ("ai21labs_config", "ai21labs_api_key"),
    "anthropic": ("anthropic_config", "anthropic_api_key"),
    "cohere": ("cohere_config", "cohere_api_key"),
    "openai": ("openai_config", "openai_api_key"),
    "palm": ("palm_config", "palm_api_key"),
}
"""Of the providers that take a key alone: where it goes."""

_TASK: Final = "llm/v1/chat"
_FORMS: Final = (
    "'openai/gpt-5-mini@scope/key' for a model of a provider with its key in a secret scope, 'system.ai.llama@1' for a "
    "version of a model in Unity Catalog, or a mapping as the API has it"
)
_SERVICE_FORMS: Final = (
    "'system.ai.llama' for a model paid by the token, 'serving-endpoints/NAME' for provisioned throughput, "
    "'catalog.schema.provider/gpt-5-mini' for a model of a model provider service, or a mapping as the API has it"
)
_EXTERNAL: Final = re.compile(r"([a-z0-9-]+)/([^@\s]+)(?:@([^/@\s]+)/([^/@\s]+))?")
_MODEL: Final = re.compile(r"([^\s./@]+\.[^\s./@]+\.[^\s/@]+?)(?:@(\S+))?")
_PROVIDED: Final = re.compile(r"([^\s./@]+\.[^\s./@]+\.[^\s./@]+)/(\S+)")


class _External(NamedTuple):
    provider: str
    model: str
    scope: str
    key: str


def served_entity(name: str, target: object) -> dict[str, Any]:
    """Return a served entity of an endpoint.

    Raises:
        ConfigurationError: the target is of none of the forms, or holds a secret in plain text.
    """
    where = f"targets[{name!r}]"
    if isinstance(target, Mapping):
        return {**_copied(where, cast("Mapping[str, Any]", target)), "name": slug(name)}
    if not isinstance(target, str):
        raise ConfigurationError(f"{where}: takes {_FORMS}, not {type(target).__name__}")
    external = _EXTERNAL.fullmatch(target)
    if external and external[1] in PROVIDERS:
        return {"name": slug(name), "external_model": _external(where, _External(*external.groups("")))}
    model = _MODEL.fullmatch(target)
    if model is None:
        raise ConfigurationError(f"{where}: takes {_FORMS}; providers are {', '.join(PROVIDERS)}")
    version = {"entity_version": model[2]} if model[2] else {}
    return {"name": slug(name), "entity_name": model[1], **version}


def destination(name: str, target: object) -> dict[str, Any]:
    """Return a destination of a model service.

    Raises:
        ConfigurationError: the target is of none of the forms.
    """
    where = f"targets[{name!r}]"
    if isinstance(target, Mapping):
        return {**_copied(where, cast("Mapping[str, Any]", target)), "name": name}
    text = target if isinstance(target, str) else ""
    config: dict[str, Any]
    if text.startswith("serving-endpoints/"):
        kind, config = "PROVISIONED_THROUGHPUT", {"provisioned_throughput_config": {"model_serving_endpoint": text}}
    elif provided := _PROVIDED.fullmatch(text):
        service = f"model-provider-services/{provided[1]}"
        external = {"model_provider_service": service, "target": {"model": provided[2]}}
        kind, config = "EXTERNAL", {"external_model_config": external}
    elif (model := _MODEL.fullmatch(text)) and not model[2]:
        kind, config = "PAY_PER_TOKEN", {"pay_per_token_config": {"model": f"models/{model[1]}"}}
    else:
        raise ConfigurationError(f"{where}: takes {_SERVICE_FORMS}")
    return {"name": name, "destination_type": f"DESTINATION_TYPE_{kind}_FOUNDATION_MODEL", **config}


def _external(where: str, of: _External) -> dict[str, Any]:
    place = KEYS.get(of.provider)
    if place is None:
        raise ConfigurationError(
            f"{where}: {of.provider} needs more than a key: give a mapping "
            f'{{"external_model": {{"provider": "{of.provider}", ...}}}} as the API has it'
        )
    if not of.scope:
        raise ConfigurationError(f"{where}: name the secret that holds the key: {of.provider}/{of.model}@scope/key")
    config, key = place
    secret = f"{{{{secrets/{of.scope}/{of.key}}}}}"
    return {"provider": of.provider, "name": of.model, "task": _TASK, config: {key: secret}}


def _copied(where: str, target: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping of its own; a secret that could be read in it is refused, and not repeated."""
    _no_plaintext(where, target)
    return deepcopy(dict(target))


def _no_plaintext(where: str, value: Mapping[str, Any]) -> None:
    for key, inner in value.items():
        path = f"{where}.{key}"
        if isinstance(inner, Mapping):
            _no_plaintext(path, cast("Mapping[str, Any]", inner))
        elif is_secret(path) and not is_reference(inner):
            raise ConfigurationError(
                f"{path}: is a secret in plain text: keep it in a secret scope, and write "
                f'"{key.removesuffix("_plaintext")}": "{{{{secrets/scope/key}}}}"'
            )
