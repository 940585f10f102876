"""What people and judges say of replies, as events of OpenTelemetry. Loaded with the first `OpenTelemetry` that is used.

Rule 1: Nothing is built before somebody listens.
Rule 2: An event belongs to the span of its call where that is one of the latest of this process, else it names the request.
Rule 3: Texts are content: they are left out unless that is asked for. They have been redacted before.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs as logs
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context

from genai_guard.recording.telemetry import names
from genai_guard.recording.telemetry.providers import is_real

if TYPE_CHECKING:
    from genai_guard.recording.feedback.values import Feedback
    from genai_guard.recording.review.values import Labels, Review, ReviewItem
    from genai_guard.recording.telemetry.attributes import Attributes
    from genai_guard.recording.telemetry.settings import OpenTelemetry

__all__ = ["Evaluations", "of_feedback", "of_review"]

_REMEMBERED: Final = 50_000
_KNOWS_EVENTS: Final = "event_name" in inspect.signature(logs.Logger.emit).parameters
"""Whether the API is young enough to have events among its logs."""


class Evaluations:
    """Emits `gen_ai.evaluation.result`, through whatever SDK the process has by then.

    Args:
        settings: What is emitted.
    """

    __slots__ = ("_earlier", "_has_content", "_provider", "_recent")

    def __init__(self, settings: OpenTelemetry) -> None:
        self._has_content = settings.content == "redacted"
        self._provider = settings.logger_provider
        self.begin()

    def begin(self) -> None:
        """Forget all calls."""
        self._recent: dict[str, SpanContext] = {}
        self._earlier: dict[str, SpanContext] = {}

    def remember(self, request_id: str, span: SpanContext) -> None:
        """Remember the span of a call."""
        if len(self._recent) >= _REMEMBERED:
            self._earlier, self._recent = self._recent, {}
        self._recent[request_id] = span

    def said(self, feedback: Feedback, /) -> None:
        """Emit what was said of a reply."""
        if (attributes := of_feedback(feedback, has_content=self._has_content)) is not None:
            self._emit(feedback.request_id, feedback.time_s, attributes)

    def judged(self, item: ReviewItem, review: Review, *, labels: Labels, time_s: float) -> None:
        """Emit what a reviewer said of a call, for each rule that fired."""
        for attributes in of_review(item, review, labels=labels, has_content=self._has_content):
            self._emit(item.request_id, time_s, attributes)

    def _emit(self, request_id: str, time_s: float, attributes: Attributes) -> None:
        provider: Any = self._provider or logs.get_logger_provider()
        if not _KNOWS_EVENTS or not is_real(provider):
            return
        span = self._recent.get(request_id) or self._earlier.get(request_id)
        provider.get_logger(names.SCOPE, schema_url=names.SCHEMA_URL).emit(
            timestamp=int(time_s * 1e9),
            context=None if span is None else set_span_in_context(NonRecordingSpan(span)),
            attributes={**attributes, names.REQUEST_ID: request_id},
            event_name=names.EVALUATION_EVENT,
        )


def of_feedback(feedback: Feedback, *, has_content: bool) -> Attributes | None:
    """Return the attributes of something that was said; None of what is no evaluation: rankings, and what is withdrawn."""
    value = feedback.value
    if value is None or isinstance(value, tuple):
        return None
    found: Attributes = {
        names.EVALUATION_NAME: feedback.name,
        names.EVALUATION_SOURCE: feedback.source_type,
    }
    if feedback.name == "thumbs":
        found |= {names.EVALUATION_LABEL: str(value), names.EVALUATION_VALUE: float(value == "up")}
    elif isinstance(value, bool):
        found |= {names.EVALUATION_LABEL: str(value).lower(), names.EVALUATION_VALUE: float(value)}
    elif isinstance(value, str):
        found |= {names.EVALUATION_EXPLANATION: value} if has_content else {}
    else:
        found[names.EVALUATION_VALUE] = float(value)
    return found


def of_review(item: ReviewItem, review: Review, *, labels: Labels, has_content: bool) -> Iterator[Attributes]:
    """Yield the attributes of a judgement, for each rule that fired; for the call as a whole if none did."""
    for rule in item.subjects:
        label = review.label_of(rule)
        found: Attributes = {
            names.EVALUATION_NAME: "review",
            names.EVALUATION_LABEL: label,
            names.EVALUATION_SOURCE: "human",
        }
        sense = labels.sense(label)
        if sense is not None:
            found[names.EVALUATION_VALUE] = float(sense)
        if rule:
            found[names.GUARD_RULE] = rule
        if has_content and review.comment:
            found[names.EVALUATION_EXPLANATION] = review.comment
        yield found
