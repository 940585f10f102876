"""Fixtures for pytest: `fake_clock`, `fake_llm` and `memory_log`.

Loaded by pytest itself, before warning filters and coverage are set up: it imports the fakes only when a test asks for
one. Switched off by `-p no:genai_guard`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from genai_guard.testing import FakeClock, FakeLLM, MemoryLog

__all__ = ["fake_clock", "fake_llm", "memory_log"]


@pytest.fixture
def fake_clock() -> FakeClock:
    """Return a clock that stands still until it is moved: `fake_clock.advance(60)`."""
    from genai_guard.testing import FakeClock  # noqa: PLC0415

    return FakeClock()


@pytest.fixture
def fake_llm(fake_clock: FakeClock) -> FakeLLM:
    """Return a model without replies, on the same clock: give it some by `fake_llm.script("hello")`."""
    from genai_guard.testing import FakeLLM  # noqa: PLC0415

    return FakeLLM(clock=fake_clock)


@pytest.fixture
def memory_log() -> MemoryLog:
    """Return a log that keeps events, and their texts, in memory."""
    from genai_guard.testing import MemoryLog  # noqa: PLC0415

    return MemoryLog(wants_text=True)
