"""`scan`: puts what the guards of a policy leave of a text in its place, in every row of a file, in several processes.

scan policy.yaml rows.jsonl --output guarded.jsonl        JSON lines: {"text": "...", ...}
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final, cast

from genai_guard.commands.shared import OK, UsageError, json_lines, write_lines
from genai_guard.commands.terminal import is_terminal, printable_json

__all__ = ["add_arguments", "run"]

_STDIN: Final = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policy", metavar="POLICY", help="a .yaml, .yml, .toml or .json file, or package.module:name")
    parser.add_argument(
        "rows", metavar="ROWS", nargs="?", default=_STDIN, help="JSON lines; - or nothing: standard input"
    )
    parser.add_argument("--field", default="text", metavar="NAME", help="where the text of a row is (%(default)s)")
    parser.add_argument("--side", choices=("input", "output"), default="input", help="whose guards (%(default)s)")
    parser.add_argument(
        "--output", default="-", metavar="FILE", help="where to write; - is standard output (%(default)s)"
    )
    parser.add_argument("--processes", type=int, metavar="N", help="how many; as many as there are processors")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not tell how far it is")


def run(args: argparse.Namespace) -> int:
    """Scan the rows and write them."""
    from genai_guard.batch import scan_rows  # noqa: PLC0415  `--help` does not need it
    from genai_guard.testing.cases.reading import is_reference  # noqa: PLC0415  as above

    where = "factory" if is_reference(args.policy) else "policy"
    policy: dict[str, Any] = {where: args.policy}
    rows = scan_rows(_rows(args.rows), field=args.field, side=args.side, processes=args.processes, **policy)
    with closing(rows):
        lines = _counted((json_lines([row]) for row in rows), quiet=args.quiet)
        if args.output != "-":
            write_lines(args.output, lines)
        else:
            shown = printable_json if is_terminal(sys.stdout) else str
            sys.stdout.writelines(shown(line) for line in lines)
    return OK


def _counted(lines: Iterator[str], *, quiet: bool) -> Iterator[str]:
    """Tell how far it is, unless that is not wanted, or there is no terminal."""
    from genai_guard.batch.progress import Progress  # noqa: PLC0415  as above

    progress = Progress(None) if quiet else Progress.on_terminal(None)
    try:
        for line in lines:
            progress.step(ok=True)
            yield line
    finally:
        progress.close()


def _rows(file: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file as they are read."""
    name = "standard input" if file == _STDIN else file
    try:
        with sys.stdin.buffer if file == _STDIN else open(file, "rb") as source:  # noqa: PTH123  `-` is none
            for number, line in enumerate(source, 1):
                if line.strip():
                    yield _row(line, f"{name}:{number}")
    except OSError:
        raise UsageError(f"{name}: cannot be read") from None


def _row(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise UsageError(f"{place}: is no JSON object")
    return cast("dict[str, Any]", row)
