"""The layer of encoded islands: base64 (standard and URL-safe, padded or not) and hexadecimal.

An island is a run of at least 16 characters of the encoding's alphabet that decodes to text: ASCII with at most one
other byte in sixteen, or UTF-8 with at most one character in sixteen that cannot be seen. Hashes, keys and pictures
do not, and stay. Its beginning tells: if the first 64 characters of a run are no text, the run is none, so that a
stream need not keep a picture to its end. If a run does not decode as a whole, its parts between signs are tried: a
path may end in an island. The decoded text, which is shorter than the island, stands in its place.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from typing import Final

__all__ = ["ALPHABET", "MIN_ISLAND", "islands", "may_hold_island", "open_island"]

MIN_ISLAND: Final = 16
_BEGINNING: Final = 64
_TOLERANCE: Final = 16
_LETTERS_AND_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
ALPHABET: Final = _LETTERS_AND_DIGITS + "+/-_"
_SHAPE: Final = bytes(97 if chr(byte) in ALPHABET else 32 for byte in range(256))
_RUN: Final = b"a" * MIN_ISLAND
_SHOWN: Final = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")

_runs: Final = re.compile(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{MIN_ISLAND},}}+={{0,2}}").finditer
_rest_of_run: Final = re.compile(r"(?<=[A-Za-z0-9+/_-])[A-Za-z0-9+/_-]++={0,2}").match
_parts: Final = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z0-9]{{{MIN_ISLAND},}}+={{0,2}}").finditer
_is_hex: Final = re.compile(r"(?:0[xX])?((?:[0-9A-Fa-f]{2})++)").fullmatch


def may_hold_island(text: str) -> bool:
    """Whether there is a run that is long enough."""
    return len(text) >= MIN_ISLAND and text.encode("utf-8", "surrogatepass").translate(_SHAPE).rfind(_RUN) >= 0


def islands(text: str, lo: int = 0) -> Iterator[tuple[int, int, str]]:
    """Yield the islands of `text[lo:]`: where each begins and ends, and what it decodes to.

    A run that goes on from before `lo` is known to be none; its parts may still be.
    """
    if not may_hold_island(text):
        return
    rest = _rest_of_run(text, lo)
    if rest:
        yield from _islands_in(text, *rest.span())
        lo = rest.end()
    for run in _runs(text, lo):
        decoded = _decoded(run[0])
        if decoded:
            yield (*run.span(), decoded)
        elif not run[0].isalnum():
            yield from _islands_in(text, *run.span())


def _islands_in(text: str, lo: int, hi: int) -> Iterator[tuple[int, int, str]]:
    for part in _parts(text, lo, hi):
        decoded = _decoded(part[0])
        if decoded:
            yield (*part.span(), decoded)


def open_island(text: str, before: str = "") -> int:
    """Return where an island at the end of `text` begins that more text would decide about.

    The length of `text` if there is none. A run that goes on from `before` is none, though its last part may be one.
    """
    unpadded = text.rstrip("=")
    padding = len(text) - len(unpadded)
    start = len(unpadded.rstrip(ALPHABET))
    if padding > 2 or (padding and len(unpadded) - start < MIN_ISLAND):
        return len(text)
    last = before[-1:]
    if (start or not last or last not in ALPHABET) and _is_hopeful(unpadded[start:]):
        return start
    start = len(unpadded.rstrip(_LETTERS_AND_DIGITS))
    goes_on = not start and last and last in _LETTERS_AND_DIGITS
    return start if start < len(unpadded) and not goes_on and _is_hopeful(unpadded[start:]) else len(text)


def _is_hopeful(run: str) -> bool:
    return len(run) < _BEGINNING or _begins_text(run)


def _begins_text(run: str) -> bool:
    """Whether the first 64 characters of a run decode to the beginning of a text."""
    beginning = run[:_BEGINNING]
    digits = _is_hex(beginning)
    if digits and _text(binascii.unhexlify(digits[1]), is_whole=False):
        return True
    return bool(_text(binascii.a2b_base64(beginning.encode().translate(_URL_SAFE)), is_whole=False))


def _decoded(island: str) -> str:
    """Return what an island decodes to; empty if that is no text."""
    run = island.rstrip("=")
    if len(run) > _BEGINNING and not _begins_text(run):
        return ""
    digits = _is_hex(island)
    if digits:
        decoded = _text(binascii.unhexlify(digits[1]))
        if decoded:
            return decoded
    data = run.encode().translate(_URL_SAFE)
    data = data[: len(data) - (len(data) % 4 == 1)]
    return _text(binascii.a2b_base64(data + b"=" * (-len(data) % 4)))


def _text(data: bytes, *, is_whole: bool = True) -> str:
    hidden = data.translate(None, _SHOWN)
    if not hidden:
        return data.decode("ascii")
    if len(hidden) * _TOLERANCE <= len(data):
        return data.decode("utf-8", "replace")
    try:
        decoded, _ = codecs.utf_8_decode(data, "strict", is_whole)
    except UnicodeDecodeError:
        return ""
    odd = sum(not char.isprintable() for char in decoded)
    return decoded if odd * _TOLERANCE <= len(decoded) else ""
