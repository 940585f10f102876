"""`wrap_client` around the real SDKs: nothing that asks a model gets past it, in whatever way it is called."""

from __future__ import annotations

import gc
import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from calls import CountingLimiter, Events
from genai_guard import ConfigurationError, GuardBlocked, Limit, Pipeline, caller
from genai_guard.drive import reap
from genai_guard.guards import PII, BlockedPatterns
from loopback import http_of, response, sdk_client
from responses import message, streamed, whole

openai = pytest.importorskip("openai", reason="the openai SDK is not installed: pip install openai")
anthropic = pytest.importorskip("anthropic", reason="the anthropic SDK is not installed: pip install anthropic")

MAIL = "jo@example.com"
SAID = f'{{"mail": "{MAIL}"}}'
HIDDEN = '{"mail": "[EMAIL]"}'
ASKED = [{"role": "user", "content": f"I am {MAIL}"}]


class Answer(BaseModel):
    mail: str


def answer(http: Any, seen: list[Any]) -> Callable[[Any], Any]:
    """Answer as the provider whose path it is: with a whole reply, or in pieces of three characters."""

    def handle(request: Any) -> Any:
        body = json.loads(request.content)
        seen.append(body)
        path = request.url.path
        make = _responses if path.endswith("responses") else _messages if path.endswith("messages") else _chat
        return response(http, make(is_streamed=bool(body.get("stream"))))

    return handle


def _pieces() -> Iterator[str]:
    return (SAID[at : at + 3] for at in range(0, len(SAID), 3))


def _responses(*, is_streamed: bool) -> Any:
    reply = whole(message(SAID))
    return streamed(reply, size=3) if is_streamed else reply


def _chat(*, is_streamed: bool) -> Any:
    about = {"id": "c", "created": 1, "model": "m-2"}
    usage = {"prompt_tokens": 11, "completion_tokens": 22, "total_tokens": 33}
    if not is_streamed:
        choice = {"index": 0, "message": {"role": "assistant", "content": SAID}, "finish_reason": "stop", "text": None}
        return {**about, "object": "chat.completion", "choices": [choice], "usage": usage}
    deltas: list[tuple[dict[str, str], str | None]] = [({"content": piece}, None) for piece in _pieces()]
    deltas.append(({}, "stop"))
    chunks = [[{"index": 0, "delta": delta, "finish_reason": finish}] for delta, finish in deltas]
    about["object"] = "chat.completion.chunk"
    return [*({**about, "choices": choices} for choices in chunks), {**about, "choices": [], "usage": usage}]


