"""Guards asynchronous functions: many calls at once, each on behalf of its own user, and an asynchronous stream.

Shows that `caller(...)` keeps tasks apart, and that a limit by user holds across them.
Run: python examples/async_calls.py
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from genai_guard import Limit, Pipeline, RateLimited, RateLimiter, caller
from genai_guard.guards import PII

pipeline = Pipeline(
    output=[PII(action="redact")],
    limiter=RateLimiter(Limit.requests(2, per="minute", by="user")),
)


@pipeline
async def ask(prompt: str) -> str:
    """Stand in for an asynchronous call of a model."""
    await asyncio.sleep(0)
    return f"You said: {prompt}"


@pipeline
async def ask_streaming(prompt: str) -> AsyncIterator[str]:
    """Stand in for an asynchronous stream."""
    for word in prompt.split(" "):
        await asyncio.sleep(0)
        yield f"{word} "


async def ask_as(user: str, prompt: str) -> str:
    """Ask on behalf of a user."""
    with caller(user=user):
        try:
            return f"{user}: {await ask(prompt)}"
        except RateLimited as denied:
            return f"{user}: denied, {denied}"


async def main() -> None:
    """Ask five times at once, for two users; then read a stream."""
    users = ("ana", "ana", "bruno", "ana", "bruno")
    for reply in await asyncio.gather(*(ask_as(user, f"I am {user}@example.com") for user in users)):
        print(reply)
    print([chunk async for chunk in ask_streaming("call +1 202-555-0143 today")])


if __name__ == "__main__":
    asyncio.run(main())
