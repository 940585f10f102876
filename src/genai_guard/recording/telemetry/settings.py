"""`OpenTelemetry`: what of the calls goes to whatever SDK the process has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of
from genai_guard.recording.redaction import Redactor

if TYPE_CHECKING:
    from genai_guard.recording.telemetry.evaluations import Evaluations
    from genai_guard.recording.telemetry.tracing import Tracing

__all__ = ["OpenTelemetry", "evaluations_by", "tracing_by", "tracing_of"]

Operation: TypeAlias = Literal[
    "chat", "text_completion", "generate_content", "embeddings", "retrieval", "execute_tool", "invoke_agent"
]


@dataclass(frozen=True, kw_only=True)
class OpenTelemetry:
    """Spans and metrics of every call, and what is said of replies, by OpenTelemetry's conventions for generative AI.

    They go to the providers that the process has set, of any SDK, also if they are set later. Without one they cost two
    microseconds a call. The span of a call is the current one while the model is called, so that what the client library
    traces by itself becomes its children. Names are listed on the page "Telemetry".

    Args:
        traces: Whether there are spans.
        metrics: Whether there are metrics.
        evaluations: Whether feedback and the judgements of reviewers are events.
        content: `redacted` writes the texts of requests and replies on spans, and comments on events, once the redactor
            has been through them; such spans end on a thread of their own, a moment later.
        redact: How texts are redacted; `Redactor()` when None.
        provider: Who serves the model, as the conventions name it: `openai`, `anthropic`, `aws.bedrock`. Known by itself
            for the methods of client libraries; `_OTHER` if it is not.
        operation: What the wrapped functions do.
        estimated_tokens: Whether token counts that were estimated, because the provider gave none, are reported as well.
        tracer_provider: In place of the one of the process.
        meter_provider: In place of the one of the process.
        logger_provider: In place of the one of the process; events of evaluations are its.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    traces: bool = True
    metrics: bool = True
    evaluations: bool = True
    content: Literal["redacted", "none"] = "none"
    redact: Redactor | None = None
    provider: str = ""
    operation: Operation = "chat"
    estimated_tokens: bool = False
    tracer_provider: Any = field(default=None, repr=False, compare=False)
    meter_provider: Any = field(default=None, repr=False, compare=False)
    logger_provider: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        one_of(self, "content", {"redacted", "none"})
        one_of(self, "operation", set(get_args(Operation)))
        for name in ("traces", "metrics", "evaluations", "estimated_tokens"):
            _must(isinstance(getattr(self, name), bool), f"{name}=...", "True or False")
        _must(isinstance(self.provider, str), "provider=...", "a name such as 'openai'")
        _must(self.redact is None or isinstance(self.redact, Redactor), "redact=...", "a Redactor")
        given = {"tracer_provider": "get_tracer", "meter_provider": "get_meter", "logger_provider": "get_logger"}
        for name, method in given.items():
            provider = getattr(self, name)
            _must(provider is None or hasattr(provider, method), f"{name}=...", f"an object with {method}()")

    @property
    def wants_text(self) -> bool:
        """Whether events need their request and response."""
        return self.traces and self.content == "redacted"


def tracing_by(telemetry: object, *, queue_size: int, miss: Callable[[str], None]) -> Tracing | None:
    """Return what makes the spans and metrics of a recorder.

    Args:
        telemetry: What was given for it.
        queue_size: Most spans that wait for their texts to be redacted.
        miss: Told the reason whenever something is lost.

    Raises:
        ConfigurationError: it is something else.
    """
    settings = _checked(telemetry, "MetricsRecorder")
    if settings is None:
        return None
    from genai_guard.recording.telemetry.tracing import Tracing  # noqa: PLC0415  loads OpenTelemetry

    return Tracing.of(settings, queue_size=queue_size, miss=miss)


def evaluations_by(telemetry: object, *, of: str) -> Evaluations | None:
    """Return what emits the evaluations of a part; None unless it was asked for.

    Args:
        telemetry: What was given for it.
        of: Name of the part.

    Raises:
        ConfigurationError: it is something else.
    """
    settings = _checked(telemetry, of)
    if settings is None or not settings.evaluations:
        return None
    from genai_guard.recording.telemetry.evaluations import Evaluations  # noqa: PLC0415  loads OpenTelemetry

    return Evaluations(settings)


def _checked(telemetry: object, of: str) -> OpenTelemetry | None:
    if telemetry is not None and not isinstance(telemetry, OpenTelemetry):
        raise ConfigurationError(
            f"{of}(telemetry=...) takes an OpenTelemetry, not an object of type {type(telemetry).__name__}"
        )
    return telemetry


def tracing_of(recorder: object, fn: Callable[..., Any]) -> Tracing | None:
    """Return what makes the spans and metrics of the calls of `fn`; None unless the recorder has any."""
    tracing: Tracing | None = getattr(recorder, "tracing", None)
    return None if tracing is None else tracing.bind(fn)


def _must(holds: bool, parameter: str, what: str) -> None:
    if not holds:
        raise ConfigurationError(f"OpenTelemetry({parameter}): must be {what}")
