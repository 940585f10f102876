"""Prices from the package `genai-prices`: thousands of models, of dozens of providers, offline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, final

from genai_guard.errors import ConfigurationError
from genai_guard.prices.price import Price, Priced, TieredPrice

__all__ = ["GenAIPrices"]

_MOST_REMEMBERED: Final = 4_096  # names of models, known or not
_MINUTE_S: Final = 60

# Fields of `Price`, and what the package calls them. It has more kinds, such as sound and pictures, of which no usage
# that this library reads says how many there were: they are counted as tokens of text.
_FIELDS: Final = {
    "input_usd": "input_mtok",
    "output_usd": "output_mtok",
    "cached_usd": "cache_read_mtok",
    "cache_write_usd": "cache_write_mtok",
    "reasoning_usd": "output_reasoning_mtok",
}


@final
class GenAIPrices:
    """Knows the prices of `genai-prices` (https://pypi.org/project/genai-prices), which carries them with it.

    A model is looked up once; after that its price costs one access to a dict. Prices that begin at a date, or go by the
    time of day, are looked at again every minute. What a provider charges for searches, and discounts for batches and
    service tiers, are not known here, nor that caches of an hour cost more than those of minutes.

    Needs the extra `prices`: `pip install 'genai_guard[prices]'`.

    Args:
        provider: Provider by the package's name for it, such as `openai`, `anthropic`, `azure` or `aws`; found out by
            the name of the model when empty, which takes the first provider that such names belong to.
        clock: Seconds since 1970.

    Raises:
        ConfigurationError: the package is not installed, or does not know the provider.
    """

    __slots__ = ("_clock", "_known", "_snapshot", "provider")

    def __init__(self, provider: str = "", *, clock: Callable[[], float] = time.time) -> None:
        self.provider: Final = provider
        self._clock: Final = clock
        self._snapshot: Final = _snapshot()
        self._known: dict[str, tuple[float, Priced | None]] = {}
        if provider:
            try:
                self._snapshot().find_provider(None, provider, None)
            except LookupError:
                known = ", ".join(sorted(each.id for each in self._snapshot().providers))
                raise ConfigurationError(
                    f"GenAIPrices(provider={provider!r}): genai-prices has no such provider; it has {known}"
                ) from None

    def price_of(self, model: str, /) -> Priced | None:
        """Return the price of a model; None if it is not known."""
        known = self._known.get(model)
        if known is not None and (known[0] == 0 or self._clock() < known[0]):
            return known[1]
        now_s = self._clock()
        is_lasting, price = self._look_up(model, now_s)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known = {}  # a new one: other threads may be reading the old
        self._known[model] = (0.0 if is_lasting else (now_s // _MINUTE_S + 1) * _MINUTE_S, price)
        return price

    def _look_up(self, model: str, now_s: float) -> tuple[bool, Priced | None]:
        """Return a price, and whether it stays as it is."""
        try:
            _, found = self._snapshot().find_provider_model(model, None, self.provider or None, None)
        except LookupError:
            return True, None
        prices = found.get_prices(datetime.fromtimestamp(now_s, UTC))
        return not isinstance(found.prices, list), _price(prices)

    def __eq__(self, other: object) -> bool:
        return self.provider == other.provider if isinstance(other, GenAIPrices) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.provider)

    def __reduce__(self) -> tuple[Any, ...]:
        return GenAIPrices, (self.provider,)

    def __repr__(self) -> str:
        return f"GenAIPrices({self.provider!r})" if self.provider else "GenAIPrices()"


def _snapshot() -> Callable[[], Any]:
    try:
        from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415  an extra, and half a second to import
    except ImportError:
        raise ConfigurationError(
            "GenAIPrices needs the package genai-prices: pip install 'genai_guard[prices]'"
        ) from None
    return get_snapshot


def _price(prices: Any) -> Priced | None:
    """Return the package's prices of a model as ours; None for one that is not sold by tokens."""
    values: dict[str, Any] = {name: getattr(prices, word) for name, word in _FIELDS.items()}
    request = prices.requests_kcount
    if values["input_usd"] is None and values["output_usd"] is None and request is None:
        return None
    request_usd = 0.0 if request is None else float(_at(request, 0)) / 1e3
    tiers = sorted({tier.start for value in values.values() for tier in getattr(value, "tiers", ())})
    base, *above = (_flat(values, request_usd, start) for start in (-1, *tiers))
    return TieredPrice(base, tuple(zip(tiers, above, strict=True))) if tiers else base


def _flat(values: Mapping[str, Any], request_usd: float, start: int) -> Price:
    """Return the price for requests of more than `start` tokens."""
    flat: dict[str, Any] = {name: None if value is None else float(_at(value, start)) for name, value in values.items()}
    flat["input_usd"] = flat["input_usd"] or 0.0
    flat["output_usd"] = flat["output_usd"] or 0.0
    return Price(**flat, request_usd=request_usd)


def _at(value: Any, start: int) -> Decimal:
    found: Decimal = getattr(value, "base", value)
    for tier in getattr(value, "tiers", ()):
        if tier.start <= start:
            found = tier.price
    return found
