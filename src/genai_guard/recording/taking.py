"""Who is told of a call that is over.

A canary is, and not by `MetricsRecorder.listen`: a listener has a thread and a queue, which may be full, late, or closed
with its recorder. What ends in a rollback must see every call at once, and without a recorder too; and for most calls it
does less than the queue would.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from genai_guard.recording.event import Event
from genai_guard.recording.recorder import MetricsRecorder

if TYPE_CHECKING:
    from genai_guard.recording import Recorder
    from genai_guard.recording.feedback import Feedback, OnFeedback
    from genai_guard.routing.canary import Canary

__all__ = ["taker"]


def taker(recorder: Recorder | None, canary: Canary | None) -> Callable[[Event], object]:
    """Return what takes the event of every call, and never raises."""
    record = _never_raising(recorder)
    if canary is None:
        return record
    if isinstance(recorder, MetricsRecorder) and _counts_thumbs(canary):
        recorder.feedback.listen(_thumbs_to(canary), name="canary")
    watch = canary.record
    if recorder is None:
        return watch

    def both(event: Event) -> None:
        record(event)
        watch(event)

    return both


def _counts_thumbs(canary: Canary) -> bool:
    from genai_guard.routing.canary import ThumbsDown  # noqa: PLC0415  loaded with the canary, if there is one

    return any(isinstance(metric, ThumbsDown) for metric in canary.metrics)


def _thumbs_to(canary: Canary) -> OnFeedback:
    """Hand thumbs to a canary, which is not kept alive for that."""
    told = weakref.WeakMethod(canary.feedback)

    def tell(feedback: Feedback) -> None:
        take = told()
        if take is not None and feedback.name == "thumbs" and feedback.value is not None:
            take(feedback.request_id, thumbs="down" if feedback.value == "down" else "up")

    return tell


def _never_raising(recorder: Recorder | None) -> Callable[[Event], object]:
    if recorder is None:
        return lambda _: None
    record = recorder.record
    if type(recorder) is MetricsRecorder:  # which promises never to raise
        return record

    def safe(event: Event) -> None:
        try:
            record(event)
        except Exception as error:  # noqa: BLE001  a recorder is never in the way
            import structlog  # noqa: PLC0415  only when something is wrong

            structlog.get_logger("genai_guard").warning("recorder failed", error=type(error).__name__)

    return safe
