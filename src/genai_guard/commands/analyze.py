"""`analyze`: says what an experiment has shown, from the inference log or a table.

analyze DATA --metric NAME            sentences, a table, and with --plot the intervals over time
analyze DATA --metric NAME --html FILE
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Final

from genai_guard.commands.shared import NO, OK, reading, write_text
from genai_guard.commands.terminal import printable

if TYPE_CHECKING:
    from genai_guard.routing.analysis import Analysis

__all__ = ["add_arguments", "run"]

_PAGE: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Analysis</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width"></head>
<body>{}</body></html>
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("data", metavar="DATA", help="an inference log, its folder or file, a .jsonl or a .csv file")
    parser.add_argument("--experiment", metavar="NAME", help="which one, where there are several")
    parser.add_argument("--metric", action="append", metavar="COLUMN", help="what to compare; may be repeated")
    parser.add_argument("--ratio", nargs=2, metavar=("COLUMN", "COLUMN"), help="compare a ratio of two sums")
    parser.add_argument("--quantile", type=float, metavar="Q", help="compare a quantile, 0.95 for p95, not the mean")
    parser.add_argument("--control", metavar="VARIANT", help="the variant that others are compared with")
    parser.add_argument(
        "--method", choices=("fixed", "group_sequential", "sequential", "exact"), default="fixed", help="how to test"
    )
    parser.add_argument("--looks", type=int, metavar="N", help="for group_sequential: how many looks were planned")
    parser.add_argument("--look", type=int, metavar="N", help="for group_sequential: which look this is")
    parser.add_argument("--bounds", choices=("obrien_fleming", "pocock"), default="obrien_fleming", help="their shape")
    parser.add_argument("--planned-units", type=int, metavar="N", help="how many units were planned")
    parser.add_argument("--alpha", type=float, default=0.05, help="probability of a false alarm; 0.05 unless said")
    parser.add_argument(
        "--alternative", choices=("two-sided", "greater", "less", "better"), default="two-sided", help="what to show"
    )
    parser.add_argument(
        "--relative-margin", type=float, default=0.0, metavar="SHARE", help="how much worse is not worse"
    )
    parser.add_argument("--correction", choices=("holm", "bh"), help="correct p-values for their number")
    parser.add_argument("--cuped", metavar="COLUMN", help="what was known of units before, to reduce the variance")
    parser.add_argument("--outcomes", metavar="FILE", help="what became known later, with a column request_id")
    parser.add_argument("--unit", metavar="COLUMN", help="who a row is of")
    parser.add_argument("--variant", default="variant", metavar="COLUMN", help="of tables: the column of the variant")
    parser.add_argument("--segments", metavar="COLUMN", help="compare within each value of it as well")
    parser.add_argument("--plot", action="store_true", help="show the intervals over time")
    parser.add_argument("--html", metavar="FILE", help="write a page with pictures too")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument("--fail-if-worse", action="store_true", help="exit with 1 if a variant is worse in anything")


def run(args: argparse.Namespace) -> int:
    """Compare. Returns 1 with `--fail-if-worse` if a variant is worse, or the sample ratio is wrong."""
    found = _analysis(args)
    if args.html:
        write_text(args.html, _PAGE.format(found.to_html()))
    sys.stdout.write(json.dumps(found.to_dict()) + "\n" if args.json else _text(found, plot=args.plot))
    mismatch = found.sample_ratio is not None and found.sample_ratio.mismatch
    bad = mismatch or any(each.outcome == "worse" for each in found.comparisons)
    return NO if args.fail_if_worse and bad else OK


def _analysis(args: argparse.Namespace) -> Analysis:
    from genai_guard.routing.analysis import analyze  # noqa: PLC0415  `--help` does not need it

    with reading(args.data):
        return analyze(
            args.data,
            experiment=args.experiment,
            metrics=args.metric or (),
            ratio=None if args.ratio is None else tuple(args.ratio),
            quantile=args.quantile,
            control=args.control,
            method=args.method,
            looks=args.looks,
            look=args.look,
            bounds=args.bounds,
            planned_units=args.planned_units,
            alpha=args.alpha,
            alternative=args.alternative,
            relative_margin=args.relative_margin,
            correction=args.correction,
            cuped=args.cuped,
            outcomes=args.outcomes,
            unit=args.unit,
            variant=args.variant,
            segments=args.segments,
        )


def _text(found: Analysis, *, plot: bool) -> str:
    parts = [str(found), found.table()]
    if plot:
        parts.append(found.plot(ascii_only=not _shows("│─●")))
    return printable("\n\n".join(parts)) + "\n"


def _shows(signs: str) -> bool:
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
