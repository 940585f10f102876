"""Numbers that states outside Europe give to their people and companies."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import checked, context, is_day, is_verhoeff, weighted
from genai_guard.guards.entities.entity import LETTERS, digits_of
from genai_guard.guards.entities.finance import is_luhn

__all__ = ["ENTITIES"]


def _is_br(digits: str, weights: tuple[int, ...]) -> bool:
    """Check the last two digits; `weights` are those of the second, and without the first one those of the first."""
    size = len(digits)
    first = weighted(digits[: size - 2], weights[1:]) * 10 % 11 % 10
    second = weighted(digits[: size - 1], weights) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[-2:] == f"{first}{second}"


def _is_br_cpf(matched: str) -> bool:
    return _is_br(digits_of(matched), (11, 10, 9, 8, 7, 6, 5, 4, 3, 2))


def _is_br_cnpj(matched: str) -> bool:
    return _is_br(digits_of(matched), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))


_CN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _is_cn_resident_id(matched: str) -> bool:
    """Check the last character and the date (GB 11643-1999, ISO/IEC 7064 MOD 11-2)."""
    is_date = is_day(int(matched[6:10]), int(matched[10:12]), int(matched[12:14]))
    return is_date and "10X98765432"[weighted(matched, _CN_WEIGHTS) % 11] == matched[17].upper()


def _is_in_aadhaar(matched: str) -> bool:
    return is_verhoeff(digits_of(matched))


def _is_kr_rrn(matched: str) -> bool:
    """Check the last digit, which numbers given since October 2020 no longer have, and the date."""
    digits = digits_of(matched)
    base = 13 if digits[6] in "5678" else 11
    is_date = is_day(int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    return is_date and (base - weighted(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == int(digits[12])


_MX_VALUES: Final = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ")}
_MX_STATES: Final = frozenset(
    (
        "AS",
        "BC",
        "BS",
        "CC",
        "CL",
        "CM",
        "CS",
        "CH",
        "DF",
        "DG",
        "GT",
        "GR",
        "HG",
        "JC",
        "MC",
        "MN",
        "MS",
        "NT",
        "NL",
        "OC",
        "PL",
        "QT",
        "QR",
        "SP",
        "SL",
        "SR",
        "TC",
        "TS",
        "TL",
        "VZ",
        "YN",
        "ZS",
        "NE",
    )
)


def _is_mx_curp(matched: str) -> bool:
    """Check the last digit, the date and the state (RENAPO, Instructivo normativo para la asignación de la CURP)."""
    curp = matched.upper()
    is_date = is_day(int(curp[4:6]), int(curp[6:8]), int(curp[8:10]))
    total = sum(_MX_VALUES[char] * (18 - place) for place, char in enumerate(curp[:17]))
    return is_date and curp[11:13] in _MX_STATES and (total + int(curp[17])) % 10 == 0


def _is_za_id(matched: str) -> bool:
    digits = digits_of(matched)
    return is_day(int(digits[:2]), int(digits[2:4]), int(digits[4:6])) and is_luhn(digits)


_CPF: Final = context("cpf")
_CNPJ: Final = context("cnpj")
_AADHAAR: Final = context("aadhaar", "aadhar", "uidai", "uid")

ENTITIES: Final = (
    checked(
        "BR_CNPJ",
        rf"\d{{2}}\.\d{{3}}\.\d{{3}}/\d{{4}}-\d{{2}}|{_CNPJ}\d{{14}}",
        _is_br_cnpj,
        gate="digits_13",
        lengths=(14, 18),
        others="/",
    ),
    checked(
        "BR_CPF",
        rf"\d{{3}}\.\d{{3}}\.\d{{3}}-\d{{2}}|{_CPF}\d{{11}}",
        _is_br_cpf,
        gate="digits_10",
        lengths=(11, 14),
    ),
    checked(
        "CN_RESIDENT_ID",
        r"[1-8]\d{5}(?:18|19|20)\d{9}[\dXx]",
        _is_cn_resident_id,
        gate="digits_13",
        lengths=(18, 18),
        others="Xx",
    ),
    checked(
        "IN_AADHAAR",
        rf"{_AADHAAR}[2-9]\d{{3}}([ -]?)\d{{4}}\1\d{{4}}",
        _is_in_aadhaar,
        gate="digits_10",
        lengths=(12, 14),
        others=" ",
    ),
    checked("KR_RRN", r"\d{6}-[1-8]\d{6}", _is_kr_rrn, gate="digits_13", lengths=(14, 14)),
    checked(
        "MX_CURP",
        r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z0-9]\d",
        _is_mx_curp,
        gate="letters_2_digits_2",
        lengths=(18, 18),
        others=LETTERS,
        ignore_case=True,
    ),
    checked("ZA_ID", r"\d{6} ?\d{4} ?[0-2][89]\d", _is_za_id, gate="digits_13", lengths=(13, 15), others=" "),
)
