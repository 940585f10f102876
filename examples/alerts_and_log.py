"""Measures calls, raises alerts, and keeps an inference log that holds redacted text only.

Shows percentiles, tokens and money, by model too; an alert the moment it fires; and the log, read back.
Run: python examples/alerts_and_log.py [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile

from genai_guard import Alert, InferenceLog, MetricsRecorder, Pipeline, caller
from genai_guard.recording import AlertEvent


def page_somebody(event: AlertEvent) -> None:
    """Tell whoever is on call; here, print. Alerts are logged besides, by structlog."""
    print(f"  ALERT {event.name} is {event.state}: {event.message}")


def main(folder: str) -> None:
    """Call a model that fails now and then, and look at what was recorded."""
    log = InferenceLog(folder)
    recorder = MetricsRecorder(
        alerts=[Alert.error_rate(above=0.01), Alert.budget(usd=0.01, per="day")], log=log, on_alert=page_somebody
    )
    pipeline = Pipeline(name="shop", recorder=recorder, prices={"small": (0.15, 0.60), "large": (2.50, 10.00)})

    @pipeline
    def ask(prompt: str, *, model: str = "small") -> str:
        if "parcel 7" in prompt:
            raise ConnectionError("the model is away")  # it passes the pipeline unchanged, and is counted
        return f"{model} says: any day now. " * 20

    for number in range(60):
        with caller(user=f"user-{number % 5}", tags={"shop": "lisbon"}):
            try:
                ask(f"I am bob@example.com, where is parcel {number % 9}?", model="large" if number % 2 else "small")
            except ConnectionError:
                continue
    recorder.close()  # done at the exit of the process as well

    print(recorder.snapshot())
    print({model: snapshot.calls for model, snapshot in recorder.breakdown("model").items()})
    row = next(log.read())
    print(f"the first of {sum(1 for _ in log.read())} rows in {folder}:")
    print({name: row[name] for name in ("requester", "tags", "model", "status", "output_tokens", "cost_usd")})
    print(row["request"])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(temporary)
