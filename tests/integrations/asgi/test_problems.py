"""What a pipeline raises, as problem details."""

from __future__ import annotations

import json

import pytest

from genai_guard.errors import (
    BreakerOpen,
    BudgetExceeded,
    CallTimeout,
    ComponentFailed,
    ConfigurationError,
    GuardBlocked,
    RateLimited,
    Rejected,
    UnpricedModel,
)
from genai_guard.integrations.asgi import PROBLEM_TYPE, Problems
from genai_guard.integrations.asgi.problems import error_in
from genai_guard.verdicts import Finding

BLOCKED = GuardBlocked(
    "words", "input", [Finding("words.1", "INJECTION", 3, 9), Finding("words.1", "INJECTION", 20, 26)]
)
STATUSES = {
    BLOCKED: 400,
    RateLimited("2 requests/minute", 3.2): 429,
    BudgetExceeded("50 usd/day", 50.0, 50.0, retry_after_s=7200.0): 429,
    UnpricedModel("who-knows"): 403,
    BreakerOpen("small", 0.0): 503,
    ComponentFailed("judge", "input"): 503,
    CallTimeout("total_s", 30.0): 504,
}


@pytest.mark.parametrize("error", STATUSES, ids=lambda error: type(error).__name__)
def test_each_error_has_its_status_and_says_so_in_the_members_of_the_rfc(error: Exception) -> None:
    problem = Problems().of(error)
    assert problem is not None
    assert problem.status == STATUSES[error]  # type: ignore[index]
    said = json.loads(problem.body())
    assert said["status"] == problem.status
    assert said["type"].startswith("urn:genai-guard:")
    assert said["title"]
    assert problem.headers["content-type"] == PROBLEM_TYPE


def test_a_block_names_guard_and_rules_and_not_where_they_were_found() -> None:
    said = Problems().of(BLOCKED)
    assert said is not None
    assert said.as_dict() == {
        "type": "urn:genai-guard:blocked", "title": "A guard refused it", "status": 400,
        "detail": "words blocked the input: INJECTION", "stage": "input", "guard": "words", "rules": ["words.1"],
        "categories": ["INJECTION"],
    }  # fmt: skip
    silent = Problems(reveals_rules=False).of(BLOCKED)
    assert silent is not None
    assert silent.as_dict().keys() == {"type", "title", "status", "stage"}


def test_who_has_to_wait_is_told_how_long_in_whole_seconds() -> None:
    waits = Problems().of(RateLimited("tokens", 3.2, ["tokens", "requests"]))
    at_once = Problems().of(BreakerOpen("small", 0.0))
    never = Problems().of(RateLimited("tokens", None))
    assert waits is not None
    assert (waits.headers["retry-after"], waits.members["retry_after_s"], waits.members["limits"]) == (
        "4",
        4,
        ["tokens", "requests"],
    )
    assert at_once is not None
    assert at_once.headers["retry-after"] == "1"
    assert never is not None
    assert "retry-after" not in never.headers


def test_a_budget_does_not_tell_what_was_spent_and_a_part_not_which_it_was() -> None:
    for error in (
        BudgetExceeded("team", 41.7, 50.5),
        ComponentFailed("secret-judge", "input"),
        UnpricedModel("secret-judge"),
    ):
        problem = Problems().of(error)
        assert problem is not None
        assert not {word for word in ("41.7", "50.5", "secret-judge") if word in problem.body().decode()}


def test_the_status_of_the_nearest_class_is_taken() -> None:
    problems = Problems(statuses={Rejected: 418, BudgetExceeded: 402}, type_prefix="https://example.com/problems/")
    found = {type(error).__name__: problem.status for error in STATUSES if (problem := problems.of(error))}
    assert (found["BudgetExceeded"], found["GuardBlocked"], found["ComponentFailed"]) == (402, 418, 503)
    blocked = problems.of(BLOCKED)
    assert blocked is not None
    assert blocked.type == "https://example.com/problems/blocked"


@pytest.mark.parametrize(
    "statuses", [{ValueError: 400}, {GuardBlocked: 200}, {GuardBlocked: "400"}, {"GuardBlocked": 400}]
)
def test_a_map_that_cannot_work_is_refused(statuses: dict[type[Exception], int]) -> None:
    with pytest.raises(ConfigurationError, match="statuses"):
        Problems(statuses=statuses)


def test_defects_and_what_the_model_raises_are_no_answers() -> None:
    assert Problems().of(ValueError("x")) is Problems().of(ConfigurationError("x")) is None


def test_an_error_is_found_in_groups_and_if_wanted_behind_others() -> None:
    group = ExceptionGroup("tasks", [ValueError("x"), ExceptionGroup("more", [BLOCKED])])
    assert error_in(group) is BLOCKED
    late = RuntimeError("the answer has begun")
    late.__cause__ = BLOCKED
    assert error_in(late) is None
    assert error_in(late, behind=True) is BLOCKED


def test_a_refusal_of_ones_own_kind_is_answered_as_one() -> None:
    class OutOfHours(Rejected):
        status = "out_of_hours"

    problem = Problems().of(OutOfHours("the shop opens at nine"))
    assert problem is not None
    assert (problem.status, problem.type, problem.title) == (
        *(403, "urn:genai-guard:out-of-hours"),
        "The policy refused it",
    )
    assert "nine" not in problem.body().decode()
