"""Logs a guarded model with MLflow, loads it back and asks it, whole and streamed.

Shows rows that are answered, refused and failed side by side. Everything is kept in a folder that goes away at the end.
Needs: pip install 'genai_guard[mlflow]' mlflow
Run: python examples/mlflow_model.py
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

POLICY = {
    "version": 1,
    "name": "support",
    "input": [{"guard": "pii", "action": "redact"}, {"guard": "blocked_patterns", "keywords": ["project falcon"]}],
    "output": [{"guard": "pii", "action": "redact"}],
    "limits": [{"requests": 1000, "per": "day", "by": "user", "overrides": {"trial": 1}}],
}


def answer(prompt: str, *, tone: str = "plain") -> Iterator[str]:
    """Stand in for a model; yours would ask one."""
    if "broken" in prompt:
        raise ConnectionError("no answer")
    yield from ["You said: ", prompt, f" ({tone}). ", "Write to jo@", "shop.example ", "any time."]


def main() -> None:
    """Log, load and ask."""
    import mlflow  # noqa: PLC0415  it takes seconds

    from genai_guard.integrations.mlflow.model import log_model  # noqa: PLC0415  as above

    mlflow.set_experiment("support")
    info = log_model(POLICY, "mlflow_model:answer", params={"tone": "plain"}, tags=["plan"], code_paths=[__file__])
    model = mlflow.pyfunc.load_model(info.model_uri)

    prompts = ["I am bob@example.com", "What of Project Falcon?", "It is broken", "Hello", "Hello again"]
    users = ["ana", "ana", "ana", "trial", "trial"]
    for row in model.predict({"prompt": prompts, "user": users}, params={"tone": "kind"}).to_dict("records"):
        print(row["http_status"], row["status"], "-", row["reply"] or row["reason"])
    *pieces, last = model.predict_stream([{"prompt": "I am bob@example.com"}])
    print([piece["reply"] for piece in pieces], last["status"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{Path(folder) / 'mlflow.db'}"
        os.chdir(folder)
        main()
