"""Prompts of MLflow's registry as prompts of variants. Needs the extra `mlflow`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.mlflow.package import package, told
from genai_guard.routing.prompts import INPUT, Prompt, VariableType

__all__ = ["prompt_from", "written_as_prompt"]

Role: TypeAlias = Literal["system", "user"]
Default: TypeAlias = str | int | float | bool

_URI: Final = re.compile(r"prompts:/(?P<name>[^/@]+)(?:/(?P<version>[0-9]+)|@(?P<alias>[^/@]+))")
_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def prompt_from(
    uri: str,
    *,
    role: Role | None = None,
    variables: Mapping[str, VariableType] | None = None,
    defaults: Mapping[str, Default] | None = None,
    tracking_uri: str | None = None,
) -> Prompt:
    """Load a version of a prompt from MLflow's registry, for `Variant(prompt=...)`.

    The version that an alias points to now is the version of the prompt, and stands on every event of a call that is given it.
    `RegistryAliases` follows the alias when it moves. A prompt of one message has the role of that message. `{{name}}` is a
    variable, and a text unless `variables` says otherwise; all other braces are letters.

    Args:
        uri: `prompts:/name@alias` or `prompts:/name/version`.
        role: `system` unless the prompt is a message, or has the variable `input`, where the user's text stands.
        variables: Types of variables that are no texts.
        defaults: Values of variables that may be left out.
        tracking_uri: Where the registry is; as MLflow is set when None.

    Raises:
        ConfigurationError: the URI is none, there is no such prompt, the registry does not answer, or the prompt is more than
            one message.
    """
    if _URI.fullmatch(uri) is None:
        raise ConfigurationError(
            f"{uri!r} is no prompt of a registry: write prompts:/name@alias or prompts:/name/version"
        )
    client = package("mlflow").MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    try:
        found = client.load_prompt(uri, cache_ttl_seconds=0)
    except Exception as error:  # noqa: BLE001  of many classes, and with texts of the server
        raise ConfigurationError(f"{uri} cannot be loaded: {told(error)}") from None
    return written_as_prompt(
        found.template, name=found.name, version=str(found.version), role=role, variables=variables, defaults=defaults
    )


def written_as_prompt(
    template: str | list[dict[str, Any]],
    *,
    name: str,
    version: str,
    role: Role | None = None,
    variables: Mapping[str, VariableType] | None = None,
    defaults: Mapping[str, Default] | None = None,
) -> Prompt:
    """Return a template of MLflow as a `Prompt`; arguments and errors as for `prompt_from`."""
    text, role_of_message = _text(template, name)
    used = dict.fromkeys(_VARIABLE.findall(text))
    role = role or role_of_message or ("user" if INPUT in used else "system")
    types: dict[str, VariableType] = {
        variable: (variables or {}).get(variable, "text")
        for variable in used
        if not (variable == INPUT and role == "user") and variable not in (defaults or {})
    }
    return Prompt(
        _named(name),
        _braced(text),
        version=version,
        role=role,
        variables={**types, **(variables or {})},
        defaults=defaults or {},
    )


def _text(template: str | list[dict[str, Any]], name: str) -> tuple[str, Role | None]:
    if isinstance(template, str):
        return template, None
    if (
        len(template) == 1
        and template[0].get("role") in {"system", "user"}
        and isinstance(template[0].get("content"), str)
    ):
        return template[0]["content"], cast("Role", template[0]["role"])
    raise ConfigurationError(
        f"the prompt {name} has {len(template)} messages; a variant gives one, of the system or the user"
    )


def _braced(text: str) -> str:
    """Write a template in the other notation: `{{name}}` as `{name}`, and all other braces doubled."""
    pieces = _VARIABLE.split(text)
    return "".join(
        [f"{{{piece}}}" if at % 2 else piece.replace("{", "{{").replace("}", "}}") for at, piece in enumerate(pieces)]
    )


def _named(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)
