"""Sends guarded calls to an MLflow server as traces, with what users say of them, and reads them back.

Shows tokens, spans of guards and assessments. No call waits for the server, and it costs none when that is down.
Needs: pip install 'genai_guard[mlflow]' mlflow, and a server: mlflow server --port 5000
Run: python examples/mlflow_traces.py [ADDRESS]
"""

from __future__ import annotations

import os
import sys

from genai_guard import MetricsRecorder, Pipeline
from genai_guard.guards import PII
from genai_guard.recording import OpenTelemetry
from genai_guard.testing import FakeLLM

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def main(url: str = "http://127.0.0.1:5000") -> None:
    """Call, say something of it, and look at what the server has."""
    import mlflow  # noqa: PLC0415  it takes seconds

    from genai_guard.integrations.mlflow.feedback import MlflowFeedback  # noqa: PLC0415  as above
    from genai_guard.integrations.mlflow.traces import MlflowTraces  # noqa: PLC0415  as above

    mlflow.set_tracking_uri(url)
    experiment = mlflow.set_experiment("support").experiment_id
    sender = MlflowFeedback(experiment_id=experiment)
    with MlflowTraces(url, experiment_id=experiment) as traces:
        telemetry = OpenTelemetry(content="redacted", tracer_provider=traces.provider)
        recorder = MetricsRecorder(telemetry=telemetry, on_feedback=sender, sinks=[sender])
        pipeline = Pipeline(input=[PII(action="redact")], recorder=recorder)
        outcome = pipeline.run(FakeLLM("It closes at six."), "I am bob@example.com. When do you close?")
        recorder.feedback(outcome.request_id, thumbs="up", source="ana")
        print("sent:", recorder.flush(timeout_s=30), traces.flush(), sender.flush(timeout_s=30))
    (trace,) = mlflow.search_traces(locations=[experiment], max_results=1, return_type="list")
    print("tokens:", trace.info.token_usage)
    for span in trace.data.spans:
        print(f"{span.span_type} {span.name}: {span.outputs}")
    for each in trace.info.assessments:
        print(f"{each.name} by {each.source.source_id}: {each.feedback.value}")


if __name__ == "__main__":
    main(*sys.argv[1:])
