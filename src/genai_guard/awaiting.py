"""For asyncio: what blocks goes to a thread, and what must not be left half done is awaited to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar, cast

__all__ = ["finished", "in_thread"]

T = TypeVar("T")


async def finished(run: Awaitable[T]) -> T:
    """Await `run` to its end even if this task is cancelled meanwhile; raise the cancellation then."""
    import asyncio  # noqa: PLC0415  already loaded by whoever awaits; not worth 46 ms of everybody's import

    future = asyncio.ensure_future(run)
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait((future,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not future.cancelled():
            future.exception()  # else asyncio would complain that nobody has asked for it
        raise cancelled
    return future.result()


async def in_thread(run: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Call `run` in a thread and await it to its end.

    A thread cannot be cancelled: going on without it would settle a claim that is still being made. It is no task
    either, which an event loop that ends would cancel.
    """
    import asyncio  # noqa: PLC0415  as above

    call = partial(copy_context().run, run, *args, **kwargs)
    return cast("T", await finished(asyncio.get_running_loop().run_in_executor(None, call)))
