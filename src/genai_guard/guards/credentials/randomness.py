"""What tells a key from a placeholder, a hash, a name or a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from math import log2
from typing import Final
from zlib import crc32

__all__ = ["entropy_bits", "has_checksum", "is_no_placeholder", "looks_random"]

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM: Final = 6
_MIN_DISTINCT: Final = 6

# The documentation of AWS ends its example keys in EXAMPLE and EXAMPLEKEY; they open nothing.
_is_placeholder: Final[Callable[[str], object]] = re.compile(
    r"(?i)example|place.?holder|change.?(?:me|it|this)|redacted|your[_.-]|(?:insert|replace|enter)[_.-]|dummy[_.-]|"
    r"(.)\1{5}|x{5}|\*{3}|\.{3}|01234567|12345678|abcdefgh"
).search
_is_plain_value: Final[Callable[[str], object]] = re.compile(
    r"""
      [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}      # a UUID
    | [A-Za-z_$@]++(?:(?:->|[.:/-])++[A-Za-z_$]++)*+\d?         # a name of source code, a path
    | (?:[A-Za-z_]++(?:\d{1,5}+[A-Za-z_]*+)?+\.)++(?:[A-Za-z_]++(?:\d{1,5}+[A-Za-z_]*+)?+)  # module2.Name
    | (?:[.~/]|[a-z]+://|arn:|\$|%|@).*                         # a path, an address, a variable
    | [^:]*(?::[^:]*){3,}                                       # a line of a table
    | [\d.,:/_-]+                                               # a number, a date, a version
    | (?:sha\d+|md5|pbkdf2|scrypt|argon2\w*)[-:$].*             # a hash that says so
    """,
    re.VERBOSE,
).fullmatch


def is_no_placeholder(matched: str) -> bool:
    """Refuse keys of documentation: `sk-xxxxxxxx`, `AKIA...EXAMPLE`, `your-api-key`, `00000000`."""
    return len(set(matched[-24:])) >= _MIN_DISTINCT and not _is_placeholder(matched)


def has_checksum(matched: str) -> bool:
    """Whether the last six characters are the CRC-32, in base 62, of those between them and the prefix.

    GitHub's and npm's tokens: "Behind GitHub's new authentication token formats", 2021.
    """
    body = matched.rpartition("_")[2]
    value = crc32(body[:-_CHECKSUM].encode())
    for char in reversed(body[-_CHECKSUM:]):
        value, digit = divmod(value, 62)
        if _BASE62[digit] != char:
            return False
    return True


def entropy_bits(value: str) -> float:
    """Return the Shannon entropy of the characters of `value`, in bits for each; 0 for the empty text."""
    size = len(value)
    return -sum(count / size * log2(count / size) for count in Counter(value).values())


def looks_random(value: str, *, min_entropy_bits: float, min_kinds: int = 2) -> bool:
    """Whether a value may have been drawn at random.

    Args:
        value: What is assigned, quotes left out.
        min_entropy_bits: As `entropy_bits` counts.
        min_kinds: How many it has of lower case, upper case, digits and other characters.
    """
    kinds = sum(any(map(kind, value)) for kind in (str.islower, str.isupper, str.isdigit)) + (not value.isalnum())
    if kinds < min_kinds or _is_plain_value(value):
        return False
    return is_no_placeholder(value) and entropy_bits(value) >= min_entropy_bits
