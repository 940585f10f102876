"""Whether the chain is whole: the first record that is not what was written, and what the anchors say of the end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, cast

from genai_guard.recording.audit.canonical import canonical
from genai_guard.recording.audit.chain import GENESIS, Head, Record, body_of, digest_of, parsed
from genai_guard.recording.audit.files import segments
from genai_guard.recording.audit.keys import Key

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Problem", "Verification", "verify"]

_SETTLES_S: Final = 0.02
"""How long a line that is being written takes to be whole."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The first record that is not what was written.

    Attributes:
        sequence: Number of the record that should be there.
        reason: What is wrong.
        segment: Name of the file; empty when there is none.
        line: Its line there, from 1; the one after the last when it is missing.
    """

    sequence: int
    reason: str
    segment: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f" ({self.segment}, line {self.line})" if self.segment else ""
        return f"record {self.sequence}{where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    Attributes:
        records: Records that are what was written.
        head: The last of them.
        problem: What is wrong with the next; None when all is well.
        erased: How many of them no longer say who they are about, because that was erased.
        lost: Happenings that could not be written, as the chain itself says.
        anchored: Number of the last record that an anchor stands for; 0 without anchors. What comes after it could be
            cut off without a trace.
        key_ids: The keys that signed, in the order in which they first did.
    """

    records: int
    head: Head
    problem: Problem | None = None
    erased: int = 0
    lost: int = 0
    anchored: int = 0
    key_ids: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is what was written."""
        return self.problem is None


class _Line(NamedTuple):
    segment: str
    number: int
    text: bytes


@dataclass(slots=True)
class _Walk:
    """What is known of the chain up to some record."""

    head: Head = GENESIS
    erased: dict[int, _Line] = field(default_factory=dict[int, _Line])
    announced: set[int] = field(default_factory=set[int])
    lost: int = 0
    key_ids: dict[str, None] = field(default_factory=dict[str, None])


def verify(folder: Path, keys: Mapping[str, Key], *, anchors: Iterable[Head] = ()) -> Verification:
    """Read the whole chain, and stop at the first record that is not what was written.

    Raises:
        OSError: a segment cannot be read.
    """
    anchored: dict[int, set[str]] = {}
    for anchor in anchors:
        anchored.setdefault(anchor.sequence, set()).add(anchor.mac)
    walk = _Walk()
    problem: Problem | None = None
    last = _Line("", 0, b"")
    for line in _lines(folder):
        reason = _step(walk, line, keys, anchored)
        if reason:
            problem = Problem(walk.head.sequence + 1, reason, line.segment, line.number)
            break
        last = line
    problem = problem or _unannounced(walk) or _cut_off(walk.head, anchored, last)
    return Verification(
        records=walk.head.sequence if problem is None else problem.sequence - 1,
        head=walk.head,
        problem=problem,
        erased=len(walk.erased),
        lost=walk.lost,
        anchored=max((sequence for sequence in anchored if sequence <= walk.head.sequence), default=0),
        key_ids=tuple(walk.key_ids),
    )


def _lines(folder: Path) -> Iterator[_Line]:
    """Yield all lines, those of segments that others begin meanwhile included."""
    read: set[str] = set()
    while fresh := [path for path in segments(folder) if path.name not in read]:
        for path in fresh:
            read.add(path.name)
            with path.open("rb") as file:
                for number, text in enumerate(file, start=1):
                    yield _Line(path.name, number, text if text.endswith(b"\n") else text + _rest(file))


def _rest(file: BinaryIO) -> bytes:
    """Return what a writer who is at it just now adds to a line, if there is one."""
    time.sleep(_SETTLES_S)
    return file.readline()


def _step(walk: _Walk, line: _Line, keys: Mapping[str, Key], anchored: Mapping[int, set[str]]) -> str:
    """Go on to the record of a line, or return why it is not the next one."""
    if not line.text.endswith(b"\n"):
        return "is torn: its writer was killed or the disk was full, or its end was cut off"
    record = parsed(line.text)
    if record is None or not _is_spelled(record, line.text):
        return "is no record: its text was changed"
    if reason := _unsigned(record, keys) or _out_of_place(record, walk.head):
        return reason
    sequence: int = record["sequence"]
    if sequence in anchored and anchored[sequence] != {record["mac"]}:
        return "is another than the anchor says: the chain was exchanged, or the anchor changed"
    if reason := _subject(walk, record, line):
        return reason
    walk.head = Head(sequence, record["mac"], record["time"])
    walk.key_ids.setdefault(record["key"])
    _note(walk, record)
    return ""


def _is_spelled(record: Record, text: bytes) -> bool:
    try:
        return canonical(record) == text[:-1]
    except (ValueError, RecursionError):
        return False


def _unsigned(record: Record, keys: Mapping[str, Key]) -> str:
    key = keys.get(record["key"])
    if key is None:
        return f"is signed with the key {record['key'][:12]!r}, which was not given"
    return "" if key.signed(body_of(record), record["mac"]) else "was changed: its signature is wrong"


def _out_of_place(record: Record, head: Head) -> str:
    sequence, expected = record["sequence"], head.sequence + 1
    if sequence > expected:
        missing = f"records {expected} to {sequence - 1} are" if sequence > expected + 1 else f"record {expected} is"
        return f"is not there: {missing} missing before record {sequence}"
    if sequence < expected:
        return f"is not there: record {sequence} stands a second time in its place"
    return "" if record["previous"] == head.mac else "does not follow the record before it"


def _subject(walk: _Walk, record: Record, line: _Line) -> str:
    """Check who the record is about; that may have been erased, if another record says so."""
    digest, subject = record.get("subject_digest"), record.get("subject")
    if "subject" in record:
        is_right = isinstance(subject, dict) and digest_of(cast("Record", subject)) == digest
        return "" if is_right else "was changed: its subject is not what was signed"
    if digest is not None:
        walk.erased[record["sequence"]] = line
    return ""


def _note(walk: _Walk, record: Record) -> None:
    facts: Mapping[str, Any] = record["facts"]
    if record["kind"] == "gap":
        walk.lost += sum(facts["lost"].values())
    elif record["kind"] == "erasure":
        for first, last in facts["records"]:
            walk.announced.update(range(first, last + 1))


def _unannounced(walk: _Walk) -> Problem | None:
    """Find a subject that is missing although no record says that it was erased."""
    for sequence, line in walk.erased.items():
        if sequence not in walk.announced:
            return Problem(sequence, _UNANNOUNCED, line.segment, line.number)
    return None


_UNANNOUNCED: Final = "was changed: its subject is missing, and no record says that it was erased"


def _cut_off(head: Head, anchored: Mapping[int, object], last: _Line) -> Problem | None:
    beyond = max(anchored, default=0)
    if beyond <= head.sequence:
        return None
    reason = (
        f"is missing: the end was cut off; an anchor stands for record {beyond}, and the last one is {head.sequence}"
    )
    return Problem(head.sequence + 1, reason, last.segment, last.number + 1 if last.segment else 0)
