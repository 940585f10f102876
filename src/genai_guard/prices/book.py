"""Which price goes for which model, and what becomes of a model of which none is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol, TypeAlias, final, runtime_checkable

from genai_guard.errors import ConfigurationError, UnpricedModel
from genai_guard.prices.price import Price, Priced, TieredPrice, price_table

__all__ = ["PriceSource", "Prices", "UnknownModel"]

UnknownModel: TypeAlias = Literal["error", "zero"] | Price | TieredPrice

_MOST_REMEMBERED: Final = 1_000  # models: their names come from calls, and so may be anything


@runtime_checkable
class PriceSource(Protocol):
    """Whatever knows prices of models. Asked with every call, so that prices may change: it remembers them itself."""

    def price_of(self, model: str, /) -> Priced | None:
        """Return the price of a model; None if it is not known. Must neither wait nor raise."""
        ...


@final
class Prices:
    """Prices by the name of the model, from a table of one's own, a source, or both.

        prices = Prices({"small": (0.15, 0.60)}, source=GenAIPrices(provider="openai"), unknown_model="error")
        pipeline = Pipeline(prices=prices, limiter=RateLimiter(Limit.usd(50, per="day", by="tenant")))

    A call is priced by the model that answered, or else by the one that was asked. Two are equal if they are made of
    equal parts.

    Args:
        table: Prices by name; a pair is dollars for a million tokens of input and of output. It goes before the source.
        source: Knows more of them.
        unknown_model: What becomes of a call of a model of which no price is known. With `zero` it counts as free, with
            a warning once for each model; `error` refuses it before it is made, by `UnpricedModel`; a price is taken for
            all of them.

    Attributes:
        refuses: Whether calls of a model of which no price is known are refused.

    Raises:
        ConfigurationError: an argument is not what it should be.
    """

    __slots__ = ("_told", "refuses", "source", "table", "unknown_model")

    def __init__(
        self,
        table: Mapping[str, Priced | tuple[float, ...]] | None = None,
        *,
        source: PriceSource | None = None,
        unknown_model: UnknownModel = "zero",
    ) -> None:
        if source is not None and not callable(getattr(source, "price_of", None)):
            raise ConfigurationError(f"Prices(source=...) takes an object with price_of, not {type(source).__name__}")
        if unknown_model not in ("error", "zero") and not isinstance(unknown_model, Price | TieredPrice):
            raise ConfigurationError(f"Prices(unknown_model={unknown_model!r}): must be 'error', 'zero' or a Price")
        self.table: Final = price_table(table or {})
        self.source: Final = source
        self.unknown_model: Final = unknown_model
        self.refuses: Final = unknown_model == "error"
        self._told: Final[set[str]] = set()

    def price_of(self, model: str, /) -> Priced | None:
        """Return the price of a model; None if it is not known."""
        price = self.table.get(model)
        return self.source.price_of(model) if price is None and self.source is not None else price

    def of_call(self, answered: str, asked: str) -> Priced | None:
        """Return the price of a call; None if it is to count as free because none is known."""
        price = self.price_of(answered) if answered else None
        if price is None and asked and asked != answered:
            price = self.price_of(asked)
        if price is not None:
            return price
        unknown = self.unknown_model
        if isinstance(unknown, Price | TieredPrice):
            return unknown
        self._tell(asked or answered)
        return None

    def check(self, model: str) -> None:
        """Refuse a call of a model of which no price is known, if such are refused.

        Raises:
            UnpricedModel: it is one.
        """
        if self.refuses and self.price_of(model) is None:
            raise UnpricedModel(model)

    def __bool__(self) -> bool:
        """Whether any price may be known."""
        return bool(self.table) or self.source is not None or self.unknown_model != "zero"

    def _tell(self, model: str) -> None:
        if model in self._told or len(self._told) >= _MOST_REMEMBERED:
            return
        self._told.add(model)
        import structlog  # noqa: PLC0415  only when something is wrong

        structlog.get_logger("genai_guard").warning("no price known: counted as free", model=model[:128])

    def _parts(self) -> tuple[Any, ...]:
        return self.table, self.source, self.unknown_model

    def __eq__(self, other: object) -> bool:
        return self._parts() == other._parts() if isinstance(other, Prices) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self.table))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, self._parts()

    def __repr__(self) -> str:
        source = "" if self.source is None else f", source={self.source!r}"
        return f"Prices({self.table!r}{source}, unknown_model={self.unknown_model!r})"


def _rebuilt(table: Mapping[str, Priced], source: PriceSource | None, unknown_model: UnknownModel) -> Prices:
    return Prices(table, source=source, unknown_model=unknown_model)


def book_of(
    prices: Prices | PriceSource | Mapping[str, Priced | tuple[float, ...]] | None, limiter: object = None
) -> Prices:
    """Return what a pipeline was given as `prices` as a book.

    Raises:
        ConfigurationError: it is neither a mapping nor a source, or there is none and a limit counts money.
    """
    book = _book(prices)
    if not book and any(getattr(limit, "unit", "") == "usd" for limit in getattr(limiter, "limits", ())):
        raise ConfigurationError("Pipeline(limiter=...): a limit of usd counts nothing without prices=")
    return book


def _book(prices: Prices | PriceSource | Mapping[str, Priced | tuple[float, ...]] | None) -> Prices:
    if isinstance(prices, Prices):
        return prices
    if prices is None or isinstance(prices, Mapping):
        return Prices(prices)
    if callable(getattr(prices, "price_of", None)):
        return Prices(source=prices)
    raise ConfigurationError(f"prices= takes a mapping, Prices or a source of prices, not {type(prices).__name__}")
