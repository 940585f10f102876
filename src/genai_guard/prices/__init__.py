"""Money: what the tokens of each model cost."""

from genai_guard.prices.book import Prices, PriceSource
from genai_guard.prices.genai import GenAIPrices
from genai_guard.prices.price import Price, Priced, TieredPrice, price_table

__all__ = ["GenAIPrices", "Price", "PriceSource", "Priced", "Prices", "TieredPrice", "price_table"]
