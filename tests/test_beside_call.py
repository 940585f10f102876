"""Guards that judge a request while the model is called with it; the reply is held until they have spoken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from calls import Events
from genai_guard import Action, ConfigurationError, GuardBlocked, Pipeline, Verdict

WAIT_S = 30.0
"""Longer than any test may take: who waits for this to pass has failed."""


@dataclass
class Beside:
    """A guard that speaks when the model has been called."""

    called: threading.Event = field(default_factory=threading.Event)
    finds: bool = False
    action: str = "block"
    name: str = "beside"
    beside_call: bool = True
    blocking: bool = True

    def check(self, text: str, /) -> Verdict:
        assert self.called.wait(WAIT_S)
        return Verdict(Action(self.action) if self.finds else Action.ALLOW, text)


class AsyncBeside(Beside):
    async def check(self, text: str, /) -> Verdict:  # type: ignore[override]
        while not self.called.is_set():  # noqa: ASYNC110  set by the model, which knows of no loop
            await asyncio.sleep(0)
        return Verdict(Action(self.action) if self.finds else Action.ALLOW, text)


def test_the_model_is_called_while_a_guard_beside_it_judges() -> None:
    beside = Beside()

    @Pipeline(input=[beside])
    def ask(prompt: str) -> str:
        beside.called.set()
        return "fine"

    assert ask("hello") == "fine"


def test_the_reply_is_withheld_when_the_guard_beside_it_blocks() -> None:
    beside, events = Beside(finds=True), Events()

    @Pipeline(input=[beside], recorder=events)
    def ask(prompt: str) -> str:
        beside.called.set()
        return "fine"

    with pytest.raises(GuardBlocked, match="beside blocked the input"):
        ask("hello")
    assert [(event.status, event.stage) for event in events] == [("blocked", "input")]


@pytest.mark.parametrize("kind", [Beside, AsyncBeside])
@pytest.mark.parametrize("finds", [False, True])
async def test_an_asynchronous_call_waits_for_it_alike(kind: type[Beside], *, finds: bool) -> None:
    beside = kind(finds=finds)

    @Pipeline(input=[beside])
    async def ask(prompt: str) -> str:
        beside.called.set()
        await asyncio.sleep(0)
        return "fine"

    if finds:
        with pytest.raises(GuardBlocked):
            await ask("hello")
    else:
        assert await ask("hello") == "fine"


async def test_the_model_is_given_up_as_soon_as_a_guard_blocks() -> None:
    given_up: list[bool] = []
    beside = AsyncBeside(finds=True)

    @Pipeline(input=[beside])
    async def ask(prompt: str) -> str:
        beside.called.set()
        try:
            await asyncio.sleep(WAIT_S)
        except asyncio.CancelledError:
            given_up.append(True)
            raise
        return "fine"

    with pytest.raises(GuardBlocked):
        await ask("hello")
    assert given_up == [True]


async def test_what_the_model_raises_passes_and_ends_the_guard() -> None:
    ended = asyncio.Event()

    class Slow(AsyncBeside):
        async def check(self, text: str, /) -> Verdict:  # type: ignore[override]
            try:
                await asyncio.sleep(WAIT_S)
            finally:
                ended.set()
            return Verdict(Action.ALLOW, text)

    @Pipeline(input=[Slow()])
    async def ask(prompt: str) -> str:
        await asyncio.sleep(0)
        raise LookupError("no such model")

    with pytest.raises(LookupError, match="no such model"):
        await ask("hello")
    assert ended.is_set()


@pytest.mark.parametrize("finds", [False, True])
def test_no_chunk_is_handed_out_before_the_guard_has_spoken(*, finds: bool) -> None:
    beside = Beside(finds=finds)

    @Pipeline(input=[beside])
    def ask(prompt: str) -> Iterator[str]:
        beside.called.set()
        yield "fine"

    if finds:
        with pytest.raises(GuardBlocked):
            next(ask("hello"))
    else:
        assert list(ask("hello")) == ["fine"]


async def test_an_asynchronous_stream_waits_alike() -> None:
    beside = AsyncBeside(finds=True)

    @Pipeline(input=[beside])
    async def ask(prompt: str) -> AsyncIterator[str]:
        beside.called.set()
        yield "fine"

    with pytest.raises(GuardBlocked):
        [chunk async for chunk in ask("hello")]


def test_a_stream_that_was_opened_in_vain_is_closed() -> None:
    closed: list[bool] = []

    class Stream:
        def __iter__(self) -> Stream:
            return self

        def __next__(self) -> str:
            raise AssertionError("nobody may read this")

        def close(self) -> None:
            closed.append(True)

    beside = Beside(finds=True)

    @Pipeline(input=[beside])
    def ask(prompt: str) -> Any:
        beside.called.set()
        return Stream()

    with pytest.raises(GuardBlocked):
        ask("hello")
    assert closed == [True]


def test_it_is_asked_without_a_call_as_well() -> None:
    beside = Beside(finds=True)
    beside.called.set()
    assert Pipeline(input=[beside]).scan_input("hello").action is Action.BLOCK


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"blocking": False}, "beside_call=True and would keep the call waiting"),
        ({"action": "redact"}, "beside_call=True and may edit"),
    ],
)
def test_what_cannot_stand_beside_the_call_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline(input=[Beside(**changes)])
