"""What the stages of a call do; `flow` knows their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from genai_guard.clients import reply_client
from genai_guard.clients.text import TEXT
from genai_guard.clients.walk import quick_part
from genai_guard.errors import BudgetExceeded, ComponentFailed, ConfigurationError, RateLimited, Rejected
from genai_guard.limits.charges import charge_for
from genai_guard.limits.ticket import Ticket
from genai_guard.messages import Part, Usage
from genai_guard.outcome import NO_USAGE, Call, estimate_tokens
from genai_guard.plan import MISSING, Args, Kwargs, Parameter, Plan
from genai_guard.text.tokens import byte_size
from genai_guard.verdicts import Action, Verdict

if TYPE_CHECKING:
    from genai_guard.clients.base import Client
    from genai_guard.limits import RateLimiter

__all__ = ["assign", "finish", "hear", "locate", "read_reply", "reserve", "settle", "settle_attempt"]

_NO_PARAMS: Final[Kwargs] = {}


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


def reserve(plan: Plan, call: Call, *, more: int = 0) -> None:
    """Claim the share of one request in every limit.

    Args:
        plan: How it is claimed.
        call: What it is claimed for; keeps the ticket.
        more: Bytes that the model reads besides the request.

    Raises:
        Rejected: a limit has no room.
        ComponentFailed: the limiter broke, and its `on_error` is `block`.
    """
    call.stage = "limits"
    size = more
    for part in call.request.parts:
        size += byte_size(part[0])
    for part in call.told:
        size += byte_size(part[0])
    call.input_tokens = tokens = estimate_tokens(size)
    limiter = plan.limiter
    if plan.prices.refuses:
        plan.prices.check(call.asked)
    if limiter is None:
        return
    expected = _expected(plan, call)
    amounts: dict[str, Any] = {"tokens": tokens + expected}
    if getattr(limiter, "needs_parts", False):
        usd = call.cost_usd(Usage(tokens, expected), spent=False) or 0 if plan.prices else 0
        amounts |= {"input_tokens": tokens, "output_tokens": expected, "usd": usd}
    call.ticket = Ticket()  # before anything is claimed: an interrupt may strike between the claim and its return
    try:
        limiter.reserve(call.ticket, requests=1, **amounts, **plan.limit_keys(call))
    except (RateLimited, BudgetExceeded) as error:
        call.denied_by = error.limit
        raise
    except Rejected:
        raise
    except Exception as error:
        call.verdicts.append(Verdict(Action.ERROR, guard="limiter", error=type(error).__name__))
        if limiter.on_error == "block":
            raise ComponentFailed("limiter", "limits", type(error).__name__) from error


def hear(plan: Plan, call: Call, answer: object) -> None:
    """Tell the limits of the provider what it says, with an exception or a reply."""
    if plan.adapts and call.model_s and plan.limiter is not None and plan.limiter.adapt is not None:
        keys = plan.limit_keys(call)
        if "model" in keys:
            keys["model"] = call.asked  # by that it was reserved; the one that answered may have another name
        plan.limiter.adapt.hear(answer, **keys)


def _expected(plan: Plan, call: Call) -> int:
    """Return the tokens to reserve for a reply: what those of the model are like, and no more than it may have."""
    stated = call.request.max_tokens
    if plan.estimates is None:
        return plan.expected_output_tokens if stated is None else stated
    return plan.estimates.expected(call.asked, max_tokens=stated, default=plan.expected_output_tokens)


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


def settle_attempt(plan: Plan, call: Call) -> None:
    """Settle one attempt that is not the last, and get ready for the next; what guards spent is settled with that."""
    answering, limiter, ticket = call.answering, plan.limiter, call.ticket
    try:
        if limiter is not None and ticket is not None:
            charge = call.usage if answering else charge_for(call.ending)
            if charge is None:
                limiter.settle(ticket, tokens=None)
            else:
                settle(limiter, ticket, charge, call.cost_usd(charge, spent=False) if plan.prices else None)
    except Exception:  # noqa: BLE001  a broken store must not hide the reply; its reservation expires by itself
        call.settled = False
    call.again(answered=answering)
    call.status, call.error_type, call.stage, call.denied_by = "ok", "", "call", ""
    call.ticket, call.finish_reason, call.response, call.parsed = None, "", (), None


def finish(plan: Plan, call: Call) -> None:
    """Settle and record, whatever happened, each once."""
    call.ended = plan.now()
    if call.beside is not None:
        call.beside.cancel()
    answering = call.answering
    usage = call.usage if answering else NO_USAGE
    try:
        if plan.limiter is not None and (call.ticket is not None or call.spent):
            _settle(plan, plan.limiter, call, usage if answering else charge_for(call.ending))
    except Exception:  # noqa: BLE001  a broken store must not hide the reply; its reservation expires by itself
        call.settled = False
    finally:
        if call.vault is not None:
            call.vault.close()
        event = call.event(usage)
        plan.record(event)
        if plan.tracing is not None:
            plan.tracing.end(call, event)


def settle(limiter: RateLimiter, ticket: Ticket, usage: Usage, usd: float | None) -> None:
    """Settle a claim by what was used; what has no price costs nothing."""
    if getattr(limiter, "needs_parts", False):
        asked, answered = usage.input_tokens, usage.output_tokens
        limiter.settle(ticket, tokens=asked + answered, input_tokens=asked, output_tokens=answered, usd=usd or 0)
    else:
        limiter.settle(ticket, tokens=usage[0] + usage[1])


def _settle(plan: Plan, limiter: RateLimiter, call: Call, charge: Usage | None) -> None:
    """Settle the claim of a call; one that was refused before it had any may owe what guards spent on it."""
    if call.ticket is None:
        call.ticket = Ticket()
        limiter.reserve(call.ticket, requests=0, **plan.limit_keys(call))
    if charge is None:
        limiter.settle(call.ticket, tokens=None)
        return
    if call.status == "ok" and plan.estimates is not None:
        plan.estimates.learn(call.asked, charge.output_tokens)
    usd = call.cost_usd(charge) if plan.prices else None
    settle(limiter, call.ticket, charge.plus(call.guard_usage) if call.spent else charge, usd)
