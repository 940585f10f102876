"""`Language`: texts in languages that may pass, and in others."""

from __future__ import annotations

import pickle
import re
import sys

import pytest

from doubling import grows_faster
from genai_guard import ConfigurationError
from genai_guard.guards import Guard, Language
from genai_guard.guards.language import _detector
from genai_guard.verdicts import Action, Verdict
from guards.language_texts import CONFUSED, NO_LANGUAGE, TEXTS

ENGLISH_OR_GERMAN = ("en", "de")
OTHERS = [(code, text) for code, text in TEXTS if code not in ENGLISH_OR_GERMAN]


def told(text: str) -> str:
    shares = _detector()(text)
    return max(shares, key=shares.__getitem__)


@pytest.mark.parametrize(("code", "text"), OTHERS)
def test_another_language_is_found(code: str, text: str) -> None:
    verdict = Language(ENGLISH_OR_GERMAN).check(text)
    assert verdict.blocked
    assert [(finding.category, finding.detail) for finding in verdict.findings] == [("LANGUAGE", code)]


@pytest.mark.parametrize(("code", "text"), TEXTS)
def test_a_text_in_an_allowed_language_passes(code: str, text: str) -> None:
    assert Language([code]).check(text) == Verdict(Action.ALLOW, text, (), "language")


@pytest.mark.parametrize("text", [text for code, text in TEXTS if code in ENGLISH_OR_GERMAN])
def test_each_of_several_languages_passes(text: str) -> None:
    assert Language(ENGLISH_OR_GERMAN).check(text).action is Action.ALLOW


@pytest.mark.parametrize("text", NO_LANGUAGE)
def test_what_is_short_or_no_prose_is_not_judged(text: str) -> None:
    assert Language(["sw"]).check(text).action is Action.ALLOW


@pytest.mark.parametrize(("code", "text"), CONFUSED)
def test_what_is_known_to_be_confused(code: str, text: str) -> None:
    assert told(text) != code


def test_fewer_letters_are_judged_if_that_is_asked_for() -> None:
    assert Language(["de"]).check("Thank you very much").action is Action.ALLOW
    assert Language(["de"], min_chars=10).check("Thank you very much").blocked
    assert Language(["de"], min_chars=10, threshold=1).check("Thank you very much").action is Action.ALLOW


def test_a_paragraph_in_another_language_is_found_within_a_long_text() -> None:
    english = " ".join(text for code, text in TEXTS if code == "en") + "\n"
    spanish = " ".join(text for code, text in TEXTS if code == "es") + "\n"
    text = english * 6 + spanish * 8 + english * 6
    found = Language(["en"]).check(text).findings
    assert found
    assert {finding.detail for finding in found} == {"es"}
    assert all(finding.start >= len(english) * 5 and finding.end <= len(text) - len(english) * 4 for finding in found)


def test_code_and_addresses_do_not_count() -> None:
    text = (
        "Bitte sehen Sie sich diese Funktion einmal genauer an.\n```\nfor each in the_list_of_words: print(each)\n```"
    )
    assert Language(["de"]).check(text).action is Action.ALLOW


def test_it_flags_if_it_is_told_to() -> None:
    text = OTHERS[0][1]
    assert Language(["en"], action="flag").check(text).action is Action.FLAG
    assert not Language(["en"], mode="shadow").check(text).blocked


def test_it_always_answers_alike() -> None:
    guard = Language(["en"])
    assert len({guard.check(text) for _, text in OTHERS for _ in range(3)}) == len(OTHERS)


def test_no_detail_quotes_the_text() -> None:
    assert "Zug" not in repr(Language(["en"]).check("Wann fährt der nächste Zug nach Leipzig, bitte?"))


@pytest.mark.parametrize(
    ("allow", "parameters", "problem"),
    [
        ([], {}, "takes a list of codes such as 'en' and 'de'"),
        (5, {}, "takes a list of codes"),
        (["english"], {}, "Language(allow=...): 'english' is not one of"),
        (["en"], {"min_chars": 0}, "Language(min_chars=0) must be a whole number of at least 1"),
        (["en"], {"threshold": 0.2}, "Language(threshold=0.2) must be a number from 0.5 to 1"),
        (["en"], {"threshold": True}, "Language(threshold=True)"),
        (["en"], {"check_every_chars": 0}, "Language(check_every_chars=0)"),
        (["en"], {"action": "redact"}, "must be one of 'block', 'flag'"),
    ],
)
def test_what_cannot_work_is_refused_when_built(allow: object, parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        Language(allow, **parameters)  # type: ignore[arg-type]


def test_a_missing_detector_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    _detector.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match=r"pip install 'genai_guard\[language\]'"):
            Language(["en"])
    finally:
        _detector.cache_clear()


def test_it_is_a_value() -> None:
    guard = Language(["en"])
    assert guard == pickle.loads(pickle.dumps(guard)) == Language("EN") != Language(["de"])
    assert hash(guard) == hash(Language(("en",)))
    assert isinstance(guard, Guard)


@pytest.mark.parametrize(
    "unit", ["a", "a ", "word ", "好", "```", "`", "<", "/", "a@", "a_", "http://", "1", "\n", "é"]
)
def test_telling_the_language_is_linear(unit: str) -> None:
    half = unit * (6_000 // len(unit))
    assert not grows_faster(Language(["en"]).check, half.__mul__)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800" * 40, "\u0301" * 90])
def test_unusual_texts_are_judged_without_an_error(text: str) -> None:
    assert Language(["en"]).check(text).text == text
