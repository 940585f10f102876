"""What `PII` finds with its extra: phone numbers of a region, and numbers that python-stdnum checks."""

from __future__ import annotations

import importlib.util

import pytest

from genai_guard import ConfigurationError
from genai_guard.guards import PII
from genai_guard.guards.entities import checks
from genai_guard.guards.entities.borrowed import ENTITIES
from genai_guard.text import Scanner
from text.texts import streamed

REGIONAL = PII("PHONE", action="flag", phone_regions=["DE", "fr", "US"])
SPECIMENS = {
    "CU_NI": "91021527775", "EG_TN": "100-531-385", "FR_NIF": "3023217600053", "GT_NIT": "7108240-9",
    "IN_EPIC": "WKH1186253", "KE_PIN": "P051365947M", "PE_RUC": "20512333797", "PE_CUI": "10117410-2",
    "PK_CNIC": "34201-0891231-8", "PY_RUC": "80028061-0", "UY_RUT": "21-100342-001-7", "VE_RIF": "V-11470283-4",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ruf an: 030 901820!", "030 901820"),
        ("0171/1234567 oder so", "0171/1234567"),
        ("(030) 901820-0", "(030) 901820-0"),
        ("au 01 42 68 53 00.", "01 42 68 53 00"),
        ("(415) 555-2671 please", "(415) 555-2671"),
    ],
)
def test_a_number_is_found_as_people_of_the_region_write_it(text: str, number: str) -> None:
    assert number in [finding.of(text) for finding in REGIONAL.check(text).findings]


@pytest.mark.parametrize(
    "text",
    ["30 901820", "order 1234567890", "2026-11-21 10:30", "0.1234567", "000000000", "00 11 00 11", "1763719200"],
)
def test_what_is_no_number_of_a_region_is_left_alone(text: str) -> None:
    assert [finding.of(text) for finding in REGIONAL.check(text).findings] == []


@pytest.mark.parametrize("step", [1, 3, 8])
def test_numbers_of_a_region_stream_exactly(step: int) -> None:
    text = "x 030 901820 12 and 0171/1234567, (030) 901820-0 030 90 1820 5 7 9 und 01 42 68 53 00 75002"
    scanner = Scanner(REGIONAL.rules)
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    assert streamed(scanner, pieces) == (text, list(scanner.find(text)))


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_borrowed_check_finds_its_specimen(name: str) -> None:
    text = f"no {SPECIMENS[name]}."
    findings = PII([name], action="flag", threshold=0).check(text).findings
    assert [finding.of(text) for finding in findings] == [SPECIMENS[name]]


def test_no_borrowed_check_is_used_unless_it_is_named() -> None:
    names = {entity.name for entity in ENTITIES}
    assert not names & {rule.category for rule in PII().rules}
    assert not names & {rule.category for rule in PII("ALL").rules}
    assert {entity.extra for entity in ENTITIES} == {"stdnum"}


@pytest.mark.parametrize("parameters", [{"entities": ["PE_RUC"]}, {"phone_regions": ["DE"]}])
def test_without_the_extra_the_error_names_it(
    parameters: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = {"stdnum", "phonenumbers"}
    monkeypatch.setattr(checks, "find_spec", lambda name: None if name in missing else importlib.util.find_spec(name))
    with pytest.raises(ConfigurationError, match=r"pip install 'genai_guard\[pii\]'"):
        PII(**parameters)  # type: ignore[arg-type]
