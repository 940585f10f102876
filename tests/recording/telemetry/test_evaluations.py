"""What is said of replies, as events of OpenTelemetry: within the span of the call, and without texts unless asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from collected import Collected
from genai_guard import Pipeline, caller
from genai_guard.recording import MetricsRecorder, OpenTelemetry, Redactor
from genai_guard.recording.feedback import MemoryFeedbackStore
from genai_guard.recording.review import Selection
from genai_guard.recording.telemetry import evaluations
from reviewing import addresses, flagged, put, queue_at, silent


class Logs:
    """A provider of loggers that keeps what it is given."""

    def __init__(self) -> None:
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self._kept: Any = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._kept))

    def records(self) -> list[Any]:
        return [each.log_record for each in self._kept.get_finished_logs()]

    def said(self) -> list[Mapping[str, Any]]:
        return [
            {
                name.removeprefix("gen_ai.evaluation.").removeprefix("genai_guard."): value
                for name, value in attributes.items()
            }
            for each in self.records()
            if (attributes := each.attributes) is not None
        ]


def test_an_evaluation_belongs_to_the_span_of_its_call() -> None:
    logs = Logs()
    sdk = Collected(logger_provider=logs.provider)
    with caller(request_id="mine"):
        Pipeline(recorder=sdk.recorder).wrap(len)("hi")
    request_id = dict(sdk.span().attributes or {})["genai_guard.request_id"]
    sdk.recorder.feedback("mine", thumbs="down", time_s=1.6e9)
    sdk.recorder.feedback("of another process", rating=4)
    sdk.recorder.flush()

    mine, other = logs.records()
    assert mine.event_name == other.event_name == "gen_ai.evaluation.result"
    assert mine.timestamp == 1_600_000_000 * 10**9
    assert (mine.trace_id, mine.span_id) == (sdk.span().context.trace_id, sdk.span().context.span_id)
    assert not other.span_id
    assert logs.said() == [
        {"name": "thumbs", "score.label": "down", "score.value": 0.0, "evaluation.source_type": "human", "request_id": request_id},
        {"name": "rating", "score.value": 4.0, "evaluation.source_type": "human", "request_id": "of another process"},
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["none", "redacted"])
def test_texts_are_left_out_unless_asked_for_and_redacted_then(content: Any) -> None:
    logs = Logs()
    store = MemoryFeedbackStore(redact=Redactor(scan=addresses))
    recorder = MetricsRecorder(
        feedback=store, telemetry=OpenTelemetry(content=content, logger_provider=logs.provider, traces=False)
    )
    recorder.feedback("r", comment="ask bob@example.com", scores={"polite": True, "tone": "rude to bob@example.com"})
    recorder.feedback("r", ranking=["r", "q"])
    recorder.feedback("r", withdraw="comment")
    recorder.flush()

    texts = {each["name"]: each.get("explanation") for each in logs.said()}
    shown = {"comment": "ask [EMAIL]", "polite": None, "tone": "rude to [EMAIL]"}
    assert texts == (shown if content == "redacted" else dict.fromkeys(shown))


def test_a_judgement_is_one_event_for_each_rule(tmp_path: Path) -> None:
    logs = Logs()
    telemetry = OpenTelemetry(logger_provider=logs.provider)
    queue = queue_at(tmp_path, selections=[Selection()], telemetry=telemetry)
    put(queue, flagged("r", "a.b", "c.d"), silent("q"))
    queue.judge(1, "ann", "true_positive", rules={"c.d": "unsure"}, comment="planted")
    queue.judge(2, "ann", "true_negative")

    judged = [
        (each["request_id"], each.get("guard.rule"), each["score.label"], each.get("score.value"))
        for each in logs.said()
    ]
    assert judged == [
        ("r", "a.b", "true_positive", 1.0), ("r", "c.d", "unsure", None), ("q", None, "true_negative", 0.0),
    ]  # fmt: skip
    assert "planted" not in str(logs.records())
    assert "ann" not in str(logs.said())


@pytest.mark.parametrize("settings", [{"evaluations": False}, {}])
def test_without_being_asked_or_without_an_sdk_there_is_nothing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs()
    given = settings | ({"logger_provider": logs.provider} if settings else {})
    recorder = MetricsRecorder(telemetry=OpenTelemetry(**given))
    monkeypatch.setattr(evaluations, "set_span_in_context", None)
    recorder.feedback("r", thumbs="up")
    recorder.flush()

    assert logs.records() == []
    assert recorder.dropped == {"feedback.not_kept": 1}
