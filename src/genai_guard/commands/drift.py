"""`drift`: says how calls changed, from the inference log or a table.

drift DATA --baseline OTHER                what differs from other calls, or from a saved baseline
drift DATA --granularity '1 day'           what differs from one window to the next
drift DATA --profile                       what calls are like, compared with nothing
drift DATA --save-baseline usual.json      keep what they are like, to compare with later
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

from genai_guard.commands.shared import NO, OK, UsageError, reading, write_text
from genai_guard.commands.terminal import printable

if TYPE_CHECKING:
    from genai_guard.recording.drift import DriftTable, ProfileTable

__all__ = ["add_arguments", "run"]

_QUALITY: Final = "quality"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("data", metavar="DATA", help="the folder of an inference log, a .jsonl or a .csv file")
    parser.add_argument("--baseline", metavar="OTHER", help="what to compare with: the same, or a saved .json file")
    parser.add_argument("--granularity", metavar="TIME", help="length of the windows, for instance '1 day'")
    parser.add_argument(
        "--feature",
        action="append",
        metavar="NAME",
        help="what to look at, or 'quality' for all of that; may be repeated",
    )
    parser.add_argument(
        "--slice", action="append", default=[], metavar="BY", help="tell calls apart by a column as well"
    )
    parser.add_argument("--alpha", type=float, default=0.05, help="probability of any false alarm; 0.05 unless said")
    parser.add_argument(
        "--min-n", type=int, default=500, metavar="N", help="values that both sides must have (%(default)s)"
    )
    parser.add_argument("--min-distance", type=float, default=0.0, metavar="D", help="what is closer is no drift")
    parser.add_argument("--psi-above", type=float, metavar="X", help="say drift as well where the index is above")
    parser.add_argument("--profile", action="store_true", help="say what the calls are like, and compare nothing")
    parser.add_argument("--save-baseline", metavar="FILE", help="keep what they are like, and compare nothing")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", action="store_true", help="print it as JSON")
    kind.add_argument("--csv", action="store_true", help="print it as CSV")
    parser.add_argument("--output", metavar="FILE", help="write it to a file instead")
    parser.add_argument("--fail-on-drift", action="store_true", help="exit with 1 if something drifted")


def run(args: argparse.Namespace) -> int:
    """Compare or describe. Returns 1 with `--fail-on-drift` if something drifted."""
    from genai_guard.recording.drift import Baseline, drift, profile  # noqa: PLC0415  `--help` does not need it

    common: dict[str, Any] = {"features": _features(args.feature), "slices": args.slice}
    with reading(args.data):
        if args.save_baseline:
            made = Baseline.of(args.data, **common)
            _save(made, args.save_baseline)
            sys.stdout.write(f"{args.save_baseline}: {made!r}\n")
            return OK
        if args.profile:
            return _write(profile(args.data, granularity=args.granularity, **common), args)
        found = drift(
            args.data,
            baseline=args.baseline,
            granularity=args.granularity,
            alpha=args.alpha,
            min_n=args.min_n,
            min_distance=args.min_distance,
            psi_above=args.psi_above,
            **common,
        )
    _write(found, args, head=f"{found.summary()}\n\n")
    return NO if args.fail_on_drift and found.drifted else OK


def _features(given: list[str] | None) -> list[str] | None:
    if given is None:
        return None
    from genai_guard.recording.quality import QUALITY  # noqa: PLC0415  as above

    return [name for each in given for name in (QUALITY if each == _QUALITY else (each,))]


def _save(made: Any, file: str) -> None:
    try:
        made.save(file)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None


def _write(table: ProfileTable | DriftTable, args: argparse.Namespace, *, head: str = "") -> int:
    if args.json:
        text = table.to_json() + "\n"
    elif args.csv:
        text = table.to_csv()
    else:
        text = printable(f"{head}{table}") + "\n"
    if args.output:
        write_text(args.output, text)
    else:
        sys.stdout.write(text)
    return OK
