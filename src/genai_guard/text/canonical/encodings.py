"""The layer of encoded islands: base64 (standard and URL-safe, padded or not) and hexadecimal.

An island is a run of at least 16 characters of the encoding's alphabet that decodes to text: ASCII with at most one
other byte in sixteen, or UTF-8 with at most one character in sixteen that cannot be seen. Hashes, keys and pictures
do not, and stay. The decoded text, which is shorter than the island, stands in its place; islands inside of it are for
the next round. If a run does not decode as a whole, its parts between signs are tried: a path may end in an island.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from genai_guard.text.canonical.offsets import Edits
from genai_guard.text.edits import Edit

__all__ = ["MIN_ISLAND", "undo_encodings"]

MIN_ISLAND: Final = 16
_TOLERANCE: Final = 16
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_SHAPE: Final = bytes(97 if byte in _ALPHABET else 32 for byte in range(256))
_RUN: Final = b"a" * MIN_ISLAND
_SHOWN: Final = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")

_islands: Final = re.compile(rf"[A-Za-z0-9+/_-]{{{MIN_ISLAND},}}+={{0,2}}").finditer
_parts: Final = re.compile(rf"[A-Za-z0-9]{{{MIN_ISLAND},}}+={{0,2}}").finditer
_is_hex: Final = re.compile(r"(?:0[xX])?((?:[0-9A-Fa-f]{2})++)").fullmatch


def undo_encodings(text: str) -> Edits:
    """Return the edits that put the decoded text for each island."""
    if len(text) < MIN_ISLAND or _RUN not in text.encode("utf-8", "surrogatepass").translate(_SHAPE):
        return []
    edits: Edits = []
    for match in _islands(text):
        decoded = _decoded(match[0])
        if decoded:
            edits.append(Edit(*match.span(), decoded))
        elif not match[0].isalnum():
            parts = ((part.span(), _decoded(part[0])) for part in _parts(text, *match.span()))
            edits += (Edit(*span, inside) for span, inside in parts if inside)
    return edits


def _decoded(island: str) -> str:
    """Return what an island decodes to; empty if that is no text."""
    digits = _is_hex(island)
    if digits:
        decoded = _text(binascii.unhexlify(digits[1]))
        if decoded:
            return decoded
    data = island.rstrip("=").encode().translate(_URL_SAFE)
    data = data[: len(data) - (len(data) % 4 == 1)]
    return _text(binascii.a2b_base64(data + b"=" * (-len(data) % 4)))


def _text(data: bytes) -> str:
    hidden = data.translate(None, _SHOWN)
    if not hidden:
        return data.decode("ascii")
    if len(hidden) * _TOLERANCE <= len(data):
        return data.decode("utf-8", "replace")
    try:
        decoded = data.decode()
    except UnicodeDecodeError:
        return ""
    odd = sum(not char.isprintable() for char in decoded)
    return decoded if odd * _TOLERANCE <= len(decoded) else ""
