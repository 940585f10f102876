"""Stand-ins for numbers that are checked or dialled: of ranges that nobody is ever given.

Sources: NANPA (555-0100 to 555-0199), Ofcom, ARCEP, Bundesnetzagentur, ACMA, ComReg and PTS on numbers for fiction;
RFC 5737, RFC 3849, RFC 2544 and RFC 7042 on addresses for documentation; SSA on areas that are not assigned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from genai_guard.guards.pseudonyms.draw import Draw
from genai_guard.guards.pseudonyms.shapes import alike, letters_and_digits

__all__ = ["card", "iban", "ip_address", "mac_address", "phone", "us_ssn"]

_AREAS: Final = (
    "201", "202", "203", "206", "207", "208", "212", "213", "214", "215", "216", "217", "301", "303", "304", "305",
    "307", "308", "312", "313", "314", "315", "316", "317", "318", "319", "401", "402", "404", "405", "406", "407",
    "408", "410", "412", "413", "414", "415", "416", "501", "502", "503", "504", "505", "507", "508", "509", "512",
    "513", "514", "515", "601", "602", "603", "604", "605", "606", "608", "612", "613", "614", "615", "616", "701",
    "702", "703", "704", "706", "712", "713", "714", "716", "717", "718", "801", "802", "803", "804", "805", "806",
    "808", "812", "813", "814", "815", "816", "901", "902", "903", "904", "906", "907", "908", "912", "913", "914",
    "915", "916", "918", "919",
)  # fmt: skip
_FICTION: Final[Mapping[str, tuple[tuple[str, ...], int]]] = {
    "33": (("19900", "26191", "35301", "46571", "53649", "63998"), 9),
    "353": (("2091",), 9),
    "44": (
        ("1134960", "1144960", "1154960", "1164960", "1174960", "1184960", "1214960", "1314960", "1414960", "1514960",
         "1614960", "1632960", "1914980", "2079460", "7700900"),
        10,
    ),
    "46": (("3139006", "4062804", "8465004", "9803192"), 9),
    "49": (("2214710", "3023125", "4066969", "6990009", "8999998"), 10),
    "61": (("25550", "27010", "35550", "37010", "75550", "77010", "85550", "87010"), 9),
}  # fmt: skip
"""Beginnings of the national numbers that are set aside for fiction, by country, and how long those numbers are."""

_is_north_american: Final = re.compile(r"(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}").fullmatch

_ZERO_FIRST: Final = frozenset({"225", "241", "242", "378", "379", "39"})
"""Countries where national numbers begin with 0; in no other country does one, after the code of the country."""

_TWO_DIGITS: Final = frozenset({
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
    "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
    "86", "90", "91", "92", "93", "94", "95", "98",
})  # fmt: skip


def phone(draw: Draw, value: str) -> str:
    """Return the digits of a number for fiction in the same country; where none is set aside, of no number at all."""
    digits = letters_and_digits(value.replace("(0)", ""))
    if not value.lstrip(" (").startswith("+"):
        national = _north_american(draw)
        is_plain = _is_north_american(value) is not None
        return f"1{national}"[-len(digits) :] if is_plain else _written("1", national)
    code = digits[:1] if digits[0] in "17" else digits[:2] if digits[:2] in _TWO_DIGITS else digits[:3]
    length = len(digits) - len(code)
    if code in _ZERO_FIRST:
        code = "1"
    national = _national(draw, code, length)
    fits = len(code) + len(national) == len(digits) and "(0)" not in value
    return f"{code}{national}" if fits else _written(code, national)


def _national(draw: Draw, code: str, length: int) -> str:
    if code == "1":
        return _north_american(draw)
    if code not in _FICTION:
        return f"0{draw.digits(max(length, 6) - 1)}"
    beginnings, length = _FICTION[code]
    beginning = draw.one_of(beginnings)
    return beginning + draw.digits(length - len(beginning))


def _written(code: str, national: str) -> str:
    last = 4 if code == "1" else 3
    return f"+{code} {national[: -3 - last]} {national[-3 - last : -last]} {national[-last:]}"


def _north_american(draw: Draw) -> str:
    return f"{draw.one_of(_AREAS)}55501{draw.digits(2)}"


_TEST_CARDS: Final = (
    ("34", "378282"), ("37", "378282"), ("30", "305693"), ("36", "361480"), ("38", "385200"), ("35", "353011"),
    ("6", "601111"), ("5", "555555"), ("2", "222300"),
)  # fmt: skip
"""Beginnings of the numbers that issuers give out for tests, by the beginning of what they stand in for."""


def card(draw: Draw, value: str) -> str:
    """Return a number of an issuer's test range, as long as the original, whose check digit (Luhn) is right."""
    digits = letters_and_digits(value)
    issuer = next((test for beginning, test in _TEST_CARDS if digits.startswith(beginning)), "400000")
    body = issuer + draw.digits(max(len(digits), 12) - len(issuer) - 1)
    doubled = [int(char) * (2 - at % 2) for at, char in enumerate(reversed(body))]
    return f"{body}{-sum(number // 10 + number % 10 for number in doubled) % 10}"


def iban(draw: Draw, value: str) -> str:
    """Return an account at a bank of the same country that does not exist; its check digits are right."""
    chars = letters_and_digits(value).upper()
    country, account = chars[:2], chars[4:]
    bank = "".join("Z" if char.isalpha() else "9" if country == "BE" else "0" for char in account[:4])
    rest = bank + alike(draw, account[4:])
    check = 98 - int("".join(str(int(char, 36)) for char in f"{rest}{country}00")) % 97
    return f"{country}{check:02}{rest}"


def us_ssn(draw: Draw, value: str) -> str:  # noqa: ARG001  they all have one form
    """Return a number of an area from 900 on with a group that tax numbers do not have either."""
    return f"9{draw.digits(2)}{10 + draw.below(40)}{1000 + draw.below(9000)}"


_NETWORKS: Final = ("192.0.2", "198.51.100", "203.0.113")


def ip_address(draw: Draw, value: str) -> str:
    """Return an address that is kept for documentation; when that is taken, one for tests of devices."""
    if ":" in value:
        # Four digits at the end too: a lone `1` would be read as the country code of a phone number behind it.
        *groups, end = (f"{0x1000 + draw.below(0xE000):x}" for _ in range(5))
        return f"2001:db8:{':'.join(groups)}::{end}"
    last = 100 + draw.below(156)
    if not draw.turn:
        return f"{draw.one_of(_NETWORKS)}.{last}"
    return f"198.{18 + draw.below(2)}.{draw.below(256)}.{last}"


def mac_address(draw: Draw, value: str) -> str:
    """Return an address that is kept for documentation; when that is taken, a local one, because there are 256 only."""
    if len(letters_and_digits(value)) != 12:
        return alike(draw, value)
    if not draw.turn:
        return f"00005E0053{draw.below(256):02X}"
    return f"02{draw.below(1 << 40):010X}"
