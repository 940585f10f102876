"""Lab 6.2, solved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genai_guard import Experiment, ExperimentRouter, InferenceLog, MetricsRecorder, Pipeline, Variant
from genai_guard.routing import rebalance
from genai_guard.routing.analysis import Analysis, analyze, power


def users_needed() -> int:
    """Asked before anything is seen."""
    return power(0.60, mde=0.10).units


def router() -> ExperimentRouter:
    """The same user, the same variant."""
    return ExperimentRouter(
        Experiment(
            "size",
            Variant("control", weight=50, params={"model": "small"}),
            Variant("treatment", weight=50, params={"model": "large"}),
            by="user",
        )
    )


def pipeline(router: ExperimentRouter, folder: Path) -> Pipeline:
    """The log keeps what was assigned to each call; prices make dollars of its tokens."""
    return Pipeline(
        router=router,
        recorder=MetricsRecorder(log=InferenceLog(folder), queue_size=10_000),
        prices={"small": (0.15, 0.60), "large": (2.50, 10.00)},
    )


def read(folder: Path, said: Mapping[str, Mapping[str, Any]]) -> Analysis:
    """What users said is joined by the ids of their calls."""
    return analyze(
        folder, experiment="size", metrics=["liked", "cost_usd"], outcomes=said, planned_units=users_needed()
    )


def decide(found: Analysis, router: ExperimentRouter) -> str:
    """A wrong split first: it makes every other number worthless."""
    split = found.sample_ratio
    if split is None or split.mismatch or found["liked"].outcome != "better":
        return "keep"
    router.update(rebalance(router.experiments[0], {"control": 10, "treatment": 90}).experiment)
    return "ship"
