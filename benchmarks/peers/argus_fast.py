# /// script
# requires-python = ">=3.11"
# dependencies = ["argus-redact>=0.8.22,<0.9"]
# ///
"""argus-redact: reversible redaction in its compiled fast mode for English; nothing is restored here."""

from __future__ import annotations

from typing import Any

from argus_redact import redact
from peer_kit import Call, report


def wrap(model: Call) -> Call:
    def call(prompt: str) -> Any:
        asked, _key = redact(prompt, lang="en", mode="fast")
        return redact(model(asked), lang="en", mode="fast")

    return call


if __name__ == "__main__":
    report(wrap, package="argus-redact", work="identifiers with keys to restore them; both ways")
