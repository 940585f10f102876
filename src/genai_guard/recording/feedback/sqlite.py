"""Feedback in a file of SQLite."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.recording.feedback.store import check_user
from genai_guard.recording.feedback.values import Feedback
from genai_guard.recording.redaction import Redactor

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SqliteFeedbackStore"]

# The format is in the name: another one takes another table.
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

    Rows are added and never changed. The file is opened for each operation, so that nothing is held across a fork or a
    thread; it must be on a disk of this machine, and only its owner can read it. It is made, with its folder, by the
    first feedback. What was erased is overwritten.

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
        from pathlib import Path  # noqa: PLC0415  takes half as long to import as the rest

        path, timeout_s = self.path, _number(self.timeout_s)
        name: object = os.fspath(path) if isinstance(path, str | os.PathLike) else None
        if not isinstance(name, str) or not name or "\0" in name or name.startswith(("file:", ":")):
            raise ConfigurationError("SqliteFeedbackStore(path=...) must be the path of a file: 'feedback.sqlite'")
        if not 0 <= timeout_s <= 3_600:
            raise ConfigurationError("SqliteFeedbackStore(timeout_s=...) must be a number of seconds from 0 to 3600")
        settle(self, path=name, _file=Path(name).absolute())

    def add(self, feedback: Feedback, /) -> bool:
        """Keep it, unless the same was kept before: return whether it was new.

        It survives `kill -9` when this returns.

        Raises:
            OSError: the folder or the file cannot be made.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        self._make()
        with self._changing() as connection:
            if not _has_table(connection):
                for statement in _TABLES:
                    connection.execute(statement)
            return connection.execute(_ADD, _row(feedback)).rowcount == 1

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
        check_user(user, of="SqliteFeedbackStore")
        calls = [(each,) for each in request_ids]
        if not self._file.exists():
            return 0
        with self._changing(journal="DELETE") as connection:  # which may hold what is erased
            if not _has_table(connection):
                return 0
            before = connection.total_changes
            connection.execute(_ERASE_USER, (user, user))
            connection.executemany(_ERASE_CALL, calls)
            return connection.total_changes - before

    def _page(self, after: int, request_id: str | None) -> list[Any]:
        if not self._file.exists():
            return []
        with closing(self._open()) as connection:
            if not _has_table(connection):
                return []
            query = (_ALL, (after,)) if request_id is None else (_OF_ONE, (after, request_id))
            return connection.execute(*query).fetchall()

    @contextmanager
    def _changing(self, *, journal: str = "PERSIST") -> Generator[sqlite3.Connection]:
        """A transaction, which waits for other processes. A journal that stays there is ten times as fast."""
        with closing(self._open()) as connection:
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        import sqlite3  # noqa: PLC0415  takes milliseconds

        connection = sqlite3.connect(self._file, timeout=self.timeout_s, isolation_level=None)
        try:
            connection.execute("PRAGMA secure_delete=ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self) -> None:
        """Make the file, for its owner alone. One that is there is left alone: to close it would drop SQLite's locks."""
        if not self._file.exists():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _has_table(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feedback_1'").fetchall())


def _row(feedback: Feedback) -> tuple[Any, ...]:
    value = json.dumps(feedback.value)  # with escapes, so that no text is one that SQLite refuses
    opinion = feedback.opinion
    return (*opinion, feedback.time_s, value, feedback.source_type, feedback.user, feedback.digest)


def _feedback(row: Any) -> Feedback:
    _, request_id, name, source, time_s, value, source_type, user = row
    return Feedback(
        request_id, name=name, value=json.loads(value), time_s=time_s, source=source, source_type=source_type, user=user
    )


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
