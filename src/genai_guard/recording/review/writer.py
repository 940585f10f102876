"""The sink that puts calls into a review queue: what was selected, and what a user was not content with."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Final

from genai_guard.messages import Part
from genai_guard.recording.erasing import writable
from genai_guard.recording.event import Event
from genai_guard.recording.feedback.values import Feedback
from genai_guard.recording.redaction import Redactor, Side, is_kept, place, side_of
from genai_guard.recording.review.recent import Recent
from genai_guard.recording.review.selection import Choice, choose
from genai_guard.recording.review.table import NewItem
from genai_guard.recording.review.values import Fired
from genai_guard.recording.rows import row

if TYPE_CHECKING:
    from genai_guard.recording.review.queue import ReviewQueue

__all__ = ["THUMBS_DOWN", "ReviewWriter", "fired_in"]

THUMBS_DOWN: Final = "thumbs down"
"""The reason of calls that a user was not content with."""

_HOUR_S: Final = 3_600.0


class ReviewWriter:
    """The sink of a `ReviewQueue`.

    Only what was chosen is redacted, which takes most of the time.

    Args:
        queue: Where to.
        recent: Where the calls are remembered that were not chosen.
    """

    wants_text: Final = True

    def __init__(self, queue: ReviewQueue, *, recent: Recent) -> None:
        self.redact: Final = queue.redact or Redactor()
        self._queue: Final = queue
        self._recent: Final = recent
        self._choice: Choice | None = None
        self._sweep_at_s = 0.0

    def wants(self, event: Event, /) -> bool:
        """Whether a call, not redacted yet, is to be written; asked before `write`, on the same thread."""
        self._choice = choose(self._queue.selections, event)
        if self._choice is None and self._queue.thumbs_down is not None:
            self._recent.put(event)
        return self._choice is not None

    def write(self, event: Event, /) -> None:
        """Put a call into the queue; it is acknowledged when this returns.

        Raises:
            OSError: the queue is full, or the file cannot be made.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        if self._choice is not None:
            self._put(event, self._choice)
            self._sweep()

    def hear(self, feedback: Feedback, /) -> None:
        """Put a call into the queue that somebody gave a thumb down.

        Raises:
            OSError: as above.
            sqlite3.Error: as above.
        """
        priority = self._queue.thumbs_down
        if priority is None or feedback.name != "thumbs" or feedback.value != "down":
            return
        choice = Choice((THUMBS_DOWN,), priority, 1.0)
        event = self._recent.take(feedback.request_id)
        if event is None:
            self._add(NewItem(choice, feedback.time_s, feedback.user, (), {"request_id": feedback.request_id}))
        else:
            self._put(self.redact.event(event), choice)

    def close(self) -> None:
        """Close the file."""
        self._queue.close()

    def _put(self, event: Event, choice: Choice) -> None:
        fired = tuple(fired_in(event, self.redact.keep))
        self._add(NewItem(choice, event.time_s, writable(event.caller.user), fired, row(event)))

    def _add(self, new: NewItem) -> None:
        if not self._queue.add(new):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _sweep(self) -> None:
        if monotonic() >= self._sweep_at_s:
            self._sweep_at_s = monotonic() + _HOUR_S
            self._queue.expire()


def fired_in(event: Event, keep: Sequence[str]) -> Iterator[Fired]:
    """Yield the rules that found something in a redacted call, each once."""
    sides: dict[Side, Sequence[Part]] = {"request": event.request, "response": event.response}
    messages = {(side, place(part, side)): index for side, parts in sides.items() for index, part in enumerate(parts)}
    seen: set[tuple[str, str]] = set()
    for verdict in event.verdicts:
        for finding in verdict.findings:
            if (verdict.guard, finding.rule) in seen:
                continue
            seen.add((verdict.guard, finding.rule))
            side = side_of(finding.where)
            yield Fired(
                verdict.guard, finding.rule, finding.category, str(verdict.action), verdict.mode, side,
                messages.get((side, finding.where), -1), is_kept(finding.rule, keep),
            )  # fmt: skip
