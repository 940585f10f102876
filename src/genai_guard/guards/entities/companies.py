"""Numbers of taxpayers across borders: the VAT numbers of the European Union and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from genai_guard.guards.entities.checks import is_luhn, is_mod_11_10, numbered, weighted
from genai_guard.guards.entities.east import is_gr_afm
from genai_guard.guards.entities.entity import CODE
from genai_guard.guards.entities.europe import is_es_dni_nie, is_ie_pps, is_nl_bsn, is_pt_nif

__all__ = ["ENTITIES"]


def _is_at(number: str) -> bool:
    total = sum(value // 10 + value % 10 for value in map(int.__mul__, map(int, number[1:8]), (1, 2, 1, 2, 1, 2, 1)))
    return (96 - total) % 10 == int(number[8])


def _is_be(number: str) -> bool:
    return (int(number[:8]) + int(number[8:])) % 97 == 0


def _is_dk(number: str) -> bool:
    return weighted(number, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _is_es(number: str) -> bool:
    if number[0].isdigit() or number[0] in "XYZ":
        return is_es_dni_nie(number)
    if not number[1:8].isdigit():
        return False
    odd = sum(value // 10 + value % 10 for value in (2 * int(digit) for digit in number[1:8:2]))
    check = -(odd + sum(map(int, number[2:8:2]))) % 10
    return number[8] in {str(check), "JABCDEFGHI"[check]}


def _is_fi(number: str) -> bool:
    return weighted(number, (7, 9, 10, 5, 8, 4, 2, 1)) % 11 == 0


def _is_fr(number: str) -> bool:
    key = number[:2]
    return is_luhn(number[2:]) and (not key.isdigit() or (12 + 3 * (int(number[2:]) % 97)) % 97 == int(key))


def _is_gb(number: str) -> bool:
    rest = (weighted(number, range(8, 1, -1)) + int(number[7:9])) % 97
    return rest in {0, 42, 55}


def _is_hu(number: str) -> bool:
    return weighted(number, (9, 7, 3, 1, 9, 7, 3, 1)) % 10 == 0


def _is_ie(number: str) -> bool:
    return (
        is_ie_pps(number)
        if number[:7].isdigit()
        else number[1].isalpha() and is_ie_pps(f"0{number[2:7]}{number[0]}{number[7]}")
    )


def _is_lu(number: str) -> bool:
    return int(number[:6]) % 89 == int(number[6:])


def _is_nl(number: str) -> bool:
    if is_nl_bsn(number[:9]):
        return True
    return int("".join(str(int(char, 36)) for char in "NL" + number)) % 97 == 1


def _is_pl(number: str) -> bool:
    return weighted(number, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(number[9])


def _is_ro(number: str) -> bool:
    return weighted(number.rjust(10, "0"), (7, 5, 3, 2, 1, 7, 5, 3, 2)) * 10 % 11 % 10 == int(number[-1])


def _is_se(number: str) -> bool:
    return is_luhn(number[:10]) and number[10:] != "00"


def _is_si(number: str) -> bool:
    check = 11 - weighted(number, range(8, 1, -1)) % 11
    return check != 11 and check % 10 == int(number[7])


_FORMS: Final[Mapping[str, tuple[str, Callable[[str], bool]]]] = MappingProxyType(
    {
        "AT": (r"U\d{8}", _is_at),
        "BE": (r"[01]\d{9}", _is_be),
        "DE": (r"\d{9}", is_mod_11_10),
        "DK": (r"\d{8}", _is_dk),
        "EL": (r"\d{9}", is_gr_afm),
        "ES": (r"[0-9A-Z]\d{7}[0-9A-Z]", _is_es),
        "FI": (r"\d{8}", _is_fi),
        "FR": (r"[0-9A-HJ-NP-Z]{2}\d{9}", _is_fr),
        "GB": (r"\d{9}", _is_gb),
        "HR": (r"\d{11}", is_mod_11_10),
        "HU": (r"\d{8}", _is_hu),
        "IE": (r"\d[0-9A-Z]\d{5}[A-W][A-I]?", _is_ie),
        "IT": (r"\d{11}", is_luhn),
        "LU": (r"\d{8}", _is_lu),
        "NL": (r"\d{9}B\d{2}", _is_nl),
        "PL": (r"\d{10}", _is_pl),
        "PT": (r"\d{9}", is_pt_nif),
        "RO": (r"\d{5,10}", _is_ro),
        "SE": (r"\d{10}01", _is_se),
        "SI": (r"\d{8}", _is_si),
    }
)
"""What follows the code of a country, and its check (European Commission, VIES, structure of VAT numbers)."""

_COMPILED: Final = {country: re.compile(form) for country, (form, _) in _FORMS.items()}
_BARE: Final = "[A-Z]{2}[0-9A-Z]{7,12}"
_NAMED: Final = "[A-Z]{2}[0-9A-Z]{5,12}"
"""One class after another: to try the forms of all countries at every place takes thirty times as long."""


def _is_vat(matched: str) -> bool:
    country, number = matched[:2], matched[2:]
    form = _COMPILED.get(country)
    return form is not None and form.fullmatch(number) is not None and _FORMS[country][1](number)


ENTITIES: Final = (
    numbered(
        "VAT_NUMBER", _NAMED, _is_vat, how="form and check digits of 20 countries (VIES)", bare=0.8, bare_pattern=_BARE,
        words=("vat", "vat id", "ust-id", "ust-idnr", "ust-id-nr", "uid", "umsatzsteuer-id", "tva", "iva", "btw", "moms", "alv", "piva",
               "partita iva", "p.iva", "nif", "cif", "cui"),
        gate="digits_5", bare_gate="country_digits", lengths=(7, 14), alphabet=CODE, edge=r"(?<!\w)",
    ),
)  # fmt: skip
