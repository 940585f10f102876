"""Whose usage is counted together: from the values of keys to the bucket of a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from genai_guard.errors import ConfigurationError

__all__ = ["LONGEST_KEY", "Bucket", "Buckets", "By", "bucket_of", "joined", "split"]

By: TypeAlias = str | tuple[str, ...]
"""A key, or several at once. `""` is that of the limits that count all calls together."""

Bucket: TypeAlias = str | bytes
"""The value of a key, or its digest where it is long. `""` is the shared bucket."""

Buckets: TypeAlias = Mapping[By, Bucket]
"""Bucket by key. The limits without a key have `""` for theirs."""

LONGEST_KEY: Final = 128
_LARGEST_KEY: Final = 2**128
_DIGEST_SIZE: Final = 16


def bucket_of(by: str, key: object) -> Bucket:
    """Return whose usage counts together for any value of a key.

    Raises:
        ConfigurationError: the value is neither a string nor an integer of at most 128 bits.
    """
    if key is None:
        return ""
    if type(key) is int and -_LARGEST_KEY < key < _LARGEST_KEY:
        return str(key)
    if not isinstance(key, str):
        raise ConfigurationError(f"{by}= takes a string or an integer, not {type(key).__name__}")
    return str.__str__(key) if len(key) <= LONGEST_KEY else _digest(key.encode("utf-8", "surrogatepass"))


def joined(by: Sequence[str], values: Mapping[Any, Any]) -> Bucket:
    """Return the bucket of several keys at once. No two combinations share one, whatever is in their values."""
    parts = [bucket_of(name, values.get(name)) for name in by]
    if not any(parts):
        return ""
    sizes = [f"{len(part)}:" if isinstance(part, str) else ":" for part in parts]
    key = "".join([*sizes, *(part if isinstance(part, str) else part.hex() for part in parts)])
    return key if len(key) <= LONGEST_KEY else _digest(key.encode("utf-8", "surrogatepass"))


def _digest(data: bytes) -> bytes:
    from hashlib import blake2b  # noqa: PLC0415  long keys are rare, and it takes a millisecond to import

    return blake2b(data, digest_size=_DIGEST_SIZE).digest()


def split(bucket: Bucket, count: int) -> list[str]:
    """Return the values of a bucket's `count` keys, for people; of a digest what can be said of it."""
    if isinstance(bucket, bytes):
        return [f"<{bucket.hex()}>" if len(bucket) == _DIGEST_SIZE else "<others>"]
    if count == 1 or not bucket:
        return [bucket]
    *sizes, rest = bucket.split(":", count)
    texts: list[str] = []
    for size in sizes:
        length = int(size) if size else 2 * _DIGEST_SIZE
        texts.append(rest[:length] if size else f"<{rest[:length]}>")
        rest = rest[length:]
    return texts
