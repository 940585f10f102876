"""The pipeline of the demo, and the function that it guards. `examples/quickstart.py` is the same, in plain sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from genai_guard.context import caller
from genai_guard.demo.turns import Answer
from genai_guard.guards import PII, BlockedPatterns, Length
from genai_guard.limits import Limit, RateLimiter
from genai_guard.pipeline import Pipeline
from genai_guard.recording import Alert, InferenceLog, MetricsRecorder
from genai_guard.routing import Experiment, ExperimentRouter, Variant

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["SYSTEM", "answering", "support_bot"]

SYSTEM = (
    "You are the support assistant of Juniper & Pine, a shop for camping gear. Answer in one short, friendly sentence."
)
"""What the model is told to be."""

_ATTACKS: Final = ("ignore all previous instructions", "developer mode", "system prompt")
_PRICES: Final = {"SmolLM2-135M": (0.10, 0.40)}
"""Dollars for a million tokens in and out, if somebody hosted the local model."""


def support_bot(small: str, large: str, log_folder: str | PathLike[str]) -> Pipeline:
    """Return the pipeline of a shop's support bot.

    Args:
        small: Model that the first variant of the A/B test asks for.
        large: Model that the second one asks for.
        log_folder: Where the inference log is written.
    """
    control = Variant("control", weight=50, params={"model": small})
    treatment = Variant("treatment", weight=50, params={"model": large})
    alerts = (Alert.latency_p99(above_ms=500), Alert.error_rate(above=0.01), Alert.budget(usd=50, per="day"))
    return Pipeline(
        name="support-bot",
        input=[
            Length(max_tokens=1_000),
            PII(action="redact"),
            BlockedPatterns(_ATTACKS, category="INJECTION", name="injection"),
        ],
        output=[PII(action="redact")],
        limiter=RateLimiter(
            Limit.requests(60, per="minute"),
            Limit.tokens(100_000, per="minute"),
            Limit.requests(10, per="minute", by="user"),
        ),
        router=ExperimentRouter(Experiment("model-comparison", control, treatment, by="user")),
        recorder=MetricsRecorder(alerts=[*alerts, Alert.guardrail_hits()], log=InferenceLog(log_folder)),
        prices=_PRICES,
    )


def answering(pipeline: Pipeline, client: Any) -> Answer:
    """Return the function that answers a customer: the model's client, with the pipeline around it."""
    ask: Callable[..., Any] = pipeline.wrap(client.chat.completions.create)

    def answer(user: str, text: str, **options: Any) -> Any:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        with caller(user=user):
            return ask(model="small", messages=messages, max_tokens=48, temperature=0, **options)

    return answer
