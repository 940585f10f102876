"""Taking out who records are about, while the chain stays what it was.

Rule 1: A record says first, on the disk, which subjects are going to be erased; a verification accepts no other loss.
Rule 2: A segment is written anew beside itself and exchanged in one step, under the lock of the folder.
Rule 3: Whatever interrupts it, doing it again finishes it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, cast

from genai_guard.recording.audit.chain import Draft, Record, parsed, without_subject
from genai_guard.recording.audit.files import LOCK, ChainWriter, segments
from genai_guard.recording.audit.keys import Key
from genai_guard.recording.locking import locked

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["erase", "ranges"]

_MOST_RANGES: Final = 1000
_PRIVATE: Final = 0o600


def erase(folder: Path, *, user: str, writer: ChainWriter, key: Key) -> int:
    """Erase who the records of a user are about; return how many there were.

    Raises:
        OSError: a file cannot be read or written; what was announced may not have been done.
    """
    where = {path: those for path in segments(folder) if (those := set(_sequences(path, user)))}
    found = sorted(sequence for those in where.values() for sequence in those)
    if not found:
        return 0
    spans = list(ranges(found))
    parts = [spans[begin : begin + _MOST_RANGES] for begin in range(0, len(spans), _MOST_RANGES)]
    writer.append(*[Draft("erasure", time.time(), {"records": part}) for part in parts], key=key)
    writer.sync()
    for path, those in where.items():
        with locked(folder / LOCK):
            _rewrite(path, those)
    return len(found)


def ranges(numbers: Iterable[int]) -> Iterator[list[int]]:
    """Yield first and last of each run of numbers, which come in order: 1 2 3 7 makes [1, 3] and [7, 7]."""
    run: list[int] = []
    for number in numbers:
        if run and number == run[1] + 1:
            run[1] = number
        else:
            if run:
                yield run
            run = [number, number]
    if run:
        yield run


def _sequences(path: Path, user: str) -> Iterator[int]:
    with path.open("rb") as file:
        for line in file:
            record = parsed(line)
            if record is not None and _is_about(record, user):
                yield record["sequence"]


def _is_about(record: Record, user: str) -> bool:
    subject = record.get("subject")
    return isinstance(subject, dict) and cast("Record", subject).get("user") == user


def _rewrite(path: Path, sequences: set[int]) -> None:
    """Write a segment without the subjects of some records; lines that are no records stay as they are."""
    fresh = path.with_suffix(".erasing")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(fd, "wb") as file, path.open("rb") as old:
        for line in old:
            record = parsed(line)
            erased = record is not None and record["sequence"] in sequences
            file.write(without_subject(record) if erased and record is not None else line)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
