# /// script
# requires-python = ">=3.11"
# dependencies = ["tenacity>=9,<10", "stamina>=26", "pybreaker>=1.4,<2", "purgatory>=3,<4"]
# ///
"""Retries of tenacity and stamina, breakers of pybreaker and purgatory: one call that succeeds at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import peer_kit  # noqa: F401  closes the network, and finds the kit
import pybreaker
import stamina
import tenacity
from kit import calibration, interleave, synchronous
from purgatory import SyncCircuitBreakerFactory


def model(prompt: str) -> str:  # noqa: ARG001  what a model takes
    return "fine"


def cases() -> dict[str, tuple[str, Callable[[str], Any]]]:
    retrying = tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_random_exponential(0.5, 20))
    again = stamina.retry(on=ConnectionError, attempts=3)
    breaker = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=15)
    factory = SyncCircuitBreakerFactory(default_threshold=5, default_ttl=15)
    return {
        "tenacity": ("retry", retrying(model)),
        "stamina": ("retry", again(model)),
        "pybreaker": ("breaker", breaker(model)),
        "purgatory": ("breaker", factory("model")(model)),
    }


def main() -> None:
    parts = cases()
    measured = {"calibration": calibration(), "nothing": synchronous(lambda: model("hello"))}
    measured |= {name: synchronous(lambda call=call: call("hello")) for name, (_, call) in parts.items()}
    timings = interleave(measured, rounds=5 if "--quick" in sys.argv else 15)
    floor = timings["nothing"].median_us
    for name, (work, _) in parts.items():
        us = {"calibration": timings["calibration"].median_us, "call": timings[name].median_us - floor}
        print(json.dumps({"package": name, "version": version(name), "work": work, "beside": work, "us": us}))


if __name__ == "__main__":
    main()
