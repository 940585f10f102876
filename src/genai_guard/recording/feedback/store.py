"""Where feedback is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from genai_guard.recording.feedback.values import Feedback

__all__ = ["FeedbackStore"]


@runtime_checkable
class FeedbackStore(Protocol):
    """Keeps everything that was said, and changes none of it.

    A recorder calls `add` on a thread of its own, with what has been redacted; what it raises is counted and told once.
    Optional attributes: `redact`, the `Redactor` for it, which has its defaults otherwise, and `close()`, called when the
    recorder is closed.
    """

    def add(self, feedback: Feedback, /) -> bool:
        """Keep it, unless the same was kept before: return whether it was new."""
        ...

    def read(self, request_id: str | None = None) -> Iterable[Feedback]:
        """Give back all that was said, or all of one call, in the order in which it came; see `latest` and `history`."""
        ...

    def erase(self, *, user: str, request_ids: Iterable[str] = ()) -> int:
        """Remove what a user said, what was said of their calls, and what was said of these calls; return how much."""
        ...
