"""The order of the stages. One generator, for every kind of function that can be wrapped.

Rule 1: `stages` is the only place that knows the order.
Rule 2: What needs no event loop runs inline: what is pure, limits in memory, and a synchronous function, which blocks
    whoever calls it anyhow. For the rest the flow yields an `Io`; `OPENED` when the reply turns out to be a stream; and
    from then on a `Chunk` when one may be handed out. It yields nothing else.
Rule 3: Every call that began is settled and recorded, once: both stand in one `finally`.
Rule 4: A flow that must end early is thrown `Abandoned` where I/O is still possible, and closed where it is not. After
    `close()` the source is left to its own finaliser; limits and recorder are served either way, the recorder without
    I/O, and a store of limits that would have to be awaited by a note of what is to be settled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genai_guard.beside import ask_beside
from genai_guard.clients import request_client
from genai_guard.context import current_caller
from genai_guard.effects import END, OPENED, Chunk, Flow, Io, Smuggled, quick_io
from genai_guard.errors import Rejected
from genai_guard.limiting import claiming, reserve
from genai_guard.outcome import Call, new_request_id
from genai_guard.plan import Args, Kwargs
from genai_guard.prompting import Asking, prompted
from genai_guard.reask import Asked, answered
from genai_guard.relay import Source, relay
from genai_guard.screening import enforced, judge_call
from genai_guard.steps import assign, check_rivals, finish, finishing, hear, locate, named, read_reply

__all__ = ["stages"]


def stages(call: Call, fn: Callable[..., Any], args: Args, kwargs: Kwargs) -> Flow[Any]:  # noqa: C901, PLR0912, PLR0915  in one place
    """Carry one call through every stage; return the reply, or `END` after a stream."""
    plan = call.plan
    source: Source | None = None
    can_wait = True
    try:
        call.caller = caller = plan.caller(args, kwargs) if plan.states_caller else current_caller()
        call.request_id = caller.request_id or new_request_id()
        signature = plan.signature
        if len(args) > signature.named_from:
            args, kwargs = named(signature, args, kwargs)
        carrier, content = locate(plan, args, kwargs)
        if signature.rivals:
            check_rivals(signature, content, args, kwargs)
        client = request_client(content, kwargs, plan.reader)
        request = call.request = client.read_request(content, kwargs)

        call.stage = "input"
        guards, parts = plan.input, request.parts
        vault = call.vault = None if plan.vaults is None else plan.vaults.open(caller, parts)
        judgement = (
            guards.judge(parts, vault) if guards.is_plain else (yield from judge_call(plan, call, guards, parts))
        )
        texts = None if judgement is None else enforced(guards, call, parts, judgement)

        params, fn = assign(plan, call, fn, args, kwargs)
        if call.prompts:
            asking = Asking(client, content, args, kwargs, parts, texts)
            client, content, args, kwargs, parts, texts = prompted(plan, call, asking)
        texts = texts if plan.output.plant is None else plan.output.plant(parts, texts)
        withstand = plan.withstand
        if withstand is None:
            claim = reserve(plan, call)
            if claim is not None:
                yield from claiming(plan, call, claim)

        if texts is not None:
            content, kwargs = client.write_request(content, kwargs, texts)
            args, kwargs = carrier.write(args, kwargs, content)
        if params:
            args, kwargs = plan.merge(params, args, kwargs)
        if plan.shadow is not None:
            call.copy = plan.shadow.draw(call, fn, args, kwargs)
        if plan.tracing is not None:
            plan.tracing.begin(call, kwargs)

        if withstand is not None:
            asked = Asked(fn, args, kwargs, carrier, client)
            reply, source = yield from withstand(plan, call, asked, judgement)
            if source is None:
                call.stage = "done"
                return reply
        else:
            call.stage = "call"
            call.attempts = 1
            fn = fn if call.span is None else call.span.around(fn, is_async=plan.awaits)
            began = plan.now()
            try:
                reply = (
                    (yield from ask_beside(plan, call, judgement, (fn, args, kwargs)))
                    if guards.beside
                    else (yield quick_io((fn, args, kwargs, True, False)))
                    if plan.awaits
                    else fn(*args, **kwargs)
                )
            except StopIteration as error:
                raise Smuggled(error) from error
            finally:
                call.model_s = plan.now() - began
            source = None if type(reply) is str else Source.of(call, reply)

        if source is None:
            call.stage = "output"
            writer, parts = read_reply(plan, call, reply)
            guards = plan.output
            reply, writer, parts, judgement = (
                (reply, writer, parts, guards.judge(parts, vault))
                if guards.is_plain
                else (yield from answered(plan, call, Asked(fn, args, kwargs, carrier, client), reply, (writer, parts)))
            )
            texts = None if judgement is None else enforced(guards, call, parts, judgement)
            texts = texts if vault is None else vault.restored(parts, texts)
            call.stage = "done"
            return reply if texts is None or writer is None else writer.write_reply(reply, texts)

        call.stage = "stream"
        call.source = source
        if not plan.is_lazy:
            yield OPENED
        yield from relay(plan, call, source)
        call.stage = "done"
        return END
    except BaseException as error:
        can_wait = not isinstance(error, GeneratorExit)
        hear(plan, call, error)
        call.failed(error)
        if not isinstance(error, Rejected) or plan.on_reject is None:
            raise
        answer = (
            (yield Io(plan.on_reject, (error,), is_async=True)) if plan.on_reject_is_async else plan.on_reject(error)
        )
        if source is None and not plan.is_lazy:
            return answer
        yield Chunk(answer)
        return END
    finally:
        try:
            if source is not None and call.stage != "done":
                yield from source.close(can_wait=can_wait)
        finally:
            if plan.awaits_limits if source is None else source.awaits_limits:
                yield from finishing(plan, call, can_wait=can_wait)
            else:
                finish(plan, call)
