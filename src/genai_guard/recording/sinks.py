"""Where events go besides the windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast, runtime_checkable

from genai_guard.errors import ConfigurationError
from genai_guard.recording.event import Event
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.worker import TICK, Worker

__all__ = ["Erasable", "Log", "Recorder", "Sink", "outlet", "sink_of"]


@runtime_checkable
class Recorder(Protocol):
    """Takes the event of every call of a pipeline, in the caller's own thread. What it raises is told, never felt."""

    @property
    def wants_text(self) -> bool:
        """Whether events need their request and response."""
        ...

    def record(self, event: Event, /) -> object:
        """Take one event. Must not block."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Takes events, one at a time, on a thread of its own.

    Events have been redacted before. What `write` raises is counted and told once; while it hangs, events wait in a
    bounded queue, and what does not fit is dropped and counted.

    Optional attributes, with what their absence means: `wants_text` (False: request and response are left out),
    `redact` (the `Redactor` with its defaults), `wants(event)` (it takes every event; it is asked before the event is
    redacted, and must keep none of its texts where they could leave), `flush()` and `close()` (nothing to do), `tick()`
    (nothing to do: called once as many seconds have gone by without an event as `write`, or `tick`, returned; None for
    never), `failures` (none: counts of what went wrong besides, by class, which go to `MetricsRecorder.dropped`). All are
    called on that thread.
    """

    def write(self, event: Event, /) -> object:
        """Take one event."""
        ...


@runtime_checkable
class Log(Protocol):
    """The description of a sink, which opens nothing until a recorder asks for its writer."""

    def writer(self) -> Sink:
        """Return a new sink."""
        ...


@runtime_checkable
class Erasable(Protocol):
    """Can forget a user."""

    def erase(self, *, user: str) -> int:
        """Take a user out of all that was written, and return how many rows were about that user."""
        ...


def sink_of(given: object, /, *, parameter: str) -> Sink:
    """Return the sink that was given or described.

    Raises:
        ConfigurationError: it is neither.
    """
    if isinstance(given, Log):
        return given.writer()
    if isinstance(given, Sink) and not isinstance(given, type):
        return given
    raise ConfigurationError(
        f"MetricsRecorder({parameter}=...): an object of type {type(given).__name__} has no method write(event); "
        'give an InferenceLog("folder") or a sink'
    )


def outlet(name: str, sink: Sink, *, size: int) -> Worker:
    """Return the worker that redacts events and hands them to a sink."""
    wants_text = bool(getattr(sink, "wants_text", False))
    redactor: Redactor = getattr(sink, "redact", None) or Redactor()
    wants: Callable[[Event], bool] = getattr(sink, "wants", None) or _all
    tick: Callable[[], float | None] | None = getattr(sink, "tick", None)

    def handle(event: Event) -> float | None:
        if event is not TICK and wants(event):
            pause_s = sink.write(redactor.event(event, texts=wants_text))
            return None if tick is None else cast("float | None", pause_s)
        return None if tick is None else tick()

    return Worker(
        name,
        handle,
        size=size,
        flush=getattr(sink, "flush", None),
        finish=getattr(sink, "close", None),
        failures=getattr(sink, "failures", None),
    )


def _all(event: Event) -> bool:
    del event
    return True
