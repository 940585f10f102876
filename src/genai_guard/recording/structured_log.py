"""structlog: the event of each call as a line of your logs, and a processor that redacts whatever you log yourself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, time
from numbers import Number
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of
from genai_guard.recording.dimensions import variant
from genai_guard.recording.redaction import FAILED, TOO_LONG, Redactor

if TYPE_CHECKING:
    from genai_guard.recording.event import Event

__all__ = ["StructlogSink", "redact_processor"]

Level: TypeAlias = Literal["debug", "info", "warning"]

_PLAIN: Final = (bool, type(None), Number, date, time)
_EXCEPTIONS: Final = frozenset({"exc_info", "stack_info"})
"""What structlog makes a text of later; it comes by here again if the processor stands where it should."""


class Processor(Protocol):
    """A processor of structlog."""

    def __call__(
        self, logger: Any, method_name: str, event_dict: MutableMapping[str, Any], /
    ) -> MutableMapping[str, Any]:
        """Return what is logged."""
        ...


def redact_processor(redactor: Redactor | None = None) -> Processor:
    """Return a processor for structlog that covers personal data and secrets in whatever is logged.

    All values are searched, those in lists and mappings too, and names of fields are not. Let it stand right before the
    renderer, so that exceptions are texts by then. What is no text, number or date is logged as its `str`. A value that
    cannot be redacted, or is too long to be searched, is withheld.

    Args:
        redactor: How texts are redacted; `Redactor()` when None.

    Raises:
        ConfigurationError: it is something else.
    """
    if redactor is not None and not isinstance(redactor, Redactor):
        raise ConfigurationError("redact_processor(...) takes a Redactor")
    used = redactor or Redactor()

    def process(logger: Any, method_name: str, event_dict: MutableMapping[str, Any], /) -> MutableMapping[str, Any]:
        del logger, method_name
        for name, value in event_dict.items():
            if name not in _EXCEPTIONS or isinstance(value, str):
                event_dict[name] = _redacted(used, value)
        return event_dict

    return process


def _redacted(redactor: Redactor, value: Any) -> Any:
    try:
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, Mapping):
            return {key: _redacted(redactor, each) for key, each in cast("Any", value).items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [_redacted(redactor, each) for each in cast("Any", value)]
        text = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
        return redactor.text(text) if len(text) <= redactor.max_chars else TOO_LONG
    except Exception:  # noqa: BLE001  whatever went wrong, an unredacted text must not be logged
        return FAILED


@dataclass(frozen=True, kw_only=True)
class StructlogSink:
    """A sink that logs each call through structlog, however that is configured: `MetricsRecorder(sinks=[StructlogSink()])`.

    Fields that say nothing are left out. It logs on a thread of its own; what was bound to the context of the call is
    not known there.

    Args:
        level: Level of calls that went well; all others are warnings.
        logger: Name of the logger.
        content: `redacted` logs the texts of request and reply.
        redact: How texts are redacted; `Redactor()` when None.
    """

    level: Level = "info"
    logger: str = "genai_guard"
    content: Literal["redacted", "none"] = "none"
    redact: Redactor | None = None

    def __post_init__(self) -> None:
        one_of(self, "level", {"debug", "info", "warning"})
        one_of(self, "content", {"redacted", "none"})
        if self.redact is not None and not isinstance(self.redact, Redactor):
            raise ConfigurationError("StructlogSink(redact=...) must be a Redactor")

    @property
    def wants_text(self) -> bool:
        """Whether events need their request and response."""
        return self.content == "redacted"

    def write(self, event: Event, /) -> None:
        """Log a call."""
        import structlog  # noqa: PLC0415  loaded when there is something to log

        level = self.level if event.status == "ok" else "warning"
        getattr(structlog.get_logger(self.logger), level)("call", **dict(_fields(event)))


def _fields(event: Event) -> Iterator[tuple[str, Any]]:
    usage = event.usage
    fields: dict[str, Any] = {
        "request_id": event.request_id,
        "pipeline": event.pipeline,
        "target": event.target,
        "status": event.status,
        "error_type": event.error_type,
        "stage": "" if event.stage == "done" else event.stage,
        "tenant": event.caller.tenant,
        "user": event.caller.user,
        "session": event.caller.session,
        "model": event.model,
        "variant": variant(event),
        "latency_ms": round(event.latency_s * 1e3, 3),
        "model_ms": round(event.model_s * 1e3, 3),
        "queue_ms": round(event.queue_s * 1e3, 3),
        "first_token_ms": None if event.first_token_s is None else round(event.first_token_s * 1e3, 3),
        "inter_token_ms": None if event.inter_token_s is None else round(event.inter_token_s * 1e3, 3),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": event.cost_usd,
        "attempts": event.attempts if event.attempts > 1 else 0,
        "retries": event.retries,
        "answered_by": event.answered_by,
        "denied_by": event.denied_by,
        "guards": [f"{verdict.guard} {verdict.action} ({verdict.mode})" for verdict in event.verdicts],
        "request": [part.text for part in event.request],
        "response": [part.text for part in event.response],
    }
    return ((name, value) for name, value in fields.items() if value or name in {"latency_ms", "model_ms"})
