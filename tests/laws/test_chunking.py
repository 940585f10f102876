"""Law 1, through the pipeline: for every guard, action, shape and cut, a stream says what the whole says.

And whatever it has said by then, it could not know what would follow: it has released nothing that might still be
part of a match.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ComponentFailed, GuardBlocked, Pipeline
from genai_guard.guards import BlockedPatterns, Secrets
from genai_guard.verdicts import Verdict
from guards.keys import made
from laws.guarded import GUARDS, Guarded, arguments, cut, examples, guarded, texts
from laws.shapes import SHAPES, Ending, Shape, ask, ask_streamed

KINDS = {
    "text": ("generator", "async generator"),
    "chat": ("generator", "async generator", "def stream", "async def stream"),
    "message": ("def stream", "async def stream"),
}
EDITING = [row for row in GUARDS if not row.endswith("block")]
BLOCKING = [row for row in GUARDS if row.endswith("block")]


def drawn(data: st.DataObject, shape: Shape) -> tuple[dict[str, str], list[Any]]:
    """Draw the texts of an answer, and its chunks."""
    said = {place: data.draw(arguments() if "arguments" in place else texts()) for place in shape.places}
    pieces = {place: data.draw(cut(text)) for place, text in said.items()}
    return said, shape.chunks(pieces, Random(data.draw(st.integers(0, 99))))


def told(ending: Ending) -> list[tuple[Any, ...]]:
    """Write down what the guards found; the order of the texts is that of their arrival in a stream.

    A whole message holds arguments as values: where something stands in them depends on how they are written.
    """
    return sorted(map(_told, ending.event.verdicts))


def _told(verdict: Verdict) -> tuple[Any, ...]:
    findings = sorted(
        (f.where, *((0, 0) if f.where.endswith(".input") else (f.start, f.end)), f.rule, f.category, f.score, f.guard)
        for f in verdict.findings
    )
    return verdict.guard, str(verdict.action), verdict.mode, verdict.error, findings


def comparable(ending: Ending, name: str) -> dict[str, Any]:
    """Return the texts; arguments of a message as values, because that is what a whole message holds."""
    return {
        place: json.loads(text) if name == "message" and "arguments" in place else text
        for place, text in ending.texts.items()
        if text
    }


@pytest.mark.parametrize("row", EDITING)
@pytest.mark.parametrize("name", SHAPES)
@examples(24)
@given(data=st.data())
def test_a_stream_says_what_the_whole_says(name: str, row: str, data: st.DataObject) -> None:
    shape, around = SHAPES[name], guarded(*GUARDS[row])
    said, chunks = drawn(data, shape)
    whole = ask(around.pipeline, around.events, shape, said)
    streamed = ask_streamed(around.pipeline, around.events, shape, chunks, kind=data.draw(st.sampled_from(KINDS[name])))
    assert comparable(streamed, name) == comparable(whole, name)
    assert told(streamed) == told(whole)
    assert (streamed.event.status, whole.event.status) == ("ok", "ok")


@pytest.mark.parametrize("row", BLOCKING)
@pytest.mark.parametrize("name", SHAPES)
@examples(24)
@given(data=st.data())
def test_a_block_in_mid_stream_comes_before_what_is_forbidden(name: str, row: str, data: st.DataObject) -> None:
    shape, around = SHAPES[name], guarded(*GUARDS[row])
    said, chunks = drawn(data, shape)
    whole = ask(around.pipeline, around.events, shape, said)
    streamed = ask_streamed(around.pipeline, around.events, shape, chunks, kind=data.draw(st.sampled_from(KINDS[name])))
    assert type(streamed.error) is type(whole.error)
    assert streamed.event.status == whole.event.status
    for place, released in streamed.texts.items():
        assert said[place].startswith(released)
        assert len(released) <= first_match(around, said[place])


def first_match(around: Guarded, text: str) -> int:
    """Return where the first match begins; the length of the text if that is not asked of JSON with escapes."""
    (guard,) = around.guards
    findings = () if text.startswith("{") and "\\" in text else guard.check(text).findings
    return min((finding.start for finding in findings), default=len(text))


@pytest.mark.parametrize("row", GUARDS)
@examples(40)
@given(data=st.data())
def test_what_is_released_holds_whatever_follows(row: str, data: st.DataObject) -> None:
    around = guarded(*GUARDS[row])
    start = data.draw(texts())
    for end in (data.draw(texts()), data.draw(texts())):
        whole = ask(around.pipeline, around.events, SHAPES["text"], {"content": start + end})
        before_end, released = released_before(around, start, end)
        if whole.error is None:
            assert whole.texts["content"].startswith(before_end)
        else:
            assert len(released) <= first_match(around, start + end)


def released_before(around: Guarded, start: str, end: str) -> tuple[str, str]:
    """Return what of a stream of two pieces has been released when the second is asked for, and at the end."""
    released: list[str] = []
    before_end: list[str] = []

    def model(prompt: str) -> Iterator[str]:
        yield start
        before_end.extend(released)
        yield end

    with suppress(GuardBlocked):
        released.extend(around.pipeline.wrap(model)("hello"))
    around.events.clear()
    return "".join(before_end), "".join(released)


@pytest.mark.parametrize("step", range(1, 9))
def test_a_mixed_pipeline_edits_up_to_the_block_and_releases_no_part_of_it(step: int) -> None:
    text = f"the key {made('AKIA{216}', 5)} is no secret plan"

    def model(prompt: str) -> Iterator[str]:
        yield from pieces(text, step)

    released: list[str] = []
    with pytest.raises(GuardBlocked, match="blocked_patterns"):
        released.extend(Pipeline(output=[Secrets(), BlockedPatterns(["secret plan"])]).wrap(model)("x"))
    assert "".join(released) == "the key [AWS_ACCESS_KEY_ID] is no "


def pieces(text: str, step: int) -> list[str]:
    return [text[start : start + step] for start in range(0, len(text), step)]


@pytest.mark.parametrize("step", [1, 17, 997])
@pytest.mark.parametrize("action", ["flag", "redact", "mask", "hash", "block"])
def test_a_private_key_without_an_end_fails_closed(action: Any, step: int) -> None:
    text = "here it is: -----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7bq3KX9d2fZk1v0yqTn5h\n" * 3_000

    def model(prompt: str) -> Iterator[str]:
        yield from pieces(text, step)

    released: list[str] = []
    with pytest.raises(ComponentFailed, match="HoldOverflow"):
        released.extend(Pipeline(output=[Secrets(action=action)]).wrap(model)("x"))
    assert "here it is: ".startswith("".join(released))
