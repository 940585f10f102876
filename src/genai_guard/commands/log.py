"""`log`: shows, counts and exports the rows of an inference log.

log tail LOG -f --status error        the last rows, and those that come
log query LOG --count-by model        rows that match, or how many there are
log export LOG --to parquet --output tables/
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from genai_guard.commands.shared import OK, UsageError, sentence, write_lines
from genai_guard.commands.terminal import is_terminal, printable, printable_json
from genai_guard.errors import ConfigurationError
from genai_guard.recording.exports.plain import csv_lines, jsonl_lines
from genai_guard.recording.logs.querying import cell, checked_columns, count_by, latest, matching

if TYPE_CHECKING:
    from genai_guard.recording.exports import Exported
    from genai_guard.recording.logs import LogRow, RowLog

__all__ = ["add_arguments", "run"]

_WIDTHS: Final = {
    "request_time": 19, "status": 15, "model": 18, "variant": 12, "requester": 12, "latency_ms": 10, "output_tokens": 13,
    "cost_usd": 9, "request_id": 32,
}  # fmt: skip
_SHOWN: Final = tuple(_WIDTHS)
_LOOK_S: Final = 0.25
_FILES: Final[dict[str, Callable[[Iterable[LogRow]], Iterator[str]]]] = {"csv": csv_lines, "jsonl": jsonl_lines}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    tailing = _action(actions, "tail", "show the last rows", _tail)
    tailing.add_argument("-n", "--lines", metavar="N", type=_count, default=20, help="how many; 20 unless given")
    tailing.add_argument("-f", "--follow", action="store_true", help="go on with the rows that come, of all processes")
    tailing.add_argument("--json", action="store_true", help="print them as JSON lines")
    querying = _action(actions, "query", "print the rows that match, or count them", _query)
    querying.add_argument("--limit", metavar="N", type=_count, help="stop after so many")
    querying.add_argument(
        "--count-by", metavar="COLUMNS", help="count them by one or more columns, with commas between"
    )
    form = querying.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON lines")
    form.add_argument("--csv", action="store_true", help="print CSV")
    exporting = _action(actions, "export", "write rows where other tools read them", _export, columns=False)
    exporting.add_argument("--to", choices=("parquet", "delta", *_FILES), required=True, help="what to write")
    exporting.add_argument("--output", metavar="PATH", required=True, help="the folder, the address or the file")


def run(args: argparse.Namespace) -> int:
    """Do what was asked for, and return the exit code."""
    from genai_guard.recording import open_log  # noqa: PLC0415  `--help` does not need it

    try:
        log = open_log(args.log)
        checked_columns(args.where)
        args.act(args, log)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    except BrokenPipeError:
        raise  # nobody reads on, which is no mistake
    except OSError as error:
        raise UsageError(f"{error.filename or args.log}: {error.strerror or error}") from None
    except _errors() as error:
        raise UsageError(f"{args.log}: {error}") from None
    return OK


def _errors() -> tuple[type[Exception], ...]:
    """What may be wrong with a file of SQLite, or a table of Delta Lake."""
    import sqlite3  # noqa: PLC0415  when there is an error

    delta: Any = sys.modules.get("deltalake.exceptions")
    return (sqlite3.Error,) if delta is None else (sqlite3.Error, delta.DeltaError)


def _action(
    actions: Any, name: str, about: str, act: Callable[[argparse.Namespace, RowLog], None], *, columns: bool = True
) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(name, help=about, description=sentence(about))
    action.add_argument("log", metavar="LOG", help="the folder of an inference log, or its file of SQLite")
    action.add_argument("--status", action="append", default=[], help="calls that ended so; may be repeated")
    action.add_argument("--user", help="calls on behalf of a user")
    action.add_argument("--model", help="calls of a model")
    action.add_argument(
        "--since",
        metavar="TIME",
        default="",
        help="calls from then on: 2026-11-20, 2026-11-20T08:30, or 15m, 2h, 3d ago",
    )
    action.add_argument(
        "--where", metavar="COLUMN=VALUE", action=_Pairs, default={}, help="rows with a value; may be repeated"
    )
    if columns:
        action.add_argument("--columns", metavar="COLUMNS", help="which columns, with commas between")
    action.set_defaults(act=act)
    return action


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 0 or above")
    return int(text)


class _Pairs(argparse.Action):
    """Collects `COLUMN=VALUE`."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option: str | None = None) -> None:
        name, equals, value = str(values).partition("=")
        if not equals:
            parser.error(f"{option}: {values!r} must be COLUMN=VALUE")
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), name: value})


