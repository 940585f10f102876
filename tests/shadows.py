"""What the tests of shadow traffic share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from calls import consume
from genai_guard.routing.shadow import Shadow

__all__ = ["consumed"]


def consumed(kind: str, fn: Callable[..., Any], shadow: Shadow | None) -> str:
    """Call a function and wait for the copy: in an event loop, before that ends."""

    async def both() -> str:
        reply = fn("hello")
        reply = reply if kind == "async generator" else await reply
        text = reply if isinstance(reply, str) else "".join([chunk async for chunk in reply])
        if shadow is not None:
            await asyncio.to_thread(shadow.flush, timeout_s=10)
        return text

    if kind.startswith("async"):
        return asyncio.run(both())
    text = consume(kind, fn, "hello")
    if shadow is not None:
        shadow.flush(timeout_s=10)
    return text
