"""How to reach Redis or Valkey: what a URL, a prefix and a client are made of, for every store that is kept there."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError

__all__ = ["PREFIXES", "checked_url", "is_prefix", "library", "literally", "options_of", "place_of"]

PREFIXES: Final = "must be 1 to 64 characters without braces and blanks"
"""What a prefix of keys must be."""

_PREFIX: Final = re.compile(r"[^{}\s]{1,64}")
_SCHEMES: Final = ("redis", "rediss", "unix", "valkey", "valkeys")


def is_prefix(prefix: object) -> bool:
    """Whether keys may begin with it."""
    return isinstance(prefix, str) and _PREFIX.fullmatch(prefix) is not None


def literally(text: bytes) -> bytes:
    """Return a pattern of keys that matches this text alone."""
    return b"".join(b"\\" + bytes([byte]) if byte in b"*?[]\\^" else bytes([byte]) for byte in text)


def options_of(timeout_s: float, retry: Any) -> dict[str, Any]:
    """Return how to connect: no retries but our own, and no more round trips than are needed."""
    return {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": retry,
        "protocol": 2,
    }


def place_of(url: str) -> str:
    """Return a URL as it may be shown: without user and password."""
    try:
        parts = urlsplit(url)
        where = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "a URL"
    return f"{parts.scheme}://{where}{parts.path}"


def checked_url(url: str, kind: str) -> str:
    """Return a URL that redis-py takes.

    Raises:
        ConfigurationError: it is none; the message shows no user and no password.
    """
    example = "must be such as 'redis://localhost:6379/0', 'rediss://...' for TLS, or 'unix:///path/to/socket'"
    try:
        parts = urlsplit(url)
        valid = parts.scheme in _SCHEMES and (parts.port is None or parts.port > 0)
        valid = valid and bool(parts.path if parts.scheme == "unix" else parts.hostname)
    except ValueError:
        valid = False
    if not valid:
        shown = url if isinstance(url, FromEnv) else place_of(url)
        raise ConfigurationError(f"{kind}(server={shown!r}): {example}")
    return re.sub(r"^valkey(?=s?:)", "redis", url)


def library(kind: str) -> Any:
    """Return redis-py.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import redis  # noqa: PLC0415  of an extra
    except ImportError as error:
        raise ConfigurationError(f"{kind} needs the redis client: pip install 'genai_guard[redis]'") from error
    return redis
