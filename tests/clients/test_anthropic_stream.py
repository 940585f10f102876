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

from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.messages import Usage

Event = dict[str, Any]

START: Event = {
    "type": "message_start",
    "message": {
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "usage": {"input_tokens": 3, "output_tokens": 1, "cache_read_input_tokens": 4},
    },
}
END: list[Event] = [
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 7, "input_tokens": None},
    },
    {"type": "message_stop"},
]
BLOCKS: dict[str, Event] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
    "partial_json": {"type": "tool_use", "id": "t", "name": "send", "input": {}},
}


def start(key: str, index: int = 0, **fields: Any) -> Event:
    return {"type": "content_block_start", "index": index, "content_block": BLOCKS[key] | fields}


def delta(key: str, text: str, index: int = 0) -> Event:
    kind = {"partial_json": "input_json_delta"}.get(key, f"{key}_delta")
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: text}}


def signature(index: int = 0) -> Event:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "signature_delta", "signature": "c2ln"}}


def stop(index: int = 0) -> Event:
    return {"type": "content_block_stop", "index": index}


def joined(events: Iterable[Any]) -> dict[int, str]:
    """Add up each block as a consumer does, and check that the events of a block come in order."""
    out: dict[int, str] = defaultdict(str)
    state: dict[int, str] = {}
    for event in events:
        index = event.get("index")
        match event["type"]:
            case "content_block_start":
                assert index not in state
                state[index] = "open"
                block = event["content_block"]
                out[index] += block.get("text", "") + block.get("thinking", "")
            case "content_block_delta":
                assert state[index] == "open"
                piece = event["delta"]
                out[index] += piece.get("text", "") + piece.get("thinking", "") + piece.get("partial_json", "")
            case "content_block_stop":
                assert state[index] == "open"
                state[index] = "closed"
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
def blocks(draw: st.DrawFn, index: int) -> list[Event]:
    key = draw(st.sampled_from(list(BLOCKS)))
    texts = pieces(draw(WORDS), draw(SIZES))
    head = texts.pop(0) if texts and key != "partial_json" and draw(st.booleans()) else ""
    events = [start(key, index, **({key: head} if head else {}))]
    events += [delta(key, "", index)] * draw(st.integers(0, 1))
    events += [delta(key, text, index) for text in texts]
    events += [signature(index)] if key == "thinking" and draw(st.booleans()) else []
    return [*events, stop(index)]


def test_the_start_of_a_block_whose_end_never_comes_is_handed_out(replay: Any) -> None:
    out = replay(ANTHROPIC_MESSAGES.open_stream(), [START, start("text", text="SECRET")])
    assert out == [START, start("text", text="[S]")]


@given(said=st.tuples(blocks(0), blocks(1), blocks(2)), whole=st.booleans())
def test_every_text_is_guarded_as_if_it_were_whole(replay: Any, said: tuple[list[Event], ...], *, whole: bool) -> None:
    events = [event for block in said for event in block]
    events = [START, {"type": "ping"}, *events, *END] if whole else [START, *events[:-1]]
    before = copy.deepcopy(events)

    out = replay(ANTHROPIC_MESSAGES.open_stream(), events)

    assert joined(out) == {index: text.replace("SECRET", "[S]") for index, text in joined(before).items()}
    assert events == before
    assert out[0] is START
    if whole:
        assert out[-2:] == END


def test_usage_model_and_stop_reason_are_gathered(replay: Any) -> None:
    stream = ANTHROPIC_MESSAGES.open_stream()
    replay(stream, [START, start("text"), delta("text", "hi"), stop(), *END])
    answer = stream.reply()
    assert (answer.parts, answer.usage, answer.model, answer.finish_reason) == ((), Usage(7, 7, 4), "m", "end_turn")


def test_deltas_tell_their_place_kind_and_tool() -> None:
    stream = ANTHROPIC_MESSAGES.open_stream()
    stream.read(start("partial_json", 2))
    (piece,) = stream.read(delta("partial_json", '{"a', 2))
    assert (piece.kind, piece.name, piece.where, piece.final) == (
        "arguments",
        "send",
        "response.content[2].input",
        False,
    )
    (last,) = stream.read(stop(2))
    assert (last.channel, last.text, last.final) == (piece.channel, "", True)


