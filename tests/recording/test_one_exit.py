"""Law 12: a planted secret appears in nothing that leaves the process."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import structlog

from genai_guard.messages import Caller, Part, Usage
from genai_guard.recording import Alert, AlertEvent, Event, InferenceLog, MetricsHistory, MetricsRecorder, Redactor
from genai_guard.recording.dimensions import STATUSES
from genai_guard.verdicts import Action, Finding, Verdict

SECRETS = tuple(f"{kind}-{number:03d}-planted" for number in range(60) for kind in ("password", "card", "email"))


def planted(number: int) -> Iterator[Event]:
    """Yield a call of every status with secrets where calls have texts: some found by a guard, some by nobody."""
    found, missed, replied = SECRETS[number : number + 3]
    verdicts = (
        Verdict(
            list(Action)[number % len(Action)],
            text=f"left of {found}",
            findings=(
                Finding("rule", "FOUND", 5, 5 + len(found), where="messages[0].content", detail=f"like {missed}"),
                Finding("rule", "FOUND", 0, len(replied), where="response"),
            ),
            guard="guard",
            mode="shadow" if number % 2 else "enforce",
        ),
    )
    for status in STATUSES:
        yield Event(
            1.7e9,
            f"{status}-{number}",
            status=status,
            error_type="" if status == "ok" else "ValueError",
            caller=Caller(user="u", tags={"note": f"about {missed}"}),
            verdicts=verdicts,
            usage=Usage(10, 10),
            cost_usd=1.0,
            latency_s=3.0,
            request=(
                Part(f"mine {found}", where="messages[0].content"),
                Part(f'{{"q": "{missed}"}}', "assistant", "arguments", "messages[1].tool_calls[0]", "search"),
            ),
            response=(Part(f"{replied} it is", "assistant"),),
        )


def only_missed(text: str) -> Iterator[tuple[int, int, str]]:
    """Find every planted secret: what guards were not asked about is found by the redactor's own rules."""
    for secret in SECRETS:
        start = text.find(secret)
        while start >= 0:
            yield start, start + len(secret), "MISSED"
            start = text.find(secret, start + 1)


class Spilling:
    """A sink that quotes the event in what it raises."""

    wants_text = True

    def __init__(self) -> None:
        self.redact = Redactor(scan=only_missed)
        self.seen: list[str] = []

    def write(self, event: Event, /) -> None:
        self.seen.append(str(tuple(event)))
        raise ValueError(str(tuple(event)))


def test_a_planted_secret_appears_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[AlertEvent] = []
    spilling = Spilling()
    log = InferenceLog(tmp_path, redact=Redactor(scan=only_missed))
    history = MetricsHistory(tmp_path / "metrics")
    alerts = [
        Alert.latency_p99(above_ms=500), Alert.error_rate(above=0.01), Alert.budget(usd=5), Alert.guardrail_hits()
    ]  # fmt: skip
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed), structlog.testing.capture_logs() as logs:
        with MetricsRecorder(
            log=log, sinks=[spilling], alerts=alerts, on_alert=told.append, history=history
        ) as metrics:
            events = [event for number in range(40) for event in planted(number)]
            for event in events:
                metrics.record(event)
        shown = [repr(metrics), str(metrics.snapshot()), metrics.snapshot()._repr_html_(), repr(metrics.snapshot())]
        for table in (metrics.timeseries(by="model"), metrics.breakdown("model"), history.timeseries(by="model")):
            shown += [str(table), repr(table), table._repr_html_(), repr(table.rows())]
        shown += [repr(metrics.alerts()), repr(metrics.dropped), repr(events)]

    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()).decode()
    everything = "\n".join([written, *shown, *spilling.seen, repr(told), repr(logs), printed.getvalue(), caplog.text])
    assert len(told) == 4
    assert len(list(log.read())) == len(spilling.seen) == len(events)
    assert "mine [FOUND]" in written
    assert "about [MISSED]" in written
    assert "[FOUND] it is" in written
    assert [secret for secret in SECRETS if secret in everything] == []
