from __future__ import annotations

import pickle

import pytest

from genai_guard.errors import (
    BudgetExceeded,
    ComponentFailed,
    ConfigurationError,
    GenAIGuardError,
    GuardBlocked,
    RateLimited,
    Rejected,
)
from genai_guard.verdicts import Finding

FINDING = Finding("pii.email", "EMAIL", 3, 9, 0.9, "pii", "messages[0].content")
EXAMPLES = [
    ConfigurationError("wrong"),
    GuardBlocked("pii", "input", [FINDING]),
    RateLimited("60 requests/minute", 1.25, ("60 requests/minute", "tokens")),
    RateLimited("tokens", None),
    BudgetExceeded("daily", 51.0, 50.0),
    ComponentFailed("judge", "output", "TimeoutError"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_survives_pickling_with_its_attributes(error: GenAIGuardError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_is_one_of_the_library(error: GenAIGuardError) -> None:
    assert isinstance(error, GenAIGuardError)


def test_a_configuration_error_is_a_value_error_too() -> None:
    assert issubclass(ConfigurationError, ValueError)


def test_only_the_answers_of_a_policy_are_rejections() -> None:
    rejections = {type(error) for error in EXAMPLES if isinstance(error, Rejected)}
    assert rejections == {GuardBlocked, RateLimited, BudgetExceeded}


def test_a_block_names_guard_stage_and_category() -> None:
    assert str(GuardBlocked("pii", "input", [FINDING, FINDING])) == "pii blocked the input: EMAIL"


def test_a_limit_says_when_to_come_back_or_that_it_is_no_use() -> None:
    assert "retry after 1.25 s" in str(RateLimited("l", 1.25))
    assert "larger than the limit" in str(RateLimited("l", None))
