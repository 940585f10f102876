"""Rows of a log into a table elsewhere: each of them once, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from genai_guard.recording.exports.manifest import Manifest, manifest_path
from genai_guard.recording.locking import locked
from genai_guard.recording.logs.base import LogRow, RowLog, Sealed

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Exported", "Target", "export"]

_BATCH_BYTES: Final = 256 << 20
_BATCH_PARTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export has done.

    Attributes:
        rows: How many rows it has taken.
        batches: In how many files of Parquet, or commits of Delta.
        skipped: Lines that are no row, such as those that were torn by a crash, and rows whose values do not have the
            types of their columns.
    """

    rows: int = 0
    batches: int = 0
    skipped: int = 0


class Target(Protocol):
    """Where rows are exported to."""

    @property
    def name(self) -> str:
        """What tells it from other targets."""
        ...

    @property
    def lock(self) -> Path | None:
        """The file to lock while it is written to, if it has one."""
        ...

    def has(self, app_id: str, version: int) -> bool:
        """Whether it has the batch of this number."""
        ...

    def add(self, app_id: str, version: int, rows: Iterator[LogRow], on_skip: Callable[[], None]) -> int:
        """Add a batch, all of it or nothing, and return how many rows it has. Told of each row that cannot be taken."""
        ...


def export(log: RowLog, target: Target) -> Exported:
    """Take everything that is sealed in a log and was not taken before. One at a time; others wait.

    Raises:
        ConfigurationError: what was written down about earlier exports cannot be read.
        OSError: the log cannot be read, or the target cannot be written to.
    """
    log.exports.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = manifest_path(log, target.name)
    with ExitStack() as locks:
        locks.enter_context(locked(path.with_suffix(".lock")))
        if target.lock is not None:
            target.lock.parent.mkdir(parents=True, exist_ok=True)
            locks.enter_context(locked(target.lock))
        return _export(log, target, path)


def _export(log: RowLog, target: Target, path: Path) -> Exported:
    manifest = Manifest.read(path, target=target.name)
    done = Exported()
    if manifest.planned:  # who planned it did not get as far as writing down that it was taken
        if not target.has(manifest.app_id, manifest.version + 1):
            done = _take(log, target, manifest, done)
        manifest = manifest.taken(log)
        manifest.write(path)
    for names in _batches(log.sealed(done=frozenset(manifest.done))):
        manifest = manifest.plan(names)
        manifest.write(path)
        done = _take(log, target, manifest, done)
        manifest = manifest.taken(log)
        manifest.write(path)
    return done


def _take(log: RowLog, target: Target, manifest: Manifest, done: Exported) -> Exported:
    """Take the batch that is planned, and return what was done so far with it."""
    skipped = done.skipped

    def skip(*_: object) -> None:
        nonlocal skipped
        skipped += 1

    rows = (row for name in manifest.planned for row in log.part(name).rows(skip))
    taken = target.add(manifest.app_id, manifest.version + 1, rows, skip)
    return Exported(done.rows + taken, done.batches + (taken > 0), skipped)


def _batches(parts: Iterable[Sealed]) -> Iterator[tuple[str, ...]]:
    """Yield the names of as many parts as go into one batch."""
    names: list[str] = []
    size_bytes = 0
    for part in parts:
        if names and (size_bytes + part.size_bytes > _BATCH_BYTES or len(names) >= _BATCH_PARTS):
            yield tuple(names)
            names, size_bytes = [], 0
        names.append(part.name)
        size_bytes += part.size_bytes
    if names:
        yield tuple(names)
