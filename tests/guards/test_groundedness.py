"""`Groundedness`: what words say about sources and replies, what they cannot say, and scorers that misbehave."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import threading
from dataclasses import replace
from typing import Any

import pytest

from doubling import grows_faster
from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import Context, Groundedness
from genai_guard.guards.bounded import TooManyStuck
from genai_guard.messages import Part, Request
from genai_guard.verdicts import Action
from guards.groundedness_texts import CASES, OPPOSITES, PARAPHRASES

GUARD = Groundedness()
SOURCE = CASES[0].source
TRUE = [(case.source, reply) for case in CASES for reply in case.grounded]
FALSE = [(case.source, reply) for case in CASES for reply in case.ungrounded]


def found(reply: str, *sources: str, guard: Groundedness = GUARD) -> list[tuple[str, str]]:
    return [(each.rule.partition(".")[2], each.of(reply)) for each in guard.check(reply, sources=sources).findings]


def half(sources: str, reply: str) -> float:
    return 0.5


async def low(sources: str, reply: str) -> float:
    await asyncio.sleep(0)
    return 0.1


@pytest.mark.parametrize(("source", "reply"), TRUE)
def test_what_the_source_says_passes(source: str, reply: str) -> None:
    assert found(reply, source) == []


@pytest.mark.parametrize(("source", "reply"), FALSE)
def test_what_the_source_does_not_say_is_found(source: str, reply: str) -> None:
    assert found(reply, source) != []


def test_there_are_texts_enough() -> None:
    assert len(TRUE) + len(OPPOSITES) >= 60
    assert len(FALSE) >= 30


@pytest.mark.parametrize(("source", "reply"), OPPOSITES)
def test_the_opposite_in_the_same_words_is_not_seen(source: str, reply: str) -> None:
    assert found(reply, source) == []


@pytest.mark.parametrize(("source", "reply"), PARAPHRASES)
def test_the_same_in_other_words_is_a_false_alarm(source: str, reply: str) -> None:
    assert [rule for rule, _ in found(reply, source)] == ["sentence"]


def test_numbers_and_names_in_no_source_are_pointed_at() -> None:
    reply = "Shoes can be returned within 60 days, or 30, to Henderson in Leeds."
    assert found(reply, SOURCE) == [("number", "60"), ("name", "Henderson"), ("name", "Leeds")]


def test_a_sentence_that_is_not_supported_is_pointed_at() -> None:
    reply = "Sale items cannot be returned. Our founder loves vintage motorbikes and opera. He plays chess with pilots."
    assert [text.strip() for rule, text in found(reply, SOURCE) if rule == "sentence"] == [
        "Our founder loves vintage motorbikes and opera.",
        "He plays chess with pilots.",
    ]


def test_a_finding_is_named_a_proxy_and_flags() -> None:
    verdict = GUARD.check("Within 60 days.", sources=[SOURCE])
    assert verdict.action is Action.FLAG
    assert verdict.findings[0].detail == "lexical proxy: in no source"
    assert verdict.findings[0].category == "UNSUPPORTED_NUMBER"


@pytest.mark.parametrize(
    ("source", "reply"),
    [
        ("1,200 units", "1200 units"), ("1.200 Stück", "1200 Stück"), ("3.4 million", "3,400,000"), ("12 percent", "12%"),
        ("33.3 percent", "33 percent"), ("two and a half hours", "2.5 hours"), ("2024-03-05", "5/3/2024"), ("twelve", "12"),
        ("$4.95", "4,95 €"), ("1'000'000", "1 million"), ("5k", "5000"), ("007", "7"), ("at 14:30", "14 h 30"),
    ],
)  # fmt: skip
def test_a_number_is_the_same_however_it_is_written(source: str, reply: str) -> None:
    assert found(reply, source) == []


@pytest.mark.parametrize(
    ("source", "reply"), [("12", "13"), ("3.4", "3.6"), ("2024", "2025"), ("5 million", "5 billion")]
)
def test_another_number_is_another_number(source: str, reply: str) -> None:
    assert [rule for rule, _ in found(reply, source)] == ["number"] or source == "5 million"


def test_the_marks_of_a_list_are_no_numbers() -> None:
    assert found("1. shoes\n2. items\n17) sale", SOURCE) == []


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I'm sorry, I don't know.",
        "The documents do not mention a warranty for leather boots.",
        "Shall I call the warehouse?",
    ],
)
def test_what_claims_nothing_passes(reply: str) -> None:
    assert found(reply, SOURCE) == []


def test_without_a_source_nothing_is_found() -> None:
    assert GUARD.check("The moon is made of 17 cheeses.").action is Action.ALLOW
    assert found("The moon is made of 17 cheeses.", " ") == []


def test_in_german_names_are_not_told_from_nouns() -> None:
    reply = "Das Café am Marktplatz öffnet um 9 Uhr, schließt um 18 Uhr, und Hunde sind mit Leine und Decke willkommen."
    assert found(reply, CASES[4].source) == []


def context(*parts: Part) -> Context:
    return Context("output", Request(parts))


@pytest.mark.parametrize(
    ("parts", "is_source"),
    [
        ([Part(SOURCE, "tool", "result")], True),
        ([Part(f"Use this.\n<document>{SOURCE}</document>", "system")], True),
        ([Part(f"Context:\n{SOURCE}\n\nHow long can I return?", "user")], True),
        ([Part(f"## Sources used:\n{SOURCE}", "user")], True),
        ([Part("How long can I return shoes?", "user"), Part("You are a bot.", "system")], False),
        ([Part(f"<document>{SOURCE}</document>", "assistant")], False),
    ],
)
def test_sources_are_results_of_tools_and_texts_that_are_marked(parts: list[Part], is_source: bool) -> None:
    verdict = GUARD.check_part(Part("You have 60 days.", "assistant"), context(*parts))
    assert bool(verdict.findings) is is_source


def test_every_text_of_the_request_is_a_source_if_so_asked() -> None:
    guard = Groundedness(sources="request")
    asked = context(Part("I have had these shoes for 45 days.", "user"))
    assert guard.check_part(Part("That is 45 days.", "assistant"), asked).findings == ()
    assert guard.check_part(Part("That is 46 days.", "assistant"), asked).findings != ()


def test_what_the_user_said_is_no_invention() -> None:
    asked = context(Part(SOURCE, "tool", "result"), Part("I am Henrietta and I have 45 pairs.", "user"))
    assert GUARD.check_part(Part("Well, Henrietta, 45 pairs!", "assistant"), asked).findings == ()


def test_only_replies_are_looked_at() -> None:
    asked = Context("input", Request((Part(SOURCE, "tool", "result"),)))
    assert GUARD.check_part(Part("You have 60 days.", "user"), asked).findings == ()
    arguments = Part('{"days": 60}', "assistant", "arguments")
    assert GUARD.check_part(arguments, context(Part(SOURCE, "tool", "result"))).findings == ()


def test_in_a_pipeline_the_reply_is_compared_with_the_documents_of_the_request() -> None:
    def answer(prompt: str) -> str:
        return "You have 60 days."

    outcome = Pipeline(output=[GUARD]).run(answer, f"Context: {SOURCE}\n\nHow long do I have?")
    assert outcome.value == "You have 60 days."
    assert [finding.rule for verdict in outcome.verdicts for finding in verdict.findings] == ["groundedness.number"]


def test_a_scorer_is_asked_in_place_of_the_words() -> None:
    asked: list[tuple[str, str]] = []

    def scorer(sources: str, reply: str) -> float:
        asked.append((sources, reply))
        return 0.3

    guard = Groundedness(scorer, threshold=0.4, action="block")
    verdict = guard.check("so", sources=["a", "b"])
    assert asked == [("a\n\nb", "so")]
    assert verdict.blocked
    assert [(each.rule, each.category, each.detail) for each in verdict.findings] == [
        ("groundedness.score", "UNSUPPORTED", "score 0.30, threshold 0.4")
    ]
    assert Groundedness(half, threshold=0.5).check("so", sources=["a"]).findings == ()


async def test_an_asynchronous_scorer_makes_an_asynchronous_guard() -> None:
    guard = Groundedness(low)
    assert inspect.iscoroutinefunction(guard.check)
    assert inspect.iscoroutinefunction(guard.check_part)
    assert len((await guard.check("so", sources=["a"])).findings) == 1
    assert (await guard.check("so")).findings == ()
    asked = context(Part("a", "tool", "result"))
    assert len((await guard.check_part(Part("so", "assistant"), asked)).findings) == 1
    assert (await guard.check_part(Part("so", "user"), Context())).findings == ()


@pytest.mark.parametrize(
    ("answer", "error"),
    [(None, TypeError), ("0.5", ValueError), ("high", TypeError), ([1.0], TypeError), (1.5, ValueError), (-1, ValueError), (float("nan"), ValueError), (True, ValueError)],
)  # fmt: skip
def test_a_score_that_is_none_is_an_error(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="groundedness: the scorer returned") as caught:
        Groundedness(lambda sources, reply: answer).check("a secret", sources=["x"])
    assert "secret" not in str(caught.value)


def test_a_scorer_that_hangs_is_left_behind_and_after_four_not_asked_again() -> None:
    let_go = threading.Event()
    guard = Groundedness(lambda sources, reply: let_go.wait(20), timeout_s=0.02)
    for _ in range(4):
        with pytest.raises(TimeoutError):
            guard.check("x", sources=["y"])
    with pytest.raises(TooManyStuck):
        guard.check("x", sources=["y"])
    let_go.set()


async def test_an_asynchronous_scorer_that_hangs_is_left_behind() -> None:
    async def hang(sources: str, reply: str) -> float:
        await asyncio.sleep(30)
        return 1.0

    with pytest.raises(TimeoutError):
        await Groundedness(hang, timeout_s=0.02).check("x", sources=["y"])


def test_sources_that_are_no_texts_are_refused() -> None:
    with pytest.raises(TypeError, match="takes a list of texts"):
        GUARD.check("x", sources=[1])  # type: ignore[list-item]
    assert found("You have 60 days.", SOURCE) == [
        ("number", each.of("You have 60 days.")) for each in GUARD.check("You have 60 days.", sources=SOURCE).findings
    ]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"scorer": "model"},
            r"Groundedness\(scorer\) takes a function of reference and reply, not an object of type str",
        ),
        ({"scorer": len}, "must be callable with 2 arguments"),
        ({"threshold": 2}, r"Groundedness\(threshold=2\)"),
        ({"min_overlap": -1}, r"Groundedness\(min_overlap=-1\)"),
        ({"sources": "all"}, "must be one of 'context', 'request'"),
        ({"timeout_s": 0}, r"Groundedness\(timeout_s=0\)"),
        ({"action": "redact"}, "must be one of 'block', 'flag'"),
    ],
)
def test_a_wrong_parameter_is_told(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Groundedness(**parameters)


def test_equal_parameters_make_equal_guards_that_can_be_pickled() -> None:
    assert Groundedness() == GUARD == replace(GUARD)
    assert hash(Groundedness(half)) == hash(Groundedness(half))
    assert pickle.loads(pickle.dumps(Groundedness(half))).check("x", sources=["y"]).findings == ()
    assert pickle.loads(pickle.dumps(GUARD)) == GUARD


HOSTILE = [
    "1",
    "1.",
    "1,1",
    "12 ",
    "A",
    "A ",
    "Ab ",
    "Ab-",
    "Ab of ",
    "a.b",
    "a. ",
    "...",
    "don't ",
    "1 million ",
    "\n- ",
    "漢",
    "a'",
    "half 1 ",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_doubling_a_text_at_most_doubles_the_time(unit: str) -> None:
    text = unit * (6_000 // len(unit))

    def run(source: str) -> object:
        return GUARD.check(source, sources=[source + " other"])

    assert not grows_faster(run, text.__mul__)
