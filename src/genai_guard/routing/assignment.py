"""The hash specification, version 1. Pure functions of their arguments: the same in every process and on every machine.

A bucket is the 32-bit murmur3 hash (x86 variant, seed 0, unsigned) of `salt:unit_kind:unit` in UTF-8, where the salt
is `name.purpose`. Neither salt nor kind holds a colon, so no two triples give the same bytes. Lone surrogates are
encoded as they are (`surrogatepass`), and no text is normalised. Every purpose has a hash of its own: who takes part
says nothing about who gets what.

Variants divide the buckets from 0 to 2^32 in the order of the experiment, at the integers ceil(cum * 2^32 / W) for
cumulated weights `cum` of the total `W`. The result is that of flagd's `fractional`, version 2: the first variant
whose cumulated weight exceeds `(bucket * W) >> 32`. There are no floats in it, and no remainders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Literal, TypeAlias

import mmh3

__all__ = ["SPACE", "Purpose", "boundaries", "bucket_of", "hash_prefix", "identify", "threshold"]

SPACE: Final = 2**32
"""Number of buckets."""

Purpose: TypeAlias = Literal["enrol", "holdout", "layer", "shadow", "variant"]
"""What a hash is for. `enrol`: whether a unit takes part. `variant`: which variant it gets. `holdout` and `layer`: in
which part of a holdout or layer it is. `shadow`: whether a call is copied."""

bucket_of = mmh3.mmh3_32_uintdigest
"""Return the bucket of bytes. Never `mmh3.hash`, which takes a str as well: a lone surrogate in one ends the process."""

# Shorter than any setting of `sys.set_int_max_str_digits` forbids, so a unit is the same wherever it is written out.
_MAX_UNIT_BITS: Final = 2048


def hash_prefix(salt: str, *, purpose: Purpose, by: str) -> bytes:
    """Return the bytes that stand before the unit.

    Args:
        salt: Salt or name of the experiment, without a colon.
        purpose: What the hash is for.
        by: Kind of the unit, without a colon.
    """
    return f"{salt}.{purpose}:{by}:".encode("ascii")


def identify(unit: object) -> str:
    """Return the text that identifies a unit; empty when it identifies nobody.

    A non-empty text is itself, and an integer its digits, so 42 and "42" are one unit. None, "", booleans, integers of
    more than 600 digits and values of any other type identify nobody: they are never put into a bucket.
    """
    if isinstance(unit, str):
        return str.__str__(unit)  # a subclass may print as something else
    if type(unit) is int and unit.bit_length() <= _MAX_UNIT_BITS:
        return str(unit)
    return ""


def boundaries(weights: Sequence[int], space: int = SPACE) -> tuple[int, ...]:
    """Return one past the last bucket of each weight; the last is the number of buckets.

    `bisect_right(boundaries(weights), bucket)` is the index of the variant.
    """
    total = sum(weights)
    return tuple(-(-cumulated * space // total) for cumulated in accumulate(weights))


def threshold(share: float) -> int:
    """Return the bucket below which lie `share` of all buckets; a larger share has a threshold at least as high.

    Exact: a product of a float and a power of two is not rounded. Any share above zero has at least one bucket.
    """
    return math.ceil(share * SPACE)
