"""What the tests of the audit share: a key, a chain, and the shortest way to both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from genai_guard.messages import Caller
from genai_guard.recording import AuditLog, Event, Redactor, no_scan
from genai_guard.recording.audit.chain import Draft
from genai_guard.recording.audit.files import ChainWriter, segments
from genai_guard.recording.audit.keys import Key
from genai_guard.recording.audit.verifying import Problem
from genai_guard.verdicts import Action, Finding, Verdict

SECRET = "correct horse battery staple"
KEY = Key(SECRET)
PLAIN = Redactor(scan=no_scan)


def audit(folder: Path, **values: Any) -> AuditLog:
    """An audit whose key is known, and which searches no texts unless it is asked to."""
    return AuditLog(folder, **{"key": lambda: SECRET, "redact": PLAIN, **values})


def drafts(numbers: Iterable[int]) -> list[Draft]:
    return [Draft("change", 1.7e9 + number, {"number": number}, {"user": f"u-{number % 3}"}) for number in numbers]


def chain(folder: Path, count: int, *, max_bytes: int = 1 << 20) -> list[bytes]:
    """Write a chain, and return its lines."""
    writer = ChainWriter(folder, max_bytes=max_bytes)
    for draft in drafts(range(1, count + 1)):
        writer.append(draft, key=KEY)
    writer.close()
    return lines(folder)


def lines(folder: Path) -> list[bytes]:
    return [line for path in segments(folder) for line in path.read_bytes().splitlines(keepends=True)]


def put(folder: Path, changed: Sequence[bytes]) -> Path:
    """Make a folder hold these lines."""
    folder.mkdir(exist_ok=True)
    (folder / "audit-000001.jsonl").write_bytes(b"".join(changed))
    return folder


def blocked(request_id: str = "r", **values: Any) -> Event:
    verdict = Verdict(Action.BLOCK, findings=(Finding("pii.email", "EMAIL", 0, 3),), guard="pii")
    given: dict[str, Any] = {"status": "blocked", "caller": Caller(user="u-1"), "verdicts": (verdict,), **values}
    return Event(1.7e9, request_id, **given)


def problem_of(found: Problem | None) -> Problem:
    assert found is not None
    return found