def test_what_was_held_back_comes_before_the_stop_in_one_more_delta(replay: Any) -> None:
    out = replay(ANTHROPIC_MESSAGES.open_stream(), [start("text"), delta("text", "a SEC"), stop(), *END])
    assert out == [start("text"), delta("text", "a "), delta("text", "SEC"), stop(), *END]


def test_a_delta_of_nothing_but_held_text_is_left_out_and_an_empty_one_is_kept(replay: Any) -> None:
    events = [
        start("partial_json"),
        delta("partial_json", ""),
        delta("partial_json", "SEC"),
        delta("partial_json", "RET"),
    ]
    out = replay(ANTHROPIC_MESSAGES.open_stream(), [*events, stop()])
    assert out == [*events[:2], delta("partial_json", "[S]"), stop()]


def test_a_block_that_begins_with_held_text_begins_later(replay: Any) -> None:
    out = replay(
        ANTHROPIC_MESSAGES.open_stream(), [start("text", text="a SEC"), delta("text", "R"), delta("text", "ET"), stop()]
    )
    assert out == [start("text", text="a "), delta("text", "[S]"), stop()]
    out = replay(ANTHROPIC_MESSAGES.open_stream(), [start("text", text="a SEC"), stop()])
    assert out == [start("text", text="a SEC"), stop()]


def test_the_signature_of_an_edited_thought_is_left_out(replay: Any) -> None:
    def thought(*texts: str) -> list[Event]:
        return [start("thinking"), *[delta("thinking", text) for text in texts], signature(), stop()]

    out = replay(ANTHROPIC_MESSAGES.open_stream(), thought("of SEC", "RET"))
    assert out == [start("thinking"), delta("thinking", "of "), delta("thinking", "[S]"), stop()]
    out = replay(ANTHROPIC_MESSAGES.open_stream(), thought("of ", "SEC"))
    assert out == [start("thinking"), delta("thinking", "of "), delta("thinking", "SEC"), signature(), stop()]
    assert replay(ANTHROPIC_MESSAGES.open_stream(), thought()) == thought()


def test_texts_that_come_whole_are_judged_by_themselves(replay: Any) -> None:
    result = {
        "type": "web_search_tool_result",
        "tool_use_id": "s",
        "content": [{"type": "web_search_result", "title": "SECRET", "url": "SECRET"}],
    }
    citation = {"type": "citations_delta", "citation": {"cited_text": "SECRET", "document_index": 0}}
    events = [
        {"type": "content_block_start", "index": 0, "content_block": result},
        stop(0),
        start("text", 1, citations=[{"cited_text": "SECRET"}]),
        {"type": "content_block_delta", "index": 1, "delta": citation},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "invented_delta", "content": "SECRET"}},
        delta("text", "plain", 1),
        stop(1),
        {"type": "invented_event", "text": {"content": "SECRET"}},
        {"type": "message_start", "message": {"content": [{"type": "text", "text": "SECRET"}]}},
        START,
    ]
    out = replay(ANTHROPIC_MESSAGES.open_stream(), events)
    assert out == json.loads(json.dumps(events).replace("SECRET", "[S]").replace('"url": "[S]"', '"url": "SECRET"'))


def test_text_after_its_end_is_another_text(replay: Any) -> None:
    stream = ANTHROPIC_MESSAGES.open_stream()
    out = replay(stream, [start("text"), delta("text", "SEC"), stop(), delta("text", "SEC"), delta("text", "RET")])
    assert [event["delta"]["text"] for event in out if event["type"] == "content_block_delta"] == ["SEC", "[S]"]


def echoed(*pieces: str) -> list[Event]:
    """Return the events that the SDK's helper fires for a block of text."""
    events: list[Event] = [start("text")]
    for at, text in enumerate(pieces):
        events += [delta("text", text), {"type": "text", "text": text, "snapshot": "".join(pieces[: at + 1])}]
    block = {"type": "text", "text": "".join(pieces), "parsed_output": {"text": "".join(pieces)}}
    message = {"type": "message", "content": [block]}
    return [*events, stop() | {"content_block": block}, {"type": "message_stop", "message": message}]


