# /// script
# requires-python = ">=3.11"
# dependencies = ["guardrails-ai>=0.11,<0.12"]
# ///
"""Guardrails AI: streamed validation by a validator of our own, as one of its packages would supply it."""

from __future__ import annotations

import os

os.environ |= {"OTEL_SDK_DISABLED": "true", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}

import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from guardrails import Guard
from guardrails.validators import FailResult, PassResult, Validator, register_validator
from stream_kit import report

warnings.simplefilter("ignore")
_PATTERNS = re.compile(
    r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b|\b(?:\d[ -]?){13,16}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|\b\d{3}-\d{2}-\d{4}\b|(?:\+\d{1,3}[ -])?\b\d{2,4}[ -]\d{3,4}[ -]\d{4}\b"
)


@register_validator(name="bench/identifiers", data_type="string")
class Identifiers(Validator):
    """Redacts identifiers."""

    def validate(self, value: str, _metadata: dict[str, Any]) -> Any:
        """Pass, or offer the redacted text."""
        if not _PATTERNS.search(value):
            return PassResult()
        return FailResult(error_message="identifier", fix_value=_PATTERNS.sub("[REDACTED]", value))


def guard() -> Guard:
    """Return a new guard: one keeps what a stream left behind."""
    return Guard().use(Identifiers(on_fail="fix"))


def whole(text: str) -> str:
    """Validate a text."""
    return str(guard().validate(text).validated_output or "")


def stream(pieces: Iterable[str]) -> Iterator[str]:
    """Validate a stream."""

    def model(**_: Any) -> Iterator[str]:
        yield from pieces

    for outcome in guard()(model, messages=[{"role": "user", "content": "hello"}], stream=True):
        if outcome.validated_output:
            yield str(outcome.validated_output)


if __name__ == "__main__":
    report(stream, whole, package="guardrails-ai", work="one validator of identifiers, fixing sentence by sentence")
