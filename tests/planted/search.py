"""Looks for secrets in everything that was written, in every form in which they might stand there."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

import re2  # type: ignore[import-untyped]

__all__ = ["forms", "leaks"]

_SHORTEST = 8
_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.max_mem = 1 << 28


def forms(secret: str) -> set[bytes]:
    """Return the secret as it is, as JSON has it, once and twice, in URLs, HTML, `repr`, hex and base64."""
    once = {json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (True, False)}
    twice = {json.dumps(each, ensure_ascii=escaped)[1:-1] for each in once for escaped in (True, False)}
    texts = {secret, *once, *twice, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    texts |= {html.escape(each) for each in once} | {repr(secret)[1:-1], ascii(secret)[1:-1]}
    encoded = {each.encode() for each in texts} | {secret.encode("utf-16-le"), secret.encode().hex().encode()}
    return encoded | set(_base64(secret.encode()))


def _base64(secret: bytes) -> Iterator[bytes]:
    """Yield the characters that depend on nothing but the secret, wherever it begins in what was encoded."""
    for before in range(3):
        bits_before = before * 8
        first, last = -(-bits_before // 6), (bits_before + len(secret) * 8) // 6
        for encode in (b64encode, urlsafe_b64encode):
            sure = encode(bytes(before) + secret)[first:last]
            if len(sure) >= _SHORTEST:
                yield sure


def leaks(secrets: Iterable[str], surfaces: Mapping[str, Iterable[str | bytes]]) -> list[tuple[str, str]]:
    """Return which secrets stand on which surfaces; all forms of all secrets are looked for in one pass."""
    wanted = {form: secret for secret in secrets for form in forms(secret)}
    engine = re2.compile(b"|".join(map(re2.escape, wanted)), options=_OPTIONS)
    return [
        (name, secret)
        for name, pieces in surfaces.items()
        for secret in dict.fromkeys(wanted[found.group()] for found in engine.finditer(_joined(pieces)))
    ]


def _joined(pieces: Iterable[str | bytes]) -> bytes:
    return b"\n".join([each if isinstance(each, bytes) else each.encode("utf-8", "replace") for each in pieces])
