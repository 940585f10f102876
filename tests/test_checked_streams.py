"""Guards that need the whole text, in streams: asked at the end, or each time that so many characters have come."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import pytest

from calls import Events
from genai_guard import Action, ComponentFailed, ConfigurationError, GuardBlocked, Pipeline, Verdict
from genai_guard.guards import PII, Guard, guard

CHUNKS = ("All is ", "well so ", "far, and ", "it goes ", "on. Write ", "to bob@ex", "ample.com", " today.")


def streaming(*guards: Guard, events: Events | None = None, chunks: tuple[str, ...] = CHUNKS) -> Iterator[str]:
    @Pipeline(output=guards, recorder=events)
    def ask(prompt: str) -> Iterator[str]:
        yield from chunks

    return ask("how are you?")


def asked(texts: list[str], **parameters: Any) -> Guard:
    @guard(name="asked", **parameters)
    def fn(text: str) -> bool:
        texts.append(text)
        return "today" in text

    return fn


def test_without_an_interval_the_stream_is_held_to_its_end() -> None:
    texts: list[str] = []
    out = list(streaming(asked(texts, action="flag")))
    assert [chunk for chunk in out if chunk] == ["".join(CHUNKS)]
    assert texts == ["".join(CHUNKS)]


def test_with_an_interval_it_is_handed_out_as_it_is_checked() -> None:
    texts: list[str] = []
    out = [chunk for chunk in streaming(asked(texts, action="flag", check_every_chars=12)) if chunk]
    assert len(out) > 2
    assert "".join(out) == "".join(CHUNKS)
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert texts[-1] == "".join(CHUNKS)


def test_nothing_that_was_not_checked_is_handed_out_before_a_block() -> None:
    texts: list[str] = []
    stream = streaming(asked(texts, check_every_chars=12))
    out = [chunk for chunk in islice(stream, 3) if chunk]
    assert out
    assert any(text.startswith("".join(out)) for text in texts)
    with pytest.raises(GuardBlocked):
        out.extend(stream)
    assert "today" not in "".join(out)


def test_the_last_word_of_a_guard_counts_once() -> None:
    events = Events()
    list(streaming(asked([], action="flag", check_every_chars=5), events=events, chunks=("today ", "and ", "today")))
    (event,) = events
    assert [(verdict.guard, verdict.action, len(verdict.findings)) for verdict in event.verdicts] == [
        ("asked", Action.FLAG, 1)
    ]


def test_a_block_in_mid_stream_is_recorded() -> None:
    events = Events()
    with pytest.raises(GuardBlocked):
        list(streaming(asked([], check_every_chars=5), events=events, chunks=("today ", "and tomorrow ", "too")))
    assert [verdict.action for verdict in events[0].verdicts] == [Action.BLOCK]


def test_such_a_guard_sees_what_the_rules_have_left() -> None:
    texts: list[str] = []
    out = "".join(streaming(PII(), asked(texts, action="flag", check_every_chars=10)))
    assert "[EMAIL] today." in out
    assert not any("bob@" in text for text in texts)


def test_what_is_not_handed_out_yet_may_be_edited() -> None:
    @guard(name="shout", check_every_chars=5)
    def shout(text: str) -> Verdict:
        return Verdict(Action.REDACT, text.replace("tea", "TEA"))

    assert "".join(streaming(shout, chunks=("I drink ", "tea and ", "tea."))) == "I drink TEA and TEA."


def test_what_was_handed_out_cannot_be_edited_any_more() -> None:
    @guard(name="late", check_every_chars=5)
    def late(text: str) -> Verdict:
        return Verdict(Action.REDACT, text.replace("tea", "TEA") if "and" in text else text)

    with pytest.raises(ComponentFailed, match="late"):
        list(streaming(late, chunks=("tea for ", "me and ", "you")))


def test_one_guard_without_an_interval_holds_all() -> None:
    texts: list[str] = []

    @guard(name="whole", action="flag")
    def whole(text: str) -> bool:
        return False

    assert [chunk for chunk in streaming(asked(texts, action="flag", check_every_chars=5), whole) if chunk] == [
        "".join(CHUNKS)
    ]


@pytest.mark.parametrize("chars", [0, -1, True, 2.5, "5"])
def test_an_interval_is_a_number_of_characters(chars: Any) -> None:
    with pytest.raises(ConfigurationError, match="check_every_chars"):
        asked([], check_every_chars=chars)


async def test_asynchronous_streams_are_checked_the_same_way() -> None:
    texts: list[str] = []

    @guard(name="later", action="flag", check_every_chars=12)
    async def later(text: str) -> bool:
        texts.append(text)
        return False

    @Pipeline(output=[later])
    async def ask(prompt: str) -> Any:
        for chunk in CHUNKS:
            yield chunk

    out = [chunk async for chunk in ask("how are you?") if chunk]
    assert len(out) > 2
    assert "".join(out) == "".join(CHUNKS)
    assert texts[-1] == "".join(CHUNKS)
