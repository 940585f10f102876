"""What lab 6.2 is about: two models, users, and what they say of the answers."""

from __future__ import annotations

import random
from collections.abc import Callable

from genai_guard import MetricsRecorder, Pipeline, caller

__all__ = ["ask", "run"]

_chance = random.Random(7)
_ANSWERS = {"small": "It is blue.", "large": "The sea is blue, because water takes the red out of the light."}


def ask(prompt: str, *, model: str = "small") -> str:
    """Answer as the model would, now at more and now at less length."""
    return _ANSWERS[model] + " Ask me more." * _chance.randrange(4)


def run(
    pipeline: Pipeline, *, users: int, liked: dict[str, float], lose: Callable[[str, int], bool] = lambda _, __: False
) -> dict[str, dict[str, bool]]:
    """Have so many users ask; return what they said, by the id of the call.

    Args:
        pipeline: What they ask through; its recorder is closed in the end.
        users: How many they are.
        liked: Share of the answers that they like, by variant.
        lose: Whether a user of a variant never gets as far as asking.
    """
    chance, said = random.Random(11), {}
    router = pipeline.router
    assert router is not None
    for number in range(users):
        variant = router.assign(f"u-{number}").variant
        if lose(variant, number):
            continue
        with caller(user=f"u-{number}"):
            outcome = pipeline.run(ask, "What colour is the sea?")
        said[outcome.request_id] = {"liked": chance.random() < liked[variant]}
    assert isinstance(pipeline.recorder, MetricsRecorder)
    pipeline.recorder.close()
    return said
