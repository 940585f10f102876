"""What is compared."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from genai_guard import ConfigurationError
from genai_guard.routing.analysis import Metric
from genai_guard.routing.analysis.metric import number_in


@pytest.mark.parametrize("name", ["latency_ms", "cost_usd", "error", "output_tokens", "blocked"])
def test_of_time_money_tokens_and_errors_less_is_better(name: str) -> None:
    assert Metric(name).goal == "down"


def test_of_all_else_more_is_better_unless_said_otherwise() -> None:
    assert Metric("stars").goal == "up"
    assert Metric("stars", goal="down").goal == "down"


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        (Metric("latency_ms"), "latency_ms"),
        (Metric("latency_ms", quantile=0.95), "p95 of latency_ms"),
        (Metric("latency_ms", quantile=0.999), "p99.9 of latency_ms"),
        (Metric("cost_usd", per="unit"), "cost_usd per unit"),
        (Metric("dollars a token", ratio=("cost_usd", "tokens")), "dollars a token"),
    ],
)
def test_a_metric_says_what_it_is(metric: Metric, label: str) -> None:
    assert metric.label == label


@pytest.mark.parametrize("value", [True, 1, 1.0, np.float64(1), np.int32(1), np.bool_(True), Decimal(1)])
def test_a_number_of_any_type_is_one(value: object) -> None:
    assert number_in({"x": value}, "x") == 1.0


@pytest.mark.parametrize("row", [{}, {"x": None}])
def test_what_is_missing_is_none(row: dict[str, Any]) -> None:
    assert number_in(row, "x") is None


@pytest.mark.parametrize(
    ("column", "row", "value"),
    [
        ("error", {"status": "timeout"}, 1.0),
        ("error", {"status": "ok"}, 0.0),
        ("error", {"status": "blocked"}, 0.0),
        ("blocked", {"status": "blocked"}, 1.0),
        ("tokens", {"input_tokens": 3, "output_tokens": 4}, 7.0),
        ("error", {"status": "timeout", "error": False}, 0.0),
    ],
)
def test_the_log_implies_metrics(column: str, row: dict[str, Any], value: float) -> None:
    assert number_in(row, column) == value


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ConfigurationError, match="'x' has a value that is not finite; leave out what is missing"):
        number_in({"x": value}, "x")


def test_a_text_is_no_number_and_is_not_quoted() -> None:
    with pytest.raises(ConfigurationError, match="'x' has a value that is no number, but str") as caught:
        number_in({"x": "secret"}, "x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"goal": "sideways"}, "goal='sideways' must be 'up' or 'down'"),
        ({"per": "day"}, "per='day'"),
        ({"quantile": 95}, "p95 is 0.95"),
        ({"quantile": True}, "quantile=True"),
        ({"ratio": ("a",)}, "two columns"),
        ({"ratio": ("a", "b"), "quantile": 0.5}, "exclude each other"),
        ({"quantile": 0.5, "cuped": "before"}, "not of quantiles"),
        ({"margin": -1}, "margin=-1"),
        ({"relative_margin": math.nan}, "relative_margin=nan"),
        ({"margin": 1, "relative_margin": 0.1}, "exclude each other"),
    ],
)
def test_a_metric_that_cannot_be_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Metric("x", **more)


def test_a_metric_has_a_name() -> None:
    with pytest.raises(ConfigurationError, match="non-empty"):
        Metric("")
