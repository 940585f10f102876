"""What a flow yields to its driver, and what the driver may do about it. Nothing else leaves a flow."""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from genai_guard.plan import Args, Kwargs

__all__ = ["END", "OPENED", "Chunk", "Flow", "Io", "Smuggled", "quick_io"]

T = TypeVar("T")
Flow: TypeAlias = Generator[object, Any, T]
"""Yields `Io`, `OPENED` or `Chunk`; is sent the result of each `Io`; returns T."""

_NO_KWARGS: Final[Kwargs] = {}


class Io(NamedTuple):
    """One piece of I/O for the driver to perform; its result, or what it raises, comes back into the flow.

    Attributes:
        run: What to call.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        is_async: Whether the result is awaited. Else, in an asynchronous call, `run` goes to a thread.
        must_finish: Whether a cancellation waits until it is done.
    """

    run: Callable[..., Any]
    args: Args = ()
    kwargs: Kwargs = _NO_KWARGS
    is_async: bool = False
    must_finish: bool = False


quick_io: Final[Callable[[tuple[Any, ...]], Io]] = partial(tuple.__new__, Io)  # pyright: ignore[reportUnknownMemberType]  typeshed's `tuple.__new__` is generic
"""Makes an `Io` of all its fields in half the time of a call: there is one in every call."""


class Chunk(NamedTuple):
    """A chunk that may be handed out."""

    value: Any


class Signal(enum.Enum):
    """What is no value."""

    END = enum.auto()
    OPENED = enum.auto()


END: Final = Signal.END
OPENED: Final = Signal.OPENED


class Smuggled(Exception):  # noqa: N818
    """Carries a StopIteration of the wrapped function, which cannot pass through a generator."""

    def __init__(self, original: StopIteration) -> None:
        super().__init__()
        self.original = original
