from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.messages import Usage

Chunk = dict[str, Any]


def chunk(delta: Any, *, index: int = 0, finish: str | None = None, **extra: Any) -> Chunk:
    choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": extra.pop("logprobs", None)}
    return {"object": "chat.completion.chunk", "model": "m", "choices": [choice], "usage": None, **extra}


def call(arguments: str | None, *, index: int = 0, **first: Any) -> dict[str, Any]:
    function = {"arguments": arguments} | ({"name": first["name"]} if "name" in first else {})
    item = {"index": index, "function": function}
    return {"tool_calls": [item | ({"id": first["id"], "type": "function"} if "id" in first else {})]}


def joined(chunks: Iterable[Any]) -> dict[str, str]:
    """Add up the deltas as a consumer does: strings by place, list items by index."""
    out: dict[str, str] = defaultdict(str)

    def add(where: str, value: Any) -> None:
        if isinstance(value, str):
            out[where] += value
        elif isinstance(value, list):
            for item in value:
                add(f"{where}[{item['index']}]", item)
        elif isinstance(value, dict):
            for name, item in value.items():
                if name not in {"index", "type"}:
                    add(f"{where}.{name}", item)

    for one in chunks:
        for choice in one["choices"]:
            add(f"{choice['index']}", choice["delta"])
    return dict(out)


def pieces(text: str, sizes: list[int]) -> list[str]:
    out: list[str] = []
    while text:
        size = sizes[len(out) % len(sizes)]
        out.append(text[:size])
        text = text[size:]
    return out


WORDS = st.text(alphabet="SECRT x{", max_size=12).map(lambda text: text.replace("x", "SECRET"))
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@st.composite
def streams(draw: st.DrawFn) -> list[Chunk]:
    """Draw a reply of two choices and two tool calls, cut and interleaved in any way."""
    sizes = draw(SIZES)

    def cut(**place: Any) -> list[Chunk]:
        return [chunk({"content": piece}, **place) for piece in pieces(draw(WORDS), sizes)]

    def cut_call(index: int, name: str) -> list[Chunk]:
        first = chunk(call("", id=f"c{index}", name=name, index=index))
        return [first, *[chunk(call(piece, index=index)) for piece in pieces(draw(WORDS), sizes)]]

    reasoning = [chunk({"reasoning_content": piece}) for piece in pieces(draw(WORDS), sizes)]
    texts = [cut(), cut(index=1), reasoning, cut_call(0, "send") + cut_call(1, "mail")]
    chunks = [chunk({"role": "assistant", "content": None}), chunk({"role": "assistant", "content": ""}, index=1)]
    while any(texts):
        chunks.append(draw(st.sampled_from([text for text in texts if text])).pop(0))
    return [*chunks, chunk({}, finish="tool_calls"), chunk({}, index=1, finish="stop")]


@given(streams())
def test_every_text_is_guarded_as_if_it_were_whole(replay: Any, chunks: list[Chunk]) -> None:
    before = copy.deepcopy(chunks)

    out = replay(OPENAI_CHAT.open_stream(), chunks)

    expected = {where: text.replace("SECRET", "[S]") for where, text in joined(before).items() if text}
    assert {where: text for where, text in joined(out).items() if text} == expected
    assert chunks == before
    for index, finish in enumerate(["tool_calls", "stop"]):
        finishes = [one["choices"][0]["finish_reason"] for one in out if one["choices"][0]["index"] == index]
        assert finishes == [None] * (len(finishes) - 1) + [finish]


@given(WORDS, SIZES, st.sampled_from(["content", "refusal", "reasoning"]))
def test_a_stream_that_ends_without_saying_so_loses_nothing(
    replay: Any, text: str, sizes: list[int], field: str
) -> None:
    chunks = [chunk({field: piece}) for piece in pieces(text, sizes)]
    out = replay(OPENAI_CHAT.open_stream(), chunks)
    assert joined(out).get(f"0.{field}", "") == text.replace("SECRET", "[S]")


