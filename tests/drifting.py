"""What the tests of drift share: rows as the inference log has them."""

from __future__ import annotations

import json
import random
from typing import Any

from genai_guard.messages import Part, Usage
from genai_guard.recording import Event

WORDS = [
    "where",
    "is",
    "my",
    "order",
    "parcel",
    "refund",
    "card",
    "login",
    "password",
    "reset",
    "cancel",
    "ship",
    "lamp",
    "green",
    "blue",
    "kettle",
    "broken",
]

REFUSAL = "I'm sorry, but I can't help with that."


def texts(*messages: tuple[str, str], **more: str) -> str:
    return json.dumps({"messages": [{"role": role, "content": content, **more} for role, content in messages]})


def row(number: int = 0, **values: Any) -> dict[str, Any]:
    """Return a row with no texts unless they are given."""
    day, hour = divmod(number, 24)
    return {
        "request_time": f"2026-01-{1 + day % 28:02d}T{hour:02d}:30:00.000000+00:00",
        "request_id": f"r{number}",
        "status": "ok",
        "model": "small",
        "variant": None,
        "latency_ms": 100.0,
        "model_ms": 90.0,
        "first_token_ms": None,
        "request": None,
        "response": None,
        "verdicts": [],
    } | values


def traffic(count: int, *, seed: int, factor: float = 1.0, day: int = 1) -> list[dict[str, Any]]:
    """Return a day of calls with prompts of log-normal length, `factor` times as long, and answers that are not."""
    source = random.Random(seed)
    made = []
    for number in range(count):
        length = max(1, round(source.lognormvariate(3.0, 0.6) * factor))
        prompt = " ".join(source.choices(WORDS, k=length))
        reply = REFUSAL if source.random() < 0.03 else " ".join(source.choices(WORDS, k=12))
        made.append(
            row(
                24 * (day - 1) + number % 24,
                request=texts(("user", prompt)),
                response=texts(("assistant", reply)),
                variant=source.choice("ab"),
                latency_ms=source.lognormvariate(6.0, 0.5),
                output_tokens=source.randrange(20, 200),
            )
        )
    return made


def event(prompt: str, number: int = 0, **values: Any) -> Event:
    return Event(
        values.pop("time_s", 1.7e9 + number),
        f"r{number}",
        model="small",
        latency_s=0.2,
        model_s=0.1,
        usage=values.pop("usage", Usage(10, 5)),
        request=(Part(prompt, where="messages[0].content"),),
        response=(Part("fine", "assistant", where="response"),),
        **values,
    )
