"""A guard with exact hold-back, for streams of the fakes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from genai_guard.clients import StreamReader


@pytest.fixture(scope="session")
def replay() -> Any:
    """Run the chunks of a stream through a guard that replaces SECRET by [S] and holds all text to its end."""

    def run(reader: StreamReader, chunks: Iterable[Any]) -> list[Any]:
        held: dict[object, str] = {}
        out: list[Any] = []
        for chunk in chunks:
            deltas = reader.read(chunk)
            texts: list[str] = []
            for delta in deltas:
                held[delta.channel] = held.get(delta.channel, "") + delta.text
                texts.append(held.pop(delta.channel).replace("SECRET", "[S]") if delta.final else "")
            out += reader.write(chunk, texts) if deltas else [chunk]
        return out

    return run