def test_usage_model_and_finish_reason_are_gathered(replay: Any) -> None:
    stream = OPENAI_CHAT.open_stream()
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    last = {"object": "chat.completion.chunk", "model": "m", "choices": [], "usage": usage}

    out = replay(stream, [{"choices": [], "model": "m"}, chunk({"content": "hi"}), chunk({}, finish="length"), last])

    assert out[-1] is last
    answer = stream.reply()
    assert (answer.parts, answer.usage, answer.model, answer.finish_reason) == ((), Usage(3, 4), "m", "length")


def test_deltas_tell_their_place_kind_and_tool() -> None:
    stream = OPENAI_CHAT.open_stream()
    stream.read(chunk(call("", id="c1", name="send", index=2), index=1))
    (delta,) = stream.read(chunk(call('{"a', index=2), index=1))
    assert (delta.kind, delta.name, delta.final) == ("arguments", "send", False)
    assert delta.where == "response.choices[1].message.tool_calls[2].function.arguments"
    (content,) = stream.read(chunk({"content": "hi"}, finish="stop"))
    assert (content.where, content.kind, content.final) == ("response.choices[0].message.content", "text", True)


def test_a_finish_reason_closes_the_texts_of_its_choice_alone() -> None:
    stream = OPENAI_CHAT.open_stream()
    for index in (0, 1):
        stream.read(chunk({"content": "hi"}, index=index))
    deltas = stream.read(chunk({}, index=1, finish="stop"))
    assert [(delta.where, delta.text, delta.final) for delta in deltas] == [
        ("response.choices[1].message.content", "", True)
    ]


def test_what_was_held_back_comes_before_the_finish_reason_in_a_chunk_of_its_own(replay: Any) -> None:
    finish = chunk({}, finish="stop", usage={"prompt_tokens": 1, "completion_tokens": 1})
    out = replay(OPENAI_CHAT.open_stream(), [chunk({"role": "assistant", "content": "a SEC"}), finish])

    assert out == [chunk({"role": "assistant", "content": "a "}), chunk({"role": None, "content": "SEC"}), finish]


def test_a_chunk_for_late_text_does_not_count_its_tokens_again(replay: Any) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    out = replay(OPENAI_CHAT.open_stream(), [chunk({"content": "a SEC"}, usage=usage), chunk({}, finish="stop")])
    assert [one["usage"] for one in out] == [usage, None, None]


def test_every_text_of_a_choice_is_read_whatever_it_is_called(replay: Any) -> None:
    both = chunk({"content": "SECRET"})
    both["choices"][0] |= {"text": "SECRET", "message": {"content": "SECRET"}}
    assert "SECRET" not in str(replay(OPENAI_CHAT.open_stream(), [both, chunk({}, finish="stop")]))


def test_text_beside_a_finish_reason_stays_beside_it(replay: Any) -> None:
    out = replay(OPENAI_CHAT.open_stream(), [chunk({"content": "SEC"}), chunk({"content": "RET"}, finish="stop")])
    assert out == [chunk({"content": "[S]"}, finish="stop")]


def test_a_chunk_of_nothing_but_held_text_is_left_out(replay: Any) -> None:
    out = replay(OPENAI_CHAT.open_stream(), [chunk({"content": "SEC"}), chunk({"content": "x"})])
    assert out == [chunk({"content": "SECx"})]


@pytest.mark.parametrize(
    "kept",
    [
        chunk({"role": "assistant", "content": "SEC"}),
        chunk({"content": "SEC"}, usage={"prompt_tokens": 1}),
        chunk({"content": "SEC", "audio": {"id": "a", "data": "AA"}}),
        chunk(call("SEC", id="c1", name="f")),
    ],
)
def test_a_chunk_that_says_something_besides_is_kept_without_its_text(replay: Any, kept: Chunk) -> None:
    out = replay(OPENAI_CHAT.open_stream(), [kept, chunk({}, finish="stop")])
    assert out[0] == json.loads(json.dumps(kept).replace('"SEC"', '""'))
    assert len(out) == 3


