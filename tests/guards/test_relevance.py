"""`Relevance`: replies about something else than the question, by words or by a scorer."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import replace
from typing import Any

import pytest

from doubling import grows_faster
from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import Context, Relevance
from genai_guard.messages import Part, Request
from genai_guard.verdicts import Action
from guards.relevance_texts import ANSWERED, ELSEWHERE

MISSED = {"How far is the moon from the earth?"}
"""The reply is too short to be looked at."""
GUARD = Relevance()
QUESTION, REPLY = ELSEWHERE[0]


def half(question: str, reply: str) -> float:
    return 0.5


async def low(question: str, reply: str) -> float:
    return 0.1


@pytest.mark.parametrize(("question", "reply"), ANSWERED)
def test_an_answer_passes(question: str, reply: str) -> None:
    assert GUARD.check(reply, question=question).findings == ()


@pytest.mark.parametrize(("question", "reply"), ELSEWHERE)
def test_a_reply_about_something_else_is_found(question: str, reply: str) -> None:
    assert (GUARD.check(reply, question=question).findings == ()) is (question in MISSED)


@pytest.mark.parametrize("shift", [1, 7, 23])
def test_most_answers_to_other_questions_are_found(shift: int) -> None:
    """Of long answers to questions of content: the others are let through on purpose."""
    replies = [reply for _, reply in ANSWERED]
    pairs = [(question, replies[(at + shift) % len(replies)]) for at, (question, _) in enumerate(ANSWERED)]
    pairs = [(question, reply) for question, reply in pairs if len(question.split()) > 3 and len(reply.split()) > 15]
    assert sum(bool(GUARD.check(reply, question=question).findings) for question, reply in pairs) > 0.85 * len(pairs)


def test_there_are_texts_enough() -> None:
    assert len(ANSWERED) >= 60
    assert len(ELSEWHERE) >= 30


def test_a_finding_is_named_a_proxy_and_flags() -> None:
    verdict = GUARD.check(REPLY, question=QUESTION)
    (finding,) = verdict.findings
    assert (verdict.action, finding.category, finding.rule) == (Action.FLAG, "IRRELEVANT", "relevance.words")
    assert finding.detail == "lexical proxy: 0.00 of the question's words come up, threshold 0.2"
    assert (finding.start, finding.end) == (0, len(REPLY))


def test_without_a_question_nothing_is_found() -> None:
    assert GUARD.check(REPLY).action is Action.ALLOW


def test_other_forms_of_a_word_are_the_same_word() -> None:
    reply = "Everybody who cancelled was refunded on the spot, said the organisers in a letter sent by post last Friday evening."
    assert GUARD.check(reply, question="Are cancellations refundable?").findings == ()


def test_the_last_question_of_the_user_counts() -> None:
    request = Request((Part("What about linen shirts?"), Part("We have them.", "assistant"), Part(QUESTION)))
    verdict = GUARD.check_part(Part(REPLY, "assistant"), Context("output", request))
    assert len(verdict.findings) == 1
    assert GUARD.check_part(Part(REPLY, "assistant"), Context("output", Request(request.parts[:1]))).findings == ()


def test_only_replies_are_looked_at() -> None:
    request = Request((Part(QUESTION),))
    assert GUARD.check_part(Part(REPLY), Context("input", request)).findings == ()
    assert GUARD.check_part(Part(REPLY, "assistant", "arguments"), Context("output", request)).findings == ()


def test_in_a_pipeline_the_reply_is_compared_with_the_prompt() -> None:
    outcome = Pipeline(output=[GUARD]).run(lambda prompt: REPLY, QUESTION)
    assert [finding.rule for verdict in outcome.verdicts for finding in verdict.findings] == ["relevance.words"]


def test_a_scorer_is_asked_in_place_of_the_words() -> None:
    verdict = Relevance(half, threshold=0.6).check("yes", question="so?")
    assert [(each.rule, each.detail) for each in verdict.findings] == [("relevance.score", "score 0.50, threshold 0.6")]
    assert Relevance(half).check(REPLY, question=QUESTION).findings == ()


async def test_an_asynchronous_scorer_makes_an_asynchronous_guard() -> None:
    guard = Relevance(low)
    assert inspect.iscoroutinefunction(guard.check)
    assert len((await guard.check("so", question="a")).findings) == 1
    assert (await guard.check("so")).findings == ()
    request = Context("output", Request((Part("a"),)))
    assert len((await guard.check_part(Part("so", "assistant"), request)).findings) == 1


@pytest.mark.parametrize("answer", [None, "0.5", 2, float("nan"), False])
def test_a_score_that_is_none_is_an_error(answer: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="relevance: the scorer returned"):
        Relevance(lambda question, reply: answer).check("x", question="y")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scorer": 5}, r"Relevance\(scorer\) takes a function"),
        ({"threshold": -0.1}, r"Relevance\(threshold=-0.1\)"),
        ({"min_words": 0}, "min_words=0"),
        ({"timeout_s": float("inf")}, "timeout_s=inf"),
    ],
)
def test_a_wrong_parameter_is_told(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Relevance(**parameters)


def test_equal_parameters_make_equal_guards_that_can_be_pickled() -> None:
    assert Relevance() == GUARD == replace(GUARD)
    assert hash(Relevance(half)) == hash(replace(Relevance(half)))
    assert pickle.loads(pickle.dumps(Relevance(half))).check("x", question="y").findings == ()


@pytest.mark.parametrize("unit", ["word ", "a", "a'", "1 ", "漢", "don't ", "\n"])
def test_doubling_a_text_at_most_doubles_the_time(unit: str) -> None:
    text = unit * (10_000 // len(unit))
    assert not grows_faster(lambda reply: GUARD.check(reply, question=reply), text.__mul__)
