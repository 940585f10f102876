# /// script
# requires-python = ">=3.11"
# dependencies = ["openai-guardrails>=0.3,<0.4"]
# ///
"""OpenAI's guardrails: a check of our own on the output, which its client runs every hundred chunks and at the end.

Its own check of personal data wants a language model, and masks only before a call; what matters here is when a check
speaks. A stream that is stopped counts with what had gone out by then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from guardrails import GuardrailsOpenAI, GuardrailTripwireTriggered
from guardrails.registry import default_spec_registry
from guardrails.types import GuardrailResult
from pydantic import BaseModel
from stream_kit import report

_PATTERNS = re.compile(
    r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b|\b(?:\d[ -]?){13,16}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|\b\d{3}-\d{2}-\d{4}\b|(?:\+\d{1,3}[ -])?\b\d{2,4}[ -]\d{3,4}[ -]\d{4}\b"
)


class Nothing(BaseModel):
    """No settings."""


async def identifiers(ctx: Any, data: str, config: Nothing) -> GuardrailResult:  # noqa: ARG001  the library's names
    """Trip on an identifier."""
    return GuardrailResult(tripwire_triggered=bool(_PATTERNS.search(data)), info={"guardrail_name": "identifiers"})


default_spec_registry.register("identifiers", identifiers, "identifiers", "text/plain")
CLIENT = GuardrailsOpenAI(
    config={"version": 1, "output": {"version": 1, "guardrails": [{"name": "identifiers", "config": {}}]}},
    api_key="none",
)


def whole(text: str) -> str:
    """Check a text; a refused one comes out empty."""
    try:
        CLIENT._run_stage_guardrails("output", text)  # noqa: SLF001  what the client does with a whole reply
    except GuardrailTripwireTriggered:
        return ""
    return text


def stream(pieces: Iterable[str]) -> Iterator[str]:
    """Check a stream."""
    chunks = (_chunk(piece) for piece in pieces)
    try:
        for response in CLIENT._stream_with_guardrails_sync(chunks, [], []):  # noqa: SLF001  as above
            yield response.choices[0].delta.content
    except GuardrailTripwireTriggered:
        return


def _chunk(text: str) -> Any:
    return SimpleNamespace(choices=[SimpleNamespace(delta=SimpleNamespace(content=text))])


if __name__ == "__main__":
    report(stream, whole, package="openai-guardrails", work="one check of identifiers, every 100 chunks and at the end")
