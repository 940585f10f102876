"""Law 11: a server that is down, slow or answers 500 is never in the way, and what it costs is counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, MetricsRecorder, Pipeline, Variant
from genai_guard.guards import PII
from genai_guard.integrations.mlflow.aliases import RegistryAliases
from genai_guard.integrations.mlflow.feedback import MlflowFeedback
from genai_guard.integrations.mlflow.traces import MlflowTraces
from genai_guard.recording import OpenTelemetry
from genai_guard.recording.feedback import Feedback
from integrations.mlflow.server import free_port

CALLS = 200


@contextmanager
def answering(status: int, *, after_s: float = 0.0) -> Iterator[str]:
    """A server that answers everything with a status, after a while."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            ended.wait(after_s)
            self.send_response(status)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        ended.set()
        server.shutdown()
        server.server_close()


@contextmanager
def down() -> Iterator[str]:
    yield f"http://127.0.0.1:{free_port()}"


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")


@pytest.mark.parametrize(
    ("server", "hangs"), [(down(), False), (answering(500), False), (answering(200, after_s=60), True)]
)
def test_calls_go_on_and_what_was_lost_is_counted(server: Any, hangs: bool) -> None:
    with server as url:
        traces = MlflowTraces(url, experiment_id="1", queue_size=50, delay_s=0.05, timeout_s=0.5)
        sender = MlflowFeedback(experiment_id="1", tracking_uri=url, wait_s=0, queue_size=50)
        recorder = MetricsRecorder(
            telemetry=OpenTelemetry(content="redacted", tracer_provider=traces.provider),
            on_feedback=sender,
            sinks=[sender],
        )
        pipeline = Pipeline(input=[PII(action="redact")], recorder=recorder)
        ask: Any = pipeline.wrap(lambda prompt: prompt)
        ask("warm up")
        began = time.monotonic()
        for _ in range(CALLS):
            assert ask("I am bob@example.com") == "I am [EMAIL]"
            recorder.feedback("r-1", thumbs="up")
        assert time.monotonic() - began < 5  # and the server takes 60 s for one
        recorder.flush(timeout_s=30)
        traces.flush()
        counts = traces.counts()
        assert (counts.ended, counts.sent) == (CALLS + 1, 0)
        assert counts.failed > 0
        sender.flush(timeout_s=10)
        if not hangs:
            assert sum(sender.lost.values()) > 0
        assert sender.sent == 0
        began = time.monotonic()
        for each in (recorder, sender, traces):
            each.close(timeout_s=1)
        assert time.monotonic() - began < 10


def test_what_waits_for_a_server_is_bounded() -> None:
    with answering(200, after_s=60) as url:
        sender = MlflowFeedback(experiment_id="1", tracking_uri=url, queue_size=10)
        for number in range(CALLS):
            sender(Feedback(f"r-{number}", name="thumbs", value="up", time_s=1.0))
        assert sender.lost["queue_full"] >= CALLS - 11
        sender.close(timeout_s=0.1)


def test_a_registry_that_is_down_refuses_to_begin_and_nothing_of_a_url_is_told() -> None:
    with down() as url:
        router = ExperimentRouter(Experiment("m", Variant("a", params={"model": "models:/m@champion"})))
        with pytest.raises(ConfigurationError, match="models:/m@champion cannot be used: ") as told:
            RegistryAliases(router, tracking_uri=url.replace("http://", "http://me:my-password@"))
        assert "my-password" not in str(told.value)
        with pytest.raises(ConfigurationError, match="did not take an assessment"):
            MlflowFeedback(experiment_id="1", tracking_uri=url).send(
                [Feedback("r", name="thumbs", value="up", time_s=1.0)]
            )
        assert "my-password" not in repr(MlflowTraces("http://me:my-password@127.0.0.1:1", experiment_id="1"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "127.0.0.1:5000"},
        {"url": "sqlite:///mlflow.db"},
        {"experiment_id": ""},
        {"queue_size": 0},
        {"delay_s": 0},
    ],
)
def test_wrong_settings_of_traces_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="MlflowTraces"):
        MlflowTraces(**{"url": "http://127.0.0.1:5000", "experiment_id": "1", **wrong})