def _messages(*, is_streamed: bool) -> Any:
    usage = {"input_tokens": 11, "output_tokens": 22}
    about = {"id": "m", "type": "message", "role": "assistant", "model": "m-2", "stop_sequence": None, "usage": usage}
    whole = {**about, "content": [{"type": "text", "text": SAID}], "stop_reason": "end_turn"}
    if not is_streamed:
        return whole
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = [{"type": "text_delta", "text": piece} for piece in _pieces()]
    return [
        {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
        start,
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]


@pytest.fixture
def seen() -> list[Any]:
    """Collect the bodies of the requests."""
    return []


def wrapped(sdk: Any, seen: list[Any], *, is_async: bool = False, **parts: Any) -> Any:
    client = sdk_client(sdk, answer(http_of(sdk), seen), is_async=is_async)
    pipeline = Pipeline(input=[PII()], output=[PII()], **parts)
    return pipeline.wrap_client(client)


# --- every way to ask -------------------------------------------------------------------------------------------------


def _chat_stream(client: Any) -> Any:
    with client.chat.completions.stream(model="m", messages=ASKED, response_format=Answer) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        final = stream.get_final_completion().choices[0].message
    assert (final.content, final.parsed) == (text, Answer(mail="[EMAIL]"))
    return text


def _responses_stream(client: Any) -> Any:
    with client.responses.stream(model="m", input=ASKED, text_format=Answer) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert MAIL not in "".join(event.model_dump_json(serialize_as_any=True, warnings=False) for event in events)
    assert final.output_parsed == Answer(mail="[EMAIL]")
    return final.output_text


def _messages_stream(client: Any) -> Any:
    with client.messages.stream(model="m", max_tokens=9, messages=ASKED) as stream:
        text = "".join(stream.text_stream)
        assert stream.get_final_message().content[0].text == text
    return text


WAYS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "chat create": (openai, lambda c: c.chat.completions.create(model="m", messages=ASKED).choices[0].message.content),
    "chat parse": (
        openai,
        lambda c: (
            c.chat.completions.parse(model="m", messages=ASKED, response_format=Answer)
            .choices[0]
            .message.parsed.model_dump_json()
            .replace(":", ": ")
        ),
    ),
    "chat chunks": (
        openai,
        lambda c: "".join(
            chunk.choices[0].delta.content or ""
            for chunk in c.chat.completions.create(model="m", messages=ASKED, stream=True)
            if chunk.choices
        ),
    ),
    "chat stream": (openai, _chat_stream),
    "responses create": (openai, lambda c: c.responses.create(model="m", input=ASKED).output_text),
    "responses of a text": (openai, lambda c: c.responses.create(model="m", input=f"I am {MAIL}").output_text),
    "responses parse": (
        openai,
        lambda c: (
            c.responses.parse(model="m", input=ASKED, text_format=Answer)
            .output_parsed.model_dump_json()
            .replace(":", ": ")
        ),
    ),
    "responses events": (
        openai,
        lambda c: "".join(
            event.delta
            for event in c.responses.create(model="m", input=ASKED, stream=True)
            if event.type == "response.output_text.delta"
        ),
    ),
    "responses stream": (openai, _responses_stream),
    "other options": (
        openai,
        lambda c: c.with_options(timeout=3).copy().responses.create(model="m", input=ASKED).output_text,
    ),
    "smuggled": (
        openai,
        lambda c: c.responses.create(model="m", input="hi", extra_body={"input": ASKED}).output_text,
    ),
    "a post": (
        openai,
        lambda c: (
            c.post(
                "/responses",
                cast_to=importlib.import_module("openai.types.responses").Response,
                body={"model": "m", "input": ASKED},
            ).output_text
        ),
    ),
    "messages create": (
        anthropic,
        lambda c: c.messages.create(model="m", max_tokens=9, messages=ASKED).content[0].text,
    ),
    "messages stream": (anthropic, _messages_stream),
    "beta messages": (
        anthropic,
        lambda c: c.beta.messages.create(model="m", max_tokens=9, messages=ASKED).content[0].text,
    ),
    "other messages": (
        anthropic,
        lambda c: c.with_options(timeout=3).messages.create(model="m", max_tokens=9, messages=ASKED).content[0].text,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_ask_is_guarded_once_on_both_sides(way: str, seen: list[Any]) -> None:
    sdk, ask = WAYS[way]
    events, limiter = Events(), CountingLimiter(Limit.tokens(10_000, per="minute"))
    client = wrapped(sdk, seen, recorder=events, limiter=limiter)
    with caller(user="u"):
        assert ask(client) == HIDDEN
    assert (len(seen), MAIL in json.dumps(seen)) == (1, False)
    (event,) = events
    assert (event.model, event.caller.user, event.usage.total_tokens) == ("m-2", "u", 33)
    assert (limiter.open, limiter.settled) == ([], [33])


async def test_asynchronous_clients_are_guarded_alike(seen: list[Any]) -> None:
    events = Events()
    client = wrapped(openai, seen, is_async=True, recorder=events)
    assert (await client.responses.create(model="m", input=ASKED)).output_text == HIDDEN
    assert (await client.chat.completions.create(model="m", messages=ASKED)).choices[0].message.content == HIDDEN
    async with client.responses.stream(model="m", input=ASKED, text_format=Answer) as stream:
        assert (await stream.get_final_response()).output_parsed == Answer(mail="[EMAIL]")
    async with client.chat.completions.stream(model="m", messages=ASKED) as stream:
        assert (await stream.get_final_completion()).choices[0].message.content == HIDDEN
    other = wrapped(anthropic, seen, is_async=True, recorder=events)
    assert (await other.with_options(timeout=3).messages.create(model="m", max_tokens=9, messages=ASKED)).content[
        0
    ].text == HIDDEN
    async with other.messages.stream(model="m", max_tokens=9, messages=ASKED) as stream:
        assert "".join([text async for text in stream.text_stream]) == HIDDEN
    assert (len(events), len(seen), MAIL in json.dumps(seen)) == (6, 6, False)


def test_a_rejection_is_raised_before_anything_is_sent(seen: list[Any]) -> None:
    client = Pipeline(input=[BlockedPatterns(["example"])]).wrap_client(
        sdk_client(openai, answer(http_of(openai), seen))
    )
    with pytest.raises(GuardBlocked):
        client.responses.create(model="m", input=ASKED)
    assert seen == []


@pytest.mark.parametrize("kind", ["chunks", "helper"])
def test_a_stream_that_nobody_reads_to_its_end_is_settled_and_recorded_once(kind: str, seen: list[Any]) -> None:
    events = Events()
    limiter: Any = CountingLimiter(Limit.tokens(10_000, per="minute"))
    client = wrapped(openai, seen, recorder=events, limiter=limiter)

    def read_a_little() -> None:
        if kind == "helper":
            with client.responses.stream(model="m", input=ASKED) as stream:
                next(iter(stream))
        else:
            with client.responses.create(model="m", input=ASKED, stream=True) as stream:
                next(stream)

    read_a_little()
    gc.collect()
    reap()
    (event,) = events
    assert (event.status, limiter.open, len(limiter.settled)) == ("abandoned", [], 1)


# --- the copy ---------------------------------------------------------------------------------------------------------


def test_the_copy_is_a_client_like_the_one_it_was_made_of(seen: list[Any]) -> None:
    client = sdk_client(openai, answer(http_of(openai), seen), organization="acme")
    copy = Pipeline(output=[PII()]).wrap_client(client)
    assert (type(copy), copy.organization, copy.base_url) == (type(client), "acme", client.base_url)
    assert copy.chat.completions._client is copy
    assert client.chat.completions.create(model="m", messages=ASKED).choices[0].message.content == SAID
    with copy:
        assert copy.chat.completions.create(model="m", messages=ASKED).choices[0].message.content == HIDDEN
    assert client.is_closed()


def test_the_clients_of_other_clouds_are_guarded_too(seen: list[Any]) -> None:
    def handle(request: Any) -> Any:
        seen.append((request.url.path, json.loads(request.content)))
        if "openai" in request.url.path:
            return response(http_of(openai), _chat(is_streamed=False))
        return response(http_of(anthropic), _messages(is_streamed=False))

    http = http_of(openai)
    azure = openai.AzureOpenAI(
        api_key="k", api_version="v", azure_endpoint="http://azure", max_retries=0,
        http_client=http.Client(transport=http.MockTransport(handle)),
    )  # fmt: skip
    http = http_of(anthropic)
    vertex = anthropic.AnthropicVertex(
        region="r", project_id="p", access_token="t", base_url="http://vertex", max_retries=0,
        http_client=http.Client(transport=http.MockTransport(handle)),
    )  # fmt: skip
    pipeline = Pipeline(input=[PII()], output=[PII()])
    reply = pipeline.wrap_client(azure).chat.completions.create(model="deployed", messages=ASKED)
    assert reply.choices[0].message.content == HIDDEN
    message = pipeline.wrap_client(vertex).messages.create(model="claude", max_tokens=9, messages=ASKED)
    assert message.content[0].text == HIDDEN
    beta = pipeline.wrap_client(vertex).beta.messages
    assert beta.create(model="claude", max_tokens=9, messages=ASKED).content[0].text == HIDDEN
    assert "/deployments/deployed/chat/completions" in seen[0][0]
    assert seen[1][0].endswith("models/claude:rawPredict")
    assert MAIL not in json.dumps(seen)


def test_a_guarded_client_may_be_guarded_again(seen: list[Any]) -> None:
    once = wrapped(openai, seen)
    twice = Pipeline(output=[BlockedPatterns(["mail"], action="redact")]).wrap_client(once)
    assert "mail" not in twice.responses.create(model="m", input="hi").output_text.lower().replace("[email]", "")
    assert once.responses.create(model="m", input="hi").output_text == HIDDEN


LATER = {"background": True}
REFUSED: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "raw": (openai, lambda c: c.chat.completions.with_raw_response.create(model="m", messages=ASKED)),
    "raw client": (openai, lambda c: c.with_raw_response.responses.create(model="m", input="hi")),
    "raw stream": (openai, lambda c: c.responses.with_streaming_response.create(model="m", input="hi").__enter__()),
    "raw message": (anthropic, lambda c: c.messages.with_raw_response.create(model="m", max_tokens=9, messages=ASKED)),
    "background": (openai, lambda c: c.responses.create(model="m", input="hi", background=True)),
    "retrieve": (openai, lambda c: c.responses.retrieve("r")),
    "stored": (openai, lambda c: c.chat.completions.retrieve("c")),
    "image": (openai, lambda c: c.images.generate(prompt="hi")),
    "batch": (openai, lambda c: c.batches.create(completion_window="24h", endpoint="/v1/responses", input_file_id="f")),
    "batch of messages": (anthropic, lambda c: c.messages.batches.create(requests=[])),
    "background in the body": (openai, lambda c: c.responses.create(model="m", input="hi", extra_body=LATER)),
    "texts in the body": (openai, lambda c: c.conversations.create(extra_body={"items": ASKED})),
    "an address": (openai, lambda c: c.get("http://llm/v1/responses/r", cast_to=object)),
    "a roundabout path": (openai, lambda c: c.get("/files/..//Responses/r", cast_to=object)),
    "evaluation": (openai, lambda c: c.post("/evals/e/runs", cast_to=object, body={})),
    "what it said": (openai, lambda c: c.get("/evals/e/runs/r/output_items", cast_to=object)),
    "grader": (openai, lambda c: c.post("/fine_tuning/alpha/graders/run", cast_to=object, body={})),
    "unknown": (openai, lambda c: c.post("/rerank", cast_to=object, body={})),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_refused_and_says_what_to_use(what: str, seen: list[Any]) -> None:
    sdk, ask = REFUSED[what]
    with pytest.raises(ConfigurationError, match="use the client that was wrapped"):
        ask(wrapped(sdk, seen))
    assert seen == []


def test_a_helper_wrapped_alone_is_refused_and_names_the_way_that_is_guarded(seen: list[Any]) -> None:
    client = sdk_client(openai, answer(http_of(openai), seen))
    for stream in (client.responses.stream, client.chat.completions.stream):
        more = {"messages": ASKED} if "completions" in stream.__qualname__.lower() else {"input": ASKED}
        with pytest.raises(ConfigurationError, match=r"pipeline\.wrap_client\(client\)"):
            Pipeline(output=[PII()]).wrap(stream)(model="m", **more)
    assert seen == []
