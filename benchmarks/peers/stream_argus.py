# /// script
# requires-python = ">=3.11"
# dependencies = ["argus-redact>=0.8.22,<0.9"]
# ///
"""argus-redact: its StreamingRedactor, and the same pseudonyms for the whole text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from argus_redact import redact_pseudonym_llm
from argus_redact.streaming import StreamingRedactor
from stream_kit import report

SALT = b"sixteen bytes or more"


def whole(text: str) -> str:
    """Redact a text."""
    return redact_pseudonym_llm(text, salt=SALT, lang="en", mode="fast", strict_input=False).downstream_text


def stream(pieces: Iterable[str]) -> Iterator[str]:
    """Redact a stream."""
    redactor = StreamingRedactor(salt=SALT, lang="en", mode="fast", strict_input=False)
    for piece in pieces:
        out = redactor.feed(piece).downstream_text
        if out:
            yield out
    yield redactor.flush().downstream_text


if __name__ == "__main__":
    report(stream, whole, package="argus-redact", work="StreamingRedactor, identifiers become pseudonyms")
