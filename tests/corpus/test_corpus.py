"""The corpus is what its page says: well-formed, large enough, made by its generator, and its values valid."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable
from hashlib import sha256

import pytest

from corpus import make_positives
from corpus.markup import HERE, Row, negatives, parse, positives, write
from corpus.values import secrets
from genai_guard.guards.credentials import CREDENTIALS
from genai_guard.guards.entities.catalogue import CATALOGUE

POSITIVES = positives()
NEGATIVES = negatives()
NOT_FOUND_YET = frozenset(
    [
        "AR_CUIT",
        "AU_TFN",
        "BANK_ACCOUNT",
        "BIC",
        "CA_SIN",
        "CL_RUT",
        "COORDINATES",
        "CRYPTO_ADDRESS",
        "CZ_RODNE",
        "DATE_OF_BIRTH",
        "DRIVING_LICENCE",
        "ES_DNI_NIE",
        "FI_HETU",
        "HK_ID",
        "IE_PPS",
        "IL_ID",
        "IN_PAN",
        "JP_MY_NUMBER",
        "LICENCE_PLATE",
        "MAC_ADDRESS",
        "MEDICAL_RECORD_NUMBER",
        "NL_BSN",
        "PASSPORT",
        "POSTAL_ADDRESS",
        "PT_NIF",
        "RO_CNP",
        "SG_NRIC",
        "TR_KIMLIK",
        "TW_ID",
        "UK_SORT_CODE",
        "US_ITIN",
        "US_MBI",
        "US_NPI",
        "US_ROUTING_NUMBER",
        "VAT_NUMBER",
        "VIN",
    ]
)
"""Kinds that are labelled although no guard looks for them."""
COMMON = frozenset(
    [
        "EMAIL",
        "PHONE",
        "PAYMENT_CARD",
        "IBAN",
        "BIC",
        "US_SSN",
        "US_ITIN",
        "IP_ADDRESS",
        "MAC_ADDRESS",
        "URL_CREDENTIALS",
        "CRYPTO_ADDRESS",
        "PASSPORT",
        "DRIVING_LICENCE",
        "DATE_OF_BIRTH",
        "POSTAL_ADDRESS",
        "VIN",
        "COORDINATES",
        "IMEI",
        "UK_NHS",
        "US_NPI",
        "US_MBI",
        "MEDICAL_RECORD_NUMBER",
        "VAT_NUMBER",
        "LICENCE_PLATE",
        "BANK_ACCOUNT",
        "US_ROUTING_NUMBER",
    ]
)
LEAST_POSITIVES = 1_600
LEAST_NEGATIVES = 3_000


def values(category: str) -> list[str]:
    return [
        row.text[label.start : label.end] for row in POSITIVES for label in row.labels if label.category == category
    ]


def rows_of() -> Counter[str]:
    return Counter(name for row in POSITIVES for name in {label.category for label in row.labels})


def test_markup_is_read_and_written() -> None:
    marked = 'if (a) { send("⟦EMAIL|bob@example.com⟧"); } // ⟦PHONE|+44 20 7946 0000⟧ {{x}}'
    text, labels = parse(marked)
    assert text == 'if (a) { send("bob@example.com"); } // +44 20 7946 0000 {{x}}'
    assert [text[label.start : label.end] for label in labels] == ["bob@example.com", "+44 20 7946 0000"]
    assert write(text, labels) == marked


@pytest.mark.parametrize("marked", ["⟦EMAIL bob⟧", "a⟧", "⟦email|bob⟧", "⟦EMAIL|⟦PHONE|1⟧⟧"])
def test_markup_that_is_broken_is_refused(marked: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        parse(marked)


def test_every_positive_has_a_label_and_no_two_are_alike() -> None:
    assert [row.id for row in POSITIVES if not row.labels] == []
    assert [row.id for row in POSITIVES if any("\n" in row.text[label.start] for label in row.labels)] == []
    assert len({row.text for row in POSITIVES}) == len(POSITIVES)


def test_ids_are_unique() -> None:
    counts = Counter(row.id for row in (*POSITIVES, *NEGATIVES))
    assert [row_id for row_id, count in counts.items() if count > 1] == []


def test_languages_are_given_by_their_codes_and_a_third_of_the_texts_is_not_english() -> None:
    assert [
        row.id for row in (*POSITIVES, *NEGATIVES) if not re.fullmatch("[a-z]{2,3}(-[A-Za-z]{2,4})*", row.lang)
    ] == []
    assert sum(row.lang != "en" for row in POSITIVES) >= len(POSITIVES) / 3


def test_every_label_has_a_name_that_a_guard_knows_or_that_is_listed() -> None:
    assert set(rows_of()) - set(CATALOGUE) - set(CREDENTIALS) - NOT_FOUND_YET == set()
    assert set(rows_of()) >= NOT_FOUND_YET


def test_there_are_as_many_positives_as_promised() -> None:
    assert len(POSITIVES) >= LEAST_POSITIVES
    counts = rows_of()
    assert {name: counts[name] for name in COMMON if counts[name] < 20} == {}
    assert {name: count for name, count in counts.items() if count < 7} == {}
    assert len(counts.keys() & CREDENTIALS.keys()) >= 25


def test_there_are_as_many_negatives_as_promised() -> None:
    if not NEGATIVES:
        pytest.skip("THE NEGATIVES ARE MISSING: no tests/corpus/negatives/*.jsonl, nothing is known of false alarms")
    assert len(NEGATIVES) >= LEAST_NEGATIVES
    assert [row.id for row in NEGATIVES if not row.text.strip() or "⟦" in row.text] == []


def test_no_template_is_used_more_often_than_six_times() -> None:
    assert len({template.text for template in make_positives.templates()}) >= 350
    assert make_positives.USES <= 6


def test_the_generator_makes_the_files_byte_for_byte() -> None:
    files = {path.stem: path.read_bytes() for path in (HERE / "positives").glob("*.jsonl")}
    assert {name: text.encode() for name, text in make_positives.made().items()} == files


def test_no_value_is_made_with_code_of_the_library() -> None:
    for path in (HERE / "make_positives.py", *(HERE / "values").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("genai_guard")], path


def test_sources_hold_no_key_as_it_would_be_used() -> None:
    source = (HERE / "values" / "secrets.py").read_text(encoding="utf-8")
    assert re.search(r"AKIA|ghp_|xoxb-|sk_live_|sk-ant-|glpat-|BEGIN [A-Z ]*PRIVATE KEY", source) is None
    assert len(secrets.TOKENS) >= 25


def digits(text: str) -> list[int]:
    return [int(char) for char in text if char.isdigit()]


def passes_luhn(text: str) -> bool:
    numbers = digits(text)[::-1]
    return sum(numbers[::2]) % 10 == -sum((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[number] for number in numbers[1::2]) % 10


def passes_97(text: str) -> bool:
    plain = "".join(char for char in text if char.isalnum())
    rest = 0
    for char in plain[4:] + plain[:4]:
        for digit in str(int(char, 36)):
            rest = (rest * 10 + int(digit)) % 97
    return rest == 1


def passes_11(text: str, *weights: int) -> bool:
    numbers = digits(text)
    return len(numbers) == len(weights) and sum(a * b for a, b in zip(numbers, weights, strict=True)) % 11 == 0


def passes_base58(text: str) -> bool:
    number = 0
    for char in text:
        number = number * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(char)
    data = number.to_bytes(25, "big")
    return sha256(sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


CHECKS: dict[str, Callable[[str], bool]] = {
    "PAYMENT_CARD": passes_luhn,
    "IMEI": passes_luhn,
    "CA_SIN": passes_luhn,
    "ZA_ID": passes_luhn,
    "IL_ID": passes_luhn,
    "US_NPI": lambda text: passes_luhn("80840" + text),
    "SE_PERSONNUMMER": lambda text: passes_luhn("".join(map(str, digits(text)[-10:]))),
    "IBAN": passes_97,
    "FR_INSEE": lambda text: int("".join(text.split())[:13]) % 97 == 97 - int(text[-2:]),
    "UK_NHS": lambda text: passes_11(text, *range(10, 0, -1)),
    "NL_BSN": lambda text: passes_11(text, 9, 8, 7, 6, 5, 4, 3, 2, -1),
    "AU_TFN": lambda text: passes_11(text, 1, 4, 3, 7, 5, 8, 6, 9, 10),
    "CZ_RODNE": lambda text: int(text.replace("/", "")) % 11 == 0,
    "US_ROUTING_NUMBER": lambda text: sum(a * b for a, b in zip(digits(text), (3, 7, 1) * 3, strict=True)) % 10 == 0,
    "PL_PESEL": lambda text: (
        sum(a * b for a, b in zip(digits(text), (1, 3, 7, 9) * 2 + (1, 3, 1), strict=True)) % 10 == 0
    ),
    "CRYPTO_ADDRESS": lambda text: text.startswith(("0x", "bc1")) or passes_base58(text),
}


@pytest.mark.parametrize("category", sorted(CHECKS))
def test_values_pass_a_check_that_is_written_another_way(category: str) -> None:
    found = values(category)
    assert found
    assert [value for value in found if not CHECKS[category](value)] == []


@pytest.mark.parametrize("category", sorted(CHECKS.keys() - {"CRYPTO_ADDRESS"}))
def test_these_checks_refuse_a_wrong_digit(category: str) -> None:
    value = values(category)[0]
    at = max(at for at, char in enumerate(value) if char.isdigit())
    assert not CHECKS[category](value[:at] + str((int(value[at]) + 1) % 10) + value[at + 1 :])


def test_rows_know_their_file() -> None:
    assert {row.source for row in POSITIVES} == {path.stem for path in (HERE / "positives").glob("*.jsonl")}
    assert isinstance(POSITIVES[0], Row)
