"""Feedback in memory."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.recording.erasing import checked_user
from genai_guard.recording.redaction import Redactor

if TYPE_CHECKING:
    from genai_guard.recording.feedback.values import Feedback

__all__ = ["MemoryFeedbackStore"]


@dataclass(frozen=True)
class MemoryFeedbackStore:
    """Keeps feedback as long as the process lives. Two are equal when they are built alike, whatever they hold.

    Args:
        max_entries: Most entries; what comes when it is full is refused, and so counted by the recorder as lost.
        redact: How texts are redacted before they are kept; `Redactor()` when None.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    max_entries: int = field(default=100_000, kw_only=True)
    redact: Redactor | None = field(default=None, kw_only=True)
    _kept: Any = field(init=False, repr=False, compare=False)
    _lock: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        most: object = self.max_entries
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise ConfigurationError("MemoryFeedbackStore(max_entries=...) must be a whole number above 0")
        settle(self, _kept={}, _lock=Lock())

    def add(self, feedback: Feedback, /) -> bool:
        """Keep it, unless the same was kept before: return whether it was new.

        Raises:
            OSError: the store is full.
        """
        key = (feedback.opinion, feedback.version)
        with self._lock:
            if key in self._kept:
                return False
            if len(self._kept) >= self.max_entries:
                raise OSError(errno.ENOSPC, "the store is full")
            self._kept[key] = feedback
            return True

    def read(self, request_id: str | None = None) -> Iterator[Feedback]:
        """Yield all that was said, or all of one call, in the order in which it came."""
        with self._lock:
            kept = list(self._kept.values())
        return (each for each in kept if request_id is None or each.request_id == request_id)

    def erase(self, *, user: str, request_ids: Iterable[str] = ()) -> int:
        """Remove what a user said, what was said of their calls, and what was said of these calls; return how much.

        Raises:
            ConfigurationError: there is no such user to be named.
        """
        user = checked_user(user, of="MemoryFeedbackStore.erase")
        ids = frozenset(request_ids)
        with self._lock:
            gone = [
                key for key, each in self._kept.items() if each.request_id in ids or user in {each.user, each.source}
            ]
            for key in gone:
                del self._kept[key]
        return len(gone)
