"""What a call costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Usage

__all__ = ["Price", "price_table"]


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a model, in US dollars for a million tokens.

    Attributes:
        input_usd: For the tokens of the request.
        output_usd: For the tokens of the reply.
        cached_usd: For those of the request that the provider had cached; `input_usd` when None.
    """

    input_usd: float
    output_usd: float
    cached_usd: float | None = None

    def __post_init__(self) -> None:
        for name in ("input_usd", "output_usd", "cached_usd"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and 0 <= value < math.inf):
                raise ConfigurationError(f"Price({name}={value!r}): must be a number of dollars, zero or more")

    def cost_usd(self, usage: Usage) -> float:
        """Return the price of a call that took `usage`."""
        cached = self.input_usd if self.cached_usd is None else self.cached_usd
        fresh = usage.input_tokens - usage.cached_tokens
        return (fresh * self.input_usd + usage.cached_tokens * cached + usage.output_tokens * self.output_usd) / 1e6


def price_table(prices: Mapping[str, Price | tuple[float, float]]) -> dict[str, Price]:
    """Return `prices` with every pair (input, output) made a `Price`."""
    table: dict[str, Price] = {}
    for model, price in prices.items():
        if isinstance(price, Price):
            table[model] = price
        elif isinstance(price, tuple | list) and len(price) in {2, 3}:
            table[model] = Price(*price)
        else:
            raise ConfigurationError(
                f"prices[{model!r}] must be Price(input_usd, output_usd) or a pair of dollars for a million tokens"
            )
    return table
