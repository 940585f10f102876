"""What the commands share: exit codes, policies and texts that are named on the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline
    from genai_guard.recording.feedback import Feedback

__all__ = [
    "NO",
    "OK",
    "USAGE",
    "UsageError",
    "feedback_in",
    "load",
    "read_bytes",
    "read_json",
    "read_text",
    "write_lines",
    "write_text",
]

OK: Final = 0
NO: Final = 1
USAGE: Final = 2


class UsageError(Exception):
    """The command line asks for what cannot be done; the message says why."""


def load(policy: str) -> Pipeline:
    """Return the pipeline that a policy file or an import reference (`package.module:name`) stands for.

    Raises:
        ConfigurationError: the policy is wrong, or the reference leads to no pipeline.
    """
    from genai_guard.testing.cases.running import load_policy  # noqa: PLC0415  `--help` does not need it

    return load_policy(policy)


def feedback_in(file: str) -> list[Feedback]:
    """Return all that was said of calls in the file of a `SqliteFeedbackStore`.

    Raises:
        UsageError: it is no such file.
    """
    import sqlite3  # noqa: PLC0415  few commands need it

    from genai_guard.recording.feedback import SqliteFeedbackStore  # noqa: PLC0415

    if not Path(file).is_file():
        raise UsageError(f"{file}: is no file of feedback")
    try:
        return list(SqliteFeedbackStore(file).read())
    except sqlite3.Error:
        raise UsageError(f"{file}: is no file of feedback") from None


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


def write_lines(file: str, lines: Iterable[str]) -> int:
    """Write a file line by line, which appears when it is whole; return how many lines there were.

    Raises:
        UsageError: it cannot be written.
    """
    path = Path(file)
    fresh = path.with_name(f".{path.name}.new")
    written = 0
    try:
        with fresh.open("w", encoding="utf-8", errors="replace", newline="") as out:
            for line in lines:
                out.write(line)
                written += 1
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None
    finally:
        fresh.unlink(missing_ok=True)
    return written


def _name(file: str) -> str:
    return "standard input" if file == "-" else file
