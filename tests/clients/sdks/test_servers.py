"""The SDKs against servers that nobody here wrote: llmock with its faults, and llama.cpp with a real model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from calls import CountingLimiter, Events
from genai_guard import Limit, Pipeline
from genai_guard.guards import PII, BlockedPatterns

openai = pytest.importorskip("openai", reason="the openai SDK is not installed: pip install openai")
anthropic = pytest.importorskip("anthropic", reason="the anthropic SDK is not installed: pip install anthropic")

MAIL = "jo.harper@example.com"
ASKED = f"I am {MAIL} and pay with 4111 1111 1111 1111 today"
PROTOCOLS = ("chat", "responses", "messages")


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def connected(protocol: str, address: str, *, is_async: bool = False) -> Any:
    if protocol == "messages":
        kind = anthropic.AsyncAnthropic if is_async else anthropic.Anthropic
        return kind(api_key="k", base_url=address, max_retries=0)
    kind = openai.AsyncOpenAI if is_async else openai.OpenAI
    return kind(api_key="k", base_url=f"{address}/v1", max_retries=0)


def asked(client: Any, protocol: str, text: str, **more: Any) -> Any:
    """Ask in the words of a protocol."""
    more = {"model": "smollm2", "extra_body": {"temperature": 0}, **more}
    if protocol == "responses":
        return client.responses.create(input=messages(text), max_output_tokens=60, **more)
    ask = client.messages.create if protocol == "messages" else client.chat.completions.create
    return ask(messages=messages(text), max_tokens=60, **more)


def text_of(protocol: str, reply: Any) -> str:
    if protocol == "responses":
        return str(reply.output_text)
    return str(reply.content[0].text if protocol == "messages" else reply.choices[0].message.content)


def piece_of(protocol: str, event: Any) -> str:
    """Return what an event adds to the text of the reply."""
    if protocol == "chat":
        return (event.choices[0].delta.content or "") if event.choices else ""
    if protocol == "responses":
        return str(event.delta) if event.type == "response.output_text.delta" else ""
    is_text = event.type == "content_block_delta" and event.delta.type == "text_delta"
    return str(event.delta.text) if is_text else ""


def facts(events: Events) -> list[Any]:
    return [(e.status, e.model, [(v.guard, v.action, len(v.findings)) for v in e.verdicts]) for e in events]


# --- llmock: what is said comes back ----------------------------------------------------------------------------------


def place(llmock: Callable[..., str], protocol: str, *options: str) -> str:
    return llmock(*options) + ("/anthropic" if protocol == "messages" else "")


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
    address = place(llmock, protocol, "--error-rate", f"{status}=1.0")
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
    address = place(llmock, protocol, "--stream-fault", f"{fault}=1.0")
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


# --- llama.cpp: a real model ------------------------------------------------------------------------------------------

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