@given(WORDS, SIZES)
def test_events_that_repeat_what_was_said_repeat_what_was_handed_out(replay: Any, text: str, sizes: list[int]) -> None:
    clean = text.replace("SECRET", "[S]")
    events = echoed(*pieces(text, sizes))
    before = copy.deepcopy(events)

    out = replay(ANTHROPIC_MESSAGES.open_stream(), events)

    assert events == before
    assert joined(out) == {0: clean}
    echoes = [event for event in out if event["type"] == "text"]
    assert "".join(event["text"] for event in echoes) == clean
    said = ""
    for event in echoes:
        said += event["text"]
        assert event["snapshot"] == said
    assert out[-2]["content_block"]["text"] == clean
    assert out[-1]["message"]["content"] == [out[-2]["content_block"]]
    assert (out[-2]["content_block"]["parsed_output"] is None) is (clean != text)


def test_the_input_of_a_tool_is_repeated_as_it_was_handed_out(replay: Any) -> None:
    def echo(text: str, snapshot: object) -> list[Event]:
        return [delta("partial_json", text), {"type": "input_json", "partial_json": text, "snapshot": snapshot}]

    block = BLOCKS["partial_json"] | {"input": {"to": "SECRET"}}
    events = [
        start("partial_json"),
        *echo('{"to": "SEC', {"to": "SEC"}),
        *echo('RET"}', {"to": "SECRET"}),
        stop() | {"content_block": block},
    ]
    out = replay(ANTHROPIC_MESSAGES.open_stream(), events)
    assert [event["snapshot"] for event in out if event["type"] == "input_json"] == [{"to": ""}, {"to": "[S]"}]
    assert out[-1]["content_block"]["input"] == {"to": "[S]"}
    assert "SECRET" not in str(out)


def test_citations_and_thoughts_are_repeated_as_they_were_handed_out(replay: Any) -> None:
    cited = {"cited_text": "SECRET", "document_index": 0}
    events = [
        start("thinking"),
        delta("thinking", "SECRET"),
        {"type": "thinking", "thinking": "SECRET", "snapshot": "SECRET"},
        signature(),
        {"type": "signature", "signature": "c2ln"},
        stop() | {"content_block": {"type": "thinking", "thinking": "SECRET", "signature": "c2ln"}},
        start("text", 1),
        {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": cited}},
        {"type": "citation", "citation": cited, "snapshot": [cited]},
        delta("text", "hi", 1),
        stop(1) | {"content_block": {"type": "text", "text": "hi", "citations": [cited]}},
    ]
    out = replay(ANTHROPIC_MESSAGES.open_stream(), events)
    assert "SECRET" not in str(out)
    assert "c2ln" not in str(out)
    assert out[3]["content_block"] == {"type": "thinking", "thinking": "[S]", "signature": ""}
    assert out[-1]["content_block"]["citations"] == [{"cited_text": "[S]", "document_index": 0}]


def test_a_server_tools_result_is_repeated_as_it_was_handed_out(replay: Any) -> None:
    block = {"type": "web_search_tool_result", "content": [{"type": "web_search_result", "title": "SECRET"}]}
    begin = {"type": "content_block_start", "index": 0, "content_block": block}
    out = replay(ANTHROPIC_MESSAGES.open_stream(), [begin, stop() | {"content_block": copy.deepcopy(block)}])
    assert "SECRET" not in str(out)
    assert out[1]["content_block"] == out[0]["content_block"]


@pytest.mark.parametrize("kind", ["text", "thinking", "input_json", "citation", "signature"])
def test_a_repetition_of_nothing_does_no_harm(replay: Any, kind: str) -> None:
    event = {
        "type": kind,
        "text": "SECRET",
        "thinking": "SECRET",
        "snapshot": "x",
        "citation": {"cited_text": "SECRET"},
    }
    for out in replay(ANTHROPIC_MESSAGES.open_stream(), [event]):
        assert "SECRET" not in str(out)


def test_objects_are_read_and_copied_like_dictionaries(replay: Any) -> None:
    def objects(value: Any) -> Any:
        return json.loads(json.dumps(value), object_hook=lambda known: SimpleNamespace(**known))

    events = [
        START,
        start("text", text="SEC"),
        delta("text", "RET"),
        stop(),
        start("thinking", 1),
        delta("thinking", "SEC", 1),
        stop(1),
        *END,
    ]
    before = [objects(event) for event in events]

    out = replay(ANTHROPIC_MESSAGES.open_stream(), before)

    assert out == [objects(event) for event in replay(ANTHROPIC_MESSAGES.open_stream(), events)]
    assert before == [objects(event) for event in events]
