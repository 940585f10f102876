"""What the thread of an audit does: redacts, signs and writes, and hands on heads to be anchored."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from genai_guard.recording.audit.chain import GENESIS, Draft, Head
from genai_guard.recording.audit.files import ChainWriter
from genai_guard.recording.audit.keys import Keys, KeySource, read_keys
from genai_guard.recording.audit.losses import Losses
from genai_guard.recording.audit.notable import drafts_of
from genai_guard.recording.audit.plain import plain, redacted
from genai_guard.recording.event import Event
from genai_guard.recording.redaction import Redactor

__all__ = ["KeyRing", "Scribe"]

_KEYS_KEPT_S: Final = 60.0


class KeyRing:
    """The keys of a source, asked for again once a minute; those it gave last while it cannot say."""

    __slots__ = ("_clock", "_due_s", "_keys", "_source")

    def __init__(self, source: KeySource, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._due_s = -math.inf
        self._keys: Keys | None = None

    def keys(self) -> Keys:
        """Return the keys.

        Raises:
            Exception: whatever the source raises that has given none yet.
        """
        now_s = self._clock()
        if self._keys is None:
            self._keys = read_keys(self._source, where="AuditLog")
            self._due_s = now_s + _KEYS_KEPT_S
        elif now_s >= self._due_s:
            self._due_s = now_s + _KEYS_KEPT_S
            with suppress(Exception):
                self._keys = read_keys(self._source, where="AuditLog")
        return self._keys


class Scribe:
    """Writes what is handed to it. For one thread; it does not keep its audit alive.

    Args:
        writer: Writes the chain.
        ring: Knows the key that signs.
        redactor: What everything goes through.
        losses: What was lost so far; a record of it precedes the next one that can be written.
        anchor: Takes a head to be anchored, and returns why it cannot, or an empty string; None when there are no anchors.
        every_s: How long the head goes without an anchor at most.
    """

    def __init__(
        self,
        writer: ChainWriter,
        *,
        ring: KeyRing,
        redactor: Redactor,
        losses: Losses,
        anchor: Callable[[Head], str] | None,
        every_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer: Final = writer
        self._ring: Final = ring
        self._redactor: Final = redactor
        self._losses: Final = losses
        self._anchor: Final = anchor
        self._every_s: Final = every_s
        self._clock: Final = clock
        self._head: Head = GENESIS
        self._anchored: Head = GENESIS
        self._due_s = -math.inf

    def handle(self, item: object) -> float | None:
        """Write what an event or a draft says, or, for anything else, what is due by now; return when to come again."""
        drafts: list[Draft] = []
        try:
            drafts = self._drafts(item)
            self._write(drafts)
        except BaseException as error:
            self._losses.add(type(error).__name__, max(1, len(drafts)))
            raise
        self._anchor_head(due_s=self._due_s)
        waiting = self._head != self._anchored and self._anchor is not None
        return self._every_s if waiting or self._losses.untold() else None

    def flush(self) -> None:
        """Write and anchor what waits for it."""
        try:
            self._write([])
        finally:
            self._anchor_head(due_s=-math.inf)

    def finish(self) -> None:
        """Flush, and close the segment."""
        try:
            self.flush()
        finally:
            self._writer.close()

    def _drafts(self, item: object) -> list[Draft]:
        if isinstance(item, Event):
            event = self._redactor.event(item, texts=False)
            drafts = [draft._replace(facts=plain(draft.facts)) for draft in drafts_of(event)]
        else:
            drafts = [redacted(item, self._redactor.words)] if isinstance(item, Draft) else []
        return [draft._replace(subject=plain(draft.subject)) for draft in drafts]

    def _write(self, drafts: Sequence[Draft]) -> None:
        lost = self._losses.untold()
        if lost:
            drafts = [Draft("gap", time.time(), {"lost": lost}), *drafts]
        if drafts:
            self._head = self._writer.append(*drafts, key=self._ring.keys().signing)
            self._losses.told(lost)

    def _anchor_head(self, *, due_s: float) -> None:
        """Let the head be anchored; what it stands for is on the disk then."""
        now_s = self._clock()
        if self._anchor is not None and self._head != self._anchored and now_s >= due_s:
            self._due_s = now_s + self._every_s
            self._writer.sync()
            if not self._anchor(self._head):
                self._anchored = self._head