def test_a_late_piece_of_a_tool_call_does_not_repeat_its_name(replay: Any) -> None:
    chunks = [chunk(call("SEC", id="c1", name="send")), chunk({}, finish="tool_calls")]
    assert joined(replay(OPENAI_CHAT.open_stream(), chunks)) == {
        "0.tool_calls[0].id": "c1",
        "0.tool_calls[0].function.name": "send",
        "0.tool_calls[0].function.arguments": "SEC",
    }


def test_calls_under_one_index_are_told_apart_by_their_identifiers(replay: Any) -> None:
    chunks = [
        chunk(call('{"a": "SE', id="c1", name="f")),
        chunk(call('CRET"}SEC', id="c1")),
        chunk(call("RET", id="c2", name="g")),
    ]
    out = replay(OPENAI_CHAT.open_stream(), [*chunks, chunk({}, finish="tool_calls")])

    arguments: dict[str, str] = defaultdict(str)
    now = ""
    for one in out:
        for item in one["choices"][0]["delta"].get("tool_calls", []):
            now = item.get("id") or now
            arguments[now] += item["function"]["arguments"]
    assert arguments == {"c1": '{"a": "[S]"}SEC', "c2": "RET"}


def test_text_after_the_finish_reason_is_another_text() -> None:
    stream = OPENAI_CHAT.open_stream()
    (before,) = stream.read(chunk({"content": "SEC"}, finish="stop"))
    (after,) = stream.read(chunk({"content": "RET"}))
    assert before.final
    assert after.channel != before.channel


@pytest.mark.parametrize("finish", ["", None])
def test_an_empty_finish_reason_is_none(replay: Any, finish: str | None) -> None:
    out = replay(
        OPENAI_CHAT.open_stream(), [chunk({"content": "SEC"}, finish=finish), chunk({"content": "RET"}, finish=finish)]
    )
    assert joined(out) == {"0.content": "[S]"}


def test_token_probabilities_leave_with_the_text_they_spell(replay: Any) -> None:
    def spelled(text: str) -> Chunk:
        return chunk({"content": text}, logprobs={"content": [{"token": text}]})

    out = replay(OPENAI_CHAT.open_stream(), [spelled("a SEC"), spelled("RET"), spelled("plain")])
    assert [one["choices"][0]["logprobs"] for one in out] == [None, None, {"content": [{"token": "plain"}]}]
    assert "SEC" not in str(out)


def test_content_in_parts_is_joined_like_a_string(replay: Any) -> None:
    chunks = [chunk({"content": [{"type": "text", "text": piece}]}) for piece in ("a SEC", "RET b")]
    out = replay(OPENAI_CHAT.open_stream(), chunks)
    assert "".join(one["choices"][0]["delta"]["content"][0]["text"] for one in out) == "a [S] b"


def test_the_older_completions_stream_too(replay: Any) -> None:
    chunks = [
        {"object": "text_completion", "choices": [{"index": 0, "text": text, "finish_reason": None}]}
        for text in ("SEC", "RET.")
    ]
    assert OPENAI_CHAT.reads_chunk(chunks[0])
    out = replay(OPENAI_CHAT.open_stream(), chunks)
    assert [one["choices"][0]["text"] for one in out] == ["[S]."]


@pytest.mark.parametrize(
    "other", ["a SECRET b", {"error": {"content": "a SECRET b"}}, {"choices": None, "content": "a SECRET b"}]
)
def test_what_is_no_such_chunk_is_guarded_as_a_whole(replay: Any, other: Any) -> None:
    (out,) = replay(OPENAI_CHAT.open_stream(), [other])
    if other != {"error": {"content": "a SECRET b"}}:
        assert "SECRET" not in str(out)
        assert type(out) is type(other)


def test_objects_are_read_and_copied_like_dictionaries(replay: Any) -> None:
    def objects(value: Any) -> Any:
        return json.loads(json.dumps(value), object_hook=lambda known: SimpleNamespace(**known))

    chunks = [chunk({"role": "assistant", "content": "a SEC"}), chunk(call("SECRET")), chunk({}, finish="stop")]
    before = [objects(one) for one in chunks]

    out = replay(OPENAI_CHAT.open_stream(), before)

    assert out == [objects(one) for one in replay(OPENAI_CHAT.open_stream(), chunks)]
    assert before == [objects(one) for one in chunks]
