"""A small guard with exact hold-back, and a driver that runs a stream through it as a pipeline would."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeAlias

import pytest

from genai_guard.clients import Delta, StreamReader
from genai_guard.clients.base import HoldsChunks

SECRET = "SECRET"
LABEL = "[S]"

Replay: TypeAlias = Callable[[StreamReader, Iterable[Any]], list[Any]]


class Gate:
    """Replaces SECRET, and holds back whatever may still become it."""

    def __init__(self) -> None:
        self.held = ""

    def feed(self, text: str, *, final: bool = False) -> str:
        text = (self.held + text).replace(SECRET, LABEL)
        keep = 0 if final else max(size for size in range(len(SECRET)) if text.endswith(SECRET[:size]))
        self.held = text[len(text) - keep :]
        return text[: len(text) - keep]


def run(reader: StreamReader, chunks: Iterable[Any]) -> list[Any]:
    gates: dict[Hashable, Gate] = {}
    out: list[Any] = []

    closed: set[Hashable] = set()

    def released(delta: Delta) -> str:
        assert delta.channel not in closed, "a text goes on after its end"
        gate = gates.setdefault(delta.channel, Gate())
        if delta.final:
            closed.add(delta.channel)
            del gates[delta.channel]
        return gate.feed(delta.text, final=delta.final)

    for chunk in chunks:
        deltas = reader.read(chunk)
        out += reader.write(chunk, [released(delta) for delta in deltas]) if deltas else [chunk]
    for channel, gate in gates.items():
        rest = gate.feed("", final=True)
        out += reader.tail(channel, rest) if rest else []
    return [*out, *(reader.held() if isinstance(reader, HoldsChunks) else ())]


@pytest.fixture(scope="session")
def replay() -> Replay:
    """Run the chunks of a stream through a guard that replaces SECRET by [S]."""
    return run
