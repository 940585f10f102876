"""One thing that was said of a call, as an assessment of its trace: whether it is there, what it replaces, what it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from genai_guard.integrations.mlflow.package import package
from genai_guard.recording.event import Event
from genai_guard.recording.feedback import Feedback
from genai_guard.recording.feedback.desk import redacted
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.telemetry import names
from genai_guard.verdicts import Verdict, gravest

__all__ = ["Said", "Sent", "Store", "said_by_guards"]

Sent: TypeAlias = Literal["sent", "known", "unknown"]
"""What became of it: the server has it now, had it or something later before, or has no such trace."""

_TIME: Final = "genai_guard.time_s"
_DIGEST: Final = "genai_guard.digest"
_ID: Final = re.compile(r"[\w.:@/+=-]{1,256}")
"""Ids of calls that may stand in a filter. They come from callers and from front ends."""
_NO_LETTER: Final = re.compile(r"[^\w.-]+")
_LONGEST_NAME: Final = 64
_CANDIDATES: Final = 10


class Said(NamedTuple):
    """One thing that was said.

    Attributes:
        feedback: What, of which call, by whom.
        rationale: Why; never with a text of the call.
    """

    feedback: Feedback
    rationale: str = ""

    def __repr__(self) -> str:
        return repr(self.feedback)


def said_by_guards(event: Event) -> Iterator[Said]:
    """Yield what each guard did in a call: the gravest of it, with the categories of what it found."""
    by_guard: dict[str, list[Verdict]] = {}
    for verdict in event.verdicts:
        by_guard.setdefault(verdict.guard or "guards", []).append(verdict)
    for guard, verdicts in by_guard.items():
        found = dict.fromkeys(finding.category for verdict in verdicts for finding in verdict.findings)
        feedback = Feedback(
            event.request_id,
            name=f"guard.{_NO_LETTER.sub('_', guard)}"[:_LONGEST_NAME],
            value=str(gravest(verdict.action for verdict in verdicts)),
            time_s=event.time_s,
            source=f"genai_guard.{guard}",
            source_type="code",
        )
        yield Said(feedback, ", ".join(found))


class Store:
    """The assessments of the traces of an experiment.

    Args:
        tracking_uri: Where they are; as MLflow is set when None.
        experiment_id: The experiment.
        redact: How texts are redacted.
    """

    def __init__(self, tracking_uri: str | None, experiment_id: str, redact: Redactor) -> None:
        self.experiment_id: Final = experiment_id
        self._tracking_uri: Final = tracking_uri
        self._redact: Final = redact
        self._client: Any = None

    def take(self, said: Said) -> Sent:
        """Put it there, unless the same or something later is there already.

        Raises:
            Exception: as MLflow does, when the server is down or refuses it.
        """
        trace = self._trace_of(said.feedback.request_id)
        if trace is None:
            return "unknown"
        entry = redacted(said.feedback, self._redact)
        earlier = [each for each in trace.info.assessments if _is_of(each, entry)]
        if any(_version(each) >= entry.version for each in earlier):
            return "known"
        if entry.value is None:
            for each in earlier:
                self._opened().delete_assessment(trace.info.trace_id, each.assessment_id)
            return "sent" if earlier else "known"
        made = _assessment(entry, said.rationale, earlier)
        self._opened().log_assessment(trace.info.trace_id, made)
        return "sent"

    def _opened(self) -> Any:
        if self._client is None:
            self._client = package("mlflow.tracing.client").TracingClient(self._tracking_uri)
        return self._client

    def _trace_of(self, request_id: str) -> Any:
        """Return the trace that a call is, or else the one that it is a span of."""
        if not _ID.fullmatch(request_id):
            return None
        tagged = self._found(f"tag.`{names.REQUEST_ID}` = '{request_id}'", spans=False)
        if tagged:
            return tagged[0]
        within = self._found(f"span.attributes.{names.REQUEST_ID} LIKE '%{request_id}%'", spans=True)
        return next((trace for trace in within if _has_call(trace, request_id)), None)

    def _found(self, condition: str, *, spans: bool) -> list[Any]:
        return list(
            self._opened().search_traces(
                locations=[self.experiment_id],
                filter_string=condition,
                max_results=_CANDIDATES,
                include_spans=spans,
            )
        )


def _has_call(trace: Any, request_id: str) -> bool:
    return any(span.attributes.get(names.REQUEST_ID) == request_id for span in trace.data.spans)


def _assessment(entry: Feedback, rationale: str, earlier: Iterable[Any]) -> Any:
    entities = package("mlflow.entities")
    made: dict[str, Any] = {
        "name": _name(entry),
        "value": list(entry.value) if isinstance(entry.value, tuple) else entry.value,
        "source": entities.AssessmentSource(source_type=entry.source_type.upper(), source_id=_source(entry)),
        "metadata": {_TIME: repr(entry.time_s), _DIGEST: entry.digest},
        "create_time_ms": round(entry.time_s * 1e3),
        "last_update_time_ms": round(entry.time_s * 1e3),
    }
    if entry.name == "correction":
        return entities.Expectation(**made)
    overrides = max(earlier, key=_version, default=None)
    return entities.Feedback(
        **made, rationale=rationale or None, overrides=None if overrides is None else overrides.assessment_id
    )


def _is_of(assessment: Any, entry: Feedback) -> bool:
    """Whether an assessment is what this source said of the same before."""
    source = assessment.source
    return (
        assessment.name == _name(entry)
        and source.source_id == _source(entry)
        and source.source_type == entry.source_type.upper()
        and _DIGEST in (assessment.metadata or {})
        and assessment.valid is not False
    )


def _version(assessment: Any) -> tuple[float, str]:
    return float(assessment.metadata[_TIME]), assessment.metadata[_DIGEST]


def _name(entry: Feedback) -> str:
    return "expected_response" if entry.name == "correction" else entry.name


def _source(entry: Feedback) -> str:
    return entry.source or "user"
