"""Who is to be taken out of what was written."""

from __future__ import annotations

from genai_guard.errors import ConfigurationError

__all__ = ["checked_user", "writable"]


def checked_user(user: object, *, of: str) -> str:
    """Return a user as files name them; refuse nobody, of whom everything is that nobody was named for.

    Raises:
        ConfigurationError: there is no such user to be named.
    """
    if not isinstance(user, str) or not user:
        raise ConfigurationError(f"{of}(user=...) must be the user that calls were made for")
    return writable(user)


def writable(text: str) -> str:
    """Return a text as files can have it: `?` for lone surrogates, which UTF-8 has no bytes for."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
