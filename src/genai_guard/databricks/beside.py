"""What a pipeline has beside guards, limits and experiments: mostly what stays in its process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genai_guard.databricks.parts import unsaid
from genai_guard.databricks.values import Notes
from genai_guard.pipeline import Pipeline
from genai_guard.recording import MetricsRecorder
from genai_guard.recording.dimensions import DIMENSIONS
from genai_guard.recording.inference_log import InferenceLog
from genai_guard.recording.logs import SqliteInferenceLog

__all__ = ["beside"]

_PIPELINE: Final[Mapping[str, str]] = {
    "canary": "the gateway moves no traffic by itself",
    "shadow": "the gateway makes no second call",
    "on_reject": "the gateway answers refusals itself",
    "reader": "the gateway reads the protocols it serves",
}
_RESILIENCE: Final[Mapping[str, str]] = {
    "timeout": "the gateway's timeouts are not settable",
    "retry": "the gateway does not repeat a call to the same entity by rules of yours",
    "breaker": "the gateway remembers no failures",
    "tiers": "the gateway does not judge whether a reply is good enough",
    "cache": "the gateway keeps no replies",
    "semantic": "the gateway keeps no replies",
}
_RECORDER: Final[Mapping[str, str]] = {
    "alerts": "alerts there are SQL alerts on system tables, inference tables or those of a monitor",
    "notify": "alerts there have destinations of their own",
    "silences": "alerts there are muted where they are",
    "sinks": "the gateway writes tables, and nothing elsewhere",
    "feedback": "the gateway takes no feedback",
    "on_feedback": "the gateway takes no feedback",
    "review": "the gateway has no queue for reviewers",
    "exposures": "the gateway notes who answered each call, and no exposures",
    "audit": "changes stand in the audit logs of the workspace, which have another form",
    "telemetry": "the gateway emits no spans of yours",
    "history": "system tables keep what they keep",
    "dimensions": "tables are grouped when they are read",
}
_NO_RECORDER: Final = "the gateway calls no recorder of yours"
_UNREDACTED: Final = "an inference table holds texts as the gateway has them, searched by none of our rules"


def beside(pipeline: Pipeline, notes: Notes, *, with_table: bool) -> bool:
    """Note what stays in the process; return whether an inference table is to be kept.

    None is where the policy says that texts are not to be: an inference table always has them.
    """
    for name, why in _PIPELINE.items():
        if getattr(pipeline, name) is not None:
            notes.miss(name, f"the {name}", why)
    if pipeline.prices:
        notes.miss(
            "prices", "prices of models", "usage tables count tokens and billing counts money, by its own prices"
        )
    if pipeline.resilience is not None:
        for name, why in _RESILIENCE.items():
            if getattr(pipeline.resilience, name) is not None:
                notes.miss(f"resilience.{name}", f"the {name}", why)
    for name in () if pipeline.router is None else unsaid(pipeline.router, ("experiments",)):
        notes.miss("router", name, "the gateway knows nothing of callers")
    return _recorded(pipeline.recorder, notes, with_table=with_table)


def _recorded(recorder: Any, notes: Notes, *, with_table: bool) -> bool:
    if recorder is None:
        return with_table
    if not isinstance(recorder, MetricsRecorder):
        notes.miss("metrics", "the recorder", _NO_RECORDER)
        return with_table
    usual = ("dimensions",) if recorder.dimensions == ("status", *DIMENSIONS) else ()
    for name in unsaid(recorder, ("log", "max_series", "queue_size", *usual)):
        notes.miss(f"metrics.{name}", name, _RECORDER.get(name, _NO_RECORDER))
    notes.differ(
        "metrics", "what is measured", "usage tracking counts calls and tokens; percentiles are left to queries"
    )
    return _logged(recorder.log, notes, with_table=with_table)


def _logged(log: Any, notes: Notes, *, with_table: bool) -> bool:
    where = "metrics.log"
    if log is None:
        return with_table
    if not isinstance(log, InferenceLog | SqliteInferenceLog):
        notes.miss(where, "the log", _NO_RECORDER)
        return with_table
    if log.content == "none":
        notes.miss(where, "the log", "it keeps no texts, and an inference table always does")
        return False
    if not with_table:
        notes.miss(where, "the log", "an inference table needs catalog=... and schema=...")
        return False
    notes.differ(where, "redaction", _UNREDACTED)
    names = unsaid(log, ("path", "content"))
    if names:
        notes.differ(where, ", ".join(names), "an inference table has settings of its own")
    return True
