# /// script
# requires-python = ">=3.11"
# dependencies = ["langchain>=1.5,<2"]
# ///
"""LangChain: the stream transformers of PIIMiddleware for its five kinds of identifiers, without the graph around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from langchain.agents.middleware import PIIMiddleware
from stream_kit import report

KINDS = ("email", "credit_card", "ip", "mac_address", "url")
GUARDS = [PIIMiddleware(kind, strategy="redact", apply_to_output=True) for kind in KINDS]


def whole(text: str) -> str:
    """Redact as `after_model` does."""
    for guard in GUARDS:
        text = guard._process_content(text)[0]  # noqa: SLF001  the hook wants a message of a state
    return text


def stream(pieces: Iterable[str]) -> Iterator[str]:
    """Send deltas and the closing event of a text block through all transformers, as the graph would."""
    transformers = [make() for guard in GUARDS for make in guard.transformers]
    emitted, said = 0, ""
    for piece in pieces:
        said += piece
        delta = {"type": "text-delta", "text": piece}
        out = _through(transformers, {"event": "content-block-delta", "index": 0, "delta": delta})["delta"]["text"]
        emitted += len(out)
        if out:
            yield out
    content = {"type": "text", "text": said}
    last = _through(transformers, {"event": "content-block-finish", "index": 0, "content": content})
    yield last["content"]["text"][emitted:]


def _through(transformers: list[Any], payload: dict[str, Any]) -> dict[str, Any]:
    event = {"method": "messages", "params": {"data": (payload, {"run_id": "1"})}}
    for transformer in transformers:
        transformer.process(event)
    return payload


if __name__ == "__main__":
    report(stream, whole, package="langchain", work="PIIMiddleware, 5 kinds of identifiers")
