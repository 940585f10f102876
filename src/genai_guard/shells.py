"""The function that stands in the place of a wrapped one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, cast

from genai_guard.drive import AsyncStream, Stream, adrive, drive, orphans, reap
from genai_guard.effects import OPENED, Smuggled
from genai_guard.flow import stages
from genai_guard.outcome import Call
from genai_guard.plan import Plan

__all__ = ["arun", "inner_of", "run", "shell_of"]

_INNER: Final = "_genai_guard_inner"


def shell_of(plan: Plan, fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the kind, name and signature of `fn` that sends each call through the flow."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return run(Call(plan), fn, args, kwargs)

    async def acall(*args: Any, **kwargs: Any) -> Any:
        return await arun(Call(plan), fn, args, kwargs)

    shell = acall if plan.awaits else call
    shell = functools.update_wrapper(shell, fn) if hasattr(fn, "__name__") else _named(shell, fn, plan)
    setattr(shell, _INNER, (plan, fn))
    return shell


def inner_of(shell: Callable[..., Any]) -> tuple[Plan, Callable[..., Any]]:
    """Return what `shell_of` made a shell of."""
    return cast("tuple[Plan, Callable[..., Any]]", getattr(shell, _INNER))


def run(call: Call, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Make one call; what is returned of a stream is its guarded end."""
    if orphans:
        reap()
    flow = stages(call, fn, args, kwargs)
    if call.plan.is_lazy:
        return AsyncStream[Any](flow) if call.plan.signature.is_async else Stream[Any](flow)
    try:
        value = drive(flow)
    except Smuggled as smuggled:
        raise smuggled.original from None
    if value is OPENED and call.source is not None:
        stream = call.source.stream
        return AsyncStream[Any](flow, stream) if call.source.is_async else Stream[Any](flow, stream)
    return value


async def arun(call: Call, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Await one call; otherwise like `run`."""
    if orphans:
        reap()
    flow = stages(call, fn, args, kwargs)
    value = await adrive(flow)
    if value is OPENED and call.source is not None:
        return AsyncStream[Any](flow, call.source.stream)
    return value


def _named(shell: Callable[..., Any], fn: Any, plan: Plan) -> Callable[..., Any]:
    """Give the shell of a partial or callable object a name and the signature of what it wraps."""
    shell.__name__ = plan.name.rsplit(".", 1)[-1]
    shell.__qualname__ = plan.name
    shell.__doc__ = getattr(fn, "__doc__", None)
    cast("Any", shell).__wrapped__ = fn
    return shell
