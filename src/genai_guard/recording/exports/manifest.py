"""What an export has taken from a log, written down so that a crash at any moment loses no row and doubles none.

Rule 1: What is going to be taken is written down before it is; that it was taken, afterwards. Each in one step.
Rule 2: A target knows, or can tell by a file name, whether it has a batch of a number. So whoever finds a plan at the
start asks the target, and takes it again, under the same number, if it was not taken.
Rule 3: What the log no longer holds is forgotten: its names are never given twice.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

from genai_guard.errors import ConfigurationError
from genai_guard.recording.logs.base import RowLog
from genai_guard.recording.segments import sync_folder

__all__ = ["Manifest", "manifest_path"]

_PRIVATE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export has taken.

    Attributes:
        app_id: Of this log in this target; an application id in the sense of Delta.
        target: Where to.
        version: Number of the last batch that was taken.
        done: Names of all rows in it and before it that the log may still hold.
        planned: Names of the rows of the next batch, if that was begun.
    """

    app_id: str
    target: str
    version: int = 0
    done: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path, *, target: str) -> Self:
        """Return what is in a file, or a new one if it is not there.

        Raises:
            ConfigurationError: the file is no manifest of this target.
            OSError: it cannot be read.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(app_id=f"genai_guard-{os.urandom(8).hex()}", target=target)
        try:
            values: dict[str, Any] = json.loads(text)
            found = cls(**values)
            found = replace(found, done=tuple(found.done), planned=tuple(found.planned))
        except (TypeError, ValueError):
            raise ConfigurationError(f"{path} is not the manifest of an export to {target}") from None
        return found

    def write(self, path: Path) -> None:
        """Put this in the place of what is in a file, in one step, on the disk.

        Raises:
            OSError: it cannot be written.
        """
        fresh = path.with_suffix(".new")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)

    def plan(self, names: tuple[str, ...]) -> Manifest:
        """Return this with a next batch."""
        return replace(self, planned=names)

    def taken(self, log: RowLog) -> Manifest:
        """Return this after the batch that was planned."""
        done = tuple(name for name in (*self.done, *self.planned) if log.holds(name))
        return replace(self, version=self.version + 1, done=done, planned=())


def manifest_path(log: RowLog, target: str) -> Path:
    """Return where it is written down what a target has taken from a log."""
    return log.exports / f"{sha256(target.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.json"
