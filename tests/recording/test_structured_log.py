"""Calls in the logs of structlog, and logs without secrets."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from calls import target
from genai_guard import ConfigurationError, Pipeline, Rejected, caller
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.recording import MetricsRecorder, Redactor, StructlogSink, redact_processor


def logged(pipeline: Pipeline, recorder: MetricsRecorder, prompt: str) -> dict[str, Any]:
    with capture_logs() as entries:
        try:
            pipeline(target("def", ["hello"]))(prompt)
        except Rejected as rejection:
            del rejection
        recorder.flush()
    (entry,) = entries
    return dict(entry)


def test_a_call_is_a_line_with_what_is_known_of_it() -> None:
    recorder = MetricsRecorder(sinks=[StructlogSink()])
    with caller(user="u-1", tenant="acme"):
        entry = logged(
            Pipeline(name="shop", input=[PII(action="redact")], recorder=recorder), recorder, "bob@example.com"
        )
    assert entry.items() >= {
        "event": "call",
        "log_level": "info",
        "pipeline": "shop",
        "status": "ok",
        "user": "u-1",
        "tenant": "acme",
        "guards": ["pii redact (enforce)"],
    }.items()  # fmt: skip
    assert not entry.keys() & {"request", "response", "error_type", "denied_by", "session"}


def test_a_call_that_did_not_go_well_is_a_warning() -> None:
    recorder = MetricsRecorder(sinks=[StructlogSink(level="debug")])
    entry = logged(Pipeline(input=[BlockedPatterns(["poison"])], recorder=recorder), recorder, "poison")
    assert (entry["log_level"], entry["status"], entry["stage"]) == ("warning", "blocked", "input")


def test_texts_are_logged_only_if_asked_for_and_redacted() -> None:
    recorder = MetricsRecorder(sinks=[StructlogSink(content="redacted")])
    entry = logged(Pipeline(recorder=recorder), recorder, "I am bob@example.com")
    assert (entry["request"], entry["response"]) == (["I am [EMAIL]"], ["hello"])


@pytest.mark.parametrize("wrong", [{"level": "loud"}, {"content": "all"}, {"redact": 1}])
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        StructlogSink(**wrong)


def processed(**values: Any) -> dict[str, Any]:
    return dict(redact_processor()(None, "info", values))


def test_the_processor_covers_what_is_in_any_value() -> None:
    class Told:
        def __str__(self) -> str:
            return "eve@example.com"

    assert processed(
        event="mail of bob@example.com",
        nested={"list": ["eve@example.com", {"deep": ("bob@example.com",)}]},
        raw=b"bob@example.com",
        thing=Told(),
        error=ValueError("bob@example.com"),
    ) == {
        "event": "mail of [EMAIL]",
        "nested": {"list": ["[EMAIL]", {"deep": ["[EMAIL]"]}]},
        "raw": "[EMAIL]",
        "thing": "[EMAIL]",
        "error": "[EMAIL]",
    }


def test_the_processor_leaves_alone_what_holds_no_text() -> None:
    values = {"number": 3, "share": 0.5, "known": None, "yes": True, "at": datetime(2026, 1, 1, tzinfo=UTC)}
    assert processed(**values) == values


def test_what_cannot_be_redacted_or_is_too_long_is_withheld() -> None:
    class Broken:
        def __str__(self) -> str:
            raise ValueError("bob@example.com")

    assert processed(thing=Broken()) == {"thing": "[WITHHELD: redaction failed]"}
    short = redact_processor(Redactor(max_chars=3))
    assert short(None, "info", {"event": "four"}) == {"event": "[WITHHELD: too long]"}


def test_exceptions_are_redacted_where_they_are_texts() -> None:
    out = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[structlog.processors.format_exc_info, redact_processor(), structlog.processors.JSONRenderer()],
    )
    try:
        int("bob@example.com")
    except ValueError:
        log.exception("failed for bob@example.com")
    line = json.loads(out.getvalue())
    assert "ValueError: invalid literal" in line["exception"]
    assert "bob@example.com" not in out.getvalue()


def test_the_processor_takes_a_redactor_alone() -> None:
    with pytest.raises(ConfigurationError, match="Redactor"):
        redact_processor(str)  # type: ignore[arg-type]
