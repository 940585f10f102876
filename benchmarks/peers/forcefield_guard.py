# /// script
# requires-python = ">=3.11"
# dependencies = ["forcefield>=0.8,<0.9"]
# ///
"""ForceField: injection scan and redaction of the prompt, redaction of the reply, its rate limiter."""

from __future__ import annotations

import os

os.environ["FORCEFIELD_NO_TELEMETRY"] = "1"

from typing import Any

from forcefield import Guard
from peer_kit import KEYWORDS, Call, report


def wrap(model: Call) -> Call:
    guard = Guard(telemetry=False, custom_blocked_patterns=KEYWORDS)

    def call(prompt: str) -> Any:
        guard.scan(prompt)
        return guard.redact(model(guard.redact(prompt).text)).text

    return call


if __name__ == "__main__":
    report(wrap, package="forcefield", work="injection scan and keywords on the prompt; identifiers both ways")
