"""Gemini contents and responses, as dictionaries in either case and as objects of no SDK."""

from __future__ import annotations

from enum import Enum
from types import SimpleNamespace as Node
from typing import Any

import pytest

from genai_guard.clients import ask_again, chunk_client, reply_client, request_client
from genai_guard.clients.gemini import GEMINI
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.messages import Medium, Usage


class Finish(Enum):
    STOP = "STOP"


def said(*parts: dict[str, Any], finish: str | None = "STOP", **beside: Any) -> dict[str, Any]:
    candidate = {"index": 0, "content": {"role": "model", "parts": list(parts)}, "finish_reason": finish, **beside}
    return {"candidates": [candidate], "model_version": "g-3"}


def guarded(reply: Any) -> Any:
    assert reply_client(reply) is GEMINI
    texts = [part.text.replace("SECRET", "[S]") for part in GEMINI.read_reply(reply).parts]
    return GEMINI.write_reply(reply, texts)


def sent(contents: Any, config: Any = None) -> tuple[Any, Any]:
    kwargs = {"contents": contents} if config is None else {"contents": contents, "config": config}
    reader = request_client(contents, kwargs)
    assert reader is GEMINI
    parts = reader.read_request(contents, kwargs).parts
    return reader.write_request(contents, kwargs, [part.text.replace("SECRET", "[S]") for part in parts])


CALL = {"function_call": {"name": "send", "args": {"to": "SECRET"}}}
IMAGE = {"inline_data": {"mime_type": "image/png", "data": b"SECRET"}}


@pytest.mark.parametrize(
    ("contents", "after"),
    [
        ("I am SECRET", "I am [S]"),
        (["I am SECRET", IMAGE], ["I am [S]", IMAGE]),
        ({"text": "SECRET"}, {"text": "[S]"}),
        ({"parts": [{"text": "SECRET"}, IMAGE]}, {"parts": [{"text": "[S]"}, IMAGE]}),
        ([["SECRET", "b"], {"parts": ["SECRET"]}], [["[S]", "b"], {"parts": ["[S]"]}]),
        (
            [{"role": "model", "parts": [CALL, {"functionCall": {"name": "ping"}}]}],
            [
                {
                    "role": "model",
                    "parts": [
                        {"function_call": {"name": "send", "args": {"to": "[S]"}}},
                        {"functionCall": {"name": "ping"}},
                    ],
                }
            ],
        ),
        (
            [{"role": "user", "parts": [{"functionResponse": {"name": "send", "response": {"result": "SECRET"}}}]}],
            [{"role": "user", "parts": [{"functionResponse": {"name": "send", "response": {"result": "[S]"}}}]}],
        ),
    ],
)
def test_contents_of_every_form_are_guarded(contents: Any, after: Any) -> None:
    assert sent(contents)[0] == after


@pytest.mark.parametrize("name", ["system_instruction", "systemInstruction"])
@pytest.mark.parametrize("system", ["SECRET", {"parts": [{"text": "SECRET"}]}, ["SECRET"]])
def test_the_system_instruction_is_guarded_beside_a_plain_text(name: str, system: Any) -> None:
    kwargs = {"contents": "hi", "config": {name: system, "max_output_tokens": 9}, "model": "g"}
    request = GEMINI.read_request("hi", kwargs)
    assert [part.role for part in request.parts] == ["system", "user"]
    assert (request.model, request.max_tokens) == ("g", 9)
    contents, after = sent("hi", kwargs["config"])
    assert (contents, "SECRET" in str(after), "[S]" in str(after)) == ("hi", False, True)
    assert "SECRET" in str(kwargs)


def test_roles_kinds_and_tools_are_told_apart() -> None:
    contents = [
        {"role": "user", "parts": [{"text": "a"}]},
        {"role": "model", "parts": [{"text": "b", "thought": True}, CALL, {"executable_code": {"code": "c"}}]},
        {"role": "user", "parts": [{"function_response": {"name": "send", "response": {"d": 1}}}]},
        {"role": "model", "parts": [{"code_execution_result": {"output": "e"}}]},
    ]
    assert [(p.text, p.role, p.kind, p.name) for p in GEMINI.read_request(contents, {}).parts] == [
        ("a", "user", "text", ""),
        ("b", "assistant", "reasoning", ""),
        ('{"to": "SECRET"}', "assistant", "arguments", "send"),
        ("c", "assistant", "arguments", ""),
        ('{"d": 1}', "tool", "result", "send"),
        ("e", "tool", "result", ""),
    ]


