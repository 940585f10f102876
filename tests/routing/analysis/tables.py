"""Tables for tests."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["Rows", "draw", "log_row"]

Rows = list[dict[str, Any]]


def draw(
    units: int = 600,
    *,
    seed: int = 1,
    lift: float = 0.0,
    rate: float = 0.1,
    rate_ratio: float = 1.0,
    calls: int = 1,
    variants: tuple[str, ...] = ("control", "treatment"),
) -> Rows:
    """Return a table of an experiment, a row for each call.

    Args:
        units: How many there are.
        seed: The same seed gives the same table.
        lift: How much higher the latency of the last variant is, as a share.
        rate: Share of failed calls.
        rate_ratio: How many times that of the last variant.
        calls: Calls of each unit.
        variants: Names of the variants.
    """
    rng = random.Random(seed)
    rows: Rows = []
    for unit in range(units):
        variant = rng.choice(variants)
        treated = variant == variants[-1]
        level = rng.gauss(0, 20)
        for _ in range(calls):
            latency = 200 * (1 + lift * treated) + level + rng.gauss(0, 20)
            rows.append(
                {
                    "variant": variant,
                    "unit": f"u{unit}",
                    "propensity": 1 / len(variants),
                    "latency_ms": latency,
                    "failed": rng.random() < rate * (rate_ratio if treated else 1),
                    "cost_usd": latency / 1000 * rng.uniform(0.9, 1.1),
                    "tokens": 100 + rng.randrange(50),
                    "before": level,
                    "plan": rng.choice(["free", "paid"]),
                }
            )
    return rows


def log_row(
    number: int, variant: str, *, experiment: str = "tone", reason: str = "split", **more: Any
) -> dict[str, Any]:
    """Return the part of a row of the inference log that an analysis reads."""
    given = {
        "experiment": experiment,
        "variant": variant,
        "reason": reason,
        "bucket": number,
        "unit_hash": f"{number:016x}",
        "propensity": 0.5,
        "mode": "enforce",
    }
    return {
        "request_id": f"r{number}",
        "request_time": f"2026-03-01T00:00:00.{number:06d}+00:00",
        "status": "ok",
        "input_tokens": 10,
        "output_tokens": 5,
        "latency_ms": 100.0 + number % 7,
        "assignments": [given | more],
    }
