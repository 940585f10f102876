"""`Refusal`: replies that say no, in many languages."""

from __future__ import annotations

import pickle
import re

import pytest

from doubling import grows_faster
from genai_guard import ConfigurationError
from genai_guard.guards import Refusal
from genai_guard.guards.base import Context, ContextGuard
from genai_guard.guards.refusals import REFUSALS
from genai_guard.messages import Part
from genai_guard.verdicts import Action, Verdict
from guards.refusal_texts import FALSE_ALARMS, MISSED, NEGATIVES, POSITIVES

NO = "I'm sorry, but I can't help with that."


@pytest.mark.parametrize("text", POSITIVES)
def test_a_refusal_is_flagged(text: str) -> None:
    verdict = Refusal().check(text)
    assert (verdict.action, verdict.text) == (Action.FLAG, text)
    assert {finding.category for finding in verdict.findings} == {"REFUSAL"}


@pytest.mark.parametrize("text", NEGATIVES)
def test_what_only_sounds_like_a_refusal_passes(text: str) -> None:
    assert Refusal().check(text) == Verdict(Action.ALLOW, text, (), "refusal")


@pytest.mark.parametrize("text", MISSED)
def test_what_is_known_to_be_missed(text: str) -> None:
    assert Refusal().check(text).action is Action.ALLOW


@pytest.mark.parametrize("text", FALSE_ALARMS)
def test_what_is_known_to_be_a_false_alarm(text: str) -> None:
    assert Refusal().check(text).action is Action.FLAG


def test_every_language_has_a_refusal_that_is_found() -> None:
    found = {finding.rule.partition(".")[2] for text in POSITIVES for finding in Refusal().check(text).findings}
    assert found == set(REFUSALS)


def test_the_finding_points_at_the_clause() -> None:
    (finding,) = Refusal().check(NO).findings
    assert (finding.of(NO), finding.rule) == ("I can't help with", "refusal.en")


def test_only_the_languages_that_are_asked_for_are_looked_for() -> None:
    guard = Refusal(["de", "fr"])
    assert guard.check(NO).action is Action.ALLOW
    assert guard.check("Leider kann ich Ihnen dabei nicht helfen.").action is Action.FLAG


def test_a_refusal_further_down_is_none() -> None:
    story = "The town lies on a river and has a famous market. " * 9
    assert Refusal().check(story + NO).action is Action.ALLOW
    assert Refusal(head_chars=600).check(story + NO).action is Action.FLAG


def test_a_refusal_that_begins_in_the_head_may_end_behind_it() -> None:
    assert Refusal(head_chars=20).check(NO).action is Action.FLAG
    assert Refusal(head_chars=10).check(NO).action is Action.ALLOW


def test_what_was_closed_is_no_quotation_any_more() -> None:
    assert Refusal().check('You ask for "a bomb". I can\'t help with that.').action is Action.FLAG
    assert Refusal().check("It isn't possible: I can't help with that.").action is Action.FLAG


def test_it_blocks_if_it_is_told_to() -> None:
    assert Refusal(action="block").check(NO).blocked
    assert not Refusal(action="block", mode="shadow").check(NO).blocked


def test_what_the_provider_marks_as_a_refusal_is_one() -> None:
    part = Part("Not today.", "assistant", "refusal")
    assert Refusal().check_part(part, Context("output")).findings[0].rule == "refusal.said"
    assert Refusal().check_part(Part("Not today.", "assistant"), Context("output")).action is Action.ALLOW


def test_a_part_is_judged_like_a_text() -> None:
    assert Refusal().check_part(Part(NO, "assistant"), Context("output")) == Refusal().check(NO)


def test_what_was_found_in_the_text_so_far_is_found_in_the_whole() -> None:
    for text in POSITIVES:
        whole = Refusal().check(text + " Is there anything else?")
        assert whole.action is Action.FLAG


@pytest.mark.parametrize(
    "unit", ["I can't ", "no puedo ", '"', "I am not able to ", "ません", "نموذج ", "as an AI ", "\n> "]
)
def test_looking_at_a_long_text_costs_what_its_head_costs(unit: str) -> None:
    half = unit * (40_000 // len(unit))
    assert not grows_faster(Refusal(head_chars=4_000).check, half.__mul__)


@pytest.mark.parametrize(
    "unit", ["I can't ", "お手伝い", "मदद ", "도와드릴 ", "ich kann a ", "as an AI ", '"a', "Dear "]
)
def test_looking_at_the_head_is_linear(unit: str) -> None:
    guard = Refusal(head_chars=4_000)
    half = unit * (1_800 // len(unit))
    assert not grows_faster(guard.check, half.__mul__)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"languages": ["en", "xx"]}, "Refusal(languages=...): 'xx' is not one of en, de"),
        ({"languages": []}, "leave it out to look for all languages"),
        ({"head_chars": 0}, "Refusal(head_chars=0) must be a whole number of characters from 1 to 4,000"),
        ({"head_chars": 5_000}, "Refusal(head_chars=5000)"),
        ({"check_every_chars": 0}, "Refusal(check_every_chars=0)"),
        ({"action": "redact"}, "must be one of 'block', 'flag'"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        Refusal(**parameters)  # type: ignore[arg-type]


def test_it_is_a_value() -> None:
    guard = Refusal(["en"])
    assert guard == pickle.loads(pickle.dumps(guard)) != Refusal()
    assert hash(guard) == hash(Refusal(["en"]))
    assert Refusal("en") == guard
    assert isinstance(guard, ContextGuard)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800" * 3, '"' * 500, "'"])
def test_unusual_texts_pass(text: str) -> None:
    assert Refusal().check(text).action is Action.ALLOW
