"""Who is told of a call that is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from genai_guard.recording.event import Event
from genai_guard.recording.recorder import MetricsRecorder

if TYPE_CHECKING:
    from genai_guard.recording import Recorder
    from genai_guard.routing.canary import Canary

__all__ = ["taker"]


def taker(recorder: Recorder | None, canary: Canary | None) -> Callable[[Event], object]:
    """Return what takes the event of every call, and never raises."""
    record = _never_raising(recorder)
    if canary is None:
        return record
    watch = canary.record
    if recorder is None:
        return watch

    def both(event: Event) -> None:
        record(event)
        watch(event)

    return both


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
