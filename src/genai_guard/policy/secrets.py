"""Secrets and policies: they are named in one, by an environment variable, and never stand in it."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, WithJsonSchema

from genai_guard.environment import VARIABLE, env
from genai_guard.errors import ConfigurationError
from genai_guard.policy.data import is_mapping
from genai_guard.policy.problems import Path, Problem, Problems

__all__ = ["SECRET_WORDS", "is_secret", "secret_type"]

SECRET_WORDS: Final = "text, or {env: NAME} for what an environment variable holds"  # noqa: S105  words about one
"""What a parameter takes that may be secret, for people."""

_NAMED: Final = re.compile(
    r"(?:^|[_-])(?:(?:api|hash|secret|access|private|auth|signing|encryption|routing)[_-]?key|passw(?:or)?d|passphrase"
    r"|secret|webhook[_-]?url|(?:access|api|auth|bearer|refresh|session)[_-]?token|authorization|credentials?)$",
    re.IGNORECASE,
)
_OF_GUARDS: Final = {("input",), ("output",)}
_IN_QUERY: Final = re.compile(r"passw(?:or)?d|secret|token|username|credential", re.IGNORECASE)
_VARIABLE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "env": {"type": "string", "pattern": VARIABLE, "description": "Name of the environment variable that holds it."}
    },
    "required": ["env"],
    "additionalProperties": False,
}


def is_secret(path: Path, text: str | bytes) -> bool:
    """Whether a text must not stand in a file: by the name of its field, or as a URL with a password in it.

    What guards look for may look like such a URL, and is a rule.
    """
    if path and isinstance(path[-1], str) and _NAMED.search(path[-1]):
        return True
    return isinstance(text, str) and path[:1] not in _OF_GUARDS and _has_credentials(text)


def secret_type(*, is_optional: bool) -> Any:
    """Return the type, for pydantic, of a parameter that may be secret."""
    schemas = [{"type": "string"}, _VARIABLE, *([{"type": "null"}] if is_optional else [])]
    read = BeforeValidator(partial(_read, is_optional=is_optional))
    return Annotated[Any, read, WithJsonSchema({"anyOf": schemas})]


def _read(value: Any, *, is_optional: bool) -> Any:
    """Return the text that is meant. No message repeats what was written."""
    if value is None and is_optional:
        return None
    if isinstance(value, str):
        if _has_credentials(value):
            raise _problem(
                (), "is a URL with a password in it: put it into an environment variable, and write {env: NAME}"
            )
        return value
    if not is_mapping(value) or list(value) != ["env"]:
        raise _problem((), f"must be {SECRET_WORDS}")
    name = value["env"]
    if not isinstance(name, str) or not re.fullmatch(VARIABLE, name):
        raise _problem(("env",), "must be the name of an environment variable, such as LIMITS_URL")
    try:
        return env(name)
    except ConfigurationError as error:
        raise _problem(("env",), str(error)) from None


def _has_credentials(text: str) -> bool:
    """Whether it is a URL with a user or password in it. One that cannot be read counts as one if it has an @."""
    if "://" not in text:
        return False
    try:
        parts = urlsplit(text)
        named = any(_IN_QUERY.search(key) for key, _ in parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        return "@" in text
    return "@" in parts.netloc or named


def _problem(path: Path, text: str) -> Problems:
    return Problems([Problem(path, text)])
