"""What a call does with its limits: it reserves, a stream that outgrows that reserves more, and it settles.

What ends in `ing` is a part of a flow: it yields where limits have to be awaited, and nowhere else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, cast

from genai_guard.effects import Flow, Io
from genai_guard.errors import BudgetExceeded, ComponentFailed, RateLimited, Rejected
from genai_guard.limits.charges import charge_for
from genai_guard.limits.refusals import budget_in
from genai_guard.limits.ticket import Ticket
from genai_guard.messages import Usage
from genai_guard.outcome import Call, estimate_tokens
from genai_guard.plan import Plan
from genai_guard.text.tokens import byte_size
from genai_guard.verdicts import Action, Verdict

if TYPE_CHECKING:
    from genai_guard.limits import RateLimiter

__all__ = ["Growth", "claiming", "reserve", "reserving", "settle", "settling", "settling_attempt", "settling_reply"]

_LEAST_STEP: Final = 64  # tokens
_BYTES: Final = 4  # of a token, as `estimate_tokens` counts


# --- Before the call --------------------------------------------------------------------------------------------------


def reserve(plan: Plan, call: Call, more: int = 0, within_s: float | None = None) -> dict[str, Any] | None:
    """Claim the share of one request in every limit.

    Args:
        plan: How it is claimed.
        call: What it is claimed for; keeps the ticket.
        more: Bytes that the model reads besides the request.
        within_s: Most seconds to wait for room; no bound but that of the limiter when None.

    Returns:
        None; where limits have to be awaited, what `claiming` is to claim.

    Raises:
        Rejected: a limit has no room.
        ComponentFailed: the limiter broke, and its `on_error` is `block`.
    """
    # Its parameters are positional because that is faster, and every call comes by here.
    call.stage = "limits"
    size = more
    for part in call.request.parts:
        size += byte_size(part[0])
    for part in call.told:
        size += byte_size(part[0])
    call.input_tokens = tokens = (size + 3) >> 2  # `estimate_tokens` written out
    limiter = plan.limiter
    if plan.prices.refuses:
        plan.prices.check(call.asked)
    if limiter is None:
        return None
    call.expected = expected = _expected(plan, call)
    asked = plan.limit_keys(call)
    asked["tokens"] = tokens + expected
    if getattr(limiter, "needs_parts", False):
        usd = call.cost_usd(Usage(tokens, expected), spent=False) or 0 if plan.prices else 0
        asked["input_tokens"], asked["output_tokens"], asked["usd"] = tokens, expected, usd
    if within_s is not None and (getattr(limiter, "wait_s", None) or 0) > within_s:
        asked["wait_s"] = max(0.0, within_s)
    # Before anything is claimed: an interrupt may strike between the claim and its return.
    call.ticket = ticket = Ticket()
    if plan.awaits_limits:
        return asked
    try:
        limiter.reserve(ticket, **asked)
    except Exception as error:  # noqa: BLE001  raised there, or let pass
        _refused(limiter, call, error)
    return None


def reserving(plan: Plan, call: Call, *, more: int = 0, within_s: float | None = None) -> Flow[None]:
    """Do as `reserve`, and await what has to be."""
    asked = reserve(plan, call, more, within_s)
    if asked is not None:
        yield from claiming(plan, call, asked)


def claiming(plan: Plan, call: Call, asked: dict[str, Any]) -> Flow[None]:
    """Claim what `reserve` has left to be awaited."""
    limiter = cast("RateLimiter", plan.limiter)
    try:
        yield Io(limiter.areserve, (call.ticket,), asked, is_async=True)
    except Exception as error:  # noqa: BLE001  as above
        _refused(limiter, call, error)


def _refused(limiter: RateLimiter, call: Call, error: Exception) -> None:
    """Raise what keeps a call from being made; note what lets it pass."""
    if isinstance(error, RateLimited | BudgetExceeded):
        call.denied_by = error.limit
    if isinstance(error, Rejected):
        raise error
    call.verdicts.append(Verdict(Action.ERROR, guard="limiter", error=type(error).__name__))
    if limiter.on_error == "block":
        raise ComponentFailed("limiter", "limits", type(error).__name__) from error


def _expected(plan: Plan, call: Call) -> int:
    """Return the tokens to reserve for a reply: what those of the model are like, and no more than it may have."""
    stated = call.request.max_tokens
    if plan.estimates is None:
        return plan.expected_output_tokens if stated is None else stated
    return plan.estimates.expected(call.asked, max_tokens=stated, default=plan.expected_output_tokens)


# --- During a stream --------------------------------------------------------------------------------------------------


class Growth:
    """What a stream has reserved for its reply, and when it reserves more.

    Rule 1: A stream that has passed what is reserved for it reserves as much as it has streamed and a half of that, at
        least 64 tokens; but no more than the request allows the reply to have. So the limits are asked a few times
        however long it becomes, and never for a chunk.
    Rule 2: Leases are renewed every half of the shortest.
    Rule 3: What is refused is a debt, which the end of the call settles. The limits are asked again when the stream has
        passed what it had asked for. Where they say `on_overrun="stop"`, a budget without room ends the stream.
    Rule 4: A store that fails ends no stream.

    Attributes:
        size: Bytes of the reply beyond which it reserves more.
        until: When leases are renewed, by the clock of the plan.
    """

    __slots__ = (
        "_call",
        "_is_awaited",
        "_limiter",
        "_most",
        "_plan",
        "_renew_s",
        "_reserved",
        "_ticket",
        "size",
        "until",
    )

    def __init__(self, plan: Plan, call: Call, limiter: RateLimiter, ticket: Ticket, *, is_awaited: bool) -> None:
        self._plan: Final = plan
        self._is_awaited: Final = is_awaited
        self._call: Final = call
        self._limiter: Final = limiter
        self._ticket: Final = ticket
        self._reserved = call.expected
        self._most: Final = math.inf if call.request.max_tokens is None else call.request.max_tokens
        self._renew_s: Final = limiter.lease_s / 2
        self.size: float = self._reserved * _BYTES if self._most > self._reserved else math.inf
        self.until = call.started + self._renew_s

    @classmethod
    def of(cls, plan: Plan, call: Call, *, is_awaited: bool) -> Growth | None:
        """Return that of a call; None if it has reserved nothing that could grow."""
        limiter, ticket = plan.limiter, call.ticket
        if limiter is None or ticket is None or not ticket.open or not hasattr(limiter, "extend"):
            return None
        return cls(plan, call, limiter, ticket, is_awaited=is_awaited)

    def growing(self, now: float) -> Flow[None]:
        """Reserve more if that is due, and renew leases.

        Raises:
            BudgetExceeded: a budget has no room, and is to end the stream then.
        """
        more = self._step() if self._call.output_size > self.size else 0
        error = yield from self._extending(more)
        if error is None or not more:
            self._reserved += more
            self.until = now + self._renew_s
        elif self._limiter.on_overrun == "stop" and (exceeded := budget_in(error)) is not None:
            self._call.denied_by = exceeded.limit
            raise exceeded

    def _step(self) -> int:
        """Return the tokens to reserve, and look no sooner than at the end of them."""
        streamed = max(self._reserved, estimate_tokens(self._call.output_size))
        wanted = streamed + max(_LEAST_STEP, streamed // 2)
        self.size = wanted * _BYTES if wanted < self._most else math.inf
        return int(max(0, min(wanted, self._most) - self._reserved))

    def _extending(self, more: int) -> Flow[Exception | None]:
        """Return what is in the way."""
        limiter, ticket = self._limiter, self._ticket
        amounts: dict[str, Any] = {"tokens": more}
        if getattr(limiter, "needs_parts", False):
            amounts["output_tokens"], amounts["usd"] = more, self._usd(more)
        try:
            if self._is_awaited:
                yield Io(limiter.aextend, (ticket,), amounts, is_async=True)
            else:
                limiter.extend(ticket, **amounts)
        except Rejected as error:
            return error
        except Exception as error:  # noqa: BLE001  a broken store tears no stream
            self._call.verdicts.append(Verdict(Action.ERROR, guard="limiter", error=type(error).__name__))
            return error
        return None

    def _usd(self, more: int) -> float:
        """Return what so many further tokens cost, without what the call costs by itself."""
        if not self._plan.prices:
            return 0
        with_more, without = (self._call.cost_usd(Usage(0, tokens), spent=False) or 0 for tokens in (more, 0))
        return max(0, with_more - without)


# --- After the call ---------------------------------------------------------------------------------------------------


def settle(plan: Plan, limiter: RateLimiter, call: Call, charge: Usage | None) -> None:
    """Settle the claim of a call that has ended; one that was refused before it had any may owe what guards spent on it."""
    if call.ticket is None:
        call.ticket = Ticket()
        limiter.reserve(call.ticket, **_without_request(plan, call))
    if charge is None or call.spent or getattr(limiter, "needs_parts", False):
        limiter.settle(call.ticket, **_due(plan, limiter, call, charge))
    else:  # what most come to, without a dictionary
        if plan.estimates is not None and call.status == "ok":
            plan.estimates.learn(call.asked, charge[1])
        limiter.settle(call.ticket, tokens=charge[0] + charge[1])


def settling(plan: Plan, call: Call, *, can_wait: bool) -> Flow[None]:
    """Do as `settle` where limits have to be awaited; what cannot be awaited any more is noted, to be settled later."""
    limiter, ticket = plan.limiter, call.ticket
    if limiter is None or (ticket is None and not call.spent):
        return
    if ticket is not None and not ticket.open and call.status != "cancelled":
        return  # it was refused; who is cancelled may have been granted what nobody has heard of, which the store knows
    try:
        charge = call.usage if call.answering else charge_for(call.ending)
        if not can_wait:
            if call.ticket is not None:
                limiter.settle_later(call.ticket, **_due(plan, limiter, call, charge))
                call.settled = not call.ticket.open
            return
        if call.ticket is None:
            call.ticket = Ticket()
            yield Io(limiter.areserve, (call.ticket,), _without_request(plan, call), is_async=True)
        yield Io(limiter.asettle, (call.ticket,), _due(plan, limiter, call, charge), is_async=True)
    except Exception:  # noqa: BLE001  a broken store must not hide the reply; its reservation expires by itself
        call.settled = False
    except BaseException as error:  # the call has ended well, and its reply will not be seen
        if call.status == "ok":
            call.failed(error)
        raise


def settling_reply(plan: Plan, call: Call, limiter: RateLimiter, ticket: Ticket) -> Flow[None]:
    """Settle a reply that is not the last, or a call that came to none; what guards spent is settled with the last."""
    charge = call.usage if call.answering else charge_for(call.ending)
    if charge is None:
        due: dict[str, Any] = {"tokens": None}
    else:
        due = _amounts(limiter, charge, call.cost_usd(charge, spent=False) if plan.prices else None)
    if plan.awaits_limits:
        yield Io(limiter.asettle, (ticket,), due, is_async=True)
    else:
        limiter.settle(ticket, **due)
    call.queue_s += ticket.waited_s


def settling_attempt(plan: Plan, call: Call) -> Flow[None]:
    """Settle one attempt that is not the last, and get ready for the next."""
    answering, limiter, ticket = call.answering, plan.limiter, call.ticket
    if limiter is not None and ticket is not None:
        try:
            yield from settling_reply(plan, call, limiter, ticket)
        except Exception:  # noqa: BLE001  as above
            call.settled = False
    call.again(answered=answering)
    call.status, call.error_type, call.stage, call.denied_by = "ok", "", "call", ""
    call.ticket, call.finish_reason, call.response, call.parsed = None, "", (), None


def _due(plan: Plan, limiter: RateLimiter, call: Call, charge: Usage | None) -> dict[str, Any]:
    """Return what a call is settled by, with what guards spent; and learn from it."""
    if charge is None:
        return {"tokens": None}
    if plan.estimates is not None and call.status == "ok":
        plan.estimates.learn(call.asked, charge.output_tokens)
    usage = charge.plus(call.guard_usage) if call.spent else charge
    return _amounts(limiter, usage, call.cost_usd(charge) if plan.prices else None)


def _amounts(limiter: RateLimiter, usage: Usage, usd: float | None) -> dict[str, Any]:
    """Return what a claim is settled by; what has no price costs nothing."""
    if not getattr(limiter, "needs_parts", False):
        return {"tokens": usage[0] + usage[1]}
    asked, answered = usage.input_tokens, usage.output_tokens
    return {"tokens": asked + answered, "input_tokens": asked, "output_tokens": answered, "usd": usd or 0}


def _without_request(plan: Plan, call: Call) -> dict[str, Any]:
    """Return a claim of nothing, to be settled with what guards spent."""
    asked: dict[str, Any] = {"requests": 0, **plan.limit_keys(call)}
    if getattr(plan.limiter, "wait_s", None) is not None:
        asked["wait_s"] = None
    return asked
