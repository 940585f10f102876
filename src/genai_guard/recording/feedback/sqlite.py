"""Feedback in a file of SQLite."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from genai_guard.guards.base import settle
from genai_guard.recording.erasing import checked_user
from genai_guard.recording.feedback.values import Feedback
from genai_guard.recording.redaction import Redactor

if TYPE_CHECKING:
    import sqlite3

__all__ = ["TABLE", "SqliteFeedbackStore"]

TABLE: Final = "feedback_1"
"""Where it is kept. The format is in the name: another one takes another table."""

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS feedback_1 (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        request_id TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, time_s REAL NOT NULL, digest TEXT NOT NULL,
        value TEXT NOT NULL, source_type TEXT NOT NULL, user TEXT NOT NULL,
        UNIQUE (request_id, name, source, time_s, digest))""",
    "CREATE INDEX IF NOT EXISTS feedback_1_user ON feedback_1 (user)",
    "CREATE INDEX IF NOT EXISTS feedback_1_source ON feedback_1 (source)",
)
_COLUMNS: Final = "request_id, name, source, time_s, value, source_type, user"
_ADD: Final = f"INSERT OR IGNORE INTO feedback_1 ({_COLUMNS}, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_PAGE: Final = 1_000
_ALL: Final = f"SELECT id, {_COLUMNS} FROM feedback_1 WHERE id > ? ORDER BY id LIMIT {_PAGE}"  # noqa: S608
_OF_ONE: Final = f"""SELECT id, {_COLUMNS} FROM feedback_1
    WHERE id > ? AND request_id = ? ORDER BY id LIMIT {_PAGE}"""  # noqa: S608
_ERASE_USER: Final = "DELETE FROM feedback_1 WHERE user = ? OR source = ?"
_ERASE_CALL: Final = "DELETE FROM feedback_1 WHERE request_id = ?"


@dataclass(frozen=True)
class SqliteFeedbackStore:
    """Keeps feedback in a file, for all processes of a machine.

    Rows are added and never changed. The file, with `-wal` and `-shm` beside it, must be on a disk of this machine, and
    only its owner can read it. It is made, with its folder, by the first feedback. What was erased is overwritten.

    Args:
        path: The file.
        timeout_s: Most seconds to wait for other processes.
        redact: How texts are redacted before they are kept; `Redactor()` when None.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    path: str | os.PathLike[str]
    timeout_s: float = field(default=5.0, kw_only=True)
    redact: Redactor | None = field(default=None, kw_only=True)
    _file: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from genai_guard.sqlite_file import SqliteFile  # noqa: PLC0415  sqlite3 takes milliseconds

        file = SqliteFile(self.path, of="SqliteFeedbackStore", timeout_s=self.timeout_s, tables=_TABLES, private=True)
        settle(self, path=os.fspath(self.path), _file=file)

    def add(self, feedback: Feedback, /) -> bool:
        """Keep it, unless the same was kept before: return whether it was new.

        It survives `kill -9` when this returns.

        Raises:
            OSError: the folder or the file cannot be made.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        return bool(self._file.execute(_ADD, *_row(feedback))[1])

    def read(self, request_id: str | None = None) -> Iterator[Feedback]:
        """Yield all that was said, or all of one call, in the order in which it came. Writers do not wait for it.

        Raises:
            sqlite3.Error: the file cannot be read, or was busy for too long.
        """
        after = 0
        while rows := self._page(after, request_id):
            after = rows[-1][0]
            yield from map(_feedback, rows)

    def erase(self, *, user: str, request_ids: Iterable[str] = ()) -> int:
        """Remove what a user said, what was said of their calls, and what was said of these calls; return how much.

        Raises:
            ConfigurationError: there is no such user to be named.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        user = checked_user(user, of="SqliteFeedbackStore.erase")
        calls = [(each,) for each in request_ids]
        if not self._file.exists:
            return 0

        def work(connection: sqlite3.Connection) -> int:
            before = connection.total_changes
            connection.execute(_ERASE_USER, (user, user))
            connection.executemany(_ERASE_CALL, calls)
            return connection.total_changes - before

        erased: int = self._file.change(work)
        self._file.checkpoint()
        return erased

    def close(self) -> None:
        """Close the file in this process; the next use opens it again."""
        self._file.close()

    def _page(self, after: int, request_id: str | None) -> list[Any]:
        if not self._file.exists:
            return []
        query = (_ALL, after) if request_id is None else (_OF_ONE, after, request_id)
        rows: list[Any] = self._file.execute(*query)[0]
        return rows


def _row(feedback: Feedback) -> tuple[Any, ...]:
    value = json.dumps(feedback.value)  # with escapes, so that no text is one that SQLite refuses
    opinion = feedback.opinion
    return (*opinion, feedback.time_s, value, feedback.source_type, feedback.user, feedback.digest)


def _feedback(row: Any) -> Feedback:
    _, request_id, name, source, time_s, value, source_type, user = row
    return Feedback(
        request_id, name=name, value=json.loads(value), time_s=time_s, source=source, source_type=source_type, user=user
    )
