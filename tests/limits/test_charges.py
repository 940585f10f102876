"""What a call costs the limits, by how it ended."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard.limits.charges import Ending, charge_for
from genai_guard.messages import Usage

USAGE = Usage(100, 20)
NOTHING = Usage()


def ending(**changes: Any) -> Ending:
    given = {"status": "error", "stage": "call", "answering": False, "called": True, "usage": USAGE, **changes}
    return Ending(**given)


@pytest.mark.parametrize("status", ["ok", "blocked", "error", "timeout", "cancelled", "abandoned", "budget_exceeded"])
@pytest.mark.parametrize("stage", ["stream", "output", "done"])
def test_a_call_that_was_being_answered_costs_what_is_known_of_it(status: str, stage: str) -> None:
    assert charge_for(ending(status=status, stage=stage, answering=True)) == USAGE


@pytest.mark.parametrize("status", ["blocked", "rate_limited", "cancelled", "timeout", "error"])
@pytest.mark.parametrize("stage", ["read", "input", "limits"])
def test_a_call_that_was_not_made_costs_nothing(status: str, stage: str) -> None:
    assert charge_for(ending(status=status, stage=stage, called=False)) == NOTHING


def test_a_call_that_the_provider_refused_costs_nothing() -> None:
    assert charge_for(ending(error_type="RateLimitError")) == NOTHING


def test_a_failed_call_costs_what_the_provider_reports_all_the_same() -> None:
    assert charge_for(ending(reported=True)) == USAGE


@pytest.mark.parametrize("status", ["timeout", "cancelled"])
def test_a_call_cut_off_before_anything_came_keeps_what_was_reserved(status: str) -> None:
    assert charge_for(ending(status=status, error_type="APITimeoutError")) is None


@pytest.mark.parametrize("error_type", ["ConnectTimeout", "PoolTimeout"])
def test_a_timeout_without_a_connection_costs_nothing(error_type: str) -> None:
    assert charge_for(ending(status="timeout", error_type=error_type)) == NOTHING


def test_a_guard_that_refuses_while_the_model_is_at_it_keeps_what_was_reserved() -> None:
    assert charge_for(ending(status="blocked", stage="input")) is None
