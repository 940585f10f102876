"""Lab 6.3: set up production monitoring. What each function is to return says its page, docs/labs/monitoring.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genai_guard import Alert, MetricsRecorder, Pipeline


def alerts() -> Sequence[Alert]:
    """1. The four alerts of the shop."""
    raise NotImplementedError("task 1")


def recorder(folder: Path, paged: list[object]) -> MetricsRecorder:
    """2. Counts by model and tenant, alerts that are appended to `paged`, and a log of redacted calls in `folder`."""
    raise NotImplementedError("task 2")


def pipeline(recorder: MetricsRecorder) -> Pipeline:
    """3. What the shop asks its models through."""
    raise NotImplementedError("task 3")


def failing(recorder: MetricsRecorder) -> tuple[str, str]:
    """4. The dimension and the value that calls fail by: `("model", "small")`."""
    raise NotImplementedError("task 4")


def reasons(folder: Path) -> list[tuple[str, str]]:
    """5. Stage and class of the error of each failed call in the log, the most frequent first, each once."""
    raise NotImplementedError("task 5")


def page(folder: Path, recorder: MetricsRecorder, file: Path) -> None:
    """6. Write the page for the others."""
    raise NotImplementedError("task 6")
