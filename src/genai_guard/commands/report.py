"""`report`: writes a page about the calls in an inference log."""

from __future__ import annotations

import argparse
import sys
import time

from genai_guard.commands.shared import OK, UsageError, feedback_in, write_text
from genai_guard.commands.times import moment_of
from genai_guard.errors import ConfigurationError

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
    parser.add_argument("--audit", metavar="DIR", help="the folder of an audit: marks what was changed")
    parser.add_argument("--feedback", metavar="FILE", help="the file of a SqliteFeedbackStore: adds thumbs")


def run(args: argparse.Namespace) -> int:
    """Write the page, and say where it is."""
    from genai_guard.recording.report import report  # noqa: PLC0415  `--help` does not need it

    now_s = time.time()
    try:
        page = report(
            args.log,
            since_s=moment_of(args.since, now_s=now_s, option="--since"),
            until_s=moment_of(args.until, now_s=now_s, option="--until"),
            title=args.title,
            budget_usd=args.budget_usd,
            feedback=feedback_in(args.feedback) if args.feedback else (),
            audit=args.audit,
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
