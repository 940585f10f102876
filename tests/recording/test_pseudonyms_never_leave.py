"""Law 12 for vaults: neither a value nor which stand-in it has leaves the process in any way."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import pytest
import structlog

from genai_guard import Alert, InferenceLog, MetricsRecorder, Pipeline, caller
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.recording import Event, Redactor

VALUES = [f"planted{number}@acme.com" for number in range(8)]


class Kept:
    """A sink that keeps what it is given."""

    wants_text = True

    def __init__(self) -> None:
        self.redact = Redactor()
        self.seen: list[str] = []

    def write(self, event: Event, /) -> None:
        self.seen.append(str(tuple(event)))


def answers(told: list[str], ending: str) -> Any:
    """Return a model that repeats its prompt, and then maybe fails or says what is forbidden."""

    def answer(prompt: str) -> Iterator[str]:
        told.append(prompt)
        yield from (f"re: {word} " for word in prompt.split())
        if ending == "error":
            raise ValueError("the model broke")
        yield "poison" if ending == "blocked" else "."

    return answer


@pytest.mark.parametrize("scope", ["request", "session"])
def test_no_value_leaves(scope: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kept, log = Kept(), InferenceLog(tmp_path)
    told: list[str] = []
    raised: list[str] = []
    got: list[str] = []
    shown: list[str] = []
    printed = io.StringIO()
    alerts = [Alert.guardrail_hits(), Alert.error_rate(above=0.01)]
    with redirect_stdout(printed), redirect_stderr(printed), structlog.testing.capture_logs() as logs:
        with MetricsRecorder(log=log, sinks=[kept], alerts=alerts, on_alert=lambda a: shown.append(repr(a))) as metrics:
            pipeline = Pipeline(
                input=[PII(action="pseudonymize", scope=scope)],
                output=[PII(), BlockedPatterns(["poison"])],
                recorder=metrics,
            )
            for number, value in enumerate(VALUES):
                ending = ("ok", "error", "blocked", "dropped")[number % 4]
                with caller(session="s"), suppress(Exception):
                    outcome = pipeline.run(answers(told, ending), f"write to {value} now")
                    shown.append(repr(outcome))
                    try:
                        for chunk in outcome.value:
                            got.append(chunk)
                            if ending == "dropped" and "@" in chunk:
                                break
                    except Exception as error:
                        raised += [repr(error), str(error), *traceback.format_exception(error)]
                        raise
                    finally:
                        outcome.value.close()
        shown += [repr(pipeline), repr(metrics), str(metrics.snapshot()), repr(metrics.alerts())]
        shown += [repr(vars(pipeline)["_vaults"])]

    assert [value for value in VALUES if value in "".join(got)] == VALUES, "the caller got every one back"
    assert len(told) == len(kept.seen) == len(list(log.read())) == len(VALUES)
    written = b"".join(segment.read_bytes() for segment in log.segments()).decode()
    everything = "\n".join([written, *shown, *kept.seen, *raised, repr(logs), printed.getvalue(), caplog.text])
    stand_ins = [text.split()[2] for text in told]
    assert "write to [EMAIL] now" in written
    assert len(raised) > 4
    assert [word for word in (*VALUES, *stand_ins) if word in everything] == []
