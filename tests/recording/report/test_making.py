"""A recorder that runs is reported with all that it has; what an audit tells of alerts is taken for nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import traffic
from genai_guard import Pipeline
from genai_guard.errors import ConfigurationError
from genai_guard.guards import PII
from genai_guard.messages import Caller, Usage
from genai_guard.recording import AlertEvent, AuditLog, Event, InferenceLog, MetricsHistory, MetricsRecorder
from genai_guard.recording.alerts import GuardrailHits
from genai_guard.recording.feedback import SqliteFeedbackStore
from genai_guard.recording.report import alerts_of, changes_of, report, rows_between, summarize
from genai_guard.recording.review import ReviewQueue
from genai_guard.testing import FakeLLM

T = traffic.START_S
FIRING = AlertEvent("slow", "firing", "p99 9 s", 9.0, 6.0, "warning", "enforce", T + 60, labels={"model": "gpt-5"})


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AuditLog]:
    monkeypatch.setenv("GENAI_GUARD_AUDIT_KEY", "k" * 32)
    with AuditLog(tmp_path / "audit") as found:
        yield found


def test_a_recorder_is_reported_with_its_log_alerts_audit_feedback_and_review(audit: AuditLog, tmp_path: Path) -> None:
    recorder = MetricsRecorder(
        log=InferenceLog(tmp_path / "log"),
        alerts=[GuardrailHits(window_s=300, name="found something")],
        audit=audit,
        feedback=SqliteFeedbackStore(tmp_path / "said.sqlite"),
        review=ReviewQueue(tmp_path / "review.sqlite"),
    )
    with recorder:
        ask = Pipeline(input=[PII(action="redact")], recorder=recorder).wrap(FakeLLM("hello"))
        for number in range(6):
            ask(f"{number}: write to jo.harper@example.com")
        recorder.flush()
        audit.record("deployed", version="2")
        recorder.feedback(next(iter(InferenceLog(tmp_path / "log").read()))["request_id"], thumbs="up")
        page = report(recorder, title="Now")
    assert re.findall(r'<h2 id="(\w+)-title">', page)[-4:] == ["alerts", "review", "changes", "completeness"]
    for said in (
        "6 calls ",
        "found something",
        "deployed",
        "1 up, 0 down",
        "Rules that fired",
        "Every line of the log",
    ):
        assert said in page, said
    assert "jo.harper" not in page


def test_a_recorder_without_a_log_is_reported_from_its_history(tmp_path: Path) -> None:
    history = MetricsHistory(tmp_path / "metrics")
    recorder = MetricsRecorder(history=history, dimensions=["model", "pipeline", "tenant", "variant"])
    with recorder:
        for number in range(40):
            is_bad = number % 10 == 0
            recorder.record(
                Event(
                    time.time(), f"r{number}", model="ab"[number % 2], pipeline="one", caller=Caller(tenant="north"),
                    status="error" if is_bad else "ok", error_type="APIError" if is_bad else "", stage="call",
                    attempts=1, usage=Usage(100, 10), cost_usd=0.125, latency_s=1.0,
                )
            )  # fmt: skip
    for page in (report(recorder), report(history), report(history, since_s=time.time() - 900)):
        for said in (">40</b>", "<b>10.0%</b>", "APIError", ">north<", "$5</b>", "From counts that were kept"):
            assert said in page, said
    assert "There are no calls" in report(history, until_s=time.time() - 86_400)


def test_a_recorder_with_neither_log_nor_history_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"report\(recorder\): it has nothing that can be read; give it log="):
        report(MetricsRecorder())


def test_alerts_are_found_in_an_audit_where_they_were_recorded_and_stand_once_in_their_last_state(
    audit: AuditLog, tmp_path: Path
) -> None:
    over = replace(FIRING, state="resolved", resolved_at_s=T + 600)
    later = replace(FIRING, name="budget", fired_at_s=T + 80_000, labels={})
    for event in (FIRING, later, over):
        audit.record("alert", **asdict(event))
    for wrong in ({}, {"name": 1}, {**asdict(FIRING), "severity": "odd"}, {**asdict(FIRING), "value": "high"}):
        audit.record("alert", **wrong)
    audit.flush()
    assert alerts_of(tmp_path / "audit") == [over, later]
    assert list(changes_of(tmp_path / "audit")) == []
    page = report(Rows(), audit=tmp_path / "audit", until_s=T + 1000, now_s=T)
    assert "slow (model gpt-5)" in page
    assert "budget" not in page


def test_alerts_that_were_over_before_are_not_shown() -> None:
    over = replace(FIRING, state="resolved", resolved_at_s=T + 600)
    page = report(Rows(), alerts=[over, replace(FIRING, name="still")], since_s=T + 700, now_s=T + 900)
    assert ">still (model gpt-5)<" in page
    assert "slow" not in page


def test_rows_of_a_time_are_those_of_the_calls_that_began_in_it() -> None:
    rows = list(rows_between(Rows(), since_s=T + 20_000, until_s=T + 50_000))
    of_all = summarize(Rows().read(), since_s=T + 20_000, until_s=T + 50_000)
    assert 0 < len(rows) == of_all.total.seen < 200


class Rows:
    """A log of given rows."""

    def read(self, *, on_skip: object = None) -> list[dict[str, object]]:
        return list(traffic.rows(200))
