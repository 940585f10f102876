"""What calls cost, by one's own table and by a source; and what becomes of models without a price."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from calls import Events
from genai_guard import ConfigurationError, Limit, Pipeline, RateLimiter
from genai_guard.errors import UnpricedModel
from genai_guard.messages import Usage
from genai_guard.prices import Price, Prices, TieredPrice
from genai_guard.testing import FakeLLM

MILLION = 1_000_000
ASK = [{"role": "user", "content": "hi"}]


@dataclass
class Source:
    """Knows one price, and counts how often it is asked."""

    asked: int = 0

    def price_of(self, model: str, /) -> Price | None:
        self.asked += 1
        return Price(1, 2) if model == "sourced" else None


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(MILLION, 0), 10),
        (Usage(0, MILLION), 20),
        (Usage(MILLION, 0, cached_tokens=MILLION), 1),
        (Usage(MILLION, 0, cached_tokens=400_000), 6.4),
        (Usage(MILLION, 0, cache_write_tokens=MILLION), 12.5),
        (Usage(MILLION, 0, cached_tokens=500_000, cache_write_tokens=500_000), 6.75),
        (Usage(0, MILLION, reasoning_tokens=500_000), 25),
        (Usage(), 0),
    ],
)
def test_every_kind_of_token_has_its_price(usage: Usage, usd: float) -> None:
    price = Price(10, 20, cached_usd=1, cache_write_usd=12.5, reasoning_usd=30)
    assert price.cost_usd(usage) == pytest.approx(usd)


def test_without_a_price_of_their_own_cached_and_reasoning_tokens_cost_what_others_do() -> None:
    usage = Usage(100, 100, cached_tokens=50, reasoning_tokens=50, cache_write_tokens=50)
    assert Price(10, 20).cost_usd(usage) == pytest.approx(0.003)


def test_no_price_gets_negative_by_more_cached_tokens_than_there_are() -> None:
    price = Price(10, 10, cached_usd=0, cache_write_usd=0, reasoning_usd=0)
    assert price.cost_usd(Usage(10, 10, 99, 99, cache_write_tokens=99)) == 0


def test_a_request_may_have_a_price() -> None:
    assert Price(0, 0, request_usd=0.01).cost_usd(Usage(5, 5)) == pytest.approx(0.01)


@pytest.mark.parametrize(("tokens", "usd"), [(200_000, 0.2), (200_001, 0.400_002), (500_001, 1.500_003)])
def test_long_requests_pay_the_tier_for_all_their_tokens(tokens: int, usd: float) -> None:
    price = TieredPrice(Price(1, 1), ((200_000, Price(2, 2)), (500_000, Price(3, 3))))
    assert price.cost_usd(Usage(tokens)) == pytest.approx(usd)


def test_bounds_of_tiers_grow() -> None:
    with pytest.raises(ConfigurationError, match="growing"):
        TieredPrice(Price(1, 1), ((2, Price(2, 2)), (1, Price(3, 3))))


@pytest.mark.parametrize("values", [{"cache_write_usd": -1}, {"reasoning_usd": float("nan")}, {"request_usd": None}])
def test_a_price_is_a_number_of_dollars(values: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(values))):
        Price(1, 1, **values)


def test_the_table_goes_before_the_source() -> None:
    source = Source()
    prices = Prices({"sourced": (5, 5)}, source=source)
    assert prices.price_of("sourced") == Price(5, 5)
    assert source.asked == 0
    assert prices.price_of("other") is None


def test_the_model_that_answered_goes_before_the_one_that_was_asked() -> None:
    prices = Prices({"asked": (1, 1), "answered": (2, 2)})
    assert prices.of_call("answered", "asked") == Price(2, 2)
    assert prices.of_call("unheard-of", "asked") == Price(1, 1)


def test_a_free_model_is_told_once() -> None:
    prices = Prices({"known": (1, 1)})
    with capture_logs() as logs:
        for model in ("x", "x", "known", "y", "x"):
            prices.of_call(model, model)
    assert [entry["model"] for entry in logs] == ["x", "y"]


def test_a_default_price_is_for_models_without_one() -> None:
    prices = Prices({"known": (1, 1)}, unknown_model=Price(9, 9))
    with capture_logs() as logs:
        assert prices.of_call("x", "x") == Price(9, 9)
        assert prices.of_call("known", "x") == Price(1, 1)
    assert not logs


def test_an_unknown_model_is_refused_before_the_call() -> None:
    llm = FakeLLM("hello")
    pipeline = Pipeline(prices=Prices({"known": (1, 1)}, unknown_model="error"))
    ask = pipeline.wrap(llm.chat.completions.create)
    ask(messages=ASK, model="known")
    with pytest.raises(UnpricedModel, match="'unheard-of'") as caught:
        ask(messages=ASK, model="unheard-of")
    assert (caught.value.model, caught.value.status, caught.value.http_status) == ("unheard-of", "rejected", 403)
    assert len(llm.calls) == 1


@pytest.mark.parametrize("wrong", [{"unknown_model": "free"}, {"source": object()}, {"table": {"m": 3}}])
def test_what_is_no_choice_is_told(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Prices(**wrong)  # type: ignore[arg-type]


def test_prices_may_be_pickled_and_compared() -> None:
    prices = Prices({"m": (1, 2)}, unknown_model="error")
    assert pickle.loads(pickle.dumps(prices)) == prices
    assert prices != Prices({"m": (1, 2)})
    assert hash(prices) == hash(Prices({"m": (1, 2)}))


def test_a_pipeline_takes_a_source_for_prices() -> None:
    events = Events()
    pipeline = Pipeline(prices=Source(), recorder=events)
    pipeline.wrap(FakeLLM("hello").chat.completions.create)(messages=ASK, model="sourced")
    assert (events[0].cost_usd or 0) > 0


def test_a_pipeline_takes_no_prices_that_are_none() -> None:
    with pytest.raises(ConfigurationError, match="mapping"):
        Pipeline(prices=3)  # type: ignore[arg-type]


def test_a_budget_without_prices_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="without prices"):
        Pipeline(limiter=RateLimiter(Limit.usd(1, per="day")))
