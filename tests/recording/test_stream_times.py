"""How long a stream makes its reader wait, and whose time it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from genai_guard import Pipeline
from genai_guard.guards import BlockedPatterns
from genai_guard.recording import Event, MetricsRecorder
from genai_guard.testing import FakeClock


class Kept(MetricsRecorder):
    """Keeps the events of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def record(self, event: Event) -> None:
        self.events.append(event)
        super().record(event)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(time, "perf_counter", clock.monotonic)
    return clock


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("output", [(), (BlockedPatterns(["secret"]),)], ids=["plain", "guarded"])
def test_time_between_tokens_is_that_of_the_model_and_not_of_the_reader(
    clock: FakeClock, output: tuple[BlockedPatterns, ...], is_async: bool
) -> None:
    recorder = Kept()
    pipeline = Pipeline(output=output, recorder=recorder)

    @pipeline
    def ask(prompt: str) -> Iterator[str]:
        clock.advance(2.0)
        for word in ("The ", "sea ", "is ", "blue. "):
            yield word
            clock.advance(0.25)

    @pipeline
    async def ask_async(prompt: str) -> AsyncIterator[str]:
        clock.advance(2.0)
        for word in ("The ", "sea ", "is ", "blue. "):
            yield word
            clock.advance(0.25)

    async def read() -> None:
        async for _ in ask_async("hi"):
            clock.advance(5.0)

    if is_async:
        asyncio.run(read())
    else:
        for _ in ask("hi"):
            clock.advance(5.0)

    (event,) = recorder.events
    assert event.inter_token_s == pytest.approx(0.25)
    assert event.first_token_s == pytest.approx(2.25 if output else 2.0)  # a guard lets no half of a word go
    assert event.latency_s > 17
    assert recorder.snapshot().inter_token_ms.count == 1


def test_one_chunk_has_nothing_between(clock: FakeClock) -> None:
    recorder = Kept()

    @Pipeline(recorder=recorder)
    def ask(prompt: str) -> Iterator[str]:
        yield prompt

    assert list(ask("hi")) == ["hi"]
    assert recorder.events[0].inter_token_s is None
    assert recorder.snapshot().inter_token_ms.p50 is None
