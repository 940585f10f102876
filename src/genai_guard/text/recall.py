"""What was found in a text before: a conversation sends all its messages again with each of its turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

__all__ = ["Recall"]

T = TypeVar("T")

_LEAST: Final = 64
_MOST: Final = 2_048


class Recall(Generic[T]):
    """Remembers what `find` found in the texts that it was asked about last, by a digest of the text.

    Two generations of at most 2,048 texts each are kept: what is asked for again moves to the younger, and what was
    not asked for while that filled up is forgotten. No text is kept. Threads may share it; a race costs a scan at most.
    Failures are not remembered.

    Args:
        find: Finds the same in the same text each time.
    """

    __slots__ = ("_find", "_old", "_young")

    def __init__(self, find: Callable[[str], T]) -> None:
        self._find: Final = find
        self._young: dict[bytes, T] = {}
        self._old: dict[bytes, T] = {}

    def __call__(self, text: str) -> T:
        """Return what is found in `text`; short texts are quicker to scan than to remember."""
        if len(text) < _LEAST:
            return self._find(text)
        key = _digest(text)
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                found = self._find(text)
            self._remember(key, found)
        return found

    def _remember(self, key: bytes, found: T) -> None:
        if len(self._young) >= _MOST:
            self._old, self._young = self._young, {}
        self._young[key] = found


def _digest(text: str) -> bytes:
    from hashlib import blake2b  # noqa: PLC0415  loads OpenSSL

    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
