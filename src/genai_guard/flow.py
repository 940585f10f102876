"""The order of the stages. One generator, for every kind of function that can be wrapped.

Rule 1: `stages` is the only place that knows the order.
Rule 2: What needs no event loop runs inline: what is pure, and a synchronous function, which blocks whoever calls it
    anyhow. For the rest the flow yields an `Io`; `OPENED` when the reply turns out to be a stream; and from then on a
    `Chunk` when one may be handed out. It yields nothing else.
Rule 3: Every call that began is settled and recorded, once: both stand in one `finally`.
Rule 4: A flow that must end early is thrown `Abandoned` where I/O is still possible, and closed where it is not. After
    `close()` the source is left to its own finaliser; limits and recorder need no I/O and are served either way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from genai_guard.clients import reply_client, request_client
from genai_guard.clients.text import TEXT
from genai_guard.clients.walk import quick_part
from genai_guard.context import current_caller
from genai_guard.effects import END, OPENED, Chunk, Flow, Io, Smuggled, quick_io
from genai_guard.errors import ComponentFailed, ConfigurationError, RateLimited, Rejected
from genai_guard.limits.ticket import Ticket
from genai_guard.messages import Part
from genai_guard.outcome import NO_USAGE, Call, estimate_tokens, new_request_id
from genai_guard.plan import MISSING, Args, Kwargs, Parameter, Plan
from genai_guard.relay import Source, relay
from genai_guard.screening import enforced, judge
from genai_guard.text.tokens import byte_size
from genai_guard.verdicts import Action, Verdict

if TYPE_CHECKING:
    from genai_guard.clients.base import Client

__all__ = ["stages"]

_NO_PARAMS: Final[Kwargs] = {}


def stages(call: Call, fn: Callable[..., Any], args: Args, kwargs: Kwargs) -> Flow[Any]:  # noqa: PLR0915  in one place
    """Carry one call through every stage; return the reply, or `END` after a stream."""
    plan = call.plan
    source: Source | None = None
    can_wait = True
    try:
        call.caller = caller = plan.caller(args, kwargs) if plan.states_caller else current_caller()
        call.request_id = caller.request_id or new_request_id()
        carrier, content = _locate(plan, args, kwargs)
        client = request_client(content, kwargs, plan.reader)
        request = call.request = client.read_request(content, kwargs)

        call.stage = "input"
        guards, parts = plan.input, request.parts
        vault = call.vault = None if plan.vaults is None else plan.vaults.open(caller, parts)
        judgement = (yield from judge(guards, parts, vault)) if guards.others else guards.judge(parts, vault)
        texts = None if judgement is None else enforced(guards, call, parts, judgement)

        params, fn = _assign(plan, call, fn, args, kwargs)
        _reserve(plan, call)

        if texts is not None:
            content, kwargs = client.write_request(content, kwargs, texts)
            args, kwargs = carrier.write(args, kwargs, content)
        if params:
            args, kwargs = plan.merge(params, args, kwargs)

        call.stage = "call"
        began = plan.now()
        try:
            reply = (yield quick_io((fn, args, kwargs, True, False))) if plan.awaits else fn(*args, **kwargs)
        except StopIteration as error:
            raise Smuggled(error) from error
        finally:
            call.model_s = plan.now() - began

        source = None if type(reply) is str else Source.of(call, reply)
        if source is None:
            call.stage = "output"
            writer, parts = _read_reply(plan, call, reply)
            guards = plan.output
            judgement = (yield from judge(guards, parts, vault)) if guards.others else guards.judge(parts, vault)
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
            finish(plan, call)


def finish(plan: Plan, call: Call) -> None:
    """Settle and record, whatever happened, each once."""
    call.ended = plan.now()
    answering = call.answering
    usage = call.usage if answering else NO_USAGE
    try:
        if call.ticket is not None and plan.limiter is not None:
            plan.limiter.settle(call.ticket, tokens=usage[0] + usage[1] if answering else call.charge)
    except Exception:  # noqa: BLE001  a broken store must not hide the reply; its reservation expires by itself
        call.settled = False
    finally:
        if call.vault is not None:
            call.vault.close()
        plan.record(call.event(usage))


def _locate(plan: Plan, args: Args, kwargs: Kwargs) -> tuple[Parameter, Any]:
    """Return the parameter that carries the request, and what it carries."""
    parameter = plan.content
    if parameter.position < len(args):
        return parameter, args[parameter.position]
    if not parameter.name:  # a function of (*args, **kwargs): look at the call
        parameter = Parameter("messages" if "messages" in kwargs else "prompt")
    content = kwargs.get(parameter.name, parameter.default)
    if content is MISSING:
        raise ConfigurationError(
            f"the call of {plan.name} has no argument {parameter.name!r}: nothing to guard. Pass it, or say which "
            "parameter carries the prompt: pipeline.wrap(fn, prompt='question')"
        )
    return parameter, content


def _assign(
    plan: Plan, call: Call, fn: Callable[..., Any], args: Args, kwargs: Kwargs
) -> tuple[Kwargs, Callable[..., Any]]:
    params: Kwargs = _NO_PARAMS
    if plan.router is not None:
        try:
            call.assignments = plan.router.route(call.unit() if plan.by_request else call.caller)
        except Exception as error:
            raise ComponentFailed("router", "assign", type(error).__name__) from error
        for assignment in call.assignments:
            if assignment.mode == "enforce":
                if assignment.params:
                    params = {**params, **assignment.params} if params else assignment.params
                fn = assignment.target or fn
    model = params.get("model") or call.request.model or plan.model.read(args, kwargs)
    call.model = call.asked = model if type(model) is str else ""
    return params, fn


def _reserve(plan: Plan, call: Call) -> None:
    call.stage = "limits"
    size = 0
    for part in call.request.parts:
        size += byte_size(part[0])
    call.input_tokens = tokens = estimate_tokens(size)
    limiter = plan.limiter
    if limiter is None:
        return
    expected = call.request.max_tokens
    tokens += plan.expected_output_tokens if expected is None else expected
    call.ticket = Ticket()  # before anything is claimed: an interrupt may strike between the claim and its return
    try:
        limiter.reserve(call.ticket, requests=1, tokens=tokens, **plan.limit_keys(call.caller, call.model))
    except RateLimited as error:
        call.denied_by = error.limit
        raise
    except Rejected:
        raise
    except Exception as error:
        call.verdicts.append(Verdict(Action.ERROR, guard="limiter", error=type(error).__name__))
        if limiter.on_error == "block":
            raise ComponentFailed("limiter", "limits", type(error).__name__) from error


def _read_reply(plan: Plan, call: Call, reply: Any) -> tuple[Client | None, tuple[Part, ...]]:
    if type(reply) is str and plan.reader is None:
        call.output_size = byte_size(reply)
        call.response = parts = (quick_part((reply, "assistant", "text", "response", "")),)
        return TEXT, parts
    try:
        client = reply_client(reply, plan.reader)
    except ConfigurationError:
        if plan.output.empty and not call.restores:  # what the function returns is its own affair
            return None, ()
        raise
    answer = client.read_reply(reply)
    call.answered(answer)
    call.response = answer.parts
    for part in answer.parts:
        call.output_size += byte_size(part.text)
    return client, answer.parts
