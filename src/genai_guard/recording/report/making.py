"""From files, or from a recorder that runs, to the page: the log, the audit, what was said of calls."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, runtime_checkable

from genai_guard.errors import ConfigurationError
from genai_guard.recording.history import MetricsHistory
from genai_guard.recording.opening import open_log
from genai_guard.recording.recorder import MetricsRecorder
from genai_guard.recording.report.calls import time_of
from genai_guard.recording.report.page import Beside, render
from genai_guard.recording.report.summary import Summary, summarize, summarize_counts
from genai_guard.recording.report.trail import alerts_of, changes_of
from genai_guard.recording.windows import COARSE_S

if TYPE_CHECKING:
    from pathlib import Path

    from genai_guard.limits.table import UsageRow
    from genai_guard.recording.alerts import AlertEvent
    from genai_guard.recording.drift import DriftTable
    from genai_guard.recording.feedback import Feedback
    from genai_guard.recording.review import ReviewReport
    from genai_guard.recording.segments import OnSkip

__all__ = ["ReadableLog", "report", "rows_between", "write_report"]

FilePath: TypeAlias = str | os.PathLike[str]

_FLUSH_S: Final = 5.0
_DAY_S: Final = 86_400.0


@runtime_checkable
class ReadableLog(Protocol):
    """What rows can be read from: an `InferenceLog`, a `SqliteInferenceLog`, or anything else with such rows."""

    def read(self, *, on_skip: OnSkip | None = None) -> Iterable[Mapping[str, Any]]:
        """Return every row; tell of what is none."""
        ...


def report(
    log: ReadableLog | FilePath | MetricsRecorder | MetricsHistory,
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
    review: ReviewReport | None = None,
    dropped: Mapping[str, int] | None = None,
    now_s: float | None = None,
) -> str:
    """Return a page of HTML about the calls in an inference log: one file that loads nothing and runs nothing.

    The log is read once, in bounded memory, however long it is. No text of a call is in the page, whatever the log
    holds. Needs the extra `report`.

    A recorder is flushed, and its alerts, audit, feedback, review queue and losses are shown unless others are given. One
    without a log is reported from its history, as is a `MetricsHistory`: of the time that it keeps, in stretches of five
    minutes, without rules, experiments and thumbs.

    Args:
        log: The log, its path (the folder of an `InferenceLog`, the file of a `SqliteInferenceLog`), a recorder that has
            such a log or a history, or a history.
        since_s: The first moment that is shown, in seconds since 1970; that of the first call when None.
        until_s: The first moment that is shown no more; that behind the last call when None.
        title: Heading of the page.
        budget_usd: What may be spent in the time that is shown; above 0.
        feedback: What was said of calls: `store.read()`. It is held in memory.
        audit: The folder of an audit, whose changes of policies, limits and experiments are marked. It is not verified.
        alerts: As `MetricsRecorder.alerts` returns them; those of the audit when None, if it has any.
        usage: How full limits are: `limiter.usage()`.
        drift: As `recording.drift` finds it, or rows with the columns of Databricks' `drift_metrics`.
        review: What reviewers say of rules: `recording.review.report(queue.items())`.
        dropped: What was lost before it was written: `recorder.dropped`.
        now_s: When the page is made, in seconds since 1970; now when None.

    Raises:
        ConfigurationError: the extra is missing, a value is not what it must be, or the recorder has neither log nor history.
        OSError: the log or the audit cannot be read.
    """
    if budget_usd is not None and not 0 < budget_usd < float("inf"):
        raise ConfigurationError(f"report(budget_usd={budget_usd!r}) must be a number of dollars above 0")
    skipped = 0

    def skip(_: Path, __: int) -> None:
        nonlocal skipped
        skipped += 1

    given, made_s = _given(log), time() if now_s is None else now_s
    if isinstance(given.log, MetricsHistory):
        summary = _counted(given.log, since_s, until_s, made_s)
    else:
        rows = given.log.read(on_skip=skip)
        summary = summarize(rows, since_s=since_s, until_s=until_s, feedback=feedback or given.feedback)
    trail = given.audit if audit is None else audit
    changes = None if trail is None else changes_of(trail)
    found = drift if drift is None or isinstance(drift, Sequence) else drift.to_dicts()
    more = Beside(
        alerts=_alerts(given.alerts if alerts is None else alerts, trail, since_s, until_s),
        changes=None if changes is None else [each for each in changes if _within(each.time_s, since_s, until_s)],
        usage=usage,
        drift=found,
        review=given.review if review is None else review,
        skipped=skipped,
        dropped=(given.dropped if dropped is None else dropped) or {},
    )
    return render(summary, now_s=made_s, title=title, budget_usd=budget_usd, beside=more)


def write_report(
    path: FilePath, log: ReadableLog | FilePath | MetricsRecorder | MetricsHistory, **options: Any
) -> None:
    """Write the page to a file.

    Args:
        path: The file.
        log: As `report` takes it.
        options: As `report` takes them.

    Raises:
        ConfigurationError: as `report`.
        OSError: the log cannot be read, or the file cannot be written.
    """
    from pathlib import Path  # noqa: PLC0415  see segments

    Path(path).write_text(report(log, **options), encoding="utf-8")


def rows_between(
    log: ReadableLog | FilePath, *, since_s: float | None = None, until_s: float | None = None
) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of calls that began in some time: what `recording.drift` is given to say how just these changed.

    Args:
        log: The log, or its path.
        since_s: The first moment that counts, in seconds since 1970; any when None.
        until_s: The first moment that counts no more; none when None.

    Raises:
        ConfigurationError: there is no log.
        OSError: it cannot be read.
    """
    for row in _opened(log).read():
        time_s = time_of(row)
        if time_s is not None and _within(time_s, since_s, until_s):
            yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What a report is made of, as far as the log or the recorder knows it."""

    log: ReadableLog | MetricsHistory
    feedback: Iterable[Feedback] = ()
    audit: FilePath | None = None
    alerts: Sequence[AlertEvent] | None = None
    review: ReviewReport | None = None
    dropped: Mapping[str, int] | None = None


def _given(log: ReadableLog | FilePath | MetricsRecorder | MetricsHistory) -> _Given:
    if isinstance(log, MetricsHistory):
        return _Given(log=log)
    if not isinstance(log, MetricsRecorder):
        return _Given(log=_opened(log))
    source = log.log if isinstance(log.log, ReadableLog) else log.history
    if source is None:
        raise ConfigurationError(
            'report(recorder): it has nothing that can be read; give it log=InferenceLog("folder") or history='
        )
    log.flush(timeout_s=_FLUSH_S)
    if log.audit is not None:
        log.audit.flush(timeout_s=_FLUSH_S)
    return _Given(
        log=source,
        feedback=() if log.feedback_store is None else log.feedback_store.read(),
        audit=None if log.audit is None or not log.audit.segments() else log.audit.path,
        alerts=log.alerts() if log.watched else None,
        review=_reviewed(log),
        dropped=log.dropped,
    )


def _counted(history: MetricsHistory, since_s: float | None, until_s: float | None, now_s: float) -> Summary:
    """Return what a history holds of some time; of all that it keeps unless said otherwise."""
    if since_s is not None and until_s is not None and not since_s < until_s:
        raise ConfigurationError("a report must begin before it ends: since is not before until")
    ends_s = now_s if until_s is None else until_s
    kept_s = history.keep_days * _DAY_S
    window_s = kept_s if since_s is None else min(max(ends_s - since_s, COARSE_S), kept_s)
    parts = history.parts(window_s=window_s, until_s=ends_s)
    return summarize_counts(parts, cell_s=int(COARSE_S), since_s=since_s, until_s=until_s)


def _reviewed(recorder: MetricsRecorder) -> ReviewReport | None:
    if recorder.review is None:
        return None
    from genai_guard.recording.review import report as reviewed  # noqa: PLC0415  most reports have none

    return reviewed(recorder.review.items(), labels=recorder.review.labels)


def _opened(log: ReadableLog | FilePath) -> ReadableLog:
    return log if isinstance(log, ReadableLog) else open_log(log)


def _alerts(
    given: Sequence[AlertEvent] | None, audit: FilePath | None, since_s: float | None, until_s: float | None
) -> Sequence[AlertEvent] | None:
    """Return the alerts that were given, or that the audit tells of, and that fired, or still did, in the time that is shown."""
    found = given if given is not None or audit is None else (alerts_of(audit) or None)
    if found is None:
        return None
    begins_s = float("-inf") if since_s is None else since_s
    ends_s = float("inf") if until_s is None else until_s
    return [
        each
        for each in found
        if each.fired_at_s < ends_s and (each.resolved_at_s is None or each.resolved_at_s >= begins_s)
    ]


def _within(time_s: float, since_s: float | None, until_s: float | None) -> bool:
    return (since_s is None or since_s <= time_s) and (until_s is None or time_s < until_s)
