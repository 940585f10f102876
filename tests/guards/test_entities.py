"""What each kind of personal data looks like, and what only looks like it."""

from __future__ import annotations

import pytest

from genai_guard.guards import PII
from genai_guard.guards.entities import ENTITIES
from genai_guard.guards.entities.catalogue import CATALOGUE
from genai_guard.guards.entities.checks import is_luhn

GUARD = PII(action="flag")

POSITIVES: dict[str, dict[str, str]] = {
    "EMAIL": {
        "write to bob@example.com.": "bob@example.com",
        "BOB.SMITH+tag@Mail.Example.CO.UK wrote": "BOB.SMITH+tag@Mail.Example.CO.UK",
        "<a_b-c%d@sub-domain.example.org>": "a_b-c%d@sub-domain.example.org",
        "Contact.........bob@example.com": "bob@example.com",
        "mailto:x@y.io?subject=hi": "x@y.io",
        "(bob@example.com-thanks)": "bob@example.com",
        "https://user:pass@host.example.com/": "pass@host.example.com",
        "émail@example.com": "émail@example.com",
        "“bob@example.com”": "bob@example.com",
        "bob@example.com,ann@example.org": "bob@example.com",
        "id=7;mail=q.1@xn--bcher-kva.example;": "q.1@xn--bcher-kva.example",
        "a\u00a0bob@example.com\u00a0b": "bob@example.com",
    },
    "PHONE": {
        "call +1 415-555-0132 today": "+1 415-555-0132",
        "call +14155550132": "+14155550132",
        "+44 20 7946 0958": "+44 20 7946 0958",
        "+44 (0)20 7946 0958": "+44 (0)20 7946 0958",
        "tel. +49 30/901820": "+49 30/901820",
        "+33 1 23 45 67 89.": "+33 1 23 45 67 89",
        "+420 601 123 456": "+420 601 123 456",
        "+91 98765 43210": "+91 98765 43210",
        "(415) 555-0132": "(415) 555-0132",
        "(415)555-0132": "(415)555-0132",
        "415.555.0132": "415.555.0132",
        "1-800-555-0199": "1-800-555-0199",
        "Phone: 212 555 0187, ask": "212 555 0187",
        "+46 8-123 456 78": "+46 8-123 456 78",
    },
    "PAYMENT_CARD": {
        "4111 1111 1111 1111 12/27": "4111 1111 1111 1111",
        "4111111111111111": "4111111111111111",
        "4111-1111-1111-1111": "4111-1111-1111-1111",
        "5500 0000 0000 0004 123": "5500 0000 0000 0004",
        "3782 822463 10005": "3782 822463 10005",
        "4222222222222,": "4222222222222",
        "378282246310005": "378282246310005",
        "3056 930902 5904": "3056 930902 5904",
        "6011111111111117": "6011111111111117",
        "card=3530111333300000;": "3530111333300000",
        "2223000048400011": "2223000048400011",
        "x,4111111111111111,123": "4111111111111111",
        "(6200000000000005)": "6200000000000005",
    },
    "IBAN": {
        "GB82 WEST 1234 5698 7654 32": "GB82 WEST 1234 5698 7654 32",
        "GB82WEST12345698765432": "GB82WEST12345698765432",
        "GB82 WEST 1234 5698 7654 32 is my account": "GB82 WEST 1234 5698 7654 32",
        "de89 3704 0044 0532 0130 00": "de89 3704 0044 0532 0130 00",
        "IBAN:FR1420041010050500013M02606.": "FR1420041010050500013M02606",
        "NO93 8601 1117 947": "NO93 8601 1117 947",
        "MT84MALT011000012345MTLCAST001S": "MT84MALT011000012345MTLCAST001S",
        "CH9300762011623852957": "CH9300762011623852957",
        "NL91ABNA0417164300,": "NL91ABNA0417164300",
        "ES91 2100 0418 4502 0005 1332": "ES91 2100 0418 4502 0005 1332",
    },
    "US_SSN": {
        "ssn 078-05-1120 end": "078-05-1120",
        "219-09-9999": "219-09-9999",
        "SSN:457-55-5462,": "457-55-5462",
        "(899-99-9999)": "899-99-9999",
        "665-12-3456.": "665-12-3456",
        "001-01-0001": "001-01-0001",
        "a\t123-45-6789\n": "123-45-6789",
        "“123-45-6789”": "123-45-6789",
    },
    "IP_ADDRESS": {
        "host 192.168.10.254 up": "192.168.10.254",
        "server 10.0.0.1:8080": "10.0.0.1",
        "from 8.8.8.8.": "8.8.8.8",
        "ip=203.0.113.7;": "203.0.113.7",
        "http://198.51.100.23/x": "198.51.100.23",
        "10.0.0.1/8": "10.0.0.1",
        "2001:db8:85a3:0:0:8a2e:370:7334": "2001:db8:85a3:0:0:8a2e:370:7334",
        "2001:db8::8a2e:370:7334,": "2001:db8::8a2e:370:7334",
        "fe80::1%eth0": "fe80::1",
        "fe80::1: timeout": "fe80::1",
        "[2A00:1450:4001:81B::200E]:443": "2A00:1450:4001:81B::200E",
        "64:ff9b::192.0.2.33": "64:ff9b::192.0.2.33",
        "fd12:3456:789a:1::/64": "fd12:3456:789a:1::",
    },
}

