"""`AuditLog`: a chain of signed records of everything that a policy did or that was done to it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic, time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.recording.audit.anchors import Anchor, anchor_of, read_anchors
from genai_guard.recording.audit.chain import Draft, Head, Record
from genai_guard.recording.audit.erasing import erase
from genai_guard.recording.audit.files import ChainWriter, records, segments
from genai_guard.recording.audit.keys import KeySource, check_source, read_keys
from genai_guard.recording.audit.losses import Losses
from genai_guard.recording.audit.notable import is_notable
from genai_guard.recording.audit.plain import plain
from genai_guard.recording.audit.scribe import KeyRing, Scribe
from genai_guard.recording.audit.verifying import Verification, verify
from genai_guard.recording.erasing import checked_user
from genai_guard.recording.event import Event
from genai_guard.recording.inference_log import folder_of
from genai_guard.recording.lifecycle import watch_over
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AuditLog", "AuditTap"]

_MEGABYTE: Final = 1 << 20
_ANCHORS_WAITING: Final = 16
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED: Final = frozenset({"erasure", "gap", "recovered"})


@dataclass(frozen=True)
class AuditLog:
    """An audit trail: signed records in a folder, each chained to the one before.

    Give it to a recorder, `MetricsRecorder(audit=...)`: every block, redaction and override of a call and every guard
    that broke is recorded, never sampled, and so are changes of the limits and experiments of its pipeline. `record`
    is for everything else. A record is acknowledged, and survives `kill -9`, once it is written, which `flush` waits
    for; `fsync` makes it survive a power cut. Any number of processes write one chain in turn.

    Nothing is opened before the first record. No call waits for the audit or fails with it: what cannot be written is
    counted, see `dropped`, told once, and stated by the next record that can be, of the kind `gap`.

    Args:
        path: The folder; made when the first record is written.
        key: `env("NAME")`, for an environment variable that holds the key, or a function that returns it, which is asked
            once a minute; `env("GENAI_GUARD_AUDIT_KEY")` when None. Several keys, with commas between them in the
            variable, are the one that signs and those before it.
        anchor: Where the head of the chain is kept besides: a file elsewhere, or a function of one `Head`. Called when
            records were written and once the last anchor is `anchor_every_s` old, on a thread of its own.
        anchor_every_s: How long a record goes without an anchor at most; `flush` and `close` do not wait for it.
        max_segment_mb: A segment that would grow beyond is followed by the next.
        fsync: Wait for the disk after every record. Before an anchor that is done in any case.
        queue_size: Most happenings that wait to be written; what finds no room is lost and counted.
        redact: How facts are redacted; `Redactor()` when None.

    Raises:
        ConfigurationError: the path is a file, there is no key, or another value is not what it must be.
    """

    path: str | os.PathLike[str]
    key: KeySource | None = field(default=None, kw_only=True)
    anchor: str | os.PathLike[str] | Anchor | None = field(default=None, kw_only=True)
    anchor_every_s: float = field(default=60.0, kw_only=True)
    max_segment_mb: float = field(default=64.0, kw_only=True)
    fsync: bool = field(default=False, kw_only=True)
    queue_size: int = field(default=10_000, kw_only=True)
    redact: Redactor | None = field(default=None, kw_only=True)
    _folder: Any = field(init=False, repr=False, compare=False)
    _anchors: Any = field(init=False, repr=False, compare=False)
    _source: KeySource = field(init=False, repr=False, compare=False)
    _losses: Losses = field(init=False, repr=False, compare=False)
    _anchoring: Worker | None = field(init=False, repr=False, compare=False)
    _writing: Worker = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        folder = folder_of(self.path, where="AuditLog").absolute()
        source = check_source(self.key, where="AuditLog")
        _must(_is_positive(self.anchor_every_s), "anchor_every_s=...", "a number above 0")
        _must(_is_positive(self.max_segment_mb), "max_segment_mb=...", "a number above 0")
        _must(isinstance(self.fsync, bool), "fsync=...", "True or False")
        _must(type(self.queue_size) is int and self.queue_size > 0, "queue_size=...", "a whole number above 0")
        _must(isinstance(self.redact, Redactor | None), "redact=...", "a Redactor")
        anchor, anchors = anchor_of(self.anchor, folder)
        settle(self, path=str(os.fspath(self.path)), _folder=folder, _anchors=anchors, _source=source)
        self._begin(anchor)
        watch_over(self)

    def _begin(self, anchor: Anchor | None) -> None:
        anchoring = None if anchor is None else Worker("audit anchor", _calling(anchor), size=_ANCHORS_WAITING)
        losses = Losses()
        scribe = Scribe(
            self._chain(),
            ring=KeyRing(self._source),
            redactor=self.redact or Redactor(),
            losses=losses,
            anchor=None if anchoring is None else anchoring.put,
            every_s=self.anchor_every_s,
        )
        writing = Worker("audit", scribe.handle, size=self.queue_size, flush=scribe.flush, finish=scribe.finish)
        settle(self, _losses=losses, _anchoring=anchoring, _writing=writing)

    # --- writing ----------------------------------------------------------------------------------------------------

    def record(self, kind: str, /, *, user: str = "", **facts: object) -> None:
        """Record that something happened: `audit.record("rollback", experiment="summaries", reason="error rate")`.

        Takes no more than a place in a queue, and never waits.

        Args:
            kind: What happened, in `snake_case`.
            user: Who it is about, if anybody; erased with all else that is known of that user.
            facts: What else is known of it. Texts are redacted; what JSON has no form of is named by its class.

        Raises:
            ConfigurationError: it is no kind, or one that the audit keeps for itself.
        """
        if not isinstance(kind, str) or not _KIND.fullmatch(kind) or kind in _RESERVED:
            raise ConfigurationError(
                f"AuditLog.record(kind): must be words in snake_case, and none of {', '.join(sorted(_RESERVED))}"
            )
        self._put(Draft(kind, time(), plain(facts), {"user": user} if user else {}))

    def hear(self, event: Event, /) -> None:
        """Record of a call what belongs here. A recorder calls this for every call."""
        if is_notable(event):
            self._put(event)

    def flush(self, *, timeout_s: float = 2.0) -> bool:
        """Wait until everything so far is written and its head handed to the anchor; return whether that was in time."""
        until_s = monotonic() + timeout_s
        in_time = [worker.flush(until_s=until_s) for worker in self._workers]
        return all(in_time)

    def close(self, *, timeout_s: float = 2.0) -> bool:
        """Flush, and end the threads; return whether that was in time. Done at the exit of the process as well."""
        until_s = monotonic() + timeout_s
        in_time = [worker.close(until_s=until_s) for worker in self._workers]
        return all(in_time)

    def tap(self) -> AuditTap:
        """Return what a recorder tells of every call."""
        return AuditTap(self)

    @property
    def dropped(self) -> dict[str, int]:
        """What was lost since the beginning, by reason; heads that could not be anchored by `anchor.` and the reason."""
        failures = self._anchoring.failures if self._anchoring is not None else {}
        return self._losses.total() | {f"anchor.{kind}": times for kind, times in failures.items()}

    # --- reading ----------------------------------------------------------------------------------------------------

    def segments(self) -> tuple[Path, ...]:
        """Return the files that hold records, in their order."""
        return segments(self._folder)

    def read(self) -> Iterator[Record]:
        """Return every record, in the order of the chain, unverified; what is no record is passed over."""
        return records(self._folder)

    def verify(self, *, anchors: Iterable[Head] | None = None) -> Verification:
        """Return whether the records are those that were written, and if not, which is the first that is not.

        Args:
            anchors: Heads to hold the chain against; those in the file of `anchor` when None.

        Raises:
            ConfigurationError: there is no key.
            OSError: a file cannot be read.
        """
        if anchors is None:
            anchors = read_anchors(self._anchors) if self._anchors is not None and self._anchors.exists() else ()
        return verify(self._folder, read_keys(self._source, where="AuditLog").by_id, anchors=anchors)

    def erase(self, *, user: str) -> int:
        """Take a user, with session, tenant and tags, out of every record, and return out of how many.

        What happened, and when, stays, and the chain stays valid: see `genai_guard.recording.audit.chain`. Waits for
        what is queued in this process; what another process has still to write is erased by another call.

        Raises:
            ConfigurationError: there is no such user to be named, or no key.
            OSError: a file cannot be read or written. Once the cause is gone, another call finishes it.
        """
        user = checked_user(user, of="AuditLog.erase")
        self._writing.flush(until_s=monotonic() + 60.0)
        writer = self._chain()
        try:
            return erase(self._folder, user=user, writer=writer, key=read_keys(self._source, where="AuditLog").signing)
        finally:
            writer.close()

    # --- the rest ---------------------------------------------------------------------------------------------------

    def after_fork(self) -> None:
        """Begin anew in a child process. What waited is the parent's to write. Called by itself."""
        for worker in self._workers:
            worker.after_fork()
        self._begin(anchor_of(self.anchor, self._folder)[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    @property
    def _workers(self) -> tuple[Worker, ...]:
        """The writing one first: it is what hands heads to the other."""
        return (self._writing,) if self._anchoring is None else (self._writing, self._anchoring)

    def _chain(self) -> ChainWriter:
        return ChainWriter(self._folder, max_bytes=int(self.max_segment_mb * _MEGABYTE), fsync=self.fsync)

    def _put(self, item: object) -> None:
        if refused := self._writing.put(item):
            self._losses.add(refused)


class AuditTap:
    """What stands between a recorder and its audit, which the recorder flushes but does not close."""

    __slots__ = ("_audit", "name")

    def __init__(self, audit: AuditLog) -> None:
        self._audit: Final = audit
        self.name: Final = "audit"

    def put(self, event: Event) -> str:
        """Record of a call what belongs in the audit, which counts itself what it has no room for."""
        if is_notable(event):
            self._audit.hear(event)
        return ""

    @property
    def failures(self) -> dict[str, int]:
        """What was lost, by reason."""
        return self._audit.dropped

    def flush(self, *, until_s: float) -> bool:
        """Wait until everything so far is written; return whether that was in time."""
        return self._audit.flush(timeout_s=max(0.0, until_s - monotonic()))

    close = flush

    def after_fork(self) -> None:
        """Leave it to the audit, which begins anew by itself."""


def _calling(anchor: Anchor) -> Callable[[Any], None]:
    def handle(head: object) -> None:
        if isinstance(head, Head):
            anchor(head)

    return handle


def _must(holds: bool, parameter: str, wanted: str) -> None:
    if not holds:
        raise ConfigurationError(f"AuditLog({parameter}) must be {wanted}")


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
