"""How guards ask what the user brought: a function or coroutine function, waited for in vain for so long and no longer."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.bounded import TooManyStuck

__all__ = ["MAX_STUCK", "BoundedAwaits", "check_callable", "check_fraction", "check_timeout", "is_async"]

T = TypeVar("T")
MAX_STUCK: Final = 4
"""Calls that may be left behind without an answer."""


class BoundedAwaits:
    """Awaits what an asynchronous function returned, for a bounded time. One for each guard.

    Args:
        timeout_s: Seconds that it may take; None for no bound.
        max_stuck: Calls that may be left behind at a time because they do not end when they are cancelled.
    """

    __slots__ = ("_max_stuck", "_stuck", "_timeout_s")

    def __init__(self, *, timeout_s: float | None, max_stuck: int = MAX_STUCK) -> None:
        self._timeout_s: Final = timeout_s
        self._max_stuck: Final = max_stuck
        self._stuck: Final[set[Any]] = set()

    async def __call__(self, answer: Awaitable[T]) -> T:
        """Return what the awaitable gives; raise what it raises.

        Raises:
            TimeoutError: it took too long.
            TooManyStuck: too many earlier ones have not ended.
        """
        import asyncio  # noqa: PLC0415  whoever has an asynchronous function has loaded it

        if self._timeout_s is None:
            return await answer
        task = asyncio.ensure_future(answer)
        if len(self._stuck) >= self._max_stuck:
            task.cancel()
            raise TooManyStuck(len(self._stuck))
        try:
            done, _ = await asyncio.wait({task}, timeout=self._timeout_s)
        finally:
            if not task.done():  # not awaited: one that does not listen would hang the call
                task.cancel()
                self._stuck.add(task)
                task.add_done_callback(self._stuck.discard)
        if not done:
            raise TimeoutError(f"no answer within {self._timeout_s:g} s")
        return task.result()


def is_async(function: object) -> bool:
    """Whether calling it gives something to await."""
    call = getattr(function, "__call__", None)  # noqa: B004  not whether it can be called, but how
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def check_callable(where: str, function: object, *arguments: str) -> None:
    """Refuse what cannot be called with so many arguments.

    Raises:
        ConfigurationError: it is a class, a generator function, no function, or takes other arguments.
    """
    what = f"a function of {' and '.join(arguments)}"
    name = getattr(function, "__qualname__", type(function).__name__)
    if not callable(function) or isinstance(function, type):
        kind = f"the class {name}" if isinstance(function, type) else f"an object of type {name}"
        raise ConfigurationError(f"{where} takes {what}, not {kind}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigurationError(f"{where}: {name} is a generator function; return the answer instead of yielding")
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        raise ConfigurationError(f"{where}: {name} must be callable with {len(arguments)} arguments: {what}") from None
    except ValueError:
        return  # a function of an extension module that does not tell its signature


def check_timeout(where: str, seconds: float | None) -> None:
    """Refuse a time that is none."""
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ConfigurationError(f"{where}(timeout_s={seconds!r}) must be above 0, and finite")


def check_fraction(where: str, name: str, value: object) -> None:
    """Refuse what is no number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"{where}({name}={value!r}) must be a number from 0 to 1")
