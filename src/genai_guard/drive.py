"""The shells around a flow: they perform its I/O, and are what a consumer of a stream holds.

`drive` and `adrive` differ in how one `Io` is run, and in nothing else.

A stream may be dropped unread. Nothing is settled inside the garbage collector, which may run while this very thread
holds a lock of a limiter or recorder: what it finds goes to a queue, and the next call, `reap()` or the end of the
process settles it. A stream whose last reference simply goes away is settled there and then.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from genai_guard.awaiting import finished, in_thread
from genai_guard.effects import END, Flow, Io
from genai_guard.outcome import Abandoned

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncStream", "Stream", "adrive", "drive", "is_collecting", "orphans", "reap", "watch_collector"]

T = TypeVar("T")


def drive(flow: Flow[Any], error: BaseException | None = None) -> Any:
    """Perform I/O until the flow hands something out: `OPENED`, a `Chunk`, or its result."""
    try:
        step = flow.send(None) if error is None else flow.throw(error)
        while type(step) is Io:
            run, args, kwargs, _, _ = step
            try:
                value = run(*args, **kwargs)
            except BaseException as raised:  # noqa: BLE001  all of it belongs to the flow
                step = flow.throw(raised)
            else:
                step = flow.send(value)
    except StopIteration as stop:
        return stop.value
    return step


async def adrive(flow: Flow[Any], error: BaseException | None = None, *, leaves: bool = False) -> Any:
    """Do what `drive` does, awaiting. With `leaves` a cancellation is `Abandoned` to the flow, which then carries it."""
    try:
        step = flow.send(None) if error is None else flow.throw(error)
        while type(step) is Io:
            run, args, kwargs, is_async, must_finish = step
            try:
                value = await (run(*args, **kwargs) if is_async and not must_finish else _finish(step))
            except BaseException as raised:  # noqa: BLE001  all of it belongs to the flow
                step = flow.throw(Abandoned(raised) if leaves and _is_cancellation(raised) else raised)
            else:
                step = flow.send(value)
    except StopIteration as stop:
        return stop.value
    return step


async def _finish(io: Io) -> Any:
    """Run `io` to its end, even if this task is cancelled meanwhile."""
    if io.is_async:
        return await finished(io.run(*io.args, **io.kwargs))
    return await in_thread(io.run, *io.args, **io.kwargs)


# --- What a consumer holds ----------------------------------------------------------------------------------------


class Stream(Generator[T, None, None]):
    """The guarded chunks of a synchronous stream.

    An iterator, a context manager, and, for everything else, the stream object that the wrapped function returned:
    attributes that are not listed here are looked up there.
    """

    def __init__(self, flow: Flow[Any], source: object = None) -> None:
        self._flow: Flow[Any] | None = flow
        self._source = source
        self._busy = False
        _keep(flow)

    def __next__(self) -> T:
        return self._step(None)

    def send(self, value: None, /) -> T:
        """Return the next chunk; a guarded stream takes no values.

        Raises:
            TypeError: `value` is not None.
        """
        if value is not None:
            raise TypeError("a guarded stream takes no values")
        return self._step(None)

    def throw(self, typ: Any, val: BaseException | object = None, tb: TracebackType | None = None, /) -> T:
        """End the stream with an exception."""
        return self._step(_exception(typ, val, tb))

    def close(self) -> None:
        """End the stream, settle and record it. A second call does nothing."""
        with suppress(Abandoned, StopIteration):
            self._step(Abandoned())

    def __enter__(self) -> Stream[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return _delegate(self, name)

    def __del__(self) -> None:
        flow = self.__dict__.get("_flow")
        if flow is not None and not sys.is_finalizing():
            _drop(flow, _end)

    def _step(self, error: BaseException | None) -> T:
        if self._busy:
            raise RuntimeError("this stream is being read already")
        if self._flow is None:
            raise StopIteration if error is None else error
        self._busy = True
        out: Any = END
        try:
            out = drive(self._flow, error)
        finally:
            self._busy = False
            if out is END:
                _unfinished.discard(self._flow)
                self._flow = None
        if out is END:
            raise StopIteration
        return cast("T", out.value)


class AsyncStream(AsyncGenerator[T, None]):
    """The guarded chunks of an asynchronous stream; otherwise like `Stream`."""

    def __init__(self, flow: Flow[Any], source: object = None) -> None:
        self._flow: Flow[Any] | None = flow
        self._source = source
        self._busy = False
        self._leaves = False
        self._loop = _running_loop()
        _keep(flow)

    async def __anext__(self) -> T:
        return await self._step(None)

    async def asend(self, value: None, /) -> T:
        """Return the next chunk; a guarded stream takes no values.

        Raises:
            TypeError: `value` is not None.
        """
        if value is not None:
            raise TypeError("a guarded stream takes no values")
        return await self._step(None)

    async def athrow(self, typ: Any, val: BaseException | object = None, tb: TracebackType | None = None, /) -> T:
        """End the stream with an exception."""
        return await self._step(_exception(typ, val, tb))

    async def aclose(self) -> None:
        """End the stream, settle and record it. A second call does nothing."""
        with suppress(Abandoned, StopAsyncIteration):
            await self._step(Abandoned())

    close = aclose
    """What the streams of SDKs call it."""

    def abandon_when_cancelled(self) -> None:
        """Take a cancellation for the departure of the reader, as when a server cancels what a client does not wait for.

        The call is then `abandoned`, as if the stream had been closed, and not `cancelled`.
        """
        self._leaves = True

    async def __aenter__(self) -> AsyncStream[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __getattr__(self, name: str) -> Any:
        return _delegate(self, name)

    def __del__(self) -> None:
        flow = self.__dict__.get("_flow")
        if flow is None or sys.is_finalizing():
            return
        loop = self._loop
        if loop is not None and loop.is_running():
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(_end_soon, loop, flow)
                return
        _drop(flow, _close)

    async def _step(self, error: BaseException | None) -> T:
        if self._busy:
            raise RuntimeError("this stream is being read already")
        if self._flow is None:
            raise StopAsyncIteration if error is None else error
        self._busy = True
        self._loop = self._loop or _running_loop()
        out: Any = END
        try:
            out = await adrive(self._flow, error, leaves=self._leaves)
        except Abandoned as left:
            raise left.args[0] if left.args else left from None
        finally:
            self._busy = False
            if out is END:
                _unfinished.discard(self._flow)
                self._flow = None
        if out is END:
            raise StopAsyncIteration
        return cast("T", out.value)


# --- Streams that were dropped -------------------------------------------------------------------------------------

_unfinished: Final[set[Flow[Any]]] = set()
"""Flows that a stream holds. Else the collector, finding both in a dead cycle, would end the flow by itself."""

orphans: Final[deque[Callable[[], None]]] = deque()
"""How to end the streams that the collector found."""
_collecting: bool = False
_watching: bool = False
_ending: Final[set[asyncio.Task[None]]] = set()


def reap() -> None:
    """Settle and record the streams that the garbage collector found; every call does this first."""
    with suppress(IndexError):
        while True:
            orphans.popleft()()


def is_collecting() -> bool:
    """Whether the garbage collector runs, as far as it is watched: whoever is dropped now must not wait for anybody."""
    return _collecting


def _keep(flow: Flow[Any]) -> None:
    _unfinished.add(flow)
    watch_collector()


def watch_collector() -> None:
    """Notice from now on when the garbage collector runs."""
    global _watching  # noqa: PLW0603  once in a process, and not before somebody needs it
    if not _watching:
        _watching = True
        gc.callbacks.append(_collector)
        atexit.register(_end_all)


def _end_all() -> None:
    """Settle and record, at the end of the process, what is still open; the recorders are closed after that."""
    reap()
    for flow in list(_unfinished):
        with suppress(Exception):  # running in another thread, or broken: the process ends either way
            flow.close()


def _collector(phase: str, _: object) -> None:
    global _collecting  # noqa: PLW0603  told by the interpreter, of the interpreter
    _collecting = phase == "start"


def _drop(flow: Flow[Any], end: Callable[[Flow[Any]], None]) -> None:
    if _collecting:
        orphans.append(lambda: end(flow))
    else:
        end(flow)
    _unfinished.discard(flow)


def _end(flow: Flow[Any]) -> None:
    with suppress(Abandoned):
        drive(flow, Abandoned())


def _close(flow: Flow[Any]) -> None:
    flow.close()


async def _aend(flow: Flow[Any]) -> None:
    try:
        with suppress(Abandoned):
            await adrive(flow, Abandoned())
    finally:
        _unfinished.discard(flow)


def _end_soon(loop: asyncio.AbstractEventLoop, flow: Flow[Any]) -> None:
    task = loop.create_task(_aend(flow))
    _ending.add(task)
    task.add_done_callback(_ending.discard)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    if "asyncio" not in sys.modules:
        return None
    import asyncio  # noqa: PLC0415  loaded already

    with suppress(RuntimeError):
        return asyncio.get_running_loop()
    return None


def _is_cancellation(error: BaseException) -> bool:
    import asyncio  # noqa: PLC0415  loaded already

    return isinstance(error, asyncio.CancelledError)


def _exception(typ: Any, val: object, tb: TracebackType | None) -> BaseException:
    if isinstance(typ, BaseException):
        return typ
    error = val if isinstance(val, BaseException) else typ() if val is None else typ(val)
    return cast("BaseException", error.with_traceback(tb))


def _delegate(stream: Any, name: str) -> Any:
    source = stream.__dict__.get("_source")
    if source is None or name.startswith("__"):
        raise AttributeError(f"{type(stream).__name__!r} object has no attribute {name!r}")
    return getattr(source, name)