NEGATIVES: dict[str, list[str]] = {
    "EMAIL": [
        "icon@2x.png", "photo@3x.JPG", "git@github.com:org/repo.git", "@bob", "bob@localhost",
        "lodash@4.17.21", "a@b", "bob@", "@example.com", "x@-example.com", "x@example-.com", "bob@@example.com", "5 @ 3.50",
        "user@10.0.0.1", "#@!%", "price @ store.", "@Override public", "@pytest.fixture", "foo@bar@", "me@x.y",
        "scope @angular/core", "2@3.4", "name@.com", "meet @ noon.ok then",
    ],
    "PHONE": [
        "2026-11-21 10:30:00", "order 123-456-7890", "ISBN 978-3-16-148410-0", "555-0132", "1.234.567.890,00", "+5 points",
        "+1 22 33", "C++ 11 14 17 20", "x + 100 200 300", "call 911-555-0132", "215-411-0132x", "192.168.100.200", "12345678",
        "415-555-013", "415-555-01322", "SKU 415-555-0132-77", "2-415-555-0132", "0x4155550132", "3.14159265358979",
        "tracking 9400110200881234567890", "100-200-3000", "415_555_0132", "v415.555.0132", "017-555-0132", "+0 415 555 0132",
        "+999999999999", "6/15/2026 415", "score +12, -7", "UTC+01:00", "a+4915112345678",
    ],
    "PAYMENT_CARD": [
        "4111111111111112", "order 1234567890123456", "1700000000000", "1763719200123456", "0000000000000000", "4111 1111 1111",
        "4111 1111 11111111", "41 11 11 11 11 11 11 11", "0.4111111111111111", "4111111111111111.50", "id4111111111111111",
        "4111111111111111a", "9999999999999995", "978-0-306-40615-7", "9400110200881234567890", "1234-4111-1111-1111-1111",
        "411111111111111111112", "2025 2026 2027 2028", "4111  1111  1111  1111", "3400 0000 0000 000", "7000000000000003",
        "8a2e0370733441111111111111111", "555-4111-1111", "4111 1111-1111 1111", "UID 62000000", "2019122404150000",
        "4111.1111.1111.1111",
    ],
    "IBAN": [
        "GB82 WEST 1234 5698 7654 33", "GB82 WEST 1234 5698 7654", "XX82 WEST 1234 5698 7654 32", "sha256 of the file",
        "SN12 3456 7890 1234", "AB12 CD34 EF56", "de89 3704 0044 0532 0130 01", "int64 uint32 float16", "H2O CO2 NaCl",
        "xGB82WEST12345698765432", "GB82WEST12345698765432x", "flight BA2490 to JFK", "us-east-1a us-west-2b",
        "GB82  WEST  1234  5698  7654  32", "commit 4f2a9c1e8b7d6f5a4c3b2a1908f7e6d5c4b3a291", "utf16 utf32 latin1",
        "IT60 the numbers are in the report of March", "no12 or no34", "BE68 5390 0754 703", "PO12 3456 7890 1234 5678",
        "de1234567890123456789012",
    ],
    "US_SSN": [
        "000-12-3456", "666-12-3456", "900-12-3456", "999-99-9999", "123-00-4567", "123-45-0000", "123-456-789", "12-345-6789",
        "1123-45-6789", "123-45-67890", "x123-45-6789", "123-45-6789-0", "1-123-45-6789", "123456789", "123 45 6789",
        "2026-11-2101", "ISBN 0-306-40615-2", "123-45-6789abc", "123.45.6789", "part 123-4-56789",
    ],
    "IP_ADDRESS": [
        "version 1.2.3.4", "v1.2.3.4", "Version: 10.0.19045.1", "release 2.0.0.1", "build=1.2.3.4", "section 4.1.2.3", "§ 4.1.2.3",
        "Chrome/96.0.46.64", "pkg==1.2.3.4", ">=1.2.3.4", "256.1.1.1", "1.2.3", "1.2.3.4.5", "1.3.6.1.4.1.311", "127.0.0.1",
        "0.0.0.0:8000", "255.255.255.0", "01.02.03.04x", "lib-1.2.3.4.tar.gz", "x1.2.3.4", "std::vector<int>", "A::B()",
        "x[1::2]", "a[::2]", "::", "::1", "10:30:45", "00:1A:2B:3C:4D:5E", "dead::beef", "face::book", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "2001:db8::1::2", "12:30::45:", "fe80:", "$1,234.56.78", "ratio 1:2:3",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("entity", "text", "found"),
    [(entity, text, found) for entity, cases in POSITIVES.items() for text, found in cases.items()],
)
def test_an_entity_is_found_where_it_stands(entity: str, text: str, found: str) -> None:
    findings = PII([entity], action="flag").check(text).findings
    assert findings[0].of(text) == found
    assert {finding.category for finding in findings} == {entity}


@pytest.mark.parametrize(("entity", "text"), [(entity, text) for entity, texts in NEGATIVES.items() for text in texts])
def test_what_only_looks_like_an_entity_is_left_alone(entity: str, text: str) -> None:
    assert [finding.of(text) for finding in PII([entity], action="flag").check(text).findings] == []


ORDINARY = [
    "Your order #4471-2093 of 21.11.2026 ships on Monday; the total is EUR 1,234.56 (incl. 19 % VAT).",
    "Meeting at 10:30-11:15, room 4.2.17, dial 7 for the desk. Dates: 2026-11-21, 11/21/26.",
    "2026-11-21T10:30:45.123456Z INFO [worker-17] GET /api/v1/orders/79190?page=2&size=50 200 12ms",
    "commit 4f2a9c1e8b7d6f5a4c3b2a1908f7e6d5c4b3a291 (HEAD -> main, tag: v2.14.0)",
    "550e8400-e29b-41d4-a716-446655440000 and 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "for (int i = 0; i < 1000000000; ++i) { sum += a[i] * 3.14159265358979; }",
    "ISBN 978-3-16-148410-0, ISSN 2049-3630, DOI 10.1000/182, arXiv:2107.03374v2",
    "Mix 250 g flour, 2 eggs, 1/2 tsp salt; bake 35-40 min at 180 °C (gas 4).",
    '{"id": "msg_00017", "ts": 1763719200, "usage": {"input": 1024, "output": 256}, "ok": true}',
    "Weights 52.520008, 13.404954; altitude 34 m; 12 345 678 inhabitants; ratio 16:9.",
    "pip install torch==2.5.1+cu124 'numpy>=1.26,<3' ruff~=0.11.2",
    "rgb(255, 128, 0) #ff8000 U+1F600 &#128512; \\x1b[31m 0xDEADBEEF 0b1010",
    "Windows 10.0.19045, Chrome/131.0.6778.86, Python 3.11.7 (main, Dec  4 2023)",
    "The 2024 2025 and 2026 figures are 1 204 332, 1 310 004 and 1 402 915.",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_has_no_findings(text: str) -> None:
    assert [(finding.rule, finding.of(text)) for finding in GUARD.check(text).findings] == []


def test_every_entity_has_twice_as_many_negatives_as_positives() -> None:
    assert set(POSITIVES) == set(NEGATIVES) <= set(ENTITIES)
    ordinary = len(ORDINARY)
    assert all(len(NEGATIVES[name]) + ordinary >= 2 * len(cases) for name, cases in POSITIVES.items())


@pytest.mark.parametrize(
    ("digits", "valid"),
    [("79927398713", True), ("79927398710", False), ("0", True), ("18", True), ("4111111111111111", True)],
)
def test_the_luhn_check(digits: str, valid: bool) -> None:
    assert is_luhn(digits) == valid


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_rules_of_an_entity_are_of_its_category(name: str) -> None:
    assert {rule.category for rule in CATALOGUE[name].rules} == {name}


def test_no_two_rules_have_one_name() -> None:
    names = [rule.id for entity in CATALOGUE.values() for rule in entity.rules]
    assert len(names) == len(set(names))
