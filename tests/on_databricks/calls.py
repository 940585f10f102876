"""Calls of a pipeline as a log keeps them: fine ones, blocked ones, failed and denied ones, with and without findings."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from genai_guard import InferenceLog, Limit, MetricsRecorder, Pipeline, RateLimiter, Rejected, caller
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.recording import Alert
from genai_guard.recording.snapshot import Snapshot

__all__ = ["calls"]

PROMPTS = ("hello", "I am ann@example.com", "buy acme now", "what is up today?", "fail", "say nothing")


def calls(folder: Path) -> tuple[Pipeline, list[dict[str, Any]], Snapshot]:
    """Make them; return the pipeline, the rows of its log and its own figures."""
    log = InferenceLog(folder)
    recorder = MetricsRecorder(log=log, alerts=[Alert.latency_p99(above_ms=250)])
    pipeline = Pipeline(
        name="bot",
        input=[PII(action="redact"), BlockedPatterns(["acme"])],
        limiter=RateLimiter(Limit.requests(15, per="hour", by="user")),
        recorder=recorder,
    )

    @pipeline
    def ask(prompt: str) -> str:
        if prompt == "fail":
            raise OSError
        return "" if prompt == "say nothing" else f"You said: {prompt}"

    for number in range(48):
        with caller(user=f"u-{number // 24}"), suppress(Rejected, OSError):
            ask(PROMPTS[number % len(PROMPTS)])
    recorder.close()
    return pipeline, list(log.read()), recorder.snapshot()
