"""What is found without being named: by a check, or by the words before it; and what ordinary texts hold instead."""

from __future__ import annotations

import pytest

from genai_guard.guards import PII
from genai_guard.guards.entities.catalogue import CATALOGUE, ENTITIES

GUARD = PII(action="flag")
FOUND = [
    ("PASSPORT", "My passport no. is C01X00T47, valid until 2031.", "C01X00T47"),
    ("PASSPORT", '{"passport_number": "533380006"}', "533380006"),
    ("PASSPORT", "Reisepass: C01X00T47", "C01X00T47"),
    ("PASSPORT", "Pasaporte AAB123456", "AAB123456"),
    ("DRIVING_LICENCE", "Driver's license: D1234567", "D1234567"),
    ("DRIVING_LICENCE", "Führerschein B072RRE2I55", "B072RRE2I55"),
    ("DRIVING_LICENCE", "licence MORGA657054SM9IJ", "MORGA657054SM9IJ"),
    ("LICENCE_PLATE", "Kennzeichen M-AB 1234", "M-AB 1234"),
    ("LICENCE_PLATE", "license plate: 7ABC123", "7ABC123"),
    ("LICENCE_PLATE", "immatriculation AA-123-BB", "AA-123-BB"),
    ("VIN", "VIN 1M8GDM9AXKP042788.", "1M8GDM9AXKP042788"),
    ("DATE_OF_BIRTH", "born on March 3, 1980 in Kent", "March 3, 1980"),
    ("DATE_OF_BIRTH", "DOB: 03/05/1980", "03/05/1980"),
    ("DATE_OF_BIRTH", '"dateOfBirth": "1980-05-03"', "1980-05-03"),
    ("DATE_OF_BIRTH", "geboren am 3. März 1980", "3. März 1980"),
    ("DATE_OF_BIRTH", "née le 3 août 1980", "3 août 1980"),
    ("DATE_OF_BIRTH", "fecha de nacimiento: 3 de mayo de 1980", "3 de mayo de 1980"),
    ("DATE_OF_BIRTH", "data di nascita 03.05.1980", "03.05.1980"),
    ("POSTAL_ADDRESS", "Ship to 221B Baker Street, London NW1 6XE please", "221B Baker Street, London NW1 6XE"),
    (
        "POSTAL_ADDRESS",
        "at 1600 Pennsylvania Ave NW, Washington, DC 20500.",
        "1600 Pennsylvania Ave NW, Washington, DC 20500",
    ),
    ("POSTAL_ADDRESS", "12 rue de la Paix, 75002 Paris", "12 rue de la Paix, 75002 Paris"),
    ("POSTAL_ADDRESS", "vive en Calle Mayor 12, 28013 Madrid", "Calle Mayor 12, 28013 Madrid"),
    ("POSTAL_ADDRESS", "in Via Roma 5, 00184 Roma", "Via Roma 5, 00184 Roma"),
    ("POSTAL_ADDRESS", "write to P.O. Box 1234", "P.O. Box 1234"),
    ("COORDINATES", "GPS: 52.520008, 13.404954", "52.520008, 13.404954"),
    ("COORDINATES", "40°26'46\"N 79°58'56\"W", "40°26'46\"N 79°58'56\"W"),
    ("MAC_ADDRESS", "eth0 00:1A:2B:3C:4D:5E up", "00:1A:2B:3C:4D:5E"),
    ("PHONE", "Tel.: 030 901820", "030 901820"),
    ("PHONE", "mobile 07700 900123", "07700 900123"),
    ("BANK_ACCOUNT", "account number: 12345678", "12345678"),
    ("BANK_ACCOUNT", "Kontonummer 0532013000", "0532013000"),
    ("UK_SORT_CODE", "sort code 12-34-56", "12-34-56"),
    ("US_ROUTING_NUMBER", "routing number 021000021", "021000021"),
    ("CRYPTO_ADDRESS", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("CRYPTO_ADDRESS", "to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    (
        "CRYPTO_ADDRESS",
        "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
        "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
    ),
    ("CRYPTO_ADDRESS", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    (
        "CRYPTO_ADDRESS",
        "eth wallet 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
    ),
    ("US_NPI", "NPI 1234567893", "1234567893"),
    ("US_DEA", "DEA number AB1234563", "AB1234563"),
    ("US_MBI", "1EG4-TE5-MK73", "1EG4-TE5-MK73"),
    ("MEDICAL_RECORD_NUMBER", "MRN: 00123456", "00123456"),
    ("US_SSN", "social security number 078051120", "078051120"),
    ("US_EIN", "EIN 12-3456789", "12-3456789"),
    ("CA_SIN", "SIN: 130 692 544", "130 692 544"),
    ("AU_TFN", "TFN 123 456 782", "123 456 782"),
    ("SG_NRIC", "S1234567D", "S1234567D"),
    ("HK_ID", "A123456(3)", "A123456(3)"),
    ("TW_ID", "national id A123456789", "A123456789"),
    ("ES_DNI_NIE", "DNI 12345678Z", "12345678Z"),
    ("ES_DNI_NIE", "X1234567L", "X1234567L"),
    ("JP_MY_NUMBER", "マイナンバー: 123456789018", "123456789018"),
    ("GR_AFM", "ΑΦΜ 094259216", "094259216"),
    ("RU_SNILS", "СНИЛС 112-233-445 95", "112-233-445 95"),
    ("DE_SOCIAL_SECURITY", "15070649C103", "15070649C103"),
    ("VAT_NUMBER", "USt-IdNr. DE136695976", "DE136695976"),
    ("PL_PESEL", "PESEL 44051401359", "44051401359"),
    ("NL_BSN", "BSN: 111222333", "111222333"),
    ("MX_RFC", "RFC GODE561231GR8", "GODE561231GR8"),
    ("LU_MATRICULE", "1893120105732", "1893120105732"),
    ("AU_MEDICARE", "Medicare 2123 45670 1", "2123 45670 1"),
    ("IN_PAN", "PAN: ABCPE1234F", "ABCPE1234F"),
]
NAMED_ONLY = [
    ("URL_CREDENTIALS", "pg://bob:secret@db.example", "pg://bob:secret@db.example"),
    ("BIC", "BIC: DEUTDEFF500", "DEUTDEFF500"),
    ("POSTAL_ADDRESS", "Lindenstraße 12, 10115 Berlin. Danke", "Lindenstraße 12, 10115 Berlin"),
    ("POSTAL_ADDRESS", "Prinsengracht 263, 1016 GV Amsterdam", "Prinsengracht 263, 1016 GV Amsterdam"),
    ("LICENCE_PLATE", "license plate ABC 1234", "ABC 1234"),
    ("COORDINATES", "52.520008, 13.404954", "52.520008, 13.404954"),
    ("PL_PESEL", "44051401359", "44051401359"),
]
ORDINARY = [
    "Invoice 2026-004417, order no. 1002937465, customer 88213: total EUR 1,204.50, due 30.11.2026.",
    "Tracking 1Z999AA10123456784 and 9400110200881234567890; parcel JD014600006281234567.",
    "ISBN 978-3-16-148410-0, ISBN 0-306-40615-2, ISSN 2049-3630, EAN 4006381333931",
    "v1.2.3.4 of 2026-11-21T10:30:45.123456Z, build 20261121.4, request 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "0xdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef is no wallet, 0x0000000000000000000000000000000000000000 neither",
    "const ids = [1000000001, 1000000002, 4294967295, 9007199254740991]; // 2**53 - 1",
    "SELECT * FROM t WHERE id IN (10023, 10024) AND ts > 1763719200000 LIMIT 500;",
    "for i in range(0x1000, 0x2000, 16): buf[i:i + 16] = b'\\x00' * 16",
    "Bake 12 muffins for 25 min at 180 °C, 350 °F; 2 1/2 cups of flour, 3 eggs, 100 g of sugar.",
    "The court held in 12 F.3d 345 (9th Cir. 1993), see 42 U.S.C. § 1983 and Art. 6(1)(f) GDPR.",
    "Patient took 500 mg b.i.d. for 10 days, BP 120/80, HR 72, BMI 24.6, HbA1c 6.5 %, eGFR 89.",
    "Chapter 3 Place and Time; 10 Best Ways to Drive; 5 Easy Pieces; 2 Fast 2 Furious; 12 Angry Men",
    "Fingerprint 12:f8:7e:78:61:b4:bf:e2:de:24:15:96:4e:d4:72:53, serial 04:00:00:00:00:01:15:4b:5a:c3:94",
    "We sold 1 234 567 890 units in 2025, 12 % more than the 1 100 000 000 of 2024 (p. 45-46).",
    "Born to run: the 1975 album. She was born in 1980. Version born 2 days ago.",
    "My passport expires in 2031 and the account was opened in 2019; the routing takes 5 minutes.",
    "Matrix [[0.1234, 0.5678], [0.9101, 0.1121]], loss 0.00012345, lr 3e-4, step 120000",
    "npm ERR! 404 at /home/u/.npm/_logs/2026-11-21T10_30_45_123Z-debug-0.log:1422:17",
    "Flight LH 454 leaves FRA 10:15, seat 24A, gate B42, booking ref X7KQ2M, ticket 220-2401234567",
    "SKU AB12CD34EF56GH78J, part no. 12345678-01, lot 20260101A, batch B1234567, model KD-55X80K",
    "Rev 4 Road map: 3 Lane detection, 2 Drive modes, 1 TB Drive, 16 GB Drive, Google Drive",
    "Die Rechnung Nr. 20261121 über 1.234,56 € vom 21.11.2026, Kundennummer 1029384756.",
    "La facture n° 2026-1121 de 1 234,56 € du 21/11/2026, commande 4500123456.",
    '{"id": 1029384756, "parent_id": null, "phone_verified": true, "created": 1763719200, "account": {"tier": 2}}',
    'UUID 6ba7b810-9dad-11d1-80b4-00c04fd430c8; etag W/"5e15153d-120f"; sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    "Rank 1/10; score 99.5; odds 3:1; 16:9; 1080p60; 4K@120; USB 3.2 Gen 2x2; RFC 9110; ISO 8601-1:2019",
    "M 10.5 20.25 L 30.1234 40.5678 C 1.0001,2.0002 3.0003,4.0004 5,6 Z",
]


@pytest.mark.parametrize(("entity", "text", "value"), FOUND)
def test_it_is_found_unless_entities_are_named(entity: str, text: str, value: str) -> None:
    findings = [(finding.category, finding.of(text)) for finding in GUARD.check(text).findings]
    assert (entity, value) in findings


@pytest.mark.parametrize(("entity", "text", "value"), [*FOUND, *NAMED_ONLY])
def test_it_is_found_when_it_is_named(entity: str, text: str, value: str) -> None:
    assert value in [finding.of(text) for finding in PII([entity], action="flag").check(text).findings]


@pytest.mark.parametrize(("entity", "text", "value"), NAMED_ONLY)
def test_what_is_dear_or_doubtful_is_not_looked_for_unless_it_is_named(entity: str, text: str, value: str) -> None:
    assert entity not in {finding.category for finding in GUARD.check(text).findings}


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_has_no_findings(text: str) -> None:
    assert [(finding.rule, finding.of(text)) for finding in GUARD.check(text).findings] == []


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        ("CRYPTO_ADDRESS", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
        ("CRYPTO_ADDRESS", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
        ("CRYPTO_ADDRESS", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"),
        ("CRYPTO_ADDRESS", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
        ("US_NPI", "NPI 1234567890"),
        ("US_DEA", "DEA number AB1234567"),
        ("VIN", "1M8GDM9A1KP042788"),
        ("SG_NRIC", "S1234567A"),
        ("HK_ID", "A123456(4)"),
        ("TW_ID", "A123456788"),
        ("US_ROUTING_NUMBER", "routing number 021000022"),
        ("DATE_OF_BIRTH", "born on 31.02.1980"),
        ("MAC_ADDRESS", "ff:ff:ff:ff:ff:ff"),
        ("COORDINATES", "GPS: 152.520008, 213.404954"),
        ("DE_SOCIAL_SECURITY", "15070649C104"),
    ],
)
def test_a_wrong_check_is_refused(entity: str, text: str) -> None:
    assert PII([entity], action="flag").check(text).findings == ()


def test_there_are_enough_kinds_and_most_of_them_are_looked_for() -> None:
    assert len(CATALOGUE) >= 45
    assert len(ENTITIES) >= 45
    assert all(entity.how for entity in CATALOGUE.values())


def test_a_number_after_its_word_is_found_once() -> None:
    guard = PII(["DE_TAX_ID", "PL_PESEL"], action="flag", threshold=0)
    for text in ("Steuer-ID 86095742719", "86095742719", "PESEL: 44051401359", "44051401359"):
        assert len(guard.check(text).findings) == 1


def test_a_word_raises_the_score() -> None:
    guard = PII("PL_PESEL", action="flag")
    bare, named = (guard.check(text).findings[0].score for text in ("44051401359", "PESEL 44051401359"))
    assert bare < named


@pytest.mark.parametrize(
    "word", ["order no.", "invoice", "tracking number:", "Bestellung Nr.", "facture n°", "version="]
)
def test_after_a_word_for_something_else_a_plain_number_is_left_alone(word: str) -> None:
    assert (PII("PL_PESEL").check(f"{word} 44051401359").findings == ()) == (word != "facture n°")


@pytest.mark.parametrize(
    "text", ["born january. 0nd, 1948", "born 0 may 1990", "born 00.00.1990", "born may 5, 1900 may"]
)
def test_a_date_that_is_none_is_refused_and_breaks_nothing(text: str) -> None:
    assert not [each for each in PII(["DATE_OF_BIRTH"], action="flag").check(text).findings if "0" in each.of(text)[:6]]