def _tail(args: argparse.Namespace, log: RowLog) -> None:
    follower = log.follow()
    next(follower)  # so that what comes while the last rows are looked for is not missed
    last = latest(_matching(args, log.read()), args.lines)
    _print(_lines(args, last))
    if args.follow:
        known = {row.get("request_id") for row in last}
        _print(_lines(args, _matching(args, _coming(follower, known)), header=False))


def _coming(rows: Iterable[LogRow | None], known: set[Any]) -> Iterator[LogRow]:
    """Yield rows as they come, without those that were shown."""
    for row in rows:
        if row is None:
            sys.stdout.flush()
            time.sleep(_LOOK_S)
        elif row.get("request_id") not in known:
            yield row


def _query(args: argparse.Namespace, log: RowLog) -> None:
    rows = islice(_matching(args, log.read()), args.limit)
    if args.count_by and args.csv:
        raise UsageError("--count-by prints a table, or --json")
    if args.count_by:
        _print(_counts(args, rows))
    elif args.csv:
        lines = csv_lines(rows, columns=_columns(args.columns))
        _print(map(printable, lines) if is_terminal(sys.stdout) else lines)
    else:
        _print(_lines(args, rows))


def _counts(args: argparse.Namespace, rows: Iterable[LogRow]) -> Iterator[str]:
    columns = _columns(args.count_by)
    counted = count_by(columns, rows)
    flat = [
        {**dict(zip(columns, key, strict=True)), "rows": count.rows, "calls": round(count.calls)}
        for key, count in counted.items()
    ]
    names = (*columns, "rows", "calls")
    if args.json:
        yield from (printable_json(json.dumps(each, ensure_ascii=False)) + "\n" for each in flat)
    else:
        table = [names, *(tuple(each[name] for name in names) for each in flat)]
        widths = [max(len(_word(value)) for value in column) for column in zip(*table, strict=True)]
        yield from (_aligned(values, widths) for values in table)


def _export(args: argparse.Namespace, log: RowLog) -> None:
    if args.to in _FILES:
        rows = _matching(args, log.read())
        sys.stderr.write(f"{write_lines(args.output, _FILES[args.to](rows)) - (args.to == 'csv'):,} rows\n")
        return
    if args.status or args.user or args.model or args.since or args.where:
        raise UsageError(f"--to {args.to} takes every row once: which rows is asked where they are read")
    done = _tables()[args.to](log, args.output)
    skipped = f", {done.skipped:,} lines skipped that are no rows" if done.skipped else ""
    sys.stderr.write(f"{done.rows:,} rows in {done.batches:,} batches{skipped}\n")


def _matching(args: argparse.Namespace, rows: Iterable[LogRow]) -> Iterator[LogRow]:
    return matching(rows, status=args.status, user=args.user, model=args.model, since=args.since, where=args.where)


def _lines(args: argparse.Namespace, rows: Iterable[LogRow], *, header: bool = True) -> Iterator[str]:
    """Yield rows as JSON or as lines of a table."""
    columns = _columns(args.columns)
    if args.json:
        yield from map(printable_json, jsonl_lines(rows, columns=columns))
        return
    names = columns or _SHOWN
    widths = [_WIDTHS.get(name, len(name)) for name in names]
    if header:
        yield _aligned(names, widths)
    for row in rows:
        yield _aligned([_short(name, row.get(name)) for name in names], widths)


def _short(name: str, value: object) -> object:
    return cell(value)[:19] if name == "request_time" else value


def _aligned(values: Iterable[object], widths: Iterable[int]) -> str:
    return "  ".join(_word(value).ljust(width) for value, width in zip(values, widths, strict=True)).rstrip() + "\n"


def _word(value: object) -> str:
    """Return a value on one line, with nothing in it that a terminal would obey."""
    return printable(cell(value)).replace("\n", "\\n").replace("\t", "\\t")


def _columns(names: str | None) -> tuple[str, ...]:
    return checked_columns(name.strip() for name in names.split(",")) if names else ()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(line)


def _tables() -> dict[str, Callable[[RowLog, str], Exported]]:
    from genai_guard.recording.exports import export_delta, export_parquet  # noqa: PLC0415  `--help` does not need them

    return {"parquet": export_parquet, "delta": export_delta}
