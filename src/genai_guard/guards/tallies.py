"""Where is kept how often something was found: in memory, or in a file that several processes share."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, Protocol

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["MemoryTally", "SqliteTally", "Tally"]

_MOST_MARKS: Final = 64
_WAIT_S: Final = 1.0
# The format is in the names: another one takes another table.
_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS guard_mark_1
        (key BLOB, mark BLOB, at REAL, until REAL, PRIMARY KEY (key, mark)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS guard_mark_1_until ON guard_mark_1 (until)",
)


class Tally(Protocol):
    """Counts different marks by key, each for as long as it is said."""

    def add(self, key: bytes, mark: bytes, now: float, within_s: float, /) -> int:
        """Note `mark` under `key`, and return how many different marks of the last `within_s` seconds it has.

        Args:
            key: Whose, a digest.
            mark: What, a digest. One that is there already is noted anew.
            now: Seconds.
            within_s: Seconds for which marks count.
        """
        ...


class MemoryTally:
    """Keeps the counts in the memory of this process; threads may share it.

    At most `max_keys` keys are kept, those that were noted last, each with its 64 youngest marks: some 3 KB for a key
    at most.

    Raises:
        ConfigurationError: `max_keys` is not at least 1.
    """

    def __init__(self, *, max_keys: int = 10_000) -> None:
        if type(max_keys) is not int or max_keys < 1:
            raise ConfigurationError(f"MemoryTally(max_keys={max_keys!r}) must be a whole number of at least 1")
        self._max_keys: Final = max_keys
        self._marks: OrderedDict[bytes, dict[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<MemoryTally, {len(self._marks)} keys>"

    def add(self, key: bytes, mark: bytes, now: float, within_s: float, /) -> int:
        """Note a mark and return how many there are; see `Tally`."""
        with self._lock:
            marks = self._marks.setdefault(key, {})
            self._marks.move_to_end(key)
            if len(self._marks) > self._max_keys:
                self._marks.popitem(last=False)
            marks.pop(mark, None)  # what is noted anew goes to the end, where the youngest are
            marks[mark] = now
            for old in [each for each, at in marks.items() if at <= now - within_s]:
                del marks[old]
            if len(marks) > _MOST_MARKS:
                del marks[next(iter(marks))]
            return len(marks)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process begins empty."""
        return _memory_tally, (self._max_keys,)


class SqliteTally:
    """Keeps the counts in an SQLite file, which the processes of one machine share and which outlives them.

    A key has its digest in the file and nothing else; marks that are too old go away as others come. Each note is one
    transaction of some hundredths of a millisecond, which waits up to a second for others.

    Args:
        path: The file; made, with `-wal` and `-shm` beside it, when the first mark is noted.

    Raises:
        ConfigurationError: `path` is not the path of a file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from genai_guard.sqlite_file import SqliteFile  # noqa: PLC0415  sqlite3 takes milliseconds

        self._file: Final = SqliteFile(path, of="SqliteTally", timeout_s=_WAIT_S, tables=_TABLES)
        self.path: Final = os.fspath(path)

    def __repr__(self) -> str:
        return f"SqliteTally({self.path!r})"

    def __eq__(self, other: object) -> bool:
        """Two are equal that keep their counts in one file."""
        return isinstance(other, SqliteTally) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def add(self, key: bytes, mark: bytes, now: float, within_s: float, /) -> int:
        """Note a mark and return how many there are; see `Tally`.

        Raises:
            sqlite3.Error: the file cannot be written.
        """

        def work(connection: sqlite3.Connection) -> int:
            run = connection.execute
            run("DELETE FROM guard_mark_1 WHERE key = ? AND at <= ?", (key, now - within_s))
            run("DELETE FROM guard_mark_1 WHERE until <= ?", (now,))
            run("INSERT OR REPLACE INTO guard_mark_1 VALUES (?, ?, ?, ?)", (key, mark, now, now + within_s))
            return int(run("SELECT count(*) FROM guard_mark_1 WHERE key = ?", (key,)).fetchone()[0])

        return self._file.change(work)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process opens the file itself."""
        return SqliteTally, (self.path,)


def _memory_tally(max_keys: int) -> MemoryTally:
    return MemoryTally(max_keys=max_keys)
