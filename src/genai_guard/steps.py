"""What the stages of a call do; `flow` knows their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from genai_guard.clients import reply_client
from genai_guard.clients.text import TEXT
from genai_guard.clients.walk import quick_part
from genai_guard.effects import Flow
from genai_guard.errors import ComponentFailed, ConfigurationError
from genai_guard.limiting import settle, settling
from genai_guard.limits.charges import charge_for
from genai_guard.messages import Part
from genai_guard.outcome import NO_USAGE, Call
from genai_guard.plan import MISSING, Args, Kwargs, Parameter, Plan, Signature
from genai_guard.text.tokens import byte_size

if TYPE_CHECKING:
    from genai_guard.clients.base import Client

__all__ = ["assign", "check_rivals", "finish", "finishing", "hear", "locate", "named", "read_reply"]

_NO_PARAMS: Final[Kwargs] = {}


def named(signature: Signature, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
    """Return the arguments of a call with those by name that clients read by their names."""
    first = signature.named_from
    names = [each.name for each in signature.parameters.values() if first <= each.position < len(args)]
    if len(names) < len(args) - first or not kwargs.keys().isdisjoint(names):
        return args, kwargs  # it is no call of this function, which says so itself
    return args[:first], {**dict(zip(names, args[first:], strict=True)), **kwargs}


def check_rivals(signature: Signature, content: object, args: Args, kwargs: Kwargs) -> None:
    """Check that nothing else of a call says what a model is asked: it would not be read.

    Raises:
        ConfigurationError: something does.
    """
    for each in signature.rivals if content else ():
        value = each.read(args, kwargs)
        if isinstance(value, (str, list, tuple)) and value:
            raise ConfigurationError(
                f"the call of {signature.name} has {signature.content.name}= and {each.name}=, and only the first is read: "
                f"put both into one, or say that the other is no text for a model: "
                f"pipeline.wrap(fn, prompt={signature.content.name!r})"
            )


def locate(plan: Plan, args: Args, kwargs: Kwargs) -> tuple[Parameter, Any]:
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


def assign(
    plan: Plan, call: Call, fn: Callable[..., Any], args: Args, kwargs: Kwargs
) -> tuple[Kwargs, Callable[..., Any]]:
    """Ask the router; return the parameters that it sets, and the function to call.

    Raises:
        ComponentFailed: the router broke.
    """
    params: Kwargs = _NO_PARAMS
    if plan.router is not None:
        try:
            call.assignments = plan.router.route(call.unit() if plan.router.by_request else call.caller)
        except Exception as error:
            raise ComponentFailed("router", "assign", type(error).__name__) from error
        for assignment in call.assignments:
            if assignment.mode == "enforce":
                if assignment.params:
                    params = {**params, **assignment.params} if params else assignment.params
                if assignment.prompt is not None:
                    call.prompts += (assignment.prompt,)
                fn = assignment.target or fn
    model = params.get("model") or call.request.model or plan.model.read(args, kwargs)
    call.model = call.asked = model if type(model) is str else ""
    return params, fn


def hear(plan: Plan, call: Call, answer: object) -> None:
    """Tell the limits of the provider what it says, with an exception or a reply."""
    if plan.adapts and call.model_s and not call.heard and plan.limiter is not None and plan.limiter.adapt is not None:
        keys = plan.limit_keys(call)
        if "model" in keys:
            keys["model"] = call.asked  # by that it was reserved; the one that answered may have another name
        plan.limiter.adapt.hear(answer, **keys)


def read_reply(plan: Plan, call: Call, reply: Any) -> tuple[Client | None, tuple[Part, ...]]:
    """Return the texts of a reply, and the client that writes it back; None where nobody needs to.

    Raises:
        ConfigurationError: a guard is to judge the reply, and no client can read it.
    """
    if type(reply) is str and plan.reader is None:
        call.output_size = byte_size(reply)
        call.response = parts = (quick_part((reply, "assistant", "text", "response", "")),)
        return TEXT, parts
    hear(plan, call, reply)
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


def finish(plan: Plan, call: Call, *, settles: bool = True) -> None:
    """Settle and record, whatever happened, each once. Limits that have to be awaited have been settled by `finishing`."""
    call.ended = call.ended or plan.now()
    if call.beside is not None:
        call.beside.cancel()
    answering = call.answering
    usage = call.usage if answering else NO_USAGE
    try:
        if settles and plan.limiter is not None and (call.ticket is not None or call.spent):
            settle(plan, plan.limiter, call, usage if answering else charge_for(call.ending))
    except Exception:  # noqa: BLE001  a broken store must not hide the reply; its reservation expires by itself
        call.settled = False
    finally:
        if call.vault is not None:
            call.vault.close()
        event = call.event(usage)
        plan.record(event)
        if call.copy is not None and call.status == "ok":
            call.copy.begin(call, event)
        if plan.tracing is not None:
            plan.tracing.end(call, event)


def finishing(plan: Plan, call: Call, *, can_wait: bool) -> Flow[None]:
    """Do as `finish` where limits have to be awaited."""
    call.ended = plan.now()
    try:
        yield from settling(plan, call, can_wait=can_wait)
    finally:
        finish(plan, call, settles=False)
