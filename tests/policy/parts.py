"""What a pipeline is made of, for tests that compare pipelines."""

from __future__ import annotations

from typing import Any

from genai_guard import Pipeline

__all__ = ["parts_of"]


def parts_of(pipeline: Pipeline) -> dict[str, Any]:
    """Return the parts as values; two routers are as good as equal if their experiments are."""
    return {
        "name": pipeline.name,
        "input": pipeline.input,
        "output": pipeline.output,
        "limiter": pipeline.limiter,
        "experiments": pipeline.router and pipeline.router.experiments,
        "recorder": pipeline.recorder,
        "reader": pipeline.reader,
        "on_reject": pipeline.on_reject,
        "prices": pipeline.prices,
        "expected_output_tokens": pipeline.expected_output_tokens,
        "resilience": pipeline.resilience,
    }
