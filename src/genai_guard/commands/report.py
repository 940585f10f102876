"""`report`: writes a page about the calls in an inference log.

report inference/ --since 7d                         what happened in a week
report inference/ --baseline usual.json              and how that differs from what is usual
report inference/ --audit audit/ --review review.sqlite
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from genai_guard.commands.shared import OK, UsageError, feedback_in, write_text
from genai_guard.commands.times import moment_of
from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.recording.drift import DriftTable
    from genai_guard.recording.review import ReviewReport

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("log", metavar="LOG", help="the folder of an inference log, or its file of SQLite")
    parser.add_argument(
        "--output", metavar="FILE", default="report.html", help="where to (%(default)s); - for standard output"
    )
    parser.add_argument(
        "--since", metavar="TIME", help="calls from then on: 2026-11-20, 2026-11-20T08:30, or 24h, 7d ago"
    )
    parser.add_argument("--until", metavar="TIME", help="calls before then")
    parser.add_argument("--title", default="What happened", help="heading of the page")
    parser.add_argument("--budget-usd", type=float, metavar="USD", help="what may be spent in this time")
    parser.add_argument(
        "--audit", metavar="DIR", help="the folder of an audit: adds changes, and alerts recorded there"
    )
    parser.add_argument("--feedback", metavar="FILE", help="the file of a SqliteFeedbackStore: adds thumbs")
    parser.add_argument("--review", metavar="FILE", help="the file of a ReviewQueue: adds how often rules are right")
    parser.add_argument(
        "--baseline", metavar="OTHER", help="adds drift from another log, or from a baseline saved by `drift` (.json)"
    )
    parser.add_argument(
        "--granularity",
        metavar="TIME",
        help="adds drift of windows such as '1 day', each from the baseline or the last one",
    )


def run(args: argparse.Namespace) -> int:
    """Write the page, and say where it is."""
    from genai_guard.recording.report import report  # noqa: PLC0415  `--help` does not need it

    now_s = time.time()
    since_s = moment_of(args.since, now_s=now_s, option="--since")
    until_s = moment_of(args.until, now_s=now_s, option="--until")
    try:
        page = report(
            args.log,
            since_s=since_s,
            until_s=until_s,
            title=args.title,
            budget_usd=args.budget_usd,
            feedback=feedback_in(args.feedback) if args.feedback else (),
            audit=args.audit,
            review=_reviewed(args.review) if args.review else None,
            drift=_drift(args, since_s, until_s),
            now_s=now_s,
        )
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename or args.log}: cannot be read: {error.strerror}") from None
    if args.output == "-":
        sys.stdout.write(page)
    else:
        write_text(args.output, page)
        sys.stdout.write(f"{args.output}: {len(page.encode()):,} bytes\n")
    return OK


def _drift(args: argparse.Namespace, since_s: float | None, until_s: float | None) -> DriftTable | None:
    """Return how the calls that are shown differ from others; None if nobody asked."""
    if args.baseline is None and args.granularity is None:
        return None
    from genai_guard.recording.drift import drift  # noqa: PLC0415  most reports have none
    from genai_guard.recording.report import rows_between  # noqa: PLC0415

    rows = rows_between(args.log, since_s=since_s, until_s=until_s)
    try:
        return drift(rows, baseline=args.baseline, granularity=args.granularity)
    except ConfigurationError as error:
        options = " and ".join(name for name in ("--baseline", "--granularity") if getattr(args, name[2:]) is not None)
        raise UsageError(f"{options}: {error}") from None


def _reviewed(file: str) -> ReviewReport:
    import sqlite3  # noqa: PLC0415  as above

    from genai_guard.recording.review import ReviewQueue, report  # noqa: PLC0415

    if not Path(file).is_file():
        raise UsageError(f"{file}: is no file of a review queue")
    try:
        with closing(ReviewQueue(file)) as queue:
            return report(queue.items(), labels=queue.labels)
    except sqlite3.Error:
        raise UsageError(f"{file}: is no file of a review queue") from None
