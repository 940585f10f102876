"""`feedback`: what was said of replies, joined to the inference log: exported, or summed up.

feedback export LOG FEEDBACK --format chat --output examples.jsonl
feedback summary LOG FEEDBACK --by variant
"""

from __future__ import annotations

import argparse
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from genai_guard.commands.as_json import as_json
from genai_guard.commands.shared import UsageError, feedback_in, give, json_lines
from genai_guard.commands.terminal import printable
from genai_guard.errors import ConfigurationError
from genai_guard.recording.feedback import export
from genai_guard.recording.logs.querying import checked_columns

if TYPE_CHECKING:
    from genai_guard.recording.feedback import Feedback
    from genai_guard.recording.feedback.export import CallFeedback

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("action", choices=("export", "summary"), help="write it for another tool, or print counts")
    parser.add_argument("log", metavar="LOG", help="the folder of an inference log, or its file of SQLite")
    parser.add_argument("feedback", metavar="FEEDBACK", help="the file of a SqliteFeedbackStore")
    parser.add_argument("--format", choices=tuple(_FORMATS), default="chat", help="what to export as (%(default)s)")
    parser.add_argument("--output", metavar="FILE", default="-", help="where to; standard output unless said")
    parser.add_argument("--by", metavar="COLUMN", default="variant", help="column to sum up by (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the counts of `summary` as JSON")


def run(args: argparse.Namespace) -> int:
    """Export feedback or print its summary. What is left out is counted on standard error."""
    if args.json and args.action != "summary":
        raise UsageError("--json is for the counts of `summary`; `export --format` says what else there is")
    rows, feedback = _read(args.log, args.feedback, column=args.by)
    left_out: Counter[str] = Counter()

    def leave_out(_: str, reason: str) -> None:
        left_out[reason] += 1

    if args.action == "summary":
        found = export.feedback_by(args.by, rows, feedback)
        text = as_json(found) if args.json else _table(found, args.by)
    else:
        text = _FORMATS[args.format](rows, feedback, leave_out)
    return give(args.output, text, left_out=left_out)


def _read(folder: str, file: str, *, column: str) -> tuple[Iterator[dict[str, Any]], list[Feedback]]:
    from genai_guard.recording import open_log  # noqa: PLC0415  `--help` does not need it

    try:
        checked_columns([column])
        return open_log(folder).read(), feedback_in(file)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None


def _csv(rows: Any, feedback: Any, left_out: Any) -> str:
    file = io.StringIO(newline="")
    export.write_csv(file, rows, feedback, on_left_out=left_out)
    return file.getvalue()


_FORMATS: Final[dict[str, Callable[[Any, Any, Any], str]]] = {
    "chat": lambda rows, feedback, left_out: json_lines(export.chat_examples(rows, feedback, on_left_out=left_out)),
    "preferences": lambda rows, feedback, left_out: json_lines(
        export.preferences(rows, feedback, on_left_out=left_out)
    ),
    "openai-preferences": lambda rows, feedback, left_out: json_lines(
        export.openai_preferences(rows, feedback, on_left_out=left_out)
    ),
    "label-studio": lambda rows, feedback, left_out: (
        json.dumps(list(export.label_studio_tasks(rows, feedback, on_left_out=left_out)), ensure_ascii=False) + "\n"
    ),
    "csv": _csv,
    "assessments": lambda _, feedback, __: json_lines(export.assessments(feedback)),
}


def _table(found: dict[str, CallFeedback], column: str) -> str:
    heads = (column, "calls", "with feedback", "up", "down", "down rate", "mean rating", "corrections", "comments")
    lines = [heads, *(_cells(value, each) for value, each in found.items())]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    return "".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        + "\n"
        for line in lines
    )


def _cells(value: str, each: CallFeedback) -> tuple[str, ...]:
    counts = each.counts
    rate, mean = counts.thumbs_down_rate, counts.mean_rating
    return (
        printable(value) or "-",
        *(f"{number:,}" for number in (each.calls, each.with_feedback, counts.up, counts.down)),
        "-" if rate is None else f"{rate:.1%}",
        "-" if mean is None else f"{mean:.2f}",
        *(f"{number:,}" for number in (counts.corrections, counts.comments)),
    )