def test_an_object_that_is_no_part_is_passed_on_unread() -> None:
    picture = Node(text={"Comment": "SECRET"}, format="PNG")
    picture.itself = picture
    assert sent(["hi", picture])[0][1] is picture


def test_media_are_seen_wherever_they_stand() -> None:
    sound = {"file_data": {"mime_type": "audio/wav", "file_uri": "u"}}
    result = {
        "functionResponse": {"name": "f", "response": {}, "parts": [{"inlineData": {"mimeType": "application/pdf"}}]}
    }
    contents = [{"parts": [IMAGE, "a", sound]}, {"parts": [result]}, Node(format="PNG")]
    assert GEMINI.read_request(contents, {"contents": contents}).media == (
        Medium("image", "contents[0].parts[0].inline_data"),
        Medium("audio", "contents[0].parts[2].file_data"),
        Medium("file", "contents[1].parts[0].function_response.parts[0].inline_data"),
        Medium("image", "contents[2]"),
    )


def test_contents_are_known_by_their_parts_and_messages_stay_messages() -> None:
    assert request_client([{"role": "user", "parts": [{"text": "a"}]}], {}) is GEMINI
    assert request_client([{"role": "user", "content": "a"}], {}) is OPENAI_CHAT
    assert request_client([{"role": "user", "parts": [{"type": "text", "text": "a"}]}], {}) is OPENAI_CHAT


def test_texts_beside_each_other_are_one_text() -> None:
    reply = said(
        {"text": "I am SEC"}, {"text": "RET."}, CALL, {"text": "Bye"}, IMAGE, {"text": "SECRET", "thought": True}
    )
    assert [part.text for part in GEMINI.read_reply(reply).parts] == [
        "I am SECRET.",
        '{"to": "SECRET"}',
        "Bye",
        "SECRET",
    ]
    assert guarded(reply)["candidates"][0]["content"]["parts"] == [
        {"text": "I am [S]."},
        {"function_call": {"name": "send", "args": {"to": "[S]"}}},
        {"text": "Bye"},
        IMAGE,
        {"text": "[S]", "thought": True},
    ]


def test_an_unchanged_reply_is_the_very_same() -> None:
    reply = said(
        {"text": "a"}, {"text": "b"}, CALL | {"function_call": {"name": "x", "args": {}}}, grounding_metadata={}
    )
    assert guarded(reply) is reply


def test_an_edit_takes_along_what_would_tell_the_old_text() -> None:
    grounding = {"grounding_supports": [{"segment": {"text": "SECRET"}}], "web_search_queries": ["who is SECRET"]}
    reply = said({"text": "SECRET"}, logprobs_result={"chosen": "SECRET"}, grounding_metadata=grounding)
    reply |= {"sdk_http_response": {"headers": {"a": "b"}, "body": "SECRET"}, "parsed": {"name": "SECRET"}}
    after = guarded(reply)
    assert "SECRET" not in str(after)
    assert after["candidates"][0]["grounding_metadata"]["web_search_queries"] == ["who is [S]"]
    assert after["sdk_http_response"]["headers"] == {"a": "b"}
    assert guarded(said({"text": '{"a": "SECRET"}'}) | {"parsed": {"a": "SECRET"}})["parsed"] == {"a": "[S]"}


def test_what_the_model_said_while_functions_ran_is_guarded() -> None:
    history = [{"role": "user", "parts": [{"text": "SECRET"}]}, {"role": "model", "parts": [CALL]}]
    after = guarded(said({"text": "a"}) | {"automatic_function_calling_history": history})
    mine, its = after["automatic_function_calling_history"]
    assert mine is history[0]
    assert "SECRET" not in str(its)


