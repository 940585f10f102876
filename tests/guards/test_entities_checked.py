"""Numbers with check digits: made by the rules of who gives them, told from numbers that only look like them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from genai_guard.guards import PII
from genai_guard.guards.entities.catalogue import CATALOGUE, ENTITIES
from genai_guard.guards.entities.checks import is_ean, is_mod_11_10, is_verhoeff

SEEDS = range(12)


def digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def date(random: Random) -> tuple[str, str, str]:
    return f"{random.randint(0, 99):02}", f"{random.randint(1, 12):02}", f"{random.randint(1, 28):02}"


def sum_of(number: str, weights: list[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True))


def with_luhn(number: str) -> str:
    doubled = [int(digit) * 2 if place % 2 == 0 else int(digit) for place, digit in enumerate(number[::-1])]
    return number + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def at_svnr(random: Random) -> str:
    while True:
        year, month, day = date(random)
        serial, born = str(random.randint(100, 999)), day + month + year
        check = sum_of(serial + born, [3, 7, 9, 5, 8, 4, 2, 1, 6]) % 11
        if check < 10:
            return serial + str(check) + random.choice(["", " "]) + born


def be_national(random: Random) -> str:
    year, month, day = date(random)
    serial = f"{random.randint(1, 997):03}"
    check = f"{97 - int(random.choice(['', '2']) + year + month + day + serial) % 97:02}"
    return random.choice([f"{year}.{month}.{day}-{serial}.{check}", year + month + day + serial + check])


def ch_ahv(random: Random) -> str:
    number = "756" + digits(random, 9)
    number += str(-sum_of(number, [1, 3] * 6) % 10)
    return random.choice([number, f"{number[:3]}.{number[3:7]}.{number[7:11]}.{number[11:]}"])


def de_tax_id(random: Random) -> str:
    while True:
        ten = random.sample("0123456789", 9)
        ten.insert(random.randint(0, 9), random.choice(ten))
        product = 10
        for digit in ten:
            product = ((int(digit) + product) % 10 or 10) * 2 % 11
        if ten[0] != "0":
            number = "".join(ten) + str((11 - product) % 10)
            return random.choice([number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"])


def dk_cpr(random: Random) -> str:
    year, month, day = date(random)
    return day + month + year + random.choice(["-", ""]) + digits(random, 4)


def fr_insee(random: Random) -> str:
    year, month, _ = date(random)
    parts = [random.choice("12"), year, month, *(f"{random.randint(1, 95):0{size}}" for size in (2, 3, 3))]
    parts.append(f"{97 - int(''.join(parts)) % 97:02}")
    return random.choice(["", " "]).join(parts)


def it_codice_fiscale(random: Random) -> str:
    year, _, day = date(random)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    code = "".join(random.choices(letters, k=6)) + year + random.choice("ABCDEHLMPRST")
    code += f"{int(day) + random.choice([0, 40]):02}" + random.choice(letters) + digits(random, 3)
    order = "BAKPLCQDREVOSFTGUHMINJWZYX"
    values = [letters[int(char)] if char.isdigit() else char for char in code]
    odd, even = sum(map(order.index, values[::2])), sum(map(letters.index, values[1::2]))
    return code + letters[(odd + even) % 26]


def no_fodselsnummer(random: Random) -> str:
    while True:
        year, month, day = date(random)
        number = day + month + year + digits(random, 3)
        first = -sum_of(number, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11
        second = -sum_of(number + str(first % 10), [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
        if first < 10 and second < 10:
            return number[:6] + random.choice(["", " "]) + number[6:] + str(first) + str(second)


def pl_pesel(random: Random) -> str:
    year, month, day = date(random)
    number = year + f"{int(month) + random.choice([0, 20, 80]):02}" + day + digits(random, 4)
    return number + str(-sum_of(number, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)


def se_personnummer(random: Random) -> str:
    number = with_luhn("".join(date(random)) + digits(random, 3))
    return number[:6] + random.choice(["", "-"]) + number[6:]


def uk_nhs(random: Random) -> str:
    while True:
        number = digits(random, 9)
        check = -sum_of(number, list(range(10, 1, -1))) % 11
        if check < 10:
            parts = [number[:3], number[3:6], number[6:] + str(check)]
            return random.choice(["", " ", "-"]).join(parts)


def uk_nino(random: Random) -> str:
    return random.choice(["AB", "JG", "PX", "WK", "CE"]) + digits(random, 6) + random.choice("ABCD")


def br(number: str, weights: list[int]) -> str:
    for size in (len(weights) - 1, len(weights)):
        rest = sum_of(number, weights[-size:]) % 11
        number += str(11 - rest if rest > 1 else 0)
    return number


def br_cpf(random: Random) -> str:
    n = br(digits(random, 9), [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    return f"{n[:3]}.{n[3:6]}.{n[6:9]}-{n[9:]}"


def br_cnpj(random: Random) -> str:
    n = br(digits(random, 8) + "0001", [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
    return f"{n[:2]}.{n[2:5]}.{n[5:8]}/{n[8:12]}-{n[12:]}"


def cn_resident_id(random: Random) -> str:
    year, month, day = date(random)
    number = "110105" + random.choice(["19", "20"]) + year + month + day + digits(random, 3)
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number))
    return number + "0123456789X"[(1 - total) % 11]


def in_aadhaar(random: Random) -> str:
    number = random.choice("23456789") + digits(random, 10)
    number += next(check for check in "0123456789" if is_verhoeff(number + check))
    return random.choice(["", " ", "-"]).join([number[:4], number[4:8], number[8:]])


def kr_rrn(random: Random) -> str:
    number = "".join(date(random)) + random.choice("1234") + digits(random, 5)
    check = (11 - sum_of(number, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10
    return f"{number[:6]}-{number[6:]}{check}"


def mx_curp(random: Random) -> str:
    curp = "GARC" + "".join(date(random)) + random.choice("HM") + "DFRRN" + random.choice("0A")
    values = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    return curp + str(-sum(values.index(char) * (18 - place) for place, char in enumerate(curp)) % 10)


def za_id(random: Random) -> str:
    return with_luhn("".join(date(random)) + digits(random, 4) + random.choice("01") + "8")


def imei(random: Random) -> str:
    return with_luhn("35" + digits(random, 12))


MADE: dict[str, tuple[Callable[[Random], str], str, float]] = {
    "AT_SVNR": (at_svnr, "", 1.0),
    "BE_NATIONAL": (be_national, "", 0.97),
    "BR_CNPJ": (br_cnpj, "", 0.97),
    "BR_CPF": (br_cpf, "", 0.97),
    "CH_AHV": (ch_ahv, "", 1.0),
    "CN_RESIDENT_ID": (cn_resident_id, "", 1.0),
    "DE_TAX_ID": (de_tax_id, "", 1.0),
    "DK_CPR": (dk_cpr, "CPR: ", 0.0),
    "FR_INSEE": (fr_insee, "", 1.0),
    "IMEI": (imei, "imei=", 1.0),
    "IN_AADHAAR": (in_aadhaar, "Aadhaar number is ", 1.0),
    "IT_CODICE_FISCALE": (it_codice_fiscale, "", 1.0),
    "KR_RRN": (kr_rrn, "", 0.95),
    "MX_CURP": (mx_curp, "", 0.75),
    "NO_FODSELSNUMMER": (no_fodselsnummer, "", 1.0),
    "PL_PESEL": (pl_pesel, "", 1.0),
    "SE_PERSONNUMMER": (se_personnummer, "", 1.0),
    "UK_NHS": (uk_nhs, "NHS No. ", 1.0),
    "UK_NINO": (uk_nino, "", 0.0),
    "ZA_ID": (za_id, "", 1.0),
}
"""For each entity: what makes one, what has to stand before it, and the share of wrong digits that is refused."""

LOOK_ALIKES = [
    "Your order #4471-2093 of 21.11.2026 ships on Monday; the total is EUR 1,234.56 (incl. 19 % VAT).",
    "order 1234567890123456 and order-2026-11-21-000017",
    "2026-11-21T10:30:45.123456Z INFO [worker-17] GET /api/v1/orders/79190?page=2 200 12ms",
    "1763719200 1763719200123 1763719200123456 1700000000000",
    "ISBN 978-3-16-148410-0 and 9780306406157",
    "commit 4f2a9c1e8b7d6f5a4c3b2a1908f7e6d5c4b3a291",
    "550e8400-e29b-41d4-a716-446655440000",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "call +1 415-555-0132 or (415) 555-0132",
    "+44 20 7946 0958, +49 30/901820",
    "3.14159265358979323846 0.12345678901 1.000.000.000,00",
    "00000000000 000.000.000-00 000000000000000 0000000000",
    "11111111111 111.111.111-11 11.111.111/1111-11",
    "12345678901 1234567890 123456789012345 12345678901234567",
    "GB82 WEST 1234 5698 7654 32",
    "4111 1111 1111 1111",
    "tracking 9400110200881234567890 JD014600006281234567",
    "SKU ABCDEF12G34H567J, part GARC991399HDFRRNN0",
    "version 10.0.19045.1234 build 22631.4460.1000.12",
    "2024 2025 2026 2027 2028 2029",
    "EUR 12 345 678 901 and 1 204 332 and 1 310 004",
    "id-99123456789 x12345678901 1234567890_1",
    "NHS number: 1234567890, Aadhaar 1234 5678 9012",
    "imei: 490154203237519, cpr: 991399-1234, cpf 12345678900",
    "GB123456A, BG123456B, AB123456E, AB1234567, ZZ123456C",
]


def cases() -> list[tuple[str, int]]:
    return [(name, seed) for name in MADE for seed in SEEDS]


def found(name: str, text: str) -> list[str]:
    return [finding.of(text) for finding in PII([name], action="flag").check(text).findings]


@pytest.mark.parametrize(("name", "seed"), cases())
@pytest.mark.parametrize(("before", "after"), [("", ""), ("(", ")"), ("my id, ", ". Thanks")])
def test_what_is_given_by_the_rules_is_found(name: str, seed: int, before: str, after: str) -> None:
    make, words, _ = MADE[name]
    number = make(Random(seed))
    assert found(name, f"{before}{words}{number}{after}") == [number]


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_it_is_left_alone(name: str, text: str) -> None:
    assert found(name, text) == []


def test_there_are_twice_as_many_negatives_as_positives() -> None:
    assert len(LOOK_ALIKES) >= 2 * len(SEEDS)


@pytest.mark.parametrize("name", MADE)
def test_a_wrong_digit_is_refused_as_often_as_the_check_promises(name: str) -> None:
    make, words, share = MADE[name]
    refused = changed = 0
    for seed in SEEDS:
        number = make(Random(seed))
        for place, right in enumerate(number):
            for wrong in "0123456789" if right.isdigit() else "":
                if wrong != right:
                    changed += 1
                    refused += not found(name, words + number[:place] + wrong + number[place + 1 :])
    assert changed > 0
    assert refused / changed >= share


@pytest.mark.parametrize("name", [name for name, (_, words, _) in MADE.items() if words])
@pytest.mark.parametrize("seed", SEEDS)
def test_without_its_word_a_plain_number_is_left_alone(name: str, seed: int) -> None:
    number = MADE[name][0](Random(seed))
    assert found(name, f"order {number}, x{MADE[name][1]}{number}") == []


@pytest.mark.parametrize(("name", "seed"), cases())
def test_a_part_of_something_longer_is_left_alone(name: str, seed: int) -> None:
    make, words, _ = MADE[name]
    number = make(Random(seed))
    for text in (f"{words}{number}7", f"{words}{number}x", f"{words}{number}.5", f"{words}7-{number}", f"_{number}"):
        assert number not in found(name, text)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("AT_SVNR", "1237 010180"),
        ("BE_NATIONAL", "85.07.30-033.28"),
        ("BR_CNPJ", "16.727.230/0001-97"),
        ("BR_CPF", "390.533.447-05"),
        ("CH_AHV", "756.9217.0769.85"),
        ("CN_RESIDENT_ID", "11010519491231002X"),
        ("DE_TAX_ID", "86095742719"),
        ("IT_CODICE_FISCALE", "MRTMTT91D08F205J"),
        ("MX_CURP", "BOXW310820HNERXN09"),
        ("PL_PESEL", "44051401359"),
        ("SE_PERSONNUMMER", "811228-9874"),
        ("ZA_ID", "8001015009087"),
    ],
)
def test_published_specimens_are_found(name: str, number: str) -> None:
    assert found(name, f"no. {number}.") == [number]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("see postgres://bob:s3cret@db.example.com.", "postgres://bob:s3cret@db.example.com"),
        ("https://bob:p%40ss@example.com:8443/x", "https://bob:p%40ss@example.com"),
        ("redis://:secret@10.0.0.1:6379/0", "redis://:secret@10.0.0.1"),
        ("(mongodb+srv://u:p@c0.example.net/x)", "mongodb+srv://u:p@c0.example.net"),
        ("url=amqp://a.b:c-d@mq/vhost", "amqp://a.b:c-d@mq"),
    ],
)
def test_a_password_in_an_address_is_found_and_masked(text: str, url: str) -> None:
    scheme, host = url.partition("://")[0], url.rpartition("@")[2]
    assert found("URL_CREDENTIALS", text) == [url]
    assert PII("URL_CREDENTIALS", action="mask").check(text).text == text.replace(url, f"{scheme}://***:***@{host}")


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/a:b@c", "mailto:bob@example.com", "git@github.com:org/repo.git", "ssh://git@github.com/x",
        "https://example.com:443/@bob", "http://localhost:8080 and bob@example.com", "time 10:30 @ noon", "a://b:c@",
        "https://bob@example.com", "://bob:secret@host", "http:/bob:secret@host", "http://a b:c@d", "x@y://z",
    ],
)  # fmt: skip
def test_an_address_without_a_password_is_left_alone(text: str) -> None:
    assert found("URL_CREDENTIALS", text) == []


@pytest.mark.parametrize("check", [is_ean, is_mod_11_10, is_verhoeff])
@pytest.mark.parametrize("seed", SEEDS)
def test_of_ten_last_digits_one_is_right(check: Callable[[str], bool], seed: int) -> None:
    number = digits(Random(seed), 10)
    assert sum(check(number + last) for last in "0123456789") == 1


def test_the_verhoeff_check_sees_neighbours_that_changed_places() -> None:
    assert is_verhoeff("2363")
    assert not is_verhoeff("3263")
    assert not is_verhoeff("2633")


def test_unless_entities_are_named_only_those_of_the_default_are_looked_for() -> None:
    assert {rule.category for rule in PII().rules} == set(ENTITIES) < set(CATALOGUE)
