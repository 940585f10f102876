"""`simulate-limits`: replays traffic through the limits of a policy, and shows what they would have done to it.

simulate-limits POLICY TRAFFIC        a table and bars for the terminal
simulate-limits POLICY TRAFFIC --html FILE
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from genai_guard.commands.shared import NO, OK, UsageError, load, read_text, write_text
from genai_guard.commands.terminal import add_colour, paint_for, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genai_guard.limits.simulation import LimitResult, Result, Traffic
    from genai_guard.pipeline import Pipeline
    from genai_guard.prices import Prices

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policy", metavar="POLICY", help="a policy file with limits, or package.module:name")
    parser.add_argument(
        "traffic", metavar="TRAFFIC", help="a CSV file of calls with a column time_s; - is standard input"
    )
    parser.add_argument(
        "--wait-s",
        type=_seconds,
        metavar="SECONDS",
        help="let refused calls come back for so long; unless said, as long as the policy lets calls wait",
    )
    parser.add_argument("--prices", choices=("genai",), help="take prices that the policy lacks from genai-prices")
    parser.add_argument("--spans", type=_spans, default=60, metavar="N", help="columns of the bars; 60 unless said")
    parser.add_argument(
        "--max-refused", type=_share, metavar="PERCENT", help="exit with 1 if more of the calls are refused"
    )
    parser.add_argument("--html", metavar="FILE", help="write a page with curves too")
    parser.add_argument("--svg", metavar="FILE", help="write the curves alone")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    add_colour(parser)


def run(args: argparse.Namespace) -> int:
    """Replay traffic. Returns 1 if more calls are refused than `--max-refused` says."""
    from genai_guard.limits.simulation import replay  # noqa: PLC0415  `--help` does not need it

    pipeline = load(args.policy)
    limiter = pipeline.limiter
    limits = getattr(limiter, "limits", ())
    if not limits:
        raise UsageError(f"{args.policy}: has no limits to simulate")
    traffic = _traffic(args.traffic)
    result = replay(
        traffic,
        limits,
        prices=_prices(pipeline, args.prices),
        expected_output_tokens=pipeline.expected_output_tokens,
        wait_s=(getattr(limiter, "wait_s", None) or 0.0) if args.wait_s is None else args.wait_s,
        spans=args.spans,
    )
    for note in _notes(limiter, traffic):
        sys.stderr.write(f"{printable(note)}\n")
    _write_files(args, result)
    _print(args, result)
    return _code(args, result)


def _traffic(file: str) -> Traffic:
    from genai_guard.limits.simulation import TrafficError, read_traffic  # noqa: PLC0415  as above

    try:
        return read_traffic(read_text(file), "standard input" if file == "-" else file)
    except TrafficError as error:
        raise UsageError(printable(str(error))) from None


def _prices(pipeline: Pipeline, source: str | None) -> Prices:
    from genai_guard.prices import GenAIPrices, Prices  # noqa: PLC0415  as above
    from genai_guard.prices.book import book_of  # noqa: PLC0415

    book = book_of(pipeline.prices)
    if source is None:
        return book
    return Prices(book.table, source=book.source or GenAIPrices(), unknown_model=book.unknown_model)


def _notes(limiter: Any, traffic: Traffic) -> Iterator[str]:
    """Yield what the file lacks, what of it means nothing, and what is not simulated."""
    from genai_guard.limits.simulation.traffic import NUMBERS  # noqa: PLC0415  as above

    if getattr(limiter, "adapt", None) is not None:
        yield "note: the limits under upstream are not simulated: nobody knows what the provider would say"
    keys = {name for limit in limiter.limits for name in ((limit.by,) if isinstance(limit.by, str) else limit.by or ())}
    for name in sorted(keys.difference(traffic.columns)):
        yield f"note: limits go by {name}, and there is no such column: all calls share one bucket"
    ignored = [name for name in traffic.columns if name not in NUMBERS and name not in keys and name != "model"]
    if ignored:
        yield f"note: no limit goes by {', '.join(ignored)}: not used"


def _write_files(args: argparse.Namespace, result: Result) -> None:
    if args.html or args.svg:
        from genai_guard.commands.usage_page import page, svg  # noqa: PLC0415  most want the terminal

        if args.html:
            write_text(args.html, page(result, args.policy, args.traffic))
        if args.svg:
            write_text(args.svg, svg(result))


def _print(args: argparse.Namespace, result: Result) -> None:
    if args.json:
        sys.stdout.write(json.dumps(_as_json(result)) + "\n")
        return
    from genai_guard.commands.usage_plot import report_lines  # noqa: PLC0415  as above

    paint = paint_for(args.color, sys.stdout)
    sys.stdout.write("".join(f"{line}\n" for line in report_lines(result, paint, sys.stdout.encoding or "ascii")))


def _code(args: argparse.Namespace, result: Result) -> int:
    if args.max_refused is None or 100 * result.refused <= args.max_refused * result.calls:
        return OK
    sys.stderr.write(
        f"{result.refused / result.calls:.1%} of the calls are refused, more than {args.max_refused:g} %\n"
    )
    return NO


def _as_json(result: Result) -> dict[str, Any]:
    return {
        "start_s": result.start_s,
        "end_s": result.end_s,
        "calls": result.calls,
        "admitted": result.admitted,
        "refused": result.refused,
        "unpriced": result.unpriced,
        "tokens": result.tokens,
        "usd": result.usd,
        "waited": len(result.waits_s),
        "median_wait_s": result.waits_s[len(result.waits_s) // 2] if result.waits_s else None,
        "longest_wait_s": result.waits_s[-1] if result.waits_s else None,
        "limits": [_limit_as_json(each) for each in result.limits],
    }


def _limit_as_json(result: LimitResult) -> dict[str, Any]:
    names = (
        "refused",
        "held_up",
        "never",
        "longest_wait_s",
        "peak",
        "capacity",
        "peak_key",
        "keys",
        "usage",
        "refusals",
    )
    return {
        "limit": result.limit.name,
        "mode": result.limit.mode,
        "unit": result.limit.unit,
        **{name: getattr(result, name) for name in names},
    }


def _seconds(text: str) -> float:
    return _number(text, 0, 10**9, "seconds, zero or more")


def _share(text: str) -> float:
    return _number(text, 0, 100, "a percentage, from 0 to 100")


def _number(text: str, least: float, most: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"takes {what}")
    return value


def _spans(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000):
        raise argparse.ArgumentTypeError("takes a whole number from 1 to 1000")
    return int(text)
