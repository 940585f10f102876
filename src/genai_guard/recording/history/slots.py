"""Where each process keeps its counts: a folder that one at a time owns, and that the next takes over."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from time import gmtime, strftime
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from genai_guard.recording.history.cells import Cell, cell_of, plain
from genai_guard.recording.locking import claimed, released
from genai_guard.recording.segments import SegmentWriter, lines, segments
from genai_guard.recording.spending import Total
from genai_guard.recording.windows import COARSE_S

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Found", "OnCorrupt", "Slot", "day_of", "left_in", "prune", "slots"]

OnCorrupt: TypeAlias = "Callable[[Path], None]"
"""Told the file in which something is that cannot be read."""

_RUNNING: Final = "running.json"
_SEGMENTS: Final = 8
"""Of so many segments a folder is made, so that dropping one leaves most of it."""


class Found(NamedTuple):
    """What a process left.

    Attributes:
        cells: Those that are over; some of the same time may be apart.
        running: Those that were not.
        days: What was spent on each day of a month, in cells that were over.
    """

    cells: Sequence[Cell]
    running: Sequence[Cell]
    days: Mapping[str, Total]


class Slot:
    """The folder of one process. For one thread.

    Args:
        folder: Itself.
        lock: What holds its lock.
        max_bytes: About how much it may hold.
    """

    def __init__(self, folder: Path, lock: int, *, max_bytes: int) -> None:
        self.folder: Final = folder
        self._lock = lock
        self._max_bytes = max_bytes
        self._segment = SegmentWriter(folder, max_bytes=max(1, max_bytes // _SEGMENTS))

    @classmethod
    def claim(cls, folder: Path, *, max_bytes: int) -> Slot:
        """Return the first slot that nobody owns, of those who live.

        Raises:
            OSError: the folder cannot be written to, or its file system has no locks.
        """
        for number in count():
            each = folder / str(number)
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = claimed(each / "lock")
            if lock is not None:
                return cls(each, lock, max_bytes=max_bytes)
        raise AssertionError  # pragma: no cover  there are enough numbers

    def append(self, cell: Cell) -> None:
        """Write a cell that is over; it outlasts the process once this returns.

        Raises:
            OSError: it could not be written.
        """
        line = json.dumps(plain(cell), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        self._segment.append(line, day=day_of(cell.number * COARSE_S))
        self._shrink()

    def replace(self, running: Iterable[Cell], days: Mapping[str, Total]) -> None:
        """Write what is not over in the place of what was known of it; whoever reads finds the one or the other.

        Raises:
            OSError: it could not be written.
        """
        values = {"cells": [plain(cell) for cell in running], "days": {day: list(each) for day, each in days.items()}}
        new = self.folder / f"{_RUNNING}.new"
        with open(new, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(json.dumps(values, separators=(",", ":")).encode("ascii"))
        new.replace(self.folder / _RUNNING)

    def read(self, *, since_s: float, on_corrupt: OnCorrupt) -> Found:
        """Return what the processes before this one left; see `left_in`."""
        return left_in(self.folder, since_s=since_s, on_corrupt=on_corrupt)

    def release(self) -> None:
        """Let others have it."""
        self._segment.close()
        released(self._lock)

    def forget(self) -> None:
        """Leave it to the process that this one was forked from."""
        with suppress(OSError):
            os.close(self._lock)

    def _shrink(self) -> None:
        """Delete the oldest segments of what is too large."""
        kept = sorted(((each.stat(), each) for each in segments(self.folder)), key=lambda pair: pair[0].st_mtime_ns)
        for place, (_, each) in enumerate(kept[:-1]):
            if sum(stat.st_size for stat, _ in kept[place:]) > self._max_bytes:
                each.unlink(missing_ok=True)


def slots(folder: Path) -> list[Path]:
    """Return the folders of all processes there ever were."""
    try:
        return sorted((each for each in folder.iterdir() if each.name.isdecimal()), key=lambda each: int(each.name))
    except FileNotFoundError:
        return []


def left_in(slot: Path, *, since_s: float, on_corrupt: OnCorrupt) -> Found:
    """Return what stands in a slot, of the day of `since_s` and later."""
    running, days = _running(slot, on_corrupt)  # first: what is over meanwhile has the same `id` in a segment
    cells: dict[str, Cell] = {}
    oldest = day_of(since_s)
    for segment in segments(slot):
        if segment.name[: len(oldest)] >= oldest:
            cells |= {cell.id: cell for cell in _whole(segment, on_corrupt)}
    return Found(list(cells.values()), [cell for cell in running if cell.id not in cells], days)


def prune(folder: Path, *, before_s: float) -> None:
    """Delete the segments of days before `before_s`, of all processes.

    Raises:
        OSError: one cannot be deleted.
    """
    oldest = day_of(before_s)
    for slot in slots(folder):
        for segment in segments(slot):
            if segment.name[: len(oldest)] < oldest:
                segment.unlink(missing_ok=True)


def day_of(wall_s: float) -> str:
    """Return the day of a time in UTC."""
    return strftime("%Y-%m-%d", gmtime(wall_s))


def _whole(segment: Path, on_corrupt: OnCorrupt) -> Iterator[Cell]:
    try:
        for line in lines(segment):  # without a line that was torn by the end of its process
            cell = _cell(line)
            if cell is not None:
                yield cell
            else:
                on_corrupt(segment)
    except FileNotFoundError:  # its owner dropped it just now
        return
    except OSError:
        on_corrupt(segment)


def _cell(line: bytes) -> Cell | None:
    try:
        return cell_of(json.loads(line))
    except (ValueError, RecursionError):
        return None


def _running(slot: Path, on_corrupt: OnCorrupt) -> tuple[list[Cell], dict[str, Total]]:
    path = slot / _RUNNING
    try:
        values = json.loads(path.read_bytes())
        days = {str(day): Total(int(nano_usd), int(tokens)) for day, (nano_usd, tokens) in values["days"].items()}
        return [cell_of(each) for each in values["cells"]], days
    except FileNotFoundError:
        return [], {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        on_corrupt(path)
        return [], {}
