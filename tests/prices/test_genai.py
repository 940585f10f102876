"""Prices from the package `genai-prices`, against what the package itself charges."""

from __future__ import annotations

import pickle
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data_snapshot import get_snapshot

from genai_guard import ConfigurationError
from genai_guard.messages import Usage
from genai_guard.prices import GenAIPrices, Price, TieredPrice

NOON_S = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
TOKENS = {"input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "output_reasoning_mtok"}
SIZES = (1_000, 127_999, 200_001, 600_000)


def sold_by_tokens(prices: Any) -> bool:
    """Whether the price is made of what a usage of text says."""
    given = {name for name, value in vars(prices).items() if value is not None}
    other = {"web_searches_kcount", "storage_searches_kcount", "cache_write_1h_mtok", "requests_kcount"}
    return {"input_mtok", "output_mtok"} <= given <= TOKENS | other


def usage_of(input_tokens: int) -> tuple[Usage, TheirUsage]:
    asked, cached, written, answered = input_tokens, input_tokens // 4, input_tokens // 10, 500
    theirs = TheirUsage(
        input_tokens=asked,
        output_tokens=answered,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        output_reasoning_tokens=100,
    )
    return Usage(asked, answered, cached, 100, cache_write_tokens=written), theirs


@pytest.mark.parametrize("provider", ["openai", "anthropic", "azure", "aws", "google", "deepseek", "mistral", "x-ai"])
def test_every_model_of_a_provider_costs_what_the_package_says(provider: str) -> None:
    ours = GenAIPrices(provider, clock=lambda: NOON_S)
    at = datetime.fromtimestamp(NOON_S, UTC)
    compared = 0
    snapshot = get_snapshot()
    theirs = snapshot.find_provider(None, provider, None)
    for model in theirs.models:
        found = theirs.find_model(model.id, all_providers=snapshot.providers)
        if found is None or not sold_by_tokens(found.get_prices(at)):
            continue
        price = ours.price_of(model.id)
        assert price is not None
        for size in SIZES:
            mine, other = usage_of(size)
            expected = float(found.calc_price(other, theirs, genai_request_timestamp=at).total_price)
            assert price.cost_usd(mine) == pytest.approx(expected), model.id
            compared += 1
    assert compared >= 8


def test_a_model_is_found_by_its_name_alone() -> None:
    assert GenAIPrices().price_of("gpt-4.1") == Price(2, 8, cached_usd=0.5)
    assert isinstance(GenAIPrices().price_of("gemini-2.5-pro"), TieredPrice)


@pytest.mark.parametrize("model", ["", "no-such-model", "x" * 10_000])
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert GenAIPrices().price_of(model) is None


def test_a_model_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = GenAIPrices()
    first = prices.price_of("gpt-4.1"), prices.price_of("no-such-model")
    monkeypatch.setattr(GenAIPrices, "_look_up", None)
    assert (prices.price_of("gpt-4.1"), prices.price_of("no-such-model")) == first


def test_a_price_that_goes_by_the_time_of_day_changes_on_the_minute() -> None:
    now = [NOON_S]
    prices = GenAIPrices("deepseek", clock=lambda: now[0])
    by_day = prices.price_of("deepseek-chat")
    now[0] = datetime(2026, 11, 25, 16, 29, 59, tzinfo=UTC).timestamp()
    assert prices.price_of("deepseek-chat") == by_day
    now[0] = datetime(2026, 11, 25, 16, 30, 1, tzinfo=UTC).timestamp()
    by_night = prices.price_of("deepseek-chat")
    assert isinstance(by_day, Price)
    assert isinstance(by_night, Price)
    assert by_night.input_usd < by_day.input_usd


def test_what_is_remembered_is_bounded() -> None:
    prices = GenAIPrices("deepseek")
    for number in range(5_000):
        prices.price_of(f"no-such-model-{number}")
    assert len(prices._known) <= 4_096


def test_a_provider_that_does_not_exist_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"no such provider; it has .*openai"):
        GenAIPrices("openia")


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    with pytest.raises(ConfigurationError, match=r"genai_guard\[prices\]"):
        GenAIPrices()


def test_it_may_be_pickled_and_compared() -> None:
    prices = GenAIPrices("openai")
    assert pickle.loads(pickle.dumps(prices)) == prices
    assert prices != GenAIPrices()
    assert repr(prices) == "GenAIPrices('openai')"
