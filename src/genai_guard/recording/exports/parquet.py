"""Rows into files of Parquet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.erasing import checked_user
from genai_guard.recording.exports.arrow import arrow, arrow_batches, arrow_schema
from genai_guard.recording.exports.exporting import Exported, export
from genai_guard.recording.locking import locked
from genai_guard.recording.logs.base import LogRow, RowLog
from genai_guard.recording.segments import sync_folder

__all__ = ["erase_parquet", "export_parquet"]

_LOCK: Final = "_export.lock"
_PRIVATE: Final = 0o600


def export_parquet(log: RowLog, folder: str | os.PathLike[str]) -> Exported:
    """Write the sealed rows of a log that were not exported before into new files of Parquet.

    Files appear whole, are never changed, and may be moved away: what was exported is written down beside the log. They
    are compressed with Zstandard, readable by their owner alone, and have the columns of `LOG_COLUMNS`. Several logs may
    be exported into one folder. Whatever interrupts it, the next one goes on, and no row is lost or doubled.

    Args:
        log: An `InferenceLog` or `SqliteInferenceLog`.
        folder: Where the files go; made if it is not there.

    Raises:
        ConfigurationError: the extra `parquet` is not installed.
        OSError: the log cannot be read, or the folder cannot be written to.
    """
    arrow_schema()  # before anything is made
    return export(log, _Parquet(Path(folder).absolute()))


def erase_parquet(folder: str | os.PathLike[str], *, user: str) -> int:
    """Take the rows of a user out of all files of Parquet in a folder; return how many there were.

    A file with such rows is written anew and exchanged in one step. Erase in the log first: an export waits for this, and
    this for it.

    Raises:
        ConfigurationError: there is no such user to be named, no such folder, or the extra `parquet` is not installed.
        OSError: a file cannot be read or written. Once the cause is gone, another call finishes it.
    """
    user = checked_user(user, of="erase_parquet")
    where = Path(folder)
    if not where.is_dir():
        raise ConfigurationError(f"erase_parquet({str(where)!r}): there is no such folder")
    arrow_schema()
    with locked(where / _LOCK):
        for torn in where.glob("_*.parquet.new"):  # whoever wrote it was interrupted
            torn.unlink()
        return sum(_erase(file, user) for file in sorted(where.glob("*.parquet")))


class _Parquet:
    """A folder of files of Parquet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name: Final = str(folder)
        self.lock: Final = folder / _LOCK

    def has(self, app_id: str, version: int) -> bool:
        return self._file(app_id, version).exists()

    def add(self, app_id: str, version: int, rows: Iterator[LogRow], on_skip: Callable[[], None]) -> int:
        file = self._file(app_id, version)
        return _write(file, arrow_schema(), arrow_batches(rows, on_skip))

    def _file(self, app_id: str, version: int) -> Path:
        return self._folder / f"{app_id}-{version:08d}.parquet"


def _write(file: Path, schema: Any, batches: Iterator[Any]) -> int:
    """Write a file in one step, on the disk, and return how many rows it has; none is written if there are none."""
    parquet = arrow("pyarrow.parquet")
    fresh = file.with_name(f"_{file.name}.new")  # readers of folders pass over names that begin so
    rows = 0
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(fd, "wb") as out:
        with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
        out.flush()
        os.fsync(out.fileno())
    if rows:
        fresh.replace(file)
    else:
        fresh.unlink()
    sync_folder(file.parent)
    return rows


def _erase(file: Path, user: str) -> int:
    pa, compute, parquet = arrow(), arrow("pyarrow.compute"), arrow("pyarrow.parquet")
    with parquet.ParquetFile(file) as found:
        if "requester" not in found.schema_arrow.names:
            return 0
        mine = compute.equal(found.read(columns=["requester"]).column("requester"), user)
        erased = int(compute.sum(mine).as_py() or 0)
        if not erased:
            return 0

        def others() -> Iterator[Any]:
            for batch in found.iter_batches(batch_size=2_000):
                is_mine = compute.equal(batch.column(batch.schema.get_field_index("requester")), user)
                yield batch.filter(compute.invert(compute.fill_null(is_mine, pa.scalar(value=False))))

        if not _write(file, found.schema_arrow, others()):
            file.unlink()
    return erased
