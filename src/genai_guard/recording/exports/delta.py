"""Rows into a table of Delta Lake."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.erasing import checked_user
from genai_guard.recording.exports.arrow import arrow, arrow_batches, arrow_schema
from genai_guard.recording.exports.exporting import Exported, export
from genai_guard.recording.locking import locked
from genai_guard.recording.logs.base import LogRow, RowLog

__all__ = ["erase_delta", "export_delta"]

_LOCK: Final = "_genai_guard.lock"
_MOST_IDS: Final = 5_000
_STATISTICS: Final = "request_date,request_time,status_code,sampling_fraction,execution_duration_ms"


def export_delta(
    log: RowLog, table: str | os.PathLike[str], *, storage_options: Mapping[str, str] | None = None
) -> Exported:
    """Append the sealed rows of a log that were not exported before to a table of Delta Lake.

    A batch is one commit, with a transaction identifier of the log and its number, by which the next export knows whether
    a commit that was interrupted took place: no row is lost or doubled. The table is made if it is not there, with
    statistics about no column that holds texts or names of people; make it beforehand to have it partitioned or
    clustered. A column that it lacks is added.

    Args:
        log: An `InferenceLog` or `SqliteInferenceLog`.
        table: A path, or an address such as `s3://...` or `abfss://...`.
        storage_options: For an address: what `deltalake` needs to get there.

    Raises:
        ConfigurationError: the extra `delta` is not installed.
        OSError: the log cannot be read, or the table cannot be written to.
        deltalake.exceptions.DeltaError: the table cannot be read or written to.
    """
    _deltalake()
    arrow_schema()
    return export(log, _Delta(table, storage_options))


def erase_delta(table: str | os.PathLike[str], *, user: str, storage_options: Mapping[str, str] | None = None) -> int:
    """Take the rows of a user out of a table of Delta Lake; return how many there were.

    The files that had them are deleted, and with them every earlier version of the table that needs them: there is no
    going back in time to before the erasure. Nobody else should be writing meanwhile. Erase in the log first.

    Args:
        table: A path or an address.
        user: The user that calls were made for.
        storage_options: For an address: what `deltalake` needs to get there.

    Raises:
        ConfigurationError: there is no such user to be named, no such table, or the extra `delta` is not installed.
        deltalake.exceptions.DeltaError: the table cannot be read or written to.
    """
    user = checked_user(user, of="erase_delta")
    target = _Delta(table, storage_options)
    with _alone(target.lock):
        found = target.table()
        if found is None:
            raise ConfigurationError(f"erase_delta({target.name!r}): there is no such table")
        erased = sum(_delete(found, ids) for ids in _calls_of(found, user))
        found.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    return erased


class _Delta:
    """A table of Delta Lake."""

    def __init__(self, table: str | os.PathLike[str], storage_options: Mapping[str, str] | None) -> None:
        name = os.fspath(table)
        is_address = "://" in name
        self.name: Final = name if is_address else str(Path(name).absolute())
        self.lock: Final = None if is_address else Path(name).absolute() / _LOCK
        self._options = dict(storage_options) if storage_options else None

    def table(self) -> Any:
        """Return the table as it is now; None if there is none."""
        delta = _deltalake()
        if not delta.DeltaTable.is_deltatable(self.name, self._options):
            return None
        return delta.DeltaTable(self.name, storage_options=self._options)

    def has(self, app_id: str, version: int) -> bool:
        table = self.table()
        return table is not None and (table.transaction_version(app_id) or 0) >= version

    def add(self, app_id: str, version: int, rows: Iterator[LogRow], on_skip: Callable[[], None]) -> int:
        delta = _deltalake()
        taken = 0

        def batches() -> Iterator[Any]:
            nonlocal taken
            for batch in arrow_batches(rows, on_skip):
                taken += batch.num_rows
                yield batch

        delta.write_deltalake(
            self.name,
            arrow().RecordBatchReader.from_batches(arrow_schema(), batches()),
            mode="append",
            schema_mode="merge",
            configuration={"delta.dataSkippingStatsColumns": _STATISTICS},
            storage_options=self._options,
            commit_properties=delta.CommitProperties(app_transactions=[delta.Transaction(app_id, version)]),
        )
        if not self.has(app_id, version):
            raise OSError(f"the commit to {self.name} is not in the table")
        return taken


def _calls_of(table: Any, user: str) -> Iterator[list[str]]:
    # A file that was written anew has strings of another type, which is not compared with the usual one.
    is_theirs = arrow("pyarrow.compute").field("requester").cast("string") == user
    ids = table.to_pyarrow_table(columns=["request_id"], filters=is_theirs).column("request_id")
    for begin in range(0, len(ids), _MOST_IDS):
        yield ids.slice(begin, _MOST_IDS).to_pylist()


def _delete(table: Any, ids: list[str]) -> int:
    """Delete rows by their ids: what is asked for stands in the log of the table for ever, and must not name the user."""
    quoted = ", ".join("'" + each.replace("'", "''") + "'" for each in ids)
    return int(table.delete(f"request_id IN ({quoted})").get("num_deleted_rows") or 0)


@contextmanager
def _alone(lock: Path | None) -> Generator[None]:
    if lock is None or not lock.parent.is_dir():
        yield
    else:
        with locked(lock):
            yield


def _deltalake() -> Any:
    try:
        return importlib.import_module("deltalake")
    except ImportError:
        raise ConfigurationError("tables of Delta Lake need deltalake: pip install 'genai_guard[delta]'") from None
