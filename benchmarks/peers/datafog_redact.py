# /// script
# requires-python = ">=3.11"
# dependencies = ["datafog>=4.9,<5"]
# ///
"""DataFog: redaction of identifiers by regular expressions."""

from __future__ import annotations

from typing import Any

from datafog import redact
from peer_kit import Call, report

ENTITIES = ["EMAIL", "PHONE", "SSN", "CREDIT_CARD", "IP_ADDRESS"]


def wrap(model: Call) -> Call:
    def call(prompt: str) -> Any:
        asked = redact(prompt, entity_types=ENTITIES).redacted_text
        return redact(model(asked), entity_types=ENTITIES).redacted_text

    return call


if __name__ == "__main__":
    report(wrap, package="datafog", work="5 identifiers; both ways")
