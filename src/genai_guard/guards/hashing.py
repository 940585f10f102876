"""The action `hash`: equal values become equal stand-ins, and only who has the key can make one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.verdicts import Action, ActionLike

__all__ = ["check_key", "stand_in"]

_MIN_KEY_BYTES: Final = 16
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def check_key(
    guard: str, key: str | bytes | None, action: ActionLike, *, users: Sequence[Action] = (Action.HASH,)
) -> None:
    """Refuse a key that is too short, or that the action does not use; `users` are the actions that do.

    Raises:
        ConfigurationError: as said, in the words of `guard`.
    """
    if key is None:
        return
    if Action(action) not in users:
        words = " and ".join(f"action={str(user)!r}" for user in users)
        raise ConfigurationError(f"{guard}(hash_key=...) is used by {words} alone, not by {str(action)!r}")
    if len(_bytes(key)) < _MIN_KEY_BYTES:
        raise ConfigurationError(f"{guard}(hash_key=...) must be at least {_MIN_KEY_BYTES} bytes long, and random")


def stand_in(value: str, key: str | bytes | None) -> str:
    """Return 64 bits of keyed BLAKE2b in letters alone, so that no guard takes the hash for a number.

    Args:
        value: What is hashed.
        key: The key; a random one of this process when None.
    """
    from hashlib import blake2b  # noqa: PLC0415  loads OpenSSL

    secret = _random_key() if key is None else _bytes(key)
    short = secret if len(secret) <= blake2b.MAX_KEY_SIZE else blake2b(secret).digest()
    digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8, key=short)
    return digest.hexdigest().translate(_LETTERS)


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key


@cache
def _random_key() -> bytes:
    return os.urandom(32)
