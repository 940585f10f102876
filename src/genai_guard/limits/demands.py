"""What a call asks for and what it used, as callers say it and as stores count it: one number for each of `UNITS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.limits.ticket import Demand, Ticket
from genai_guard.limits.units import cost_of

__all__ = ["Actual", "actual_of", "demand_of", "refuse_ticket"]

Actual: TypeAlias = tuple[int | None, ...]
"""What a call used; None where it stays as it was reserved."""


def demand_of(requests: int, tokens: int, others: Mapping[Any, Any]) -> Demand:
    """Return the costs of a call, in the order of `UNITS`."""
    asked = cost_of("input_tokens", others.get("input_tokens", 0))
    answered = cost_of("output_tokens", others.get("output_tokens", 0))
    usd = cost_of("usd", others.get("usd", 0))
    return requests, tokens or asked + answered, asked, answered, usd, 1 if requests else 0


def actual_of(tokens: object, input_tokens: object, output_tokens: object, usd: object) -> Actual:
    """Return what a call used, in the order of `UNITS`; nobody is in flight any more."""
    total, asked, answered = (
        _known("tokens", tokens),
        _known("input_tokens", input_tokens),
        _known("output_tokens", output_tokens),
    )
    if total is None and asked is not None and answered is not None:
        total = asked + answered
    return None, total, asked, answered, _known("usd", usd), 0


def refuse_ticket(ticket: object, method: str) -> NoReturn:
    """Refuse what is no ticket, or one that has been granted before."""
    if type(ticket) is Ticket:
        raise ConfigurationError("the ticket has served a call before; every call takes its own")
    takes = "the Ticket that reserve() returned"
    if method == "reserve":
        takes = "nothing or an empty Ticket; whose call it is and what it costs have names: reserve(user='u-42', tokens=500)"
    raise ConfigurationError(f"{method}({type(ticket).__name__}): takes {takes}")


def _known(unit: str, count: object) -> int | None:
    return None if count is None else cost_of(unit, count)
