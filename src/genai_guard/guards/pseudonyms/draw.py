"""Random choices that a key and a value decide, the same in every process and version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

__all__ = ["Draw", "derived"]

T = TypeVar("T")

_BITS: Final = 512
_ENOUGH: Final = 64
"""Bits beyond those of a choice that keep it even."""


def derived(key: str | bytes, *context: object) -> bytes:
    """Return 64 bytes that depend on `key` and `context`, and tell nothing of either."""
    from hashlib import blake2b  # noqa: PLC0415  loads OpenSSL

    secret = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    short = secret if len(secret) <= blake2b.MAX_KEY_SIZE else blake2b(secret).digest()
    return blake2b(repr(context).encode("utf-8", "surrogatepass"), key=short).digest()


class Draw:
    """One sequence of choices.

    Args:
        key: Decides, together with what follows, every choice.
        context: What the choices are for.
        turn: How many sequences for the same were refused before.

    Attributes:
        turn: As given.
    """

    __slots__ = ("_key", "_left", "_number", "_refills", "turn")

    def __init__(self, key: bytes, *context: object, turn: int = 0) -> None:
        self.turn: Final = turn
        self._key = derived(key, *context, turn)
        self._number = int.from_bytes(self._key)
        self._left = _BITS
        self._refills = 0

    def below(self, bound: int) -> int:
        """Return an integer from 0 on, less than `bound`."""
        bits = bound.bit_length()
        if self._left < bits + _ENOUGH:
            self._refills += 1
            self._number = int.from_bytes(derived(self._key, self._refills))
            self._left = _BITS
        self._left -= bits
        self._number, chosen = divmod(self._number, bound)
        return chosen

    def one_of(self, choices: Sequence[T]) -> T:
        """Return one of `choices`."""
        return choices[self.below(len(choices))]

    def digits(self, count: int) -> str:
        """Return `count` decimal digits."""
        return "".join([str(self.below(10)) for _ in range(count)])
