"""What happened, for a person who has just watched it happen."""

from __future__ import annotations

import shlex
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genai_guard.demo.console import Console, harmless
from genai_guard.demo.turns import Turn
from genai_guard.errors import RateLimited
from genai_guard.recording import MetricsRecorder

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline
    from genai_guard.recording import AlertEvent, Snapshot
    from genai_guard.routing import Experiment

__all__ = ["alerts", "guardrails", "limits", "log", "split", "summarise", "table"]

_LOG_TIMEOUT_S: Final = 5.0
_MOST_NUMBERS: Final = 8
_NEXT: Final = (
    "your prompts and model: python -m genai_guard demo --prompts FILE --model URL",
    "your code: put @pipeline over the function that calls the model; see examples/",
)


def summarise(console: Console, pipeline: Pipeline, turns: Sequence[Turn]) -> None:
    """Print verdicts, variant split, denials, metrics, alerts, and where the inference log is."""
    router = pipeline.router
    recorder = pipeline.recorder if isinstance(pipeline.recorder, MetricsRecorder) else None
    if recorder is not None:
        recorder.flush(timeout_s=_LOG_TIMEOUT_S)
    _section(console, "Guardrails", guardrails(turns))
    for experiment in router.experiments if router is not None else ():
        measured: Mapping[str, Snapshot] = {} if recorder is None else recorder.breakdown("variant")
        _section(console, "A/B split", split(experiment, turns, measured))
    _section(console, "Limits", limits(turns))
    if recorder is not None:
        _section(console, "Metrics", str(recorder.snapshot()).split("\n"))
        _section(console, "Alerts", alerts(recorder.alerts()))
        _section(console, "Inference log", log(recorder))
    _section(console, "What next", _NEXT)


def guardrails(turns: Sequence[Turn]) -> Iterator[str]:
    """Yield how many messages were answered, and what the input guards found."""
    outcomes = Counter(turn.outcome for turn in turns)
    yield f"{len(turns)} messages: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    found: dict[tuple[str, str], list[int]] = {}
    for number, turn in enumerate(turns, 1):
        for finding in turn.verdict.findings:
            found.setdefault((finding.guard, finding.category), []).append(number)
    rows = (
        (guard, category, str(len(numbers)), _listed(dict.fromkeys(numbers)))
        for (guard, category), numbers in found.items()
    )
    yield from table(("guard", "found in messages", "times", "which"), rows)


def split(experiment: Experiment, turns: Sequence[Turn], measured: Mapping[str, Snapshot]) -> Iterator[str]:
    """Yield the share of users that each variant was to get, the share that it got, and what it answered.

    Args:
        experiment: What was compared.
        turns: What became of the prompts.
        measured: What the recorder knows of each variant.
    """
    assigned = {turn.prompt.user: turn.variant for turn in turns if turn.variant}
    users = Counter(assigned.values())
    yield f"{experiment.name}, by {experiment.by}: {len(assigned)} of them"
    rows = (
        (
            name,
            f"{share:.0%}",
            f"{users[name] / max(len(assigned), 1):.0%} ({users[name]})",
            *_measures(measured.get(name)),
        )
        for name, share in experiment.shares.items()
    )
    yield from table(("variant", "configured", "observed", "calls", "tokens out"), rows)


def limits(turns: Sequence[Turn]) -> Iterator[str]:
    """Yield what the limiter refused, and how long to wait."""
    waits: dict[tuple[str, str], list[float]] = {}
    for turn in turns:
        if isinstance(turn.refusal, RateLimited) and turn.refusal.retry_after_s is not None:
            key = " and ".join(turn.refusal.limits), harmless(turn.prompt.user)
            waits.setdefault(key, []).append(turn.refusal.retry_after_s)
    if not waits:
        yield "nobody was denied"
    rows = ((limit, user, str(len(waited)), f"{max(waited):.1f} s") for (limit, user), waited in waits.items())
    yield from table(("limit", "user", "denied", "retry after"), rows)


def alerts(events: Iterable[AlertEvent]) -> Iterator[str]:
    """Yield the alerts that fired."""
    fired = [(event.state, event.name, event.message) for event in events]
    for state, name, message in fired:
        yield f"{name} ({state})"
        yield f"  {message}"
    if not fired:
        yield "none fired"


def log(recorder: MetricsRecorder) -> Iterator[str]:
    """Yield where the inference log is, and how to read it."""
    from genai_guard.recording import RowLog  # noqa: PLC0415  needed at the end only

    if not isinstance(recorder.log, RowLog):
        yield "there is none"
        return
    path = str(getattr(recorder.log, "path", ""))
    row: object = None
    with suppress(OSError, sqlite3.Error):
        row = next(iter(recorder.log.read()), None)
    if row is None:
        yield f"nothing could be written to {path}: {', '.join(recorder.dropped) or 'no calls'}"
        return
    yield str(Path(path).absolute())
    yield "one row a message, texts redacted, columns as in a Databricks inference table"
    yield f"python -m genai_guard log tail {shlex.quote(path)}"
    yield f"or in Python: for row in genai_guard.recording.open_log({path!r}).read(): ..."


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose columns are as wide as they must be; nothing without rows."""
    filled = list(rows)
    if not filled:
        return
    widths = [max(map(len, column)) for column in zip(head, *filled, strict=True)]
    for row in (head, *filled):
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _listed(numbers: Iterable[int]) -> str:
    words = list(map(str, numbers))
    return ", ".join(words[:_MOST_NUMBERS] + ["…"] * (len(words) > _MOST_NUMBERS))


def _measures(of: Snapshot | None) -> tuple[str, str]:
    return ("0", "0") if of is None else (f"{of.calls:,}", f"{of.output_tokens:,}")


def _section(console: Console, title: str, lines: Iterable[str]) -> None:
    console.heading(title)
    for line in lines:
        console.line(f"  {line}")
