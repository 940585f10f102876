"""The SDKs against the server of llama.cpp with a real model, and the example that runs one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from calls import Events
from clients.sdks.asking import PROTOCOLS, asked, connected, piece_of, text_of
from genai_guard import Pipeline
from genai_guard.guards import BlockedPatterns

QUESTION = "Write two sentences about the sea and the sun."


@pytest.fixture(params=PROTOCOLS)
def real(request: pytest.FixtureRequest, llama: str) -> Iterator[tuple[str, Any, Events]]:
    """A guarded client of the model for each protocol; the word `the` may not be said."""
    events = Events()
    pipeline = Pipeline(output=[BlockedPatterns(["the"], action="redact")], recorder=events)
    with connected(request.param, llama) as client:
        yield request.param, pipeline.wrap_client(client), events


def test_a_real_model_says_streamed_what_it_says_in_whole(real: tuple[str, Any, Events]) -> None:
    protocol, client, events = real
    whole = text_of(protocol, asked(client, protocol, QUESTION))
    more = {"stream_options": {"include_usage": True}} if protocol == "chat" else {}
    chunks = list(asked(client, protocol, QUESTION, stream=True, **more))
    assert "".join(piece_of(protocol, chunk) for chunk in chunks) == whole
    assert " the " not in whole.lower()
    assert "[" in whole
    assert all(" the " not in json.dumps(chunk.model_dump(mode="json")) for chunk in chunks)
    first, second = events
    assert (first.model, first.finish_reason) == (second.model, second.finish_reason)
    assert first.usage[:2] == second.usage[:2]  # the prompt is cached the second time
    assert not first.usage.estimated
    assert 0 < first.usage.output_tokens <= 60
