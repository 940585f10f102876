"""What the commands share: exit codes, policies and texts that are named on the command line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genai_guard.commands.terminal import is_terminal, printable, printable_json
from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline
    from genai_guard.recording.feedback import Feedback

__all__ = [
    "NO",
    "OK",
    "USAGE",
    "UsageError",
    "check_kept",
    "feedback_in",
    "give",
    "json_lines",
    "load",
    "read_bytes",
    "read_json",
    "read_text",
    "reading",
    "sentence",
    "write_lines",
    "write_text",
]

OK: Final = 0
NO: Final = 1
USAGE: Final = 2


class UsageError(Exception):
    """The command line asks for what cannot be done; the message says why."""


def sentence(about: str) -> str:
    """Return what a command does as a sentence, with its names as they are written."""
    return f"{about[:1].upper()}{about[1:]}."


def load(policy: str) -> Pipeline:
    """Return the pipeline that a policy file or an import reference (`package.module:name`) stands for.

    Raises:
        ConfigurationError: the policy is wrong, or the reference leads to no pipeline.
    """
    from genai_guard.testing.cases.running import load_policy  # noqa: PLC0415  `--help` does not need it

    return load_policy(policy)


@contextmanager
def reading(data: str) -> Generator[None]:
    """Say of what is done with data that was named on the command line why it cannot be done.

    Raises:
        UsageError: it cannot.
    """
    try:
        yield
    except ConfigurationError as error:
        raise UsageError(printable(str(error))) from None
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{data}: cannot be read") from None


def feedback_in(file: str) -> list[Feedback]:
    """Return all that was said of calls in the file of a `SqliteFeedbackStore`.

    Raises:
        UsageError: it is no such file.
    """
    import sqlite3  # noqa: PLC0415  few commands need it

    from genai_guard.recording.feedback.sqlite import TABLE, SqliteFeedbackStore  # noqa: PLC0415

    check_kept(file, TABLE, what="file of feedback")
    try:
        return list(SqliteFeedbackStore(file).read())
    except sqlite3.Error as error:
        raise UsageError(f"{file}: cannot be read: {error}") from None


def check_kept(file: str, table: str, *, what: str) -> None:
    """Refuse a file that is not of the kind that is asked for: to open it as one would make tables in it.

    Raises:
        UsageError: it is not there, is none of the kind, or cannot be read.
    """
    import sqlite3  # noqa: PLC0415  few commands need it

    from genai_guard.sqlite_file import has_table  # noqa: PLC0415

    try:
        is_of_kind = Path(file).is_file() and has_table(file, table)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_NOTADB:
            raise UsageError(f"{file}: cannot be read: {error}") from None
        is_of_kind = False
    if not is_of_kind:
        raise UsageError(f"{file}: is no {what}")


def read_text(file: str) -> str:
    """Return the text of a file, or of standard input for `-`.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{_name(file)}: is not UTF-8 text") from None


def read_bytes(file: str) -> bytes:
    """Return what is in a file, or on standard input for `-`.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError):
        raise UsageError(f"{_name(file)}: cannot be read") from None


def read_json(file: str) -> Any:
    """Return the JSON value in a file, or on standard input for `-`.

    Raises:
        UsageError: it cannot be read, or is no JSON.
    """
    text = read_text(file)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{_name(file)}:{error.lineno}: is not JSON: {error.msg}") from None


def write_text(file: str, text: str) -> None:
    """Write a file.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None


def give(output: str, text: str, *, left_out: Mapping[str, int]) -> int:
    """Write what people wrote to standard output for `-`, or to a file; say on standard error what is left out, and why.

    A terminal gets nothing that it would obey, and no output what it has no bytes for.

    Raises:
        UsageError: it cannot be written.
    """
    if output != "-":
        write_lines(output, [text])
    elif is_terminal(sys.stdout):
        sys.stdout.write(printable_json(text))
    else:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    for reason, times in sorted(left_out.items()):
        sys.stderr.write(f"left out: {times:,} ({reason})\n")
    return OK


def json_lines(values: Iterable[Mapping[str, Any]]) -> str:
    """Return values as JSON, a line each."""
    return "".join(f"{json.dumps(value, ensure_ascii=False)}\n" for value in values)


def write_lines(file: str, lines: Iterable[str]) -> int:
    """Write a file of what people wrote, for its owner alone, which appears when it is whole; return how many lines it has.

    Raises:
        UsageError: it cannot be written.
    """
    path = Path(file)
    is_stream = path.exists() and not path.is_file()  # such as /dev/stdout, which must stay what it is
    fresh = path if is_stream else path.with_name(f".{path.name}.new")
    written = 0
    try:
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace", newline="") as out:
            for line in lines:
                out.write(line)
                written += 1
        if not is_stream:
            fresh.replace(path)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None
    finally:
        if not is_stream:
            with suppress(OSError):
                fresh.unlink()
    return written


def _name(file: str) -> str:
    return "standard input" if file == "-" else file
