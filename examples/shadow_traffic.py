"""Lets a second model answer a sample of the calls that users make of the first, and compares the answers.

Shows a copy that costs its caller no time, guards and a budget for copies, a comparer, and what a failing copy does.
Run: python examples/shadow_traffic.py
"""

from __future__ import annotations

import time

from genai_guard import Limit, MetricsRecorder, Pipeline
from genai_guard.guards import PII
from genai_guard.recording import Event
from genai_guard.routing.shadow import Shadow


def names_a_tent(call: Event, copy: Event) -> dict[str, float]:
    """Compare what matters to this shop."""
    return {"tent named": "Nimbus" in call.response[0].text, "tent named by copy": "Nimbus" in copy.response[0].text}


shadow = Shadow(
    "large",
    params={"model": "large"},
    sample=0.5,
    max_concurrent=100,
    limits=[Limit.requests(50, per="day")],
    comparer=names_a_tent,
)
recorder = MetricsRecorder()
pipeline = Pipeline(input=[PII(action="redact")], recorder=recorder, shadow=shadow)


@pipeline
def ask(prompt: str, *, model: str = "small") -> str:
    """Stand in for a call of `model`; the large one takes its time, and now and then it is down."""
    if model == "small":
        return "We have many tents."
    time.sleep(0.05)
    if "7" in prompt:
        raise ConnectionError("the large model is down")
    return "The lightest is the Nimbus 2."


def main() -> None:
    """Call a hundred times, then see what the large model would have said."""
    began = time.perf_counter()
    for number in range(100):
        ask(f"Which tent is the lightest? I am user {number}, mail {number}@example.com")
    took_s = time.perf_counter() - began
    print("waited for copies:", took_s > 2)
    shadow.flush(timeout_s=10)
    print(recorder.snapshot().calls, "calls,", recorder.snapshot().errors, "errors")
    print(shadow.summary())


if __name__ == "__main__":
    main()
