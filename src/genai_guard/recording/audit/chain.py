"""How records are chained.

Rule 1: A record is one line: its canonical JSON (RFC 8785). Any other spelling of it is none.
Rule 2: `mac` is the HMAC-SHA256 of the record without `mac` and `subject`. It covers `previous`, the `mac` of the record
    before, and `sequence`, which counts from 1.
Rule 3: Who the record is about stands in `subject`, and is covered through `subject_digest`, the SHA-256 of its canonical
    JSON, a random salt included. Without the subject the record stays valid, and the digest tells nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast

from genai_guard.recording.audit.canonical import canonical, members, written
from genai_guard.recording.audit.keys import Key
from genai_guard.recording.rows import day_and_time

__all__ = ["GENESIS", "Draft", "Head", "Record", "body_of", "chained", "digest_of", "parsed", "without_subject"]

Record: TypeAlias = dict[str, Any]
_NOTHING: Final[Mapping[str, Any]] = {}
_SALT_BYTES: Final = 16
_FIELDS: Final = {"facts": dict, "key": str, "kind": str, "mac": str, "previous": str, "sequence": int, "time": str}


class Head(NamedTuple):
    """The end of a chain at some moment. Kept elsewhere, it shows what was cut off or exchanged before.

    Attributes:
        sequence: Number of the last record.
        mac: Its signature, which stands for all records up to it.
        time: When that happened, in UTC (ISO 8601).
    """

    sequence: int
    mac: str
    time: str = ""


GENESIS: Final = Head(0, "0" * 64)
"""What the first record follows."""


class Draft(NamedTuple):
    """What goes into a record, of values that JSON has.

    Attributes:
        kind: What happened, for instance `block`.
        time_s: When, in seconds since 1970.
        facts: What else is known of it.
        subject: Who it is about: all that is erased when that person asks for it.
    """

    kind: str
    time_s: float
    facts: Mapping[str, Any]
    subject: Mapping[str, Any] = _NOTHING


def chained(
    draft: Draft, *, after: Head, key: Key, process: int = 0, salt: Callable[[int], bytes] = os.urandom
) -> tuple[bytes, Head]:
    """Return the line of a record that follows `after`, and the head that it makes.

    Raises:
        ValueError: JSON cannot say what stands in the draft.
    """
    _, time = day_and_time(draft.time_s)
    record: Record = {
        "facts": draft.facts,
        "key": key.id,
        "kind": draft.kind,
        "previous": after.mac,
        "process": process,
        "sequence": after.sequence + 1,
        "time": time,
    }
    subject = {"salt": salt(_SALT_BYTES).hex(), **draft.subject} if draft.subject else None
    if subject is not None:
        record["subject_digest"] = digest_of(subject)
    texts = {name: written(value) for name, value in record.items()}
    mac = key.mac(members(texts).encode())
    texts["mac"] = written(mac)
    if subject is not None:
        texts["subject"] = written(subject)
    return members(texts).encode() + b"\n", Head(after.sequence + 1, mac, time)


def digest_of(subject: Mapping[str, Any]) -> str:
    """Return what covers a subject."""
    from hashlib import sha256  # noqa: PLC0415  loads OpenSSL

    return sha256(canonical(subject)).hexdigest()


def body_of(record: Mapping[str, Any]) -> bytes:
    """Return the part of a record that its signature covers.

    Raises:
        ValueError: JSON has no canonical form of it.
    """
    return canonical({name: value for name, value in record.items() if name not in {"mac", "subject"}})


def without_subject(record: Mapping[str, Any]) -> bytes:
    """Return the line of a record whose subject was erased."""
    return canonical({name: value for name, value in record.items() if name != "subject"}) + b"\n"


def parsed(line: bytes) -> Record | None:
    """Return the record of a line, signed or not; None if it is none."""
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    values = cast("Record", record)
    return values if all(type(values.get(name)) is kind for name, kind in _FIELDS.items()) else None
