"""A reply that streams in: where it comes from, and how it is handed on."""

from __future__ import annotations

import inspect
from collections.abc import Hashable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from genai_guard.clients import chunk_client
from genai_guard.clients.base import HoldsChunks
from genai_guard.effects import END, Chunk, Flow, Io
from genai_guard.errors import ConfigurationError
from genai_guard.guards.gate import Gate
from genai_guard.guards.judgement import Judgement
from genai_guard.limiting import Growth
from genai_guard.outcome import Call
from genai_guard.plan import Plan
from genai_guard.screening import ask_others, context_of, refuse
from genai_guard.steps import hear
from genai_guard.text.tokens import byte_size

if TYPE_CHECKING:
    from genai_guard.clients.base import StreamReader
    from genai_guard.guards.pseudonyms.restoring import Restorer

__all__ = ["Source", "relay"]


class _Way(NamedTuple):
    """What the texts of a stream go through."""

    gate: Gate
    restorer: Restorer | None
    reader: StreamReader


class Source:
    """The stream that the wrapped function replied with.

    Attributes:
        stream: As it was returned.
        is_async: Whether its chunks are awaited. A synchronous function may return such a stream too.
        awaits_limits: Whether limits have to be awaited while it is read: then an event loop runs.
        asked: When it was last asked for a chunk.
        chunks: Its chunks.
    """

    __slots__ = ("_call", "_now", "asked", "awaits_limits", "chunks", "is_async", "stream")

    def __init__(self, call: Call, stream: Any, *, is_async: bool) -> None:
        self.stream = stream
        self.is_async = is_async
        self.awaits_limits: bool = is_async and getattr(call.plan.limiter, "may_wait", False)
        self._call = call
        self._now = call.plan.now
        self.asked = call.started
        self.chunks: Any = aiter(stream) if is_async else iter(stream)
        if call.span is not None:
            self.chunks = call.span.within(self.chunks, is_async=is_async)

    @classmethod
    def of(cls, call: Call, reply: Any) -> Source | None:
        """Return the reply as a stream, or None if it is a whole one.

        Some stream objects are synchronous and asynchronous at once; the kind of the wrapped function decides.

        Raises:
            ConfigurationError: the reply does not go with the kind of the function.
        """
        kind: object = type(cast("object", reply))
        plan = call.plan
        is_async = plan.signature.is_async
        if hasattr(kind, "__aiter__") and (is_async or not hasattr(kind, "__iter__")):
            return cls(call, reply, is_async=True)
        if hasattr(kind, "__next__") or (hasattr(kind, "__iter__") and hasattr(kind, "__enter__")):
            if is_async:
                raise ConfigurationError(
                    f"{plan.name} is async but replied with the sync iterator {type(reply).__name__}: "
                    "every chunk would block the event loop; use the client's async stream"
                )
            return cls(call, reply, is_async=False)
        if hasattr(kind, "__await__"):
            if inspect.iscoroutine(reply):
                reply.close()
            raise ConfigurationError(f"{plan.name} returned an awaitable: wrap the async function itself")
        return None

    def next(self) -> Any:
        """Return the next chunk of a synchronous stream, or `END`."""
        self.asked = began = self._now()
        try:
            return next(self.chunks, END)
        finally:
            self._call.model_s += self._now() - began

    def anext(self) -> Flow[Any]:
        """Ask for the next chunk of an asynchronous stream."""
        self.asked = began = self._now()
        try:
            return (yield Io(anext, (self.chunks, END), is_async=True))
        finally:
            self._call.model_s += self._now() - began

    def close(self, *, can_wait: bool) -> Flow[None]:
        """Release the provider's connection when the stream was not read to its end."""
        for method in ("aclose", "close") if self.is_async else ("close",):
            run = getattr(self.stream, method, None)
            if run is None:
                continue
            is_async = method == "aclose" or inspect.iscoroutinefunction(run)
            if can_wait:
                with suppress(Exception):  # the call is over: a connection that cannot be closed changes nothing
                    yield Io(run, is_async=is_async, must_finish=True)
            return


