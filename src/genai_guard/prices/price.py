"""What a call costs."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Usage

__all__ = ["Price", "Priced", "TieredPrice", "price_table"]


class Priced(Protocol):
    """Whatever knows what a call costs: a `Price`, a `TieredPrice`, or one's own."""

    def cost_usd(self, usage: Usage, /) -> float:
        """Return the price of a call that took `usage`, in US dollars."""
        ...


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a model, in US dollars for a million tokens.

    Attributes:
        input_usd: For the tokens of the request.
        output_usd: For the tokens of the reply.
        cached_usd: For those of the request that the provider had cached; `input_usd` when None.
        cache_write_usd: For those of the request that the provider put into its cache; `input_usd` when None.
        reasoning_usd: For those of the reply that were thought, not said; `output_usd` when None.
        request_usd: For the call itself, however many tokens it takes; in dollars for one call.
    """

    input_usd: float
    output_usd: float
    cached_usd: float | None = None
    cache_write_usd: float | None = None
    reasoning_usd: float | None = None
    request_usd: float = 0

    def __post_init__(self) -> None:
        for name in ("input_usd", "output_usd", "cached_usd", "cache_write_usd", "reasoning_usd", "request_usd"):
            value = getattr(self, name)
            if value is None and name not in {"input_usd", "output_usd", "request_usd"}:
                continue
            if isinstance(value, bool) or not (isinstance(value, int | float) and 0 <= value < math.inf):
                raise ConfigurationError(f"Price({name}={value!r}): must be a number of dollars, zero or more")

    def cost_usd(self, usage: Usage, /) -> float:
        """Return the price of a call that took `usage`; more tokens of a kind than there are in all cost nothing more."""
        asked, answered, cached, thought, _, written = usage
        cost = asked * self.input_usd + answered * self.output_usd
        if cached and self.cached_usd is not None:
            cached = min(cached, asked)
            cost += cached * (self.cached_usd - self.input_usd)
        if written and self.cache_write_usd is not None:
            cost += min(written, max(0, asked - cached)) * (self.cache_write_usd - self.input_usd)
        if thought and self.reasoning_usd is not None:
            cost += min(thought, answered) * (self.reasoning_usd - self.output_usd)
        return cost / 1e6 + self.request_usd


@dataclass(frozen=True, slots=True)
class TieredPrice:
    """Price of a model that costs more, or less, for long requests.

    Attributes:
        base: For requests of up to the first bound.
        above: Pairs of a bound and a price: for all tokens of a call whose request has more than so many, until the
            next bound.
    """

    base: Price
    above: tuple[tuple[int, Price], ...]

    def __post_init__(self) -> None:
        bounds = [bound for bound, _ in self.above]
        if any(type(bound) is not int or bound < 0 for bound in bounds) or any(a >= b for a, b in pairwise(bounds)):
            raise ConfigurationError(f"TieredPrice(above=...): bounds must be growing numbers of tokens, not {bounds}")

    def cost_usd(self, usage: Usage, /) -> float:
        """Return the price of a call that took `usage`."""
        tier = bisect_left(self.above, usage.input_tokens, key=lambda pair: pair[0])
        return (self.above[tier - 1][1] if tier else self.base).cost_usd(usage)


def price_table(prices: Mapping[str, Priced | tuple[float, ...]]) -> dict[str, Priced]:
    """Return `prices` with every pair (input, output) made a `Price`.

    Raises:
        ConfigurationError: something in it is no price.
    """
    table: dict[str, Priced] = {}
    for model, price in prices.items():
        if isinstance(price, tuple | list):
            if len(price) not in {2, 3}:
                raise _no_price(model)
            table[model] = Price(*price)
        elif callable(getattr(price, "cost_usd", None)) and not isinstance(price, type):
            table[model] = price
        else:
            raise _no_price(model)
    return table


def _no_price(model: str) -> ConfigurationError:
    return ConfigurationError(
        f"prices[{model!r}] must be Price(input_usd, output_usd) or a pair of dollars for a million tokens"
    )
