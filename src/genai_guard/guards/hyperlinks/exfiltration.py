"""Links that carry data away: what a reader of the page would send to their host by clicking, or by looking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, unquote_plus

from genai_guard.guards.hyperlinks.link import Link
from genai_guard.text.canonical.encodings import islands

__all__ = ["carries_data"]

_MIN_PROSE: Final = 24
_MIN_WORDS: Final = 4
_MIN_RANDOM: Final = 32
_MIN_ENCODED: Final = {True: 16, False: 24}
"""Characters of an encoded text, in what is fetched by looking at the page, and in what is clicked."""
_MAX_READ: Final = 2_000
_SPLIT: Final = re.compile(r"[/?&;#]")
_words: Final = re.compile(r"[^\W\d_]{2,}").findall
_is_address: Final = re.compile(r"[\w.+-]@(?:[\w-]+\.)+[A-Za-z]{2}").search
_tells: Final = re.compile(r"[^\W\d_]\s+[^\W\d_]|@|[\"{:=]\s?\w|\w{20}").search
"""Finds what a text has that is worth to be encoded: words, an address, an assignment, a key."""
_is_token: Final = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/_=-]+").fullmatch
_is_jwt: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*").fullmatch
_SIGNS: Final = re.compile(
    r"(?:x-(?:amz|goog)-|sig|hash|hmac|token|policy|key-pair|expires|auth|ixid|ixlib|etag|ver|nonce|digest|upn|gclid|fbclid|_nc_|oh\b|oe\b)",
    re.IGNORECASE,
).match
"""Names under which hosts of pictures expect signatures."""


def carries_data(link: Link, *, is_fetched: bool) -> bool:
    """Whether a link carries a text away.

    That is an encoded text in its query, path, fragment or host. In what is fetched by looking at a page also words in
    a row, an e-mail address, or something drawn at random that is no signature.

    Args:
        link: The link.
        is_fetched: Whether a page fetches it by itself, as pictures are.
    """
    least = _MIN_ENCODED[is_fetched]
    for name, value in _values(link):
        if len(value) >= least and not _is_jwt(value) and _is_encoded(value, least):
            return True
        if is_fetched and _is_spoken(name, value):
            return True
    return False


def _values(link: Link) -> Iterator[tuple[str, str]]:
    """Yield the labels of the host, the parts of the path and the values of the query, escapes undone."""
    for label in link.host.split("."):
        yield "", label
    query = False
    start = 0
    rest = link.rest[:_MAX_READ]
    for found in (*_SPLIT.finditer(rest), None):
        part = rest[start : found.start() if found else len(rest)]
        name, sign, value = part.partition("=") if query else ("", "", part)
        yield (name, unquote_plus(value)) if sign else ("", unquote(part))
        query = query or (found is not None and found[0] in "?#")
        start = found.end() if found else start


def _is_encoded(value: str, least: int) -> bool:
    return any(end - start >= least and _tells(text) is not None for start, end, text in islands(value))


def _is_spoken(name: str, value: str) -> bool:
    if name and "@" in value and _is_address(value):
        return True
    if len(value) >= _MIN_PROSE and " " in value.strip() and len(_words(value)) >= _MIN_WORDS:
        return True
    return bool(name) and len(value) >= _MIN_RANDOM and _SIGNS(name) is None and _is_token(value) is not None