def relay(plan: Plan, call: Call, source: Source) -> Flow[None]:
    """Hand out each chunk of a stream as soon as no guard can object to it any more."""
    hear(plan, call, source.stream)
    chunk = (yield from source.anext()) if source.is_async else source.next()
    if call.beside is not None:
        yield from call.beside.settle()
        call.stage = "stream"
    reader = None if chunk is END else _reader(plan, call, chunk)
    growth = Growth.of(plan, call, is_awaited=source.awaits_limits)
    if reader is None:
        while chunk is not END:
            yield _out(call, chunk)
            if growth is not None and source.asked > growth.until:
                yield from growth.growing(source.asked)
            chunk = (yield from source.anext()) if source.is_async else source.next()
        return
    context = context_of(plan, call, plan.output, ())
    gate = Gate(plan.output, keep_texts=plan.wants_text or call.copy is not None, vault=call.vault, context=context)
    way = _Way(gate, None if call.vault is None else call.vault.restorer(), reader)
    is_whole = False
    try:
        while chunk is not END:
            yield from _pass(plan, call, way, chunk)
            if growth is not None and (call.output_size > growth.size or source.asked > growth.until):
                yield from growth.growing(source.asked)
            chunk = (yield from source.anext()) if source.is_async else source.next()
        yield from _tail(plan, call, way)
        is_whole = True
    finally:
        call.verdicts += gate.verdicts()
        call.response = gate.originals(is_whole=is_whole)
        call.answered(reader.reply())


def _pass(plan: Plan, call: Call, way: _Way, chunk: Any) -> Flow[None]:
    gate, restorer, reader = way
    deltas = reader.read(chunk)
    if not deltas:
        yield _out(call, chunk)
        return
    texts: list[str] = []
    for delta in deltas:
        call.output_size += byte_size(delta.text)
        text = gate.feed(delta)
        if gate.holds and gate.is_due(delta.channel, final=delta.final):
            text = yield from _asked(plan, call, gate, delta.channel)
        if restorer is not None:
            text = restorer.feed(delta.channel, text, kind=delta.kind, final=delta.final)
        texts.append(text)
    for out in reader.write(chunk, texts):
        yield _out(call, out)


def _asked(plan: Plan, call: Call, gate: Gate, channel: Hashable) -> Flow[str]:
    """Ask the guards of step 3 about a text, or what there is of it; return what may be handed out."""
    held = gate.waiting(channel)
    judgement = Judgement([held.text], edits={0: held.edits})
    yield from ask_others(
        plan.output.groups, judgement, (held.original,), held.context, is_async=plan.signature.is_async
    )
    call.reckon(judgement)
    out = gate.pass_on(channel, judgement)
    refuse(plan.output, judgement)
    return out


def _tail(plan: Plan, call: Call, way: _Way) -> Flow[None]:
    """Hand out what was held when the stream ended without closing its texts."""
    gate, restorer, reader = way
    for channel, text, is_held in list(gate.drain()):
        rest = (yield from _asked(plan, call, gate, channel)) if is_held else text
        if restorer is not None:
            rest = restorer.feed(channel, rest, final=True)
        if rest:
            for out in reader.tail(channel, rest):
                yield _out(call, out)
    for channel, rest in () if restorer is None else restorer.drain():
        for out in reader.tail(channel, rest):
            yield _out(call, out)
    for out in reader.held() if isinstance(reader, HoldsChunks) else ():
        yield _out(call, out)
    gate.finish()


def _reader(plan: Plan, call: Call, chunk: Any) -> StreamReader | None:
    """Return a reader for a stream of such chunks; None if it cannot be read and need not be."""
    try:
        return chunk_client(chunk, plan.reader).open_stream()
    except ConfigurationError:
        if plan.output.empty and not call.restores:
            return None
        raise


def _out(call: Call, chunk: Any) -> Chunk:
    if call.chunks == 0:
        call.first_token_s = call.plan.now() - call.started
        call.first_token_model_s = call.model_s
    call.chunks += 1
    call.chunk_model_s = call.model_s
    return Chunk(chunk)
