"""The SDKs against a server that nobody here wrote: llmock, with its faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calls import CountingLimiter, Events
from clients.sdks.asking import PROTOCOLS, anthropic, asked, connected, openai, piece_of, text_of
from genai_guard import Limit, Pipeline
from genai_guard.guards import PII

MAIL = "jo.harper@example.com"
ASKED = f"I am {MAIL} and pay with 4111 1111 1111 1111 today"


def facts(events: Events) -> list[Any]:
    return [(e.status, e.model, [(v.guard, v.action, len(v.findings)) for v in e.verdicts]) for e in events]


def place(llmock: Callable[..., str], protocol: str, **behaviour: Any) -> str:
    return llmock(**behaviour) + ("/anthropic" if protocol == "messages" else "")


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_what_comes_back_is_guarded_alike_in_whole_and_streamed_and_awaited(
    protocol: str, llmock: Callable[..., str]
) -> None:
    address, events = place(llmock, protocol), Events()
    pipeline = Pipeline(output=[PII()], recorder=events)
    with pipeline.wrap_client(connected(protocol, address)) as client:
        whole = text_of(protocol, asked(client, protocol, ASKED))
        chunks = list(asked(client, protocol, ASKED, stream=True))
    async with pipeline.wrap_client(connected(protocol, address, is_async=True)) as client:
        awaited = text_of(protocol, await asked(client, protocol, ASKED))
        achunks = [chunk async for chunk in await asked(client, protocol, ASKED, stream=True)]

    assert "I am [EMAIL] and pay with [PAYMENT_CARD] today" in whole
    assert awaited == whole
    assert "".join(piece_of(protocol, chunk) for chunk in chunks) == whole
    assert "".join(piece_of(protocol, chunk) for chunk in achunks) == whole
    assert MAIL not in "".join(chunk.model_dump_json() for chunk in [*chunks, *achunks])
    assert len(facts(events)) == 4
    assert facts(events) == [facts(events)[0]] * 4


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_sent_was_guarded(protocol: str, llmock: Callable[..., str]) -> None:
    with Pipeline(input=[PII()]).wrap_client(connected(protocol, place(llmock, protocol))) as client:
        assert "I am [EMAIL] and pay with [PAYMENT_CARD] today" in text_of(protocol, asked(client, protocol, ASKED))


@pytest.mark.parametrize("status", [429, 500])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_of_the_provider_passes_and_what_was_reserved_is_settled(
    protocol: str, status: int, llmock: Callable[..., str]
) -> None:
    events = Events()
    limiter: Any = CountingLimiter(Limit.tokens(10_000, per="minute"))
    address = place(llmock, protocol, type="fail", status=status)
    pipeline = Pipeline(output=[PII()], recorder=events, limiter=limiter)
    sdk = anthropic if protocol == "messages" else openai
    for stream in (False, True):
        with connected(protocol, address) as client, pytest.raises(sdk.APIStatusError) as caught:
            asked(pipeline.wrap_client(client), protocol, ASKED, stream=stream)
        assert caught.value.status_code == status
    assert [event.status for event in events] == ["error", "error"]
    assert (limiter.open, len(limiter.settled)) == ([], 2)


@pytest.mark.parametrize("fault", ["disconnect", "truncate", "malformed"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_stream_that_breaks_leaks_nothing_and_is_settled_and_recorded_once(
    protocol: str, fault: str, llmock: Callable[..., str]
) -> None:
    events = Events()
    limiter: Any = CountingLimiter(Limit.tokens(10_000, per="minute"))
    address = place(llmock, protocol, type="stream_fault", kind=fault, after_chunks=5)
    pipeline = Pipeline(output=[PII()], recorder=events, limiter=limiter)
    out: list[Any] = []
    error: Exception | None = None
    with connected(protocol, address) as client:
        try:
            out.extend(asked(pipeline.wrap_client(client), protocol, ASKED, stream=True))
        except Exception as raised:  # noqa: BLE001  which one is for the SDK to say
            error = raised
    said = "".join(chunk.model_dump_json() for chunk in out)
    assert MAIL not in said
    assert "4111 1111" not in said
    (event,) = events
    assert event.status == ("ok" if error is None else "error")
    assert (limiter.open, len(limiter.settled)) == ([], 1)
