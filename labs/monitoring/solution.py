"""Lab 6.3, solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from genai_guard import Alert, InferenceLog, MetricsRecorder, Pipeline
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.recording import open_log
from genai_guard.recording.report import write_report


def alerts() -> Sequence[Alert]:
    """An alert by model tells which one it is."""
    return [
        Alert.latency_p99(above_ms=500, by="model"),
        Alert.error_rate(above=0.01, severity="critical"),
        Alert.budget(usd=50, per="day"),
        Alert.guardrail_hits(),
    ]


def recorder(folder: Path, paged: list[object]) -> MetricsRecorder:
    """What is not named as a dimension cannot be asked for later."""
    return MetricsRecorder(
        dimensions=("model", "tenant"), alerts=alerts(), on_alert=paged.append, log=InferenceLog(folder)
    )


def pipeline(recorder: MetricsRecorder) -> Pipeline:
    """Without prices there is no budget."""
    return Pipeline(
        name="shop",
        input=[PII(action="redact"), BlockedPatterns(["project nightjar"])],
        recorder=recorder,
        prices={"small": (0.15, 0.60), "large": (2.50, 10.00)},
    )


def failing(recorder: MetricsRecorder) -> tuple[str, str]:
    """The slice that differs most from the rest."""
    rates = {
        (by, value): part.error_rate
        for by in ("model", "tenant")
        for value, part in recorder.breakdown(by, window_s=300).items()
    }
    return max(rates, key=rates.__getitem__)


def reasons(folder: Path) -> list[tuple[str, str]]:
    """Rows say what went wrong, and where."""
    failed = Counter((row["stage"], row["error_type"]) for row in open_log(folder).read() if row["status"] == "error")
    return [reason for reason, _ in failed.most_common()]


def page(folder: Path, recorder: MetricsRecorder, file: Path) -> None:
    """What the recorder still holds is written first."""
    recorder.flush()
    write_report(file, open_log(folder), title="Shop", alerts=recorder.alerts())
