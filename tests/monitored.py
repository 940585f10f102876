"""Pipelines that have something of everything that is monitored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from genai_guard import Experiment, ExperimentRouter, Limit, Pipeline, RateLimiter, Variant
from genai_guard.guards import PII
from genai_guard.recording import Alert, MetricsRecorder

__all__ = ["ALERTS", "built", "everything", "expressions"]

ALERTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "latency_p99": {"above_ms": 700},
    "error_rate": {"above": 0.02},
    "budget": {"usd": 100, "per": "hour"},
    "guardrail_hits": {"guard": "pii", "action": "redact"},
    "missing_traffic": {},
    "threshold_of": {"measure": "denied", "below": 0.5},
    "rate_of_change": {"measure": "errors", "above": 2.0},
    "burn_rate": {"slo": 0.99, "above_ms": 300},
}
"""How an alert of each kind can be made; not all kinds are there in all versions."""


def built(kind: str, **more: Any) -> Alert:
    return cast("Alert", getattr(Alert, kind)(**ALERTS[kind], **more))


def everything(name: str = "support") -> Pipeline:
    return Pipeline(
        name=name,
        input=[PII(action="redact")],
        limiter=RateLimiter(Limit.requests(1_000_000, per="minute", name="busy")),
        router=ExperimentRouter(Experiment("tone", Variant("short"), Variant("long"), by="user")),
        prices={"small": (1.0, 2.0)},
        recorder=MetricsRecorder(alerts=[built(kind) for kind in ALERTS if hasattr(Alert, kind)]),
    )


def expressions(model: dict[str, Any]) -> list[str]:
    """Return what is asked, with the variables of Grafana filled in."""
    asked = [target["expr"] for panel in model["panels"] for target in panel.get("targets", ())]
    return [re.sub(r"\$\w+", ".*", each.replace("$__rate_interval", "5m")) for each in asked]
