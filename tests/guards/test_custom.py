"""`@guard`: what a function may return, and which functions are refused."""

from __future__ import annotations

import functools
import inspect
import math
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.guards import guard
from genai_guard.guards.base import Guard
from genai_guard.verdicts import Action, Finding, Verdict

TEXT = "ticket TCK-12 and TCK-34"


def answering(answer: object, **parameters: Any) -> Verdict:
    @guard(name="tickets", **parameters)
    def check(text: str) -> object:
        return answer

    verdict = check.check(TEXT)
    assert isinstance(verdict, Verdict)
    return verdict


@guard
def shouting(text: str) -> bool:
    """Whether the text is all capitals."""
    return text.isupper()


@pytest.mark.parametrize("answer", [None, False, [], (), iter(())])
def test_nothing_found_is_allowed(answer: object) -> None:
    assert answering(answer) == Verdict(Action.ALLOW, TEXT, (), "tickets")


def test_true_means_found_in_the_whole_text() -> None:
    verdict = answering(True)
    assert (verdict.action, verdict.text) == (Action.BLOCK, TEXT)
    assert verdict.findings == (Finding("custom.tickets", "TICKETS", 0, len(TEXT), 1.0, "tickets"),)


@pytest.mark.parametrize(("score", "found"), [(0.79, False), (0.8, True), (1, True), (0, False)])
def test_a_score_counts_from_the_threshold_on(score: float, found: bool) -> None:
    verdict = answering(score, threshold=0.8)
    assert [finding.score for finding in verdict.findings] == ([score] if found else [])


@pytest.mark.parametrize(
    ("answer", "spans"),
    [
        ((7, 13), [(7, 13, "TICKETS")]),
        ((7, 13, "ID"), [(7, 13, "ID")]),
        ([(7, 13), (18, 24, "ID")], [(7, 13, "TICKETS"), (18, 24, "ID")]),
        (((7, 13), (18, 24)), [(7, 13, "TICKETS"), (18, 24, "TICKETS")]),
        (Finding("mine", "ID", 7, 13), [(7, 13, "ID")]),
        ([Finding("mine", "ID", 7, 13), (18, 24)], [(7, 13, "ID"), (18, 24, "TICKETS")]),
        (Finding("mine", "ID"), [(0, len(TEXT), "ID")]),
    ],
)
def test_spans_and_findings_say_where(answer: object, spans: list[tuple[int, int, str]]) -> None:
    findings = answering(answer).findings
    assert [(finding.start, finding.end, finding.category) for finding in findings] == spans
    assert {finding.guard for finding in findings} == {"tickets"}


def test_redact_puts_the_label_in_place() -> None:
    assert answering([(7, 13), (18, 24, "ID")], action="redact").text == "ticket [TICKETS] and [ID]"
    assert answering([(7, 13)], action="redact", mode="shadow").text == TEXT


def test_a_verdict_is_taken_as_it_is() -> None:
    given = Verdict(Action.REDACT, "***", (Finding("mine", "ID", 0, 3),))
    verdict = answering(given)
    assert (verdict.action, verdict.text, verdict.findings, verdict.guard) == (
        Action.REDACT,
        "***",
        given.findings,
        "tickets",
    )
    assert answering(Verdict(Action.FLAG)).text == TEXT


@pytest.mark.parametrize("span", [(0, len(TEXT) + 1), (-1, 3), (5, 4), Finding("mine", "ID", 0, 99)])
def test_a_span_outside_of_the_text_is_an_error_that_quotes_nothing(span: object) -> None:
    with pytest.raises(ValueError, match="tickets returned the span") as caught:
        answering([span])
    assert "TCK" not in str(caught.value)


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan, 7])
def test_a_score_is_from_0_to_1(score: float) -> None:
    with pytest.raises(ValueError, match="not from 0 to 1"):
        answering(score, threshold=0.5)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("yes", "returned str"),
        (b"yes", "returned bytes"),
        (object(), "returned object"),
        (0.5, "threshold"),
        ([0.5], "list of numbers"),
        ([True], "list of numbers"),
        ((1, 2, 3, 4), "neither"),
        ((1, None), "neither"),
        (["yes"], "returned str"),
    ],
)
def test_any_other_answer_is_an_error(answer: object, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        answering(answer)


def test_a_decorated_function_can_still_be_called() -> None:
    assert shouting("HEY") is True
    assert (vars(shouting)["__name__"], shouting.__doc__) == ("shouting", "Whether the text is all capitals.")
    assert isinstance(shouting, Guard)


def test_its_name_is_that_of_the_function_unless_said_otherwise() -> None:
    assert (shouting.name, answering(None).guard) == ("shouting", "tickets")


def test_parameters_are_kept() -> None:
    made = guard(action="flag", mode="shadow", on_error="allow", blocking=True)(str.isupper)
    assert (made.action, made.mode, made.on_error, made.blocking) == (Action.FLAG, "shadow", "allow", True)


async def test_an_async_function_makes_an_async_guard() -> None:
    @guard
    async def slow(text: str) -> bool:
        return "x" in text

    assert inspect.iscoroutinefunction(slow.check)
    assert (await slow.check("x")).blocked
    assert await slow("y") is False


async def test_an_object_with_an_async_call_makes_an_async_guard() -> None:
    class Remote:
        async def __call__(self, text: str) -> bool:
            return True

    made = guard(Remote())
    assert (await made.check("x")).guard == "Remote"


def test_a_sync_guard_is_not_async() -> None:
    assert not inspect.iscoroutinefunction(shouting.check)


@pytest.mark.parametrize(
    "function", [str.isupper, functools.partial(lambda n, text: len(text) > n, 3), [].append, lambda text: None]
)
def test_anything_that_takes_one_text_will_do(function: Callable[[str], Any]) -> None:
    assert callable(guard(function))


def no_text() -> bool:
    return True


def two_texts(one: str, other: str) -> bool:
    return True


def only_keyword(*, text: str) -> bool:
    return True


def yielding(text: str) -> Iterator[int]:
    yield 1


async def yielding_later(text: str) -> AsyncIterator[int]:
    yield 1


class Checker:
    def check(self, text: str) -> bool:
        return True


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (no_text, "no_text must be callable with one argument"),
        (two_texts, "two_texts must be callable with one argument"),
        (only_keyword, "must be callable with one argument"),
        (Checker.check, "must be callable with one argument"),
        (yielding, "generator function"),
        (yielding_later, "generator function"),
        (Checker, "the class Checker is a guard if"),
        ("text", "not str"),
    ],
)
def test_what_is_no_function_of_one_text_is_refused(function: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        guard(function)


@pytest.mark.parametrize(
    "parameters",
    [{"action": "mask"}, {"mode": "off"}, {"on_error": "raise"}, {"threshold": 1.5}, {"threshold": math.nan}],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        guard(**parameters)(str.isupper)


def test_a_decorated_function_is_pickled_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(shouting)) is shouting


def test_a_guard_of_a_function_of_another_name_survives_pickling() -> None:
    made = guard(action="flag")(no_op)
    assert pickle.loads(pickle.dumps(made)) == made


def no_op(text: str) -> None:
    return None
