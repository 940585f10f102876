"""The laws for Gemini, Ollama and Hugging Face: chunking, one event and settled limits, parity."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls import AsyncSdkStream, SdkStream, World, raising
from clients.conftest import run
from dialects import DIALECTS, Dialect
from genai_guard import ConfigurationError, GuardBlocked
from genai_guard.clients import chunk_client, reply_client
from genai_guard.guards import BlockedPatterns

KINDS = ("def", "async def", "def stream", "async def stream")
PIECES = ["I am SEC", "RET, ", "bad", " luck"]
pieces = st.lists(st.sampled_from(["SEC", "RET", "S", "E", ". ", "SECRET", "x"]), min_size=1, max_size=8)


def target(kind: str, dialect: Dialect, said: Sequence[Any]) -> Callable[..., Any]:
    """Return a function that says something in the words of a provider; an exception is raised where it stands."""
    texts = [text for text in said if isinstance(text, str)]
    chunks = (
        [*dialect.stream(texts)[: len(texts)], *said[len(texts) :]] if len(texts) < len(said) else dialect.stream(texts)
    )

    def whole(prompt: str) -> Any:
        return dialect.whole("".join(raising(said)))

    async def async_whole(prompt: str) -> Any:
        return whole(prompt)

    def stream(prompt: str) -> SdkStream:
        return SdkStream(raising(chunks))

    async def async_stream(prompt: str) -> AsyncSdkStream:
        return AsyncSdkStream(raising(chunks))

    return dict(zip(KINDS, (whole, async_whole, stream, async_stream), strict=True))[kind]


def consume(kind: str, fn: Callable[..., Any], take: int = 99) -> list[Any]:
    """Return the reply, or the chunks that are taken before the stream is closed."""

    async def listen() -> list[Any]:
        reply = await fn("hi")
        if kind == "async def":
            return [reply]
        async with reply:
            return [chunk async for _, chunk in _counted(reply, take)]

    if kind.startswith("async"):
        return asyncio.run(listen())
    reply = fn("hi")
    if kind == "def":
        return [reply]
    with reply:
        return [chunk for _, chunk in zip(range(take), reply, strict=False)]


async def _counted(stream: Any, take: int) -> Any:
    for at in range(take):
        try:
            yield at, await anext(stream)
        except StopAsyncIteration:
            return


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=25)
@given(said=pieces)
def test_a_guarded_stream_says_what_the_guarded_whole_says(name: str, said: list[str]) -> None:
    dialect = DIALECTS[name]
    whole = dialect.whole("".join(said))
    reader = reply_client(whole)
    after = reader.write_reply(whole, [part.text.replace("SECRET", "[S]") for part in reader.read_reply(whole).parts])
    chunks = dialect.stream(said)
    stream = chunk_client(chunks[0]).open_stream()
    assert dialect.said(run(stream, chunks)) == dialect.said([after])
    assert stream.reply().usage == reader.read_reply(whole).usage


@pytest.mark.parametrize("name", DIALECTS)
def test_every_kind_of_call_gives_the_same_text_verdicts_and_usage(name: str) -> None:
    dialect = DIALECTS[name]
    told = []
    for kind in KINDS:
        world = World(parts={"output": [BlockedPatterns(["SECRET"], action="redact")]})
        out = consume(kind, world.pipeline.wrap(target(kind, dialect, PIECES)))
        event = world.event
        told.append((dialect.said(out), event.status, str(event.verdicts), event.usage, event.response))
        assert (world.limiter.open, world.limiter.settled) == ([], [10])
        assert (event.usage.input_tokens, event.usage.output_tokens) == dialect.usage
    assert all(each == told[0] for each in told)
    assert "SECRET" not in told[0][0]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_block_an_error_and_an_abandoned_stream_are_one_event_and_settled(name: str, kind: str) -> None:
    dialect = DIALECTS[name]
    blocked = World(parts={"output": [BlockedPatterns(["bad luck"])]})
    with pytest.raises(GuardBlocked) as error:
        consume(kind, blocked.pipeline.wrap(target(kind, dialect, PIECES)))
    assert "SECRET" not in f"{error.value!r} {error.value.__context__!r}"
    assert (blocked.event.status, blocked.limiter.open, len(blocked.limiter.settled)) == ("blocked", [], 1)

    broken = World()
    with pytest.raises(ConnectionError):
        consume(kind, broken.pipeline.wrap(target(kind, dialect, [*PIECES, ConnectionError()])))
    assert (broken.event.status, broken.limiter.open, len(broken.limiter.settled)) == ("error", [], 1)

    if kind.endswith("stream"):
        left = World()
        consume(kind, left.pipeline.wrap(target(kind, dialect, PIECES)), take=1)
        assert (left.event.status, left.limiter.open, len(left.limiter.settled)) == ("abandoned", [], 1)


MOVED = {
    "gemini": {"candidates": [{"output": {"pieces": ["SECRET"]}}], "usage_metadata": {}},
    "ollama chat": {"answer": {"role": "assistant", "content": "SECRET"}, "done": True},
    "ollama generate": {"reply": "SECRET", "done": True},
    "hugging face": {"text": "SECRET", "details": {}},
}


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_reply_whose_fields_have_moved_is_an_error_that_names_the_reader_to_pass(name: str, kind: str) -> None:
    dialect = Dialect(lambda _: MOVED[name], lambda _: [MOVED[name]], DIALECTS[name].said)
    world = World(parts={"output": [BlockedPatterns(["x"])]})
    with pytest.raises(ConfigurationError, match=r"pass a reader:\n +reader = custom\(") as error:
        consume(kind, world.pipeline.wrap(target(kind, dialect, ["a"])))
    assert "SECRET" not in str(error.value)
    assert (world.event.status, world.limiter.open, len(world.limiter.settled)) == ("error", [], 1)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_later_chunk_of_another_shape_is_read_as_a_whole(name: str) -> None:
    first, *_ = DIALECTS[name].stream(["a"])
    reader = chunk_client(first).open_stream()
    assert "SECRET" not in str(run(reader, [first, {"notice": {"lines": ["SECRET."]}, "code": 3}]))
