"""What the stand-ins of each kind of value look like: like one, and nobody's."""

from __future__ import annotations

import ipaddress
import re

import pytest

from genai_guard.guards import PII, Vault
from genai_guard.guards.entities.catalogue import CATALOGUE
from genai_guard.guards.entities.checks import is_luhn
from genai_guard.guards.pseudonyms.shapes import in_case
from genai_guard.text.rules import Rule

GUARD = PII(action="pseudonymize")
DOCUMENTATION = [
    ipaddress.ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32")
]


def some(value: str, count: int = 40) -> list[str]:
    """Return stand-ins of many vaults."""
    return [GUARD.check(value).text for _ in range(count)]


def of(category: str, value: str, **facts: object) -> list[str]:
    rule = Rule("test", category, "x", **facts)  # type: ignore[arg-type]
    return [Vault().stand_in(rule, value) for _ in range(40)]


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("+1 415-234-1234", r"\+1 \d{3}-555-01\d\d"),
        ("(415) 234-1234", r"\(\d{3}\) 555-01\d\d"),
        ("+44 20 7123 4567", r"\+44 \d\d \d{4} \d{4}"),
        ("+447911123456", r"\+44\d{10}"),
        ("+44 (0)20 7123 4567", r"\+44 \d{4} \d{3} \d{3}"),
        ("+33 6 12 34 56 78", r"\+33 \d( \d\d){4}"),
        ("+49 170 1234567", r"\+49 \d{3} \d{7}"),
        ("+49 30 123456", r"\+49 \d{4} \d{3} \d{3}"),
        ("+34 600 123 456", r"\+34 0\d\d \d{3} \d{3}"),
        ("+39 06 12345678", r"\+1 \d{3} 555 01\d\d"),
    ],
)
def test_phone_numbers_stay_in_their_country_and_belong_to_nobody(value: str, form: str) -> None:
    for number in some(value):
        assert re.fullmatch(form, number), number


@pytest.mark.parametrize("value", ["98765 43210", "01 23 45 67 89", "020 7123 4567", "9876543210"])
def test_a_number_of_no_known_country_gets_one_that_names_its_own(value: str) -> None:
    assert all(re.fullmatch(r"\+1 \d{3} 555 01\d\d", number) for number in of("PHONE", value))


def test_british_numbers_are_those_that_ofcom_keeps_for_drama() -> None:
    kept = r"44(113|114|115|116|117|118|121|131|141|151|161)4960\d{3}|441632960\d{3}|441914980\d{3}|442079460\d{3}|447700900\d{3}"
    assert all(re.fullmatch(kept, digits(number)) for number in some("+44 20 7123 4567"))


@pytest.mark.parametrize(
    ("value", "beginning"),
    [
        ("4111 1111 1111 1111", "400000"),
        ("5500 0000 0000 0004", "555555"),
        ("3400 000000 00009", "378282"),
        ("6011 0000 0000 0004", "601111"),
    ],
)
def test_cards_are_of_the_issuers_test_range_and_pass_luhn(value: str, beginning: str) -> None:
    for card in some(value):
        assert digits(card).startswith(beginning)
        assert is_luhn(digits(card))
        assert re.sub(r"\d", "0", card) == re.sub(r"\d", "0", value)


@pytest.mark.parametrize(
    "value", ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "FR1420041010050500013M02606"]
)
def test_accounts_pass_the_check_of_their_country_at_no_bank(value: str) -> None:
    for account in some(value):
        assert account[:2] == value[:2]
        assert re.sub(" ", "", account)[4:8] in {"0000", "ZZZZ"}
        assert [finding.category for finding in PII("IBAN").check(account).findings] == ["IBAN"]


def test_social_security_numbers_are_of_areas_and_groups_that_nobody_has() -> None:
    for number in some("078-05-1120"):
        assert re.fullmatch(r"9\d\d-[1-4]\d-[1-9]\d{3}", number)


@pytest.mark.parametrize("value", ["10.0.0.74", "8.8.8.8", "fe80::1234:5", "2a00:1450:4001:81b::200e"])
def test_ip_addresses_are_those_of_the_documentation(value: str) -> None:
    for each in some(value):
        address = ipaddress.ip_address(each)
        assert address.version == ipaddress.ip_address(value).version
        assert any(address in network for network in DOCUMENTATION if network.version == address.version)


def test_a_mac_address_is_written_like_the_original() -> None:
    assert all(
        re.fullmatch(r"(00:00:5e:00:53|02(:[0-9a-f]{2}){4}):[0-9a-f]{2}", m)
        for m in of("MAC_ADDRESS", "3c:22:fb:01:02:03")
    )


def test_people_places_and_companies_have_names() -> None:
    assert all(re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", name) for name in of("PERSON", "Bob"))
    assert all(re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", name) for name in of("LOCATION", "Paris"))
    assert all(re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", name) for name in of("ORGANIZATION", "ACME Corporation"))
    assert all(re.fullmatch(r"\d{4} [A-Z][a-z]+ Street, [A-Z][a-z]+", name) for name in of("ADDRESS", "1 Main Road"))


def test_a_date_stays_a_date() -> None:
    for date in of("DATE_OF_BIRTH", "07/11/1984"):
        day, month, year = map(int, date.split("/"))
        assert 1 <= day <= 12
        assert 1 <= month <= 12
        assert 1940 <= year <= 2004


def test_credentials_in_a_url_keep_the_scheme_alone() -> None:
    value = "postgres://app:hunter2@db.acme.com"
    assert all(
        re.fullmatch(r"postgres://[a-z]+\d{3}:\w{10}@host\d{3}\.example", u) for u in of("URL_CREDENTIALS", value)
    )


def test_other_values_keep_their_shape() -> None:
    assert all(re.fullmatch(r"[A-Z]{2}-\d{4}/[a-z]\d", each) for each in of("OTHER", "AB-1234/x9"))


def test_other_values_are_such_that_the_rule_refuses_them() -> None:
    def even(text: str) -> bool:
        return int(text) % 2 == 0

    assert not any(even(each) for each in of("OTHER", "12345678", validator=even))


def test_a_rule_that_cannot_judge_a_stand_in_is_not_asked_again() -> None:
    def broken(text: str) -> bool:
        raise ValueError(text)

    assert all(re.fullmatch(r"\d{8}", each) for each in of("OTHER", "12345678", validator=broken))


@pytest.mark.parametrize("value", ["A1", "é", "李", "...", "------"])
def test_a_short_value_or_one_without_letters_gets_a_stand_in_that_is_not_found_by_chance(value: str) -> None:
    assert all(re.fullmatch(r"Room number \d{7}", each) for each in of("ROOM_NUMBER", value))


def test_a_stand_in_is_the_same_in_json() -> None:
    (stand_in, *_) = of("OTHER", 'Ärger "12"\\n\u00a0\u20283456')
    assert stand_in.isascii()
    assert not set(stand_in) & {'"', "\\"}
    assert stand_in.isprintable()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entity_of_the_catalogue_gets_one(name: str) -> None:
    for rule in CATALOGUE[name].rules:
        vault = Vault()
        stand_in = vault.stand_in(rule, "AB 123-456 78901")
        assert stand_in != "AB 123-456 78901"
        assert vault.restore(stand_in) == "AB 123-456 78901"


def test_cases_are_counted() -> None:
    assert [in_case("a.b", number) for number in range(5)] == ["a.b", "A.b", "a.B", "A.B", "a.b"]
