# /// script
# requires-python = ">=3.11"
# dependencies = ["limits>=5,<6"]
# ///
"""limits: three limits in memory, one hit each, and nothing else. It has no settling by what was really used."""

from __future__ import annotations

from typing import Any

from peer_kit import Call, report

from limits import RateLimitItemPerMinute, storage, strategies


def wrap(model: Call) -> Call:
    limiter = strategies.SlidingWindowCounterRateLimiter(storage.MemoryStorage())
    requests, tokens, own = (RateLimitItemPerMinute(10**9) for _ in range(3))

    def call(prompt: str) -> Any:
        allowed = (
            limiter.hit(requests, "all", "requests")
            and limiter.hit(tokens, "all", "tokens", cost=len(prompt) // 4 + 256)
            and limiter.hit(own, "u-42", "requests")
        )
        return model(prompt) if allowed else None

    return call


if __name__ == "__main__":
    report(wrap, package="limits", work="3 limits; no text is looked at, nothing is settled", beside="limiter")
