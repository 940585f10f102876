"""Results of policy tests as values of JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from genai_guard.policy.problems import written
from genai_guard.testing.cases.results import CaseResult, Report, Status

if TYPE_CHECKING:
    from genai_guard.testing.cases.calibration import Calibration
    from genai_guard.testing.cases.comparison import PolicyDiff
    from genai_guard.testing.cases.scores import Scores
    from genai_guard.wilson import Rate

__all__ = ["json_report"]

_STATUSES: Final[tuple[Status, ...]] = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def json_report(
    report: Report,
    scores: Scores,
    *,
    calibration: Calibration | None = None,
    diff: PolicyDiff | None = None,
    redact: bool = False,
) -> dict[str, Any]:
    """Return the results. A rate without anything to measure it by is None.

    Args:
        report: What became of the cases.
        scores: What they come to.
        calibration: Thresholds that were fitted.
        diff: What another policy makes of the same cases.
        redact: Whether to leave out the texts.
    """
    values: dict[str, Any] = {
        "ok": report.ok,
        "elapsed_s": round(report.elapsed_s, 6),
        "counts": {status: report.count(status) for status in _STATUSES},
        "failures": [_failure(result, redact=redact) for result in report.failures],
        "scores": [
            {"kind": row.kind, "name": row.name}
            | {"true_positives": row.true_positives, "false_positives": row.false_positives}
            | {"false_negatives": row.false_negatives, "true_negatives": row.true_negatives}
            | {"recall": _rate(row.recall), "precision": _rate(row.precision)}
            | {"false_positive_rate": _rate(row.false_positive_rate)}
            for row in scores.rows
        ],
    }
    if calibration is not None:
        values["calibration"] = {
            "target": calibration.target,
            "fits": [
                {"side": fit.side, "guard": fit.guard, "path": written(fit.path), "old": fit.old, "new": fit.new}
                | {"recall": _rate(fit.recall), "false_positive_rate": _rate(fit.false_positive_rate)}
                | {"warning": fit.warning}
                for fit in calibration.fits
            ],
        }
    if diff is not None:
        values["diff"] = {
            "same": diff.same,
            "changes": [
                {"file": change.case.place.file, "line": change.case.place.line, "evasion": change.case.evasion}
                | {"step": change.step, "effect": change.effect, "lost": change.lost, "gained": change.gained}
                for change in diff.changes
            ],
        }
    return values


def _failure(result: CaseResult, *, redact: bool) -> dict[str, Any]:
    case = result.case
    values: dict[str, Any] = {
        "file": case.place.file,
        "line": case.place.line,
        "evasion": case.evasion,
        "status": result.status,
        "problem": result.problem,
        "aspects": list(dict.fromkeys(difference.aspect for difference in result.differences)),
    }
    if not redact:
        values["name"] = case.name
        values["text"] = case.text
        values["differences"] = [
            {"aspect": each.aspect, "expected": each.expected, "found": each.found} for each in result.differences
        ]
    return values


def _rate(rate: Rate) -> dict[str, Any] | None:
    if not rate.trials or math.isnan(rate.value):
        return None
    return {"hits": rate.hits, "trials": rate.trials, "value": rate.value, "low": rate.low, "high": rate.high}
