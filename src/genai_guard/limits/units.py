"""What can be counted, and in what: whole units inside, dollars for money outside."""

from __future__ import annotations

import math
from decimal import Decimal
from operator import index
from typing import Any, Final, Literal, SupportsIndex, TypeAlias

from genai_guard.errors import ConfigurationError

__all__ = ["MAX_AMOUNT", "MAX_USD", "NANO", "NONE", "ONE", "UNITS", "Unit", "cost_of", "money", "shown", "written"]

Unit: TypeAlias = Literal["requests", "tokens", "input_tokens", "output_tokens", "usd", "concurrent"]

UNITS: Final[tuple[Unit, ...]] = ("requests", "tokens", "input_tokens", "output_tokens", "usd", "concurrent")
"""In the order of costs in a `Demand`."""

NANO: Final = 10**9
"""Money is counted in nano-dollars: a token of the cheapest models costs dozens."""

MAX_AMOUNT: Final = 10**12
MAX_USD: Final = 10**6

ONE, NONE = 1, 0
"""What most calls cost in requests and tokens: whole numbers that are known by their identity, which is quickly seen."""

_HAIR: Final = 2**-50

_WORDS: Final = {"input_tokens": "input tokens", "output_tokens": "output tokens", "concurrent": "calls at once"}


def money(name: str, dollars: object) -> int:
    """Return dollars in nano-dollars, rounded up: what costs anything is never free.

    Raises:
        ConfigurationError: not a number, negative, or beyond any limit.
    """
    if type(dollars) is not float and (isinstance(dollars, bool) or not isinstance(dollars, (int, float, Decimal))):
        raise ConfigurationError(f"{name}= takes a number of dollars, not {type(dollars).__name__}")
    value: Any = dollars
    if math.isnan(value) or not 0 <= value < math.inf:
        raise ConfigurationError(f"{name}={value}: must be a number of dollars, zero or more")
    exact = value * NANO
    nearest: int = round(exact)  # what a float writes as 0.1 is a hair more
    return nearest if abs(exact - nearest) <= type(exact)(_HAIR) * exact else math.ceil(exact)


def cost_of(unit: str, count: object) -> int:
    """Return a cost in whole units; numbers of other kinds, such as numpy's, are welcome while they are whole.

    Raises:
        ConfigurationError: negative, or no whole number.
    """
    if type(count) is int and count >= 0 and unit != "usd":
        return count
    if unit == "usd":
        return money(unit, count)
    if isinstance(count, bool) or not isinstance(count, SupportsIndex):
        raise ConfigurationError(f"{unit}= takes a whole number, not {type(count).__name__}")
    whole = index(count)
    if whole < 0:
        raise ConfigurationError(f"{unit}={whole}: must not be negative")
    return whole


def shown(unit: Unit, units: int) -> int | float:
    """Return a count as people read it: money in dollars."""
    return units / NANO if unit == "usd" else units


def written(unit: Unit, amount: float | None) -> str:
    """Return an amount with its unit: `1 request`, `$0.5`, `8 calls at once`; without an amount the unit."""
    words = _WORDS.get(unit, unit)
    if amount is None:
        return words
    if unit == "usd":
        return f"${amount:.12g}"
    one = amount == 1
    return (
        f"{amount} {words.replace('calls', 'call') if unit == 'concurrent' and one else words[:-1] if one else words}"
    )
