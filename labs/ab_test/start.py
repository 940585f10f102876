"""Lab 6.2: configure and read an A/B test. What each function is to return says its page, docs/labs/ab-test.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genai_guard import ExperimentRouter, Pipeline
from genai_guard.routing.analysis import Analysis


def users_needed() -> int:
    """1. How many users the comparison takes."""
    raise NotImplementedError("task 1")


def router() -> ExperimentRouter:
    """2. Half of the users get the large model."""
    raise NotImplementedError("task 2")


def pipeline(router: ExperimentRouter, folder: Path) -> Pipeline:
    """3. A pipeline that splits, logs and prices calls."""
    raise NotImplementedError("task 3")


def read(folder: Path, said: Mapping[str, Mapping[str, Any]]) -> Analysis:
    """4. What the experiment has shown."""
    raise NotImplementedError("task 4")


def decide(found: Analysis, router: ExperimentRouter) -> str:
    """5. `"ship"`, and then nine of ten users have the large model; or `"keep"`."""
    raise NotImplementedError("task 5")
