"""Fakes for tests: a model, a clock and a log that keep everything in memory. Nothing here imports pytest."""

from __future__ import annotations

from genai_guard.testing.clock import FakeClock
from genai_guard.testing.llm import FakeLLM
from genai_guard.testing.log import MemoryLog
from genai_guard.testing.replies import FakeCall, FakeReply, FakeToolCall, OutOfRepliesError

__all__ = ["FakeCall", "FakeClock", "FakeLLM", "FakeReply", "FakeToolCall", "MemoryLog", "OutOfRepliesError"]
