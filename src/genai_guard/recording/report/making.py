"""From files to the page: the log, the audit, what was said of calls."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from time import time
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, runtime_checkable

from genai_guard.errors import ConfigurationError
from genai_guard.recording.opening import open_log
from genai_guard.recording.report.beside import Change
from genai_guard.recording.report.page import Beside, render
from genai_guard.recording.report.summary import summarize

if TYPE_CHECKING:
    from pathlib import Path

    from genai_guard.limits.table import UsageRow
    from genai_guard.recording.alerts import AlertEvent
    from genai_guard.recording.drift import DriftTable
    from genai_guard.recording.feedback import Feedback
    from genai_guard.recording.segments import OnSkip

__all__ = ["ReadableLog", "changes_of", "report", "write_report"]

FilePath: TypeAlias = str | os.PathLike[str]

_OF_CALLS: Final = frozenset({"block", "redaction", "guard_failure", "override", "erasure", "recovered", "gap"})
"""Kinds of records that tell of calls, or of the audit itself, and not of a change."""


@runtime_checkable
class ReadableLog(Protocol):
    """What rows can be read from: an `InferenceLog`, a `SqliteInferenceLog`, or anything else with such rows."""

    def read(self, *, on_skip: OnSkip | None = None) -> Iterable[Mapping[str, Any]]:
        """Return every row; tell of what is none."""
        ...


def report(
    log: ReadableLog | FilePath,
    *,
    since_s: float | None = None,
    until_s: float | None = None,
    title: str = "What happened",
    budget_usd: float | None = None,
    feedback: Iterable[Feedback] = (),
    audit: FilePath | None = None,
    alerts: Sequence[AlertEvent] | None = None,
    usage: Iterable[UsageRow] = (),
    drift: DriftTable | Sequence[Mapping[str, Any]] | None = None,
    dropped: Mapping[str, int] | None = None,
    now_s: float | None = None,
) -> str:
    """Return a page of HTML about the calls in an inference log: one file that loads nothing and runs nothing.

    The log is read once, in bounded memory, however long it is. No text of a call is in the page, whatever the log
    holds. Needs the extra `report`.

    Args:
        log: The log, or its path: the folder of an `InferenceLog`, the file of a `SqliteInferenceLog`.
        since_s: The first moment that is shown, in seconds since 1970; that of the first call when None.
        until_s: The first moment that is shown no more; that behind the last call when None.
        title: Heading of the page.
        budget_usd: What may be spent in the time that is shown; above 0.
        feedback: What was said of calls: `store.read()`. It is held in memory.
        audit: The folder of an audit, whose changes of policies, limits and experiments are marked. It is not verified.
        alerts: As `MetricsRecorder.alerts` returns them.
        usage: How full limits are: `limiter.usage()`.
        drift: As `recording.drift` finds it, or rows with the columns of Databricks' `drift_metrics`.
        dropped: What was lost before it was written: `recorder.dropped`.
        now_s: When the page is made, in seconds since 1970; now when None.

    Raises:
        ConfigurationError: the extra is missing, or a value is not what it must be.
        OSError: the log or the audit cannot be read.
    """
    if budget_usd is not None and not 0 < budget_usd < float("inf"):
        raise ConfigurationError(f"report(budget_usd={budget_usd!r}) must be a number of dollars above 0")
    skipped = 0

    def skip(_: Path, __: int) -> None:
        nonlocal skipped
        skipped += 1

    rows = (log if isinstance(log, ReadableLog) else open_log(log)).read(on_skip=skip)
    summary = summarize(rows, since_s=since_s, until_s=until_s, feedback=feedback)
    changes = None if audit is None else [each for each in changes_of(audit) if _within(each, since_s, until_s)]
    found = drift if drift is None or isinstance(drift, Sequence) else drift.to_dicts()
    more = Beside(alerts=alerts, changes=changes, usage=usage, drift=found, skipped=skipped, dropped=dropped or {})
    made_s = time() if now_s is None else now_s
    return render(summary, now_s=made_s, title=title, budget_usd=budget_usd, beside=more)


def write_report(path: FilePath, log: ReadableLog | FilePath, **options: Any) -> None:
    """Write the page to a file.

    Args:
        path: The file.
        log: The log, or its path: the folder of an `InferenceLog`, the file of a `SqliteInferenceLog`.
        options: As `report` takes them.

    Raises:
        ConfigurationError: as `report`.
        OSError: the log cannot be read, or the file cannot be written.
    """
    from pathlib import Path  # noqa: PLC0415  see segments

    Path(path).write_text(report(log, **options), encoding="utf-8")


def changes_of(audit: FilePath) -> Iterator[Change]:
    """Yield what an audit tells of changes: of policies, limits, experiments, and whatever else was recorded by hand.

    Raises:
        ConfigurationError: the folder holds no audit.
        OSError: it cannot be read.
    """
    from pathlib import Path  # noqa: PLC0415  see segments

    from genai_guard.recording.audit.files import records, segments  # noqa: PLC0415  most reports have no audit

    if not segments(Path(audit)):
        raise ConfigurationError(f"{os.fspath(audit)}: holds no audit")
    for record in records(Path(audit)):
        time_s = _time_s(record.get("time"))
        kind = record.get("kind")
        if isinstance(kind, str) and kind not in _OF_CALLS and time_s is not None:
            yield Change(time_s, kind, _said(kind, record.get("facts") or {}))


def _said(kind: str, facts: Mapping[str, Any]) -> str:
    """Return what of the facts of a change is a name or a number."""
    if kind == "canary_transition":
        return "{experiment}: {before} to {after}, {percent} %".format_map(_Facts(facts))
    if kind == "policy_loaded":
        return "{pipeline}, {source}".format_map(_Facts(facts))
    return ""


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def _time_s(value: object) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except ValueError:
        return None


def _within(change: Change, since_s: float | None, until_s: float | None) -> bool:
    return (since_s is None or since_s <= change.time_s) and (until_s is None or change.time_s < until_s)
