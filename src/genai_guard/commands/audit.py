"""`audit`: verifies, shows and exports an audit trail."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from genai_guard.commands.shared import NO, OK, UsageError, sentence, write_text
from genai_guard.environment import env
from genai_guard.recording.audit.anchors import read_anchors
from genai_guard.recording.audit.chain import Head, Record
from genai_guard.recording.audit.files import records, segments
from genai_guard.recording.audit.keys import ENVIRONMENT, read_keys
from genai_guard.recording.audit.verifying import Verification, verify

__all__ = ["add_arguments", "run"]

_COLUMNS: Final = ("sequence", "time", "kind", "user", "facts", "process", "key", "mac", "previous")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    verifying = _action(actions, "verify", "name the first record that is not what was written", _verify)
    verifying.add_argument("--key", metavar="NAME", default=ENVIRONMENT, help="environment variable with the keys")
    verifying.add_argument(
        "--anchors",
        metavar="FILE",
        help="heads that were kept elsewhere, without which nobody sees that the end was cut off",
    )
    verifying.add_argument("--json", action="store_true", help="print what was found as JSON")
    tailing = _action(actions, "tail", "show the last records, unverified", _tail)
    tailing.add_argument("-n", "--lines", metavar="N", type=int, default=20, help="how many; 20 unless given")
    tailing.add_argument("--kind", metavar="KIND", help="those of one kind, such as block")
    exporting = _action(actions, "export", "print all records as JSON lines or CSV, unverified", _export)
    exporting.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="jsonl unless given")
    exporting.add_argument("--kind", metavar="KIND", help="those of one kind, such as block")
    exporting.add_argument("--since", metavar="TIME", default="", help="those from then on, such as 2026-11-20")
    exporting.add_argument("--output", metavar="FILE", help="write them to a file instead")


def _action(
    actions: Any, name: str, about: str, act: Callable[[argparse.Namespace, Path], int]
) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(
        name, help=about, description=sentence(about), allow_abbrev=False
    )
    action.add_argument("folder", metavar="DIR", help="folder of the audit")
    action.set_defaults(act=act)
    return action


def run(args: argparse.Namespace) -> int:
    """Do what was asked for, and return the exit code."""
    folder = Path(args.folder)
    if not segments(folder):
        raise UsageError(f"{folder}: holds no audit")
    try:
        code: int = args.act(args, folder)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: cannot be read: {error.strerror}") from None
    return code


def _verify(args: argparse.Namespace, folder: Path) -> int:
    keys = read_keys(env(args.key), where="audit verify")
    anchors: Iterable[Head] = read_anchors(args.anchors) if args.anchors else ()
    found = verify(folder, keys.by_id, anchors=anchors)
    sys.stdout.write(_as_json(found) if args.json else _in_words(found, anchored=bool(args.anchors)))
    return OK if found.ok else NO


def _in_words(found: Verification, *, anchored: bool) -> str:
    lines = [f"{found.records} records are what was written; the last one is of {found.head.time or 'no time'}"]
    if found.erased:
        lines.append(f"{found.erased} no longer say who they are about: erased")
    if found.lost:
        lines.append(f"{found.lost} happenings could not be written, as the records themselves say")
    if found.problem is not None:
        lines.append(f"WRONG: {found.problem}")
    elif anchored:
        lines.append(f"anchored up to record {found.anchored}")
    else:
        lines.append("no anchors were given: whether records are missing at the end, nobody knows")
    return "\n".join(lines) + "\n"


def _as_json(found: Verification) -> str:
    problem = found.problem
    values = {
        "ok": found.ok,
        "records": found.records,
        "head": found.head._asdict(),
        "erased": found.erased,
        "lost": found.lost,
        "anchored": found.anchored,
        "key_ids": found.key_ids,
        "problem": problem
        and {
            "sequence": problem.sequence,
            "reason": problem.reason,
            "segment": problem.segment,
            "line": problem.line,
        },
    }
    return json.dumps(values, indent=2) + "\n"


def _tail(args: argparse.Namespace, folder: Path) -> int:
    for record in deque(_chosen(folder, args.kind), maxlen=max(0, args.lines)):
        user = f"  {_user(record)}" if _user(record) else ""
        facts = json.dumps(record["facts"], ensure_ascii=False)
        sys.stdout.write(f"{record['sequence']}  {record['time'][:19]}  {record['kind']}{user}  {facts}\n")
    return OK


def _export(args: argparse.Namespace, folder: Path) -> int:
    chosen = (each for each in _chosen(folder, args.kind) if each["time"] >= args.since)
    lines = _jsonl(chosen) if args.format == "jsonl" else _csv(chosen)
    if args.output is None:
        sys.stdout.writelines(lines)
    else:
        write_text(args.output, "".join(lines))
    return OK


def _chosen(folder: Path, kind: str | None) -> Iterator[Record]:
    return (each for each in records(folder) if kind is None or each["kind"] == kind)


def _jsonl(chosen: Iterable[Record]) -> Iterator[str]:
    return (json.dumps(record, ensure_ascii=False) + "\n" for record in chosen)


def _csv(chosen: Iterable[Record]) -> Iterator[str]:
    line = io.StringIO(newline="")
    table = csv.writer(line)
    rows = ([_cell(record, column) for column in _COLUMNS] for record in chosen)
    for row in (_COLUMNS, *rows):
        table.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _cell(record: Record, column: str) -> Any:
    if column == "user":
        return _user(record)
    value: Any = record.get(column, "")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _user(record: Record) -> str:
    subject: dict[str, Any] = record.get("subject") or {}
    return str(subject.get("user", ""))
