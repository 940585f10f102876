"""Monitors of data quality over the table that the inference log is exported to."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from genai_guard.databricks.checking import MONITOR, checked
from genai_guard.databricks.metrics import metrics_of
from genai_guard.databricks.parts import pipeline_of
from genai_guard.databricks.values import Export, Notes
from genai_guard.errors import ConfigurationError
from genai_guard.guards.seat import Seat
from genai_guard.pipeline import Pipeline
from genai_guard.recording import MetricsRecorder

__all__ = ["GRANULARITIES", "data_quality_monitor", "export_monitors"]

GRANULARITIES: Final = (
    "5 minutes", "30 minutes", "1 hour", "1 day", "1 week", "2 weeks", "3 weeks", "4 weeks", "1 month", "1 year",
)  # fmt: skip
"""Lengths of the windows of a monitor."""

_DISTANCES: Final = "a monitor computes distances and tests of each column, and corrects no p-values for their number"


def export_monitors(
    policy: str | os.PathLike[str] | Mapping[str, Any] | Pipeline,
    *,
    table: str,
    output_schema: str = "",
    assets_dir: str = "",
    baseline_table: str = "",
    granularities: Sequence[str] = ("1 day",),
    slices: Sequence[str] = ("model", "status"),
) -> Export:
    """Return the monitor of an inference log that was exported to a table of Unity Catalog, as quality monitors have it.

    The table has the columns of `LOG_COLUMNS`, as `export_delta` writes them, and not those of a gateway's inference
    table. The time is `request_time`; the prediction is `status`, a class; the model is `variant` if the policy has an
    experiment, and `model` else.

    Args:
        policy: A policy file, a policy as a mapping, or a pipeline.
        table: Name of the table, `catalog.schema.table`.
        output_schema: Where the tables of metrics go, `catalog.schema`; that of the table when empty.
        assets_dir: Folder of the workspace for the dashboard; `/Shared/genai_guard/TABLE` when empty.
        baseline_table: A table with the same columns to compare with; empty to compare each window with the one before.
        granularities: Lengths of windows.
        slices: Columns, or conditions in SQL, by which rows are told apart as well.

    Raises:
        ConfigurationError: the policy is wrong, or a name, granularity or slice is.
    """
    pipeline, notes = pipeline_of(policy), Notes()
    parts = _name("table", table, 3)
    schema = output_schema or ".".join(parts[:2])
    _name("output_schema", schema, 2)
    wrong = next((each for each in granularities if each not in GRANULARITIES), None)
    if wrong is not None or not granularities:
        raise ConfigurationError(f"granularities: {wrong!r} is none of {', '.join(GRANULARITIES)}")
    recorder = pipeline.recorder if isinstance(pipeline.recorder, MetricsRecorder) else None
    _note(pipeline, recorder, notes)
    content = getattr(None if recorder is None else recorder.log, "content", "redacted")
    guards = [Seat.of(guard).name for guard in (*pipeline.input, *pipeline.output)]
    config = {
        "table_name": table,
        "output_schema_name": schema,
        "assets_dir": assets_dir or f"/Shared/genai_guard/{table}",
        **({"baseline_table_name": baseline_table} if baseline_table else {}),
        "inference_log": {
            "problem_type": "PROBLEM_TYPE_CLASSIFICATION",
            "timestamp_col": "request_time",
            "granularities": list(granularities),
            "prediction_col": "status",
            "model_id_col": "model" if pipeline.router is None else "variant",
        },
        **({"slicing_exprs": list(slices)} if slices else {}),
        "custom_metrics": metrics_of(guards, recorder.watched if recorder else (), texts=content != "none"),
    }
    return Export("monitors", table, checked(config, MONITOR, where="the monitor"), tuple(notes))


def data_quality_monitor(export: Export, *, table_id: str, output_schema_id: str) -> dict[str, Any]:
    """Return the same monitor as the API of data quality has it, which goes by ids.

    Args:
        export: What `export_monitors` returned.
        table_id: Id of the table, `workspace.tables.get(name).table_id`.
        output_schema_id: Id of the schema that the tables of metrics go to, `workspace.schemas.get(name).schema_id`.

    Raises:
        ConfigurationError: it is no export of monitors.
    """
    if export.kind != "monitors":
        raise ConfigurationError(f"data_quality_monitor(export): takes one of monitors, not of {export.kind}")
    config = export.config
    log = config["inference_log"]
    profiling = {
        "output_schema_id": output_schema_id,
        "assets_dir": config["assets_dir"],
        **({"baseline_table_name": config["baseline_table_name"]} if "baseline_table_name" in config else {}),
        "inference_log": {
            "problem_type": f"INFERENCE_{log['problem_type']}",
            "timestamp_column": log["timestamp_col"],
            "granularities": [
                f"AGGREGATION_GRANULARITY_{each.upper().replace(' ', '_')}" for each in log["granularities"]
            ],
            "prediction_column": log["prediction_col"],
            "model_id_column": log["model_id_col"],
        },
        **({"slicing_exprs": config["slicing_exprs"]} if "slicing_exprs" in config else {}),
        "custom_metrics": [{**each, "type": f"DATA_PROFILING_{each['type']}"} for each in config["custom_metrics"]],
    }
    return {"object_type": "table", "object_id": table_id, "data_profiling_config": profiling}


def _note(pipeline: Pipeline, recorder: MetricsRecorder | None, notes: Notes) -> None:
    """Note what is watched here and computed by no monitor."""
    notes.differ("drift", "verdicts", _DISTANCES)
    notes.miss("drift", "languages and vocabularies", "SQL knows no language of a text, and no words that are new")
    notes.miss(
        "quality", "refusal, repetition, groundedness, distinct_n", "these are computed by guards, and not by SQL"
    )
    if pipeline.limiter is not None:
        notes.miss("limits", "what is left of them", "usage is kept where the limits are, and in no row")
    for alert in () if recorder is None else recorder.watched:
        notes.miss(
            f"metrics.alerts {alert.name}", "the alert", "a monitor fills tables; alert on them with a SQL alert"
        )


def _name(what: str, name: str, count: int) -> list[str]:
    parts = name.split(".")
    if len(parts) != count or not all(re.fullmatch(r"[^\s./`]+", each) for each in parts):
        wanted = ".".join(("catalog", "schema", "table")[:count])
        raise ConfigurationError(f"{what}={name!r} must be {wanted}")
    return parts
