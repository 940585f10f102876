"""Splits users between two models, always the same user to the same one, and says what each variant does.

Shows assignment without a call, the observed split, testers with a fixed variant, and a call that gets its variant.
Run: python examples/ab_test.py
"""

from __future__ import annotations

from collections import Counter

from genai_guard import Experiment, ExperimentRouter, MetricsRecorder, Pipeline, Variant, caller

router = ExperimentRouter(
    Experiment(
        "model-comparison",
        Variant("control", weight=90, params={"model": "small"}),
        Variant("treatment", weight=10, params={"model": "large"}),
        by="user",
        overrides={"tester-1": "treatment"},
    )
)
recorder = MetricsRecorder()
pipeline = Pipeline(router=router, recorder=recorder)


@pipeline
def ask(prompt: str, *, model: str = "small") -> str:
    """Stand in for a call of `model`."""
    return f"{model} answers {prompt!r}"


def main() -> None:
    """Assign ten thousand users, then call for a few of them."""
    assigned = Counter(router.assign(f"user-{number}").variant for number in range(10_000))
    print("of 10,000 users:", dict(sorted(assigned.items())))
    print("user-7 today and tomorrow:", router.assign("user-7").variant, router.assign("user-7").variant)
    print("tester-1:", router.assign("tester-1"))

    for number in range(40):
        with caller(user=f"user-{number}"):
            ask("Which tent is the lightest?")
    with caller(user="tester-1"):
        print(ask("Which tent is the lightest?"))
    for variant, snapshot in recorder.breakdown("variant").items():
        print(f"{variant}: {snapshot.calls} calls, p95 {snapshot.latency_ms.p95:.3f} ms")


if __name__ == "__main__":
    main()
