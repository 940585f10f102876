"""Counting together in a file of SQLite: each step is one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final, TypeVar

from genai_guard.limits.stores.sqlite.file import UsageFile
from genai_guard.limits.stores.tallies import Claim, Decision

__all__ = ["SqliteTally"]

T = TypeVar("T")

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS tally_counter_1 (tally INTEGER, name TEXT, amount INTEGER, PRIMARY KEY (tally, name)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS tally_member_1 (tally INTEGER, name TEXT, PRIMARY KEY (tally, name)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS tally_batch_1 (tally INTEGER, writer TEXT, batch INTEGER, PRIMARY KEY (tally, writer)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS tally_decision_1 (tally INTEGER PRIMARY KEY, version INTEGER, document TEXT)",
)
_ADD: Final = "INSERT INTO tally_counter_1 VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount"


class SqliteTally:
    """Counts, members and a decision.

    Args:
        file: The file.
        name: Name of the tally.
    """

    def __init__(self, file: UsageFile, name: str) -> None:
        self._file: Final = file
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._id: Final = int.from_bytes(digest, signed=True)

    def push(self, writer: str, batch: int, claims: Sequence[Claim], /) -> dict[str, int]:
        """Count claims, and return all counters."""
        tally = self._id

        def work(run: sqlite3.Connection) -> dict[str, int]:
            values = (tally, writer, batch)
            newer = "INSERT INTO tally_batch_1 VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET batch = excluded.batch"
            if claims and run.execute(f"{newer} WHERE excluded.batch > batch", values).rowcount:
                for member, counter, amount in claims:
                    if not member or _is_new(run, tally, member):
                        run.execute(_ADD, (tally, counter, amount))
            return dict(run.execute("SELECT name, amount FROM tally_counter_1 WHERE tally = ?", (tally,)))

        return self._change(work)

    def decide(self, decision: Decision, /) -> Decision:
        """Keep a decision if it is the next one, and return the one that is kept then."""

        def work(run: sqlite3.Connection) -> Decision:
            kept = self._kept(run)
            if decision.version != kept.version + 1:
                return kept
            run.execute("INSERT OR REPLACE INTO tally_decision_1 VALUES (?, ?, ?)", (self._id, *decision))
            return decision

        return self._change(work)

    def decided(self) -> Decision:
        """Return the decision that is kept."""
        return self._change(self._kept)

    def forget(self) -> None:
        """Forget everything."""

        def work(run: sqlite3.Connection) -> None:
            for table in ("counter", "member", "batch", "decision"):
                run.execute(f"DELETE FROM tally_{table}_1 WHERE tally = ?", (self._id,))  # noqa: S608  the names above

        self._change(work)

    def _kept(self, run: sqlite3.Connection) -> Decision:
        row = run.execute("SELECT version, document FROM tally_decision_1 WHERE tally = ?", (self._id,)).fetchone()
        return Decision() if row is None else Decision(*row)

    def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def whole(run: sqlite3.Connection, _: object) -> tuple[bool, T]:
            for table in _TABLES:  # each time: the file may have been replaced
                run.execute(table)
            return True, work(run)

        return self._file.change(whole)


def _is_new(run: sqlite3.Connection, tally: int, member: str) -> bool:
    return run.execute("INSERT OR IGNORE INTO tally_member_1 VALUES (?, ?)", (tally, member)).rowcount > 0
