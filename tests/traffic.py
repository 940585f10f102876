"""Traffic as a service might have it: what the pictures of the pages are made of, drawn from seeded chance alone."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

START_S = 1_795_219_200.0  # 2026-11-21 00:00 UTC
DAY_S = 86_400.0
MODELS = (("gpt-5-mini", 0.55, 2.4e-7, 700.0), ("gpt-5", 0.3, 1.9e-6, 1900.0), ("claude-haiku", 0.15, 6e-7, 900.0))
VARIANTS = ("control", "short prompt")
TENANTS = ("north", "south", "east", "west", "centre")
GUARDS = (
    ("pii", "redact", 0.06, (("pii.email", "EMAIL"), ("pii.phone", "PHONE"))),
    ("prompt_injection", "block", 0.012, (("prompt_injection.override", "PROMPT_INJECTION"),)),
    ("blocked_patterns", "flag", 0.02, (("keywords", "KEYWORD"),)),
    ("secrets", "redact", 0.008, (("secrets.aws_access_key", "SECRET"),)),
)
OUTAGE = (0.58, 0.615)
"""The part of the time in which the provider is down, more or less."""


def rows(calls: int, *, span_s: float = DAY_S, start_s: float = START_S, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Yield rows of an inference log, in the order of time."""
    chance = random.Random(seed)
    times = sorted(_moment(chance) for _ in range(calls))
    for number, share in enumerate(times):
        yield _row(chance, f"r{number}", start_s + share * span_s, share)


def thumbs(calls: int, *, seed: int = 8) -> Iterator[tuple[str, str]]:
    """Yield the ids of some calls, and whether a user liked the reply."""
    chance = random.Random(seed)
    for number in range(calls):
        if chance.random() < 0.05:
            yield f"r{number}", "up" if chance.random() < 0.84 else "down"


def _moment(chance: random.Random) -> float:
    """Return when a call is made, as a share of the time: few in the night."""
    while True:
        share = chance.random()
        if chance.random() < 0.16 + 0.84 * max(0.0, math.sin(math.pi * (share * 1.25 - 0.2))) ** 1.4:
            return share


def _row(chance: random.Random, request_id: str, time_s: float, share: float) -> dict[str, Any]:
    (model, _, price, usual_ms) = chance.choices(MODELS, [each[1] for each in MODELS])[0]
    arm = chance.random() < 0.5
    broken = OUTAGE[0] < share < OUTAGE[1]
    values = _answered(chance, price, usual_ms * (0.72 if arm else 1.0) * (2.6 if broken else 1.0), arm=arm)
    values |= _verdicts(chance)
    draw = chance.random()
    if values["status"] == "ok" and draw < (0.3 if broken else 0.006):
        kind = chance.choices(("APITimeoutError", "APIConnectionError", "InternalServerError"), (5, 3, 2))[0]
        status = "timeout" if kind == "APITimeoutError" else "error"
        values |= {"status": status, "stage": "call", "error_type": kind, "output_tokens": 0, "cost_usd": None}
    elif draw > (0.93 if 0.42 < share < 0.52 else 0.996):
        values |= _denied(chance)
    moment = datetime.fromtimestamp(time_s, UTC)
    return {
        "request_date": f"{moment:%Y-%m-%d}",
        "request_time": moment.isoformat(timespec="microseconds"),
        "request_id": request_id,
        "sampling_fraction": 1.0,
        "requester": f"user {chance.randrange(400)}",
        "tenant": chance.choices(TENANTS, (8, 5, 3, 2, 1))[0],
        "model": model,
        "variant": VARIANTS[arm],
        "assignments": [{"experiment": "prompt", "variant": VARIANTS[arm], "mode": "enforce"}],
        **values,
    }


def _answered(chance: random.Random, price: float, usual_ms: float, *, arm: bool) -> dict[str, Any]:
    model_ms = chance.lognormvariate(math.log(usual_ms), 0.45)
    overhead_ms = chance.lognormvariate(math.log(0.4), 0.5)
    queue_ms = chance.expovariate(1 / 40) if chance.random() < 0.05 else 0.0
    read, written = int(chance.lognormvariate(6.4, 0.5)), int(chance.lognormvariate(4.9 if arm else 5.3, 0.5))
    streamed = chance.random() < 0.4
    return {
        "status": "ok",
        "stage": "done",
        "error_type": None,
        "denied_by": None,
        "shadow_denials": ["per tenant"] if chance.random() < 0.01 else [],
        "input_tokens": read,
        "output_tokens": written,
        "cached_tokens": read // 2 if chance.random() < 0.2 else 0,
        "cost_usd": price * (read + 4 * written),
        "latency_ms": round(model_ms + overhead_ms + queue_ms, 3),
        "model_ms": round(model_ms, 3),
        "queue_ms": round(queue_ms, 3),
        "overhead_ms": round(overhead_ms, 3),
        "first_token_ms": round(model_ms * chance.uniform(0.15, 0.35), 3) if streamed else None,
        "attempts": 2 if chance.random() < 0.01 else 1,
        "answered_by": None,
    }


def _verdicts(chance: random.Random) -> dict[str, Any]:
    verdicts: list[dict[str, Any]] = []
    values: dict[str, Any] = {"verdicts": verdicts}
    for guard, action, often, kinds in GUARDS:
        if chance.random() < often:
            rule, category = chance.choice(kinds)
            mode = "shadow" if guard == "blocked_patterns" and chance.random() < 0.5 else "enforce"
            found = [{"rule": rule, "category": category}]
            verdicts.append({"guard": guard, "action": action, "mode": mode, "findings": found})
            if action == "block":
                values |= {"status": "blocked", "stage": "input", "attempts": 0, **_NOTHING}
    return values


_NOTHING = {"output_tokens": 0, "cost_usd": None, "model_ms": 0.0, "first_token_ms": None, "input_tokens": 0}


def _denied(chance: random.Random) -> dict[str, Any]:
    limit = chance.choices(("tokens per minute", "calls per user", "daily budget"), (6, 3, 1))[0]
    status = "budget_exceeded" if limit == "daily budget" else "rate_limited"
    return {"status": status, "stage": "limits", "denied_by": limit, "attempts": 0, **_NOTHING}
