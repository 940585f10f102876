"""Taking a user out of what was said."""

from __future__ import annotations

from collections.abc import Iterator

from genai_guard.recording.erasing import writable
from genai_guard.recording.feedback.store import FeedbackStore
from genai_guard.recording.logs.base import RowLog

__all__ = ["erase"]


def erase(store: FeedbackStore, log: object, *, user: str) -> int:
    """Remove what a user said and what was said of their calls; return how much that was.

    Feedback that came late does not say whose call it is about: the rows of an inference log do, as long as the user is
    not taken out of them.
    """
    return store.erase(user=user, request_ids=_calls_of(user, log) if isinstance(log, RowLog) else ())


def _calls_of(user: str, log: RowLog) -> Iterator[str]:
    user = writable(user)
    for row in log.read():
        if row.get("requester") == user:
            yield from filter(None, (row.get("request_id"), row.get("client_request_id")))
