"""The rules of numbers with check digits keep what they promise: alone, in streams, and on hostile texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genai_guard.guards.entities import devices, europe, world
from genai_guard.guards.entities.checks import CONTEXT_REACH, context
from genai_guard.text import Rule, Scanner, scanner
from text.test_linear_time import cost_s
from text.texts import generated, spans, streamed, without_promises

RULES = tuple(rule for family in (devices, europe, world) for entity in family.ENTITIES for rule in entity.rules)
BEFORE = ["", " ", "x", "7", "-", "x.", "é", "請", "CPF: ", "cnpj=", "imei number is ", "NHS no. ", "CPR nr. ", "UID #"]
AFTER = ["", " ", "x", "7", "-", ".", ".5", "-x", "@", "é", "İ", "\u212a", "\u0661", "\ud800", ", The cat"]
HOSTILE = [
    "1", "1 ", "12 345 ", "11-", "1.", "756.", "756.9217.0769.85 ", "imei ", "imei number is ", "cpf ", "cpf id is  :12345678901",
    "12345678901 ", "123456-1234567 ", "A", "AB12", "AB12 ", "ABCDEF12", "GARC990101", "a://", "a://b:", "a://b:c@", "http://a:b",
    "a://b:c@d.", "85.07.30-033.", "@", "a+",
]  # fmt: skip
SETTINGS = settings(max_examples=30, suppress_health_check=list(HealthCheck))


def with_any_number(rule: Rule) -> Rule:
    """The same rule without its check digits, which hardly any string made from its pattern has."""
    return Rule(
        **{name: getattr(rule, name) for name in Rule.__slots__ if name not in {"validator", "trim"}},
        trim=rule.trim,
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@SETTINGS
@given(data=st.data())
def test_promises_change_nothing_that_is_found(rule: Rule, data: st.DataObject) -> None:
    rule = with_any_number(rule)
    text = data.draw(st.sampled_from(BEFORE)) + data.draw(generated(rule)) + data.draw(st.sampled_from(AFTER))
    assert spans(Scanner([rule]).find(text)) == spans(Scanner(without_promises([rule]), engine="core").find(text))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@SETTINGS
@given(data=st.data())
def test_matches_are_as_they_promise(rule: Rule, data: st.DataObject) -> None:
    plain = Scanner(without_promises([with_any_number(rule)]), engine="core")
    text = data.draw(st.sampled_from(BEFORE)) + data.draw(generated(rule))
    for match in plain.find(text):
        matched = text[match.start : match.end]
        assert rule.min_length <= len(matched) <= rule.max_length - 2
        assert set(matched) <= set(rule.alphabet)
        assert re.match(r"[A-Za-z]{20}|[A-Za-z]{0,19}[^A-Za-z ,'\"?!;\n\t]", matched)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@SETTINGS
@given(data=st.data(), step=st.integers(1, 7))
def test_a_stream_finds_what_a_scan_of_the_whole_finds(rule: Rule, data: st.DataObject, step: int) -> None:
    found = Scanner([with_any_number(rule)])
    drawn = st.sampled_from(BEFORE), generated(rule), st.sampled_from(AFTER)
    text = "".join(data.draw(part) for part in (*drawn, *drawn))
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    assert streamed(found, pieces) == (text, list(found.find(text)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@SETTINGS
@given(data=st.data(), window=st.integers(1, 40))
def test_windows_change_nothing_that_is_found(rule: Rule, data: st.DataObject, window: int) -> None:
    found = Scanner([with_any_number(rule)])
    text = (data.draw(st.sampled_from(BEFORE)) + data.draw(generated(rule)) + " and ") * 6
    whole = found.find(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "_WINDOW", window)
        assert found.find(text) == whole


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_doubling_a_hostile_text_at_most_doubles_the_time(rule: Rule) -> None:
    find = Scanner([rule]).find
    for unit in HOSTILE:
        half = unit * (4_000 // len(unit))
        assert any((dear := cost_s(find, half + half)) < 0.001 or dear < 2.5 * cost_s(find, half) for _ in range(4)), (
            unit
        )


def test_the_words_before_a_number_are_within_reach() -> None:
    longest = "x" * 24 + " number" * 2 + " " * 3
    assert re.search(r"\{0,2\}.*\{1,3\}", context("x"))
    assert 1 + len(longest) <= CONTEXT_REACH
