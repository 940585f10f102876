"""Limits requests and tokens, for everybody together and for each user, without a model.

Shows what a denial tells the caller, answering it in place of raising, and the limiter by itself.
Run: python examples/limits_per_user.py
"""

from __future__ import annotations

from genai_guard import Limit, Pipeline, RateLimited, RateLimiter, Rejected, caller

limiter = RateLimiter(
    Limit.requests(60, per="minute"),
    Limit.tokens(2_000, per="minute"),
    Limit.requests(3, per="minute", by="user"),
)


def apologise(rejected: Rejected) -> str:
    """Answer in place of the model; a web application would send status 429 and a Retry-After header."""
    wait_s = rejected.retry_after_s if isinstance(rejected, RateLimited) else None
    return f"Please try again in {wait_s:.0f} seconds." if wait_s else "That is not possible."


pipeline = Pipeline(limiter=limiter, on_reject=apologise)


@pipeline
def ask(prompt: str, *, max_tokens: int = 100) -> str:
    """Stand in for a call of a model."""
    return f"An answer to {prompt!r} in at most {max_tokens} tokens."


def main() -> None:
    """Let one user ask too often, another one ask once, and a third ask for too much."""
    with caller(user="ana"):
        for number in range(4):
            print("ana:", ask(f"question {number}"))
    with caller(user="bruno"):
        print("bruno:", ask("my only question"))

    ticket = limiter.reserve(user="chiara", tokens=1_500)  # an estimate, before the call
    limiter.settle(ticket, tokens=300)  # what it used, after it: the rest is free again
    try:
        limiter.reserve(user="chiara", tokens=1_900)
    except RateLimited as denied:
        print(f"chiara: {denied}")


if __name__ == "__main__":
    main()
