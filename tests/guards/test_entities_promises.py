"""Every rule for personal data keeps what it promises: alone, in streams, in windows, and on hostile texts.

This file may take half a minute: it draws strings from each of the patterns.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard.guards.entities.catalogue import CATALOGUE
from genai_guard.guards.entities.naming import NEAR, WIDE, named_by
from genai_guard.guards.entities.phones import national_rules
from genai_guard.text import Rule, Scanner, ScanStream, scanner
from text.texts import _closing, _without_lookaround, generated, spans, streamed, without_promises

RULES = (*(rule for entity in CATALOGUE.values() for rule in entity.rules), *national_rules(["DE"]))
BEFORE = ["", " ", "x", "7", "-", "x.", "é", "請", "order no. ", "+1 ", "The cat, "]
AFTER = ["", " ", "x", "7", "-", ".", ".5", "-x", "@", "é", "İ", "\u212a", "\u0661", "\ud800", ", The cat", "\n"]
UNITS = [
    "1", "1 ", "12 345 ", "11-", "1.", "756.", "imei ", "imei number is ", "passport ", "dob 1.1.", "12345678901 ", "123456-1234567 ",
    "A", "AB12", "AB12 ", "ABCDEF12", "a://b:c@d.", "@", "a+", "A1 ", "1 A", "12 Main ", "12 Main Street, ", "Calle Mayor ",
    "Via ", "Ost-", "Weg 1 ", "Hauptstraße ", "born May 3, ", "phone 0", "phone (0", "lat 5.12345, ", "52.1234, ", "1° ", "00:1A:",
    "0x12", "bc1q", "1A1z", "account number 1 ", "DE1", "X1-", "iban DE89 ", "P.O. Box 1, A", "12 rue de la Paix, ", "12 rue d'", "aadhaar 1 ",
]  # fmt: skip
ALL = Scanner(RULES)


def unchecked(rule: Rule) -> Rule:
    """The same rule without its check digits, which hardly any string made from its pattern has.

    Where the form is checked by the validator, so much of it stays as the gate relies on.
    """
    if rule.id == "pii.ipv6":
        return replace(rule, validator=lambda text: len(text) > 2 and ("::" in text or text.count(":") > 6))
    return replace(
        rule, validator=partial(is_long, digits=DIGITS_ASKED_FOR.get(rule.category, 0), size=rule.min_length)
    )


DIGITS_ASKED_FOR = {
    "VAT_NUMBER": 5,
    "PASSPORT": 1,
    "DRIVING_LICENCE": 1,
    "LICENCE_PLATE": 1,
    "CRYPTO_ADDRESS": 1,
    "VIN": 1,
}


def is_long(matched: str, *, digits: int, size: int) -> bool:
    return len(matched) >= size and re.search(rf"[0-9]{{{digits}}}", matched) is not None


def context_of(rule: Rule) -> st.SearchStrategy[str]:
    """What has to stand before a match: a word for it, or nothing."""
    at = rule.pattern.find("(?<=")
    if at < 0:
        return st.just("")
    inside = rule.pattern[at + 4 : _closing(rule.pattern, at)]
    return st.from_regex(re.compile(_without_lookaround(inside).replace("(?i:", "(?:"), re.ASCII), fullmatch=True)


@st.composite
def texts_with(draw: st.DrawFn, rule: Rule) -> str:
    before, after = draw(st.sampled_from(BEFORE)), draw(st.sampled_from(AFTER))
    context = draw(context_of(rule)) if draw(st.integers(0, 4)) else ""
    return before + context + draw(generated(rule)) + after


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@settings(max_examples=3, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_promises_streams_and_windows_change_nothing_that_is_found(rule: Rule, data: st.DataObject) -> None:
    rule = unchecked(rule)
    text = data.draw(texts_with(rule)) + data.draw(st.sampled_from(["", " ", "\n"])) + data.draw(texts_with(rule))
    matches = Scanner([rule]).find(text)
    assert spans(Scanner(without_promises([rule]), engine="core").find(text)) == spans(matches)
    step = data.draw(st.integers(1, 7))
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    assert streamed(Scanner([rule]), pieces) == (text, list(matches))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "_WINDOW", data.draw(st.integers(1, 40)))
        assert Scanner([rule]).find(text) == matches
    for match in matches:
        assert_as_promised(rule, text[match.start : match.end])


def assert_as_promised(rule: Rule, matched: str) -> None:
    assert rule.min_length <= len(matched) <= rule.max_length - 2
    assert not rule.alphabet or set(matched) <= set(rule.alphabet)
    assert rule.prose or re.match(r"[^\W\d_]{20}|[^\W\d_]{0,19}[!-~](?<![A-Za-z,'\"?!;])", matched)
    assert not rule.starts or re.match(r"\w+", matched, re.ASCII)[0].lower() in rule.starts  # type: ignore[index]


@pytest.mark.parametrize("unit", UNITS)
def test_doubling_a_hostile_text_at_most_doubles_the_time(unit: str) -> None:
    half = unit * (3_000 // len(unit))
    assert not grows_faster(ALL.find, half.__mul__)


@pytest.mark.parametrize("unit", UNITS)
def test_doubling_a_hostile_stream_at_most_doubles_the_time(unit: str) -> None:
    def stream(text: str) -> None:
        scan = ScanStream(ALL)
        for start in range(0, len(text), 40):
            scan.feed(text[start : start + 40])
        scan.finish()

    half = unit * (600 // len(unit))
    assert not grows_faster(stream, half.__mul__)


@pytest.mark.parametrize("gap", [NEAR, WIDE])
def test_the_words_before_a_number_are_within_reach(gap: object) -> None:
    naming = named_by(["date of birth", "passport"], gap)  # type: ignore[arg-type]
    longest = "x" + "date of birth" + "_number" + ":" + " " * 99
    found = [size for size in range(len(longest)) if regex.fullmatch(naming.pattern, longest[1:size])]
    assert max(found) == naming.reach


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("passport: ", "passport"),
        ("PASSPORT_NUMBER=", "passport_number"),
        ("passportNo ", "passportno"),
        ("Date of Birth: ", "birth"),
        ("date_of_birth: ", "date_of_birth"),
        ("dateOfBirth: ", "dateofbirth"),
        ("date-of-birth: ", "birth"),
    ],
)
def test_a_word_is_found_in_the_ways_that_names_are_written(text: str, word: str) -> None:
    naming = named_by(["date of birth", "passport"])
    assert regex.fullmatch(naming.pattern, text)
    assert word in naming.words


def test_words_that_promise_nothing_do_not_hide_those_that_do() -> None:
    with pytest.raises(ValueError, match="two rules"):
        named_by(["afm", "αφμ"])
