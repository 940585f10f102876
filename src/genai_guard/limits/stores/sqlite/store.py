"""Usage in a file of SQLite: one count for all processes of a machine, which outlives them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.limits.limit import Limit
from genai_guard.limits.stores.base import Counts

if TYPE_CHECKING:
    from genai_guard.limits.stores.sqlite.counts import SqliteCounts
    from genai_guard.limits.stores.sqlite.tally import SqliteTally

__all__ = ["SqliteStore", "Synchronous"]

Synchronous: TypeAlias = Literal["off", "normal", "full"]


@final
class SqliteStore:
    """Keeps usage in a file: exact over all threads and processes of a machine, and kept when they end.

    Each call is one transaction of the file, which takes about a tenth of a millisecond while nobody else is at it. All
    calls of all processes stand in line for it: some ten thousand a second are the most there can be. The directory must
    be on a disk of this machine; network file systems do not lock as SQLite needs it.

    What a process has reserved that is killed leaves the window with its age, or ends with its lease. A file that is
    busy for longer than `timeout_s`, is damaged or is on a full disk fails the call with `ComponentFailed`; nothing is
    changed then. What calls have used that end meanwhile is kept in this process, and written with the next call.

    Usage belongs to a unit, a key, a period and a name: limiters and processes whose limits differ only in their
    amounts count together. Times are those since the start of the machine, on which setting its clock has no effect;
    only limits by the calendar follow the wall clock. Keys with nothing in use are removed as others come.

    With `fork` each side opens the file anew. In an asynchronous program a call holds up the event loop for as long as
    it takes; `timeout_s` bounds that.

    Args:
        path: The file. It is created, with `-wal` and `-shm` beside it, in a directory that exists.
        timeout_s: Most seconds to wait for other processes; threads in line for the file may wait twice that.
        synchronous: When the disk has to confirm. `normal`: from time to time; a power failure can lose the latest usage,
            and nothing but that. `full`: with every call, which takes milliseconds. `off`: never; a power failure can
            damage the file. The death of a process loses nothing in either case.
        clock: Whole nanoseconds that never step back and are the same for all processes; those since the start of the
            machine when None.
        wall_clock: Whole nanoseconds since 1970; `time.time_ns` when None.

    Raises:
        ConfigurationError: a parameter is wrong. When limits are bound to it: the file cannot be opened or created.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout_s: float = 0.05,
        synchronous: Synchronous = "normal",
        clock: Callable[[], int] | None = None,
        wall_clock: Callable[[], int] | None = None,
    ) -> None:
        if path == ":memory:":
            raise _wrong("path", path, "nobody would share it; MemoryStore() is the store for one process")
        if synchronous not in get_args(Synchronous):
            raise _wrong("synchronous", synchronous, "must be 'off', 'normal' or 'full'")
        for name, given in (("clock", clock), ("wall_clock", wall_clock)):
            if given is not None and (not callable(given) or type(given()) is not int):
                raise _wrong(name, given, "must be a function that returns whole nanoseconds")
        from genai_guard.limits.stores.sqlite.file import UsageFile  # noqa: PLC0415  sqlite3 takes milliseconds

        self._file: Final = UsageFile(
            path,
            timeout_s=timeout_s,
            synchronous=synchronous,
            clock=clock,
            wall_clock=time.time_ns if wall_clock is None else wall_clock,
        )
        self.path: Final = self._file.path
        self.timeout_s: Final = timeout_s
        self.synchronous: Final = synchronous

    def bind(self, limits: Sequence[Limit], previous: Counts | None = None, /) -> SqliteCounts:
        """Return the counts of these limits."""
        from sqlite3 import Error  # noqa: PLC0415  as above

        from genai_guard.limits.stores.sqlite.counts import SqliteCounts  # noqa: PLC0415

        if previous is None:
            try:
                self._file.check()
            except Error as error:
                raise _wrong(
                    "path", self.path, f"{error}; must be a file in a directory that can be written"
                ) from error
        old = previous if isinstance(previous, SqliteCounts) and previous.file is self._file else None
        return SqliteCounts(self._file, limits, old)

    def tally(self, name: str, /) -> SqliteTally:
        """Return what canaries of this name count together."""
        from genai_guard.limits.stores.sqlite.tally import SqliteTally  # noqa: PLC0415  as above

        return SqliteTally(self._file, name)

    def close(self) -> None:
        """Close the file in this process; the next call opens it again."""
        self._file.close()

    def __repr__(self) -> str:
        return f"<SqliteStore {self.path}>"


def _wrong(name: str, value: object, what: str) -> ConfigurationError:
    return ConfigurationError(f"SqliteStore({name}={value!r}): {what}")
