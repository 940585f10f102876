# /// script
# requires-python = ">=3.11"
# dependencies = ["guardrails-ai>=0.11,<0.12"]
# ///
"""Guardrails AI: two validators of our own, as its packages would supply them, on the prompt and on the reply."""

from __future__ import annotations

import os

os.environ["OTEL_SDK_DISABLED"] = "true"

import re
from typing import Any

from guardrails import Guard
from guardrails.validators import (
    FailResult,
    PassResult,
    Validator,
    register_validator,
)
from peer_kit import KEYWORDS, Call, report

_EMAIL = re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b")
_WORDS = re.compile(rf"(?i)\b(?:{'|'.join(map(re.escape, KEYWORDS))})\b")


@register_validator(name="bench/email", data_type="string")
class Email(Validator):
    """Redacts addresses."""

    def validate(self, value: str, _metadata: dict[str, Any]) -> Any:
        """Pass, or offer the redacted text."""
        if not _EMAIL.search(value):
            return PassResult()
        return FailResult(error_message="address", fix_value=_EMAIL.sub("[EMAIL]", value))


@register_validator(name="bench/keywords", data_type="string")
class Keywords(Validator):
    """Refuses keywords."""

    def validate(self, value: str, _metadata: dict[str, Any]) -> Any:
        """Pass or fail."""
        return FailResult(error_message="keyword") if _WORDS.search(value) else PassResult()


def wrap(model: Call) -> Call:
    guard = Guard().use(Email(on_fail="fix")).use(Keywords(on_fail="exception"))

    def call(prompt: str) -> Any:
        asked = guard.validate(prompt).validated_output
        return guard.validate(model(asked)).validated_output

    return call


if __name__ == "__main__":
    report(wrap, package="guardrails-ai", work="addresses and keywords, two validators; both ways")