@pytest.mark.parametrize("camel", [False, True])
def test_usage_model_and_finish_reason_are_read(camel: bool) -> None:
    usage = {
        "prompt_token_count": 10,
        "tool_use_prompt_token_count": 2,
        "candidates_token_count": 5,
        "thoughts_token_count": 3,
        "cached_content_token_count": 4,
    }
    names = {name: name.split("_")[0] + "".join(w.title() for w in name.split("_")[1:]) for name in usage}
    reply: dict[str, Any] = said({"text": "a"}) | {"usage_metadata": usage}
    if camel:
        counted = {names[name]: count for name, count in usage.items()}
        content = {"role": "model", "parts": [{"text": "a"}]}
        candidates = [{"content": content, "finishReason": "STOP"}]
        reply = {"candidates": candidates, "modelVersion": "g-3", "usageMetadata": counted}
    answer = GEMINI.read_reply(reply)
    assert (answer.usage, answer.model, answer.finish_reason) == (Usage(12, 8, 4, 3), "g-3", "STOP")


def test_a_refused_prompt_says_why() -> None:
    refused = Node(candidates=None, prompt_feedback=Node(block_reason="PROHIBITED_CONTENT"), usage_metadata=None)
    assert reply_client(refused) is GEMINI
    assert GEMINI.read_reply(refused)[0::3] == ((), "PROHIBITED_CONTENT")
    candidate = Node(content=None, finish_reason=Finish.STOP)
    assert GEMINI.read_reply(Node(candidates=[candidate])).finish_reason == "STOP"


def test_a_candidate_whose_fields_have_moved_is_not_read() -> None:
    assert not GEMINI.reads_reply({"candidates": [{"content": {"segments": ["SECRET"]}}]})
    assert not GEMINI.reads_reply({"candidates": [{"message": "SECRET"}]})


def test_held_text_goes_out_before_a_call_and_with_the_finish_reason(replay: Any) -> None:
    chunks = [
        said({"text": "I am SEC"}, finish=None),
        said({"text": "SE"}, CALL, {"text": "SEC"}, finish=None),
        said({"text": "RET SE"}, finish="CONTINUATION"),
        said({"text": ""}, {"text": "", "thought_signature": b"s"}),
    ]
    stream = chunk_client(chunks[0]).open_stream()
    out = replay(stream, chunks)
    parts = [[part.get("text", "call") for part in c["candidates"][0]["content"]["parts"]] for c in out]
    assert parts == [["I am "], ["SEC", "SE", "call", ""], ["[S] "], ["", "", "SE"]]
    assert "SECRET" not in str(out)
    assert stream.reply().finish_reason == "STOP"


def test_a_stream_that_breaks_off_hands_out_what_was_held(replay: Any) -> None:
    chunks = [
        said({"text": "a SEC"}, finish=None, grounding_metadata={"grounding_supports": [{"segment": {"text": "x"}}]})
    ]
    out = replay(GEMINI.open_stream(), chunks)
    assert [c["candidates"][0]["content"]["parts"] for c in out] == [[{"text": "a "}], [{"text": "SEC"}]]
    assert out[0]["candidates"][0]["grounding_metadata"]["grounding_supports"] is None


def test_a_stream_whose_first_chunk_has_nothing_but_usage_is_read() -> None:
    first = {"usage_metadata": {"prompt_token_count": 3}}
    assert chunk_client(first) is GEMINI
    reader = GEMINI.open_stream()
    assert reader.read(first) == []
    assert reader.reply().usage == Usage(3, 0)


def test_the_model_is_asked_again_with_two_turns_more() -> None:
    reply = GEMINI.read_reply(said({"text": "no json"})).parts
    after, _ = ask_again(GEMINI, "hi", {}, reply, "Reply with JSON.") or ("", {})
    assert after == [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [{"text": "no json"}]},
        {"role": "user", "parts": [{"text": "Reply with JSON."}]},
    ]


def test_a_system_prompt_of_a_variant_goes_to_the_config() -> None:
    assert GEMINI.with_system("hi", {}, "Be brief.") == ("hi", {"config": {"system_instruction": "Be brief."}})
    kwargs = {"config": {"systemInstruction": "old", "temperature": 0}}
    assert GEMINI.with_system("hi", kwargs, "new")[1] == {"config": {"systemInstruction": "new", "temperature": 0}}
