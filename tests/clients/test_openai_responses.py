"""OpenAI Responses: what is read of requests, replies and streams, and what is written back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls import Events
from genai_guard import Pipeline
from genai_guard.clients import chunk_client, reply_client, request_client
from genai_guard.clients.openai_responses import OPENAI_RESPONSES
from genai_guard.clients.text import TEXT
from genai_guard.guards import PII
from genai_guard.messages import Usage
from responses import call, message, reasoning, refusal, streamed, whole

MAIL = "jo.harper@example.com"
REPLY = whole(
    reasoning(f"{MAIL} is it"), message(f"Write to {MAIL} or a@b"), call(f'{{"to": "{MAIL}"}}'), refusal(f"No {MAIL}.")
)
ITEMS: list[dict[str, Any]] = [
    {"role": "user", "content": f"I am {MAIL}"},
    {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": MAIL}]},
    {
        "role": "user",
        "content": [{"type": "input_image", "image_url": f"https://{MAIL}"}, {"type": "input_text", "text": MAIL}],
    },
    reasoning(MAIL),
    call(f'{{"to": "{MAIL}"}}'),
    {"type": "function_call_output", "call_id": "call_1", "output": f"sent to {MAIL}"},
    {"type": "function_call_output", "call_id": "x", "output": [{"type": "input_text", "text": MAIL}]},
    {"type": "custom_tool_call", "call_id": "y", "name": "sh", "input": f"mail {MAIL}"},
    {"type": "item_reference", "id": MAIL},
    message(MAIL, annotations=[{"type": "url_citation", "title": MAIL, "url": "u", "start_index": 0, "end_index": 1}]),
]


def hide(texts: list[str]) -> list[str]:
    return [text.replace(MAIL, "[EMAIL]") for text in texts]


def test_every_text_of_a_request_is_read_and_written() -> None:
    kwargs = {
        "input": ITEMS,
        "model": "m",
        "max_output_tokens": 9,
        "instructions": f"be {MAIL}",
        "prompt": {"id": "p", "variables": {"who": MAIL, "what": {"type": "input_text", "text": MAIL}}},
    }
    assert request_client(ITEMS, kwargs) is OPENAI_RESPONSES
    request = OPENAI_RESPONSES.read_request(ITEMS, kwargs)
    assert [(part.role, part.kind, part.where, part.name) for part in request.parts] == [
        ("system", "text", "instructions", ""),
        ("user", "text", "prompt.variables.who", ""),
        ("user", "text", "prompt.variables.what.text", ""),
        ("user", "text", "input[0].content", ""),
        ("system", "text", "input[1].content[0].text", ""),
        ("user", "text", "input[2].content[1].text", ""),
        ("assistant", "reasoning", "input[3].summary[0].text", ""),
        ("assistant", "arguments", "input[4].arguments", "send"),
        ("tool", "result", "input[5].output", "send"),
        ("tool", "result", "input[6].output[0].text", ""),
        ("assistant", "arguments", "input[7].input", "sh"),
        ("assistant", "text", "input[9].content[0].text", ""),
        ("assistant", "text", "input[9].content[0].annotations[0].title", ""),
    ]
    assert (request.model, request.max_tokens, request.messages) == ("m", 9, 10)
    before = json.dumps([ITEMS, kwargs])
    items, rest = OPENAI_RESPONSES.write_request(ITEMS, kwargs, hide([part.text for part in request.parts]))
    unread = json.dumps([ITEMS[8], ITEMS[2]["content"][0]])
    assert json.dumps([items, {**rest, "input": None}]).count(MAIL) == unread.count(MAIL)
    assert items[3] == reasoning("[EMAIL]")
    assert json.dumps([ITEMS, kwargs]) == before


def test_items_given_by_their_place_are_known_by_a_call_or_its_output() -> None:
    assert request_client(ITEMS, {}) is OPENAI_RESPONSES
    assert request_client(ITEMS[:3], {}) is not OPENAI_RESPONSES


def test_a_plain_input_is_text_and_what_stands_beside_it_is_read_too() -> None:
    kwargs = {"input": MAIL, "instructions": MAIL, "prompt": {"id": "p", "variables": {"who": MAIL}}}
    assert request_client(MAIL, kwargs) is TEXT
    parts = TEXT.read_request(MAIL, kwargs).parts
    assert [part.where for part in parts] == ["instructions", "prompt.variables.who", ""]
    text, rest = TEXT.write_request(MAIL, kwargs, ["a", "b", "c"])
    assert (text, rest["instructions"], rest["prompt"]) == ("c", "a", {"id": "p", "variables": {"who": "b"}})


def test_every_text_of_a_reply_is_read_and_written() -> None:
    tools: list[dict[str, Any]] = [
        {"id": "w", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": MAIL}},
        {"id": "i", "type": "code_interpreter_call", "code": MAIL, "outputs": [{"type": "logs", "logs": MAIL}]},
        {
            "id": "f",
            "type": "file_search_call",
            "queries": [MAIL],
            "results": [{"text": MAIL, "attributes": {"a": MAIL}}],
        },
        {"id": "m", "type": "mcp_call", "name": "t", "arguments": MAIL, "output": MAIL, "error": MAIL},
        {"id": "s", "type": "shell_call", "call_id": "c", "action": {"commands": [MAIL]}},
        {"id": "o", "type": "shell_call_output", "call_id": "c", "output": [{"stdout": MAIL, "stderr": MAIL}]},
        {"id": "l", "type": "local_shell_call", "call_id": "d", "action": {"type": "exec", "command": ["echo", MAIL]}},
        {"id": "p", "type": "apply_patch_call", "operation": {"type": "create_file", "path": "x", "diff": MAIL}},
        {"id": "t", "type": "tool_search_call", "arguments": {"goal": MAIL}},
        {"id": "c", "type": "custom_tool_call", "name": "n", "call_id": "e", "input": MAIL},
        {"id": "a", "type": "a_kind_of_tomorrow", "text": MAIL},
    ]
    reply = whole(*REPLY["output"], *tools, error={"code": "server_error", "message": MAIL})
    assert reply_client(reply) is OPENAI_RESPONSES
    read = OPENAI_RESPONSES.read_reply(reply)
    assert ("response.output[2].arguments", "arguments", "send") in [(p.where, p.kind, p.name) for p in read.parts]
    assert ("response.output[9].output[0].stdout", "result", "shell") in [(p.where, p.kind, p.name) for p in read.parts]
    after = OPENAI_RESPONSES.write_reply(reply, hide([part.text for part in read.parts]))
    assert MAIL not in json.dumps(after)
    assert after["output"][12]["arguments"] == {"goal": "[EMAIL]"}
    assert (read.usage, read.model, read.finish_reason) == (Usage(11, 22, 5, 6), "m-2", "completed")


def test_a_reply_that_was_cut_off_says_why() -> None:
    reply = whole(message("a"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}, usage=None)
    read = OPENAI_RESPONSES.read_reply(reply)
    assert (read.usage, read.finish_reason) == (None, "max_output_tokens")


def test_asking_again_adds_a_turn_of_the_model_and_one_of_the_user() -> None:
    items, _ = OPENAI_RESPONSES.ask_again(ITEMS[:1], {}, OPENAI_RESPONSES.read_reply(whole(message("a"))).parts, "no")
    assert items == [ITEMS[0], {"role": "assistant", "content": "a"}, {"role": "user", "content": "no"}]


# --- streams ----------------------------------------------------------------------------------------------------------


PIPELINE = Pipeline(output=[PII()])


@PIPELINE
def ask(prompt: str, events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from events


@PIPELINE
def ask_whole(prompt: str, reply: dict[str, Any]) -> dict[str, Any]:
    return reply


def guarded(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(ask("hi", events))


def joined(events: list[dict[str, Any]]) -> dict[tuple[Any, ...], str]:
    texts: dict[tuple[Any, ...], str] = {}
    for event in events:
        if event["type"].endswith(".delta") and isinstance(event["delta"], str) and "output_index" in event:
            key = (event["type"].removesuffix(".delta"), event["output_index"])
            texts[key] = texts.get(key, "") + event["delta"]
    return texts


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from([MAIL, "a@b", " ", "jo.", "é", "4111 1111 1111 1111", "x" * 40]), max_size=6).map("".join),
    st.integers(1, 9),
)
def test_a_guarded_stream_says_what_the_guarded_whole_says(text: str, size: int) -> None:
    reply = whole(reasoning(f"t{text}"), message(f"m{text}"), call(json.dumps({"to": text})), refusal(f"r{text}"))
    expected = ask_whole("hi", reply)
    out = guarded(streamed(reply, size=size))

    assert out[-1]["response"] == expected
    assert [event["sequence_number"] for event in out] == list(range(len(out)))
    assert joined(out) == joined(streamed(expected))
    assert [event for event in out if event["type"].endswith("done")] == [
        {**event, "sequence_number": one["sequence_number"]}
        for event, one in zip(
            [event for event in streamed(expected) if event["type"].endswith("done")],
            [event for event in out if event["type"].endswith("done")],
            strict=True,
        )
    ]


def test_no_event_of_a_guarded_stream_holds_a_text_in_any_place() -> None:
    out = guarded(streamed(REPLY, size=3))
    assert MAIL not in json.dumps(out)
    assert all(
        "".join(token["token"] for token in event.get("logprobs", ())) in event.get("delta", "") for event in out
    )


def test_the_event_of_a_stream_has_each_text_once() -> None:
    events = Events()
    pipeline = Pipeline(output=[PII()], recorder=events)
    list(pipeline(lambda prompt: iter(streamed(REPLY)))("hi"))
    pipeline(lambda prompt: REPLY)("hi")
    stream, one = events
    assert sorted(part.text for part in stream.response) == sorted(part.text for part in one.response)
    assert (stream.usage, stream.finish_reason) == (one.usage, one.finish_reason) == (Usage(11, 22, 5, 6), "completed")
    assert len(stream.verdicts) == len(one.verdicts)


def test_an_unchanged_stream_is_handed_out_as_it_is() -> None:
    events = streamed(whole(message("nothing to see"), call("{}")))
    out = list(Pipeline()(lambda prompt: iter(events))("hi"))
    assert all(one is other for one, other in zip(out, events, strict=True))


def test_a_stream_that_ends_too_soon_gives_what_it_held() -> None:
    events = [event for event in streamed(whole(message("I am jo.harp"))) if "done" not in event["type"]][:-1]
    out = guarded(events)
    assert joined(out) == {("response.output_text", 0): "I am jo.harp"}
    assert [event["sequence_number"] for event in out] == sorted({event["sequence_number"] for event in out})


@pytest.mark.parametrize(
    "without",
    [
        ("delta",),
        ("delta", "done"),
        ("output_text.done",),
        ("output_text.done", "content_part.done", "item.done"),
        ("added",),
    ],
    ids=" ".join,
)
def test_a_server_that_leaves_events_out_is_guarded_all_the_same(without: tuple[str, ...]) -> None:
    out = guarded([event for event in streamed(REPLY) if not event["type"].endswith(without)])
    assert MAIL not in json.dumps(out)
    assert out[-1]["response"]["output"][1] == message("Write to [EMAIL] or a@b")
    assert all("[EMAIL]" in text for text in joined(out).values())


def test_events_of_tomorrow_are_joined_and_judged() -> None:
    about: dict[str, Any] = {"output_index": 0, "item_id": "x"}
    events: list[dict[str, Any]] = [
        *({"type": "response.poem.delta", "delta": piece, **about} for piece in ("I am jo.harper@exa", "mple.com, ")),
        *(
            {"type": "response.shell_call_output_content.delta", "delta": {"stdout": piece}, **about}
            for piece in ("jo.harper@exa", "mple.com ")
        ),
        {"type": "response.poem.done", "text": f"I am {MAIL}, ", **about},
        {"type": "response.thing", "text": MAIL},
        {"type": "response.audio.delta", "delta": "am8uaGFycGVy"},
        {"type": "error", "code": "x", "message": MAIL},
    ]
    out = guarded(events)
    assert MAIL not in json.dumps(out)
    assert joined(out)[("response.poem", 0)] == "I am [EMAIL], "
    assert events[-2] in out


def test_the_first_event_decides_the_reader() -> None:
    assert isinstance(chunk_client(streamed(REPLY)[0]), type(OPENAI_RESPONSES))


def test_a_helpers_snapshots_say_what_was_handed_out() -> None:
    heard = ""
    events: list[Mapping[str, Any]] = []
    for event in streamed(whole(message(f"I am {MAIL}, hello"))):
        heard += event["delta"] if event["type"].endswith("delta") else ""
        events.append({**event, "snapshot": heard} if event["type"].endswith("delta") else event)
    out = guarded([dict(event) for event in events])
    assert MAIL not in json.dumps(out)
    assert [event["snapshot"] for event in out if "snapshot" in event][-1] == "I am [EMAIL], hello"
