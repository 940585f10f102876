"""Numbers that European states give to their people."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import checked, context, is_day, is_ean, is_mod_11_10, weighted
from genai_guard.guards.entities.entity import LETTERS, digits_of
from genai_guard.guards.entities.finance import is_luhn

__all__ = ["ENTITIES"]


def _is_at_svnr(matched: str) -> bool:
    """Check the fourth digit; months 13 to 15 are given where the serials of a day ran out (ASVG, section 31)."""
    digits = digits_of(matched)
    day, month, year = int(digits[4:6]), int(digits[6:8]), int(digits[8:])
    is_date = 1 <= day <= 31 if 13 <= month <= 15 else is_day(year, month, day)
    return is_date and weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(digits[3])


def _is_be_national(matched: str) -> bool:
    """Check the remainder by 97, for whom was born from 2000 on with a 2 in front; 20 or 40 is added to some months."""
    digits = digits_of(matched)
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if month > 52 or not is_day(year, month % 20, day):
        return False
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))


def _is_ch_ahv(matched: str) -> bool:
    return is_ean(digits_of(matched))


def _is_de_tax_id(matched: str) -> bool:
    """Check the last digit, and that of the first ten exactly one comes twice or three times (section 139b AO)."""
    digits = digits_of(matched)
    counts = sorted(map(digits[:10].count, set(digits[:10])))
    in_a_row = any(digit * 3 in digits[:10] for digit in "0123456789")
    return counts[-1] in {2, 3} and counts[-2] == 1 and not in_a_row and is_mod_11_10(digits)


def _is_dk_cpr(matched: str) -> bool:
    """Check the date alone: since 2007 numbers are given that the old check digit refuses."""
    return is_day(int(matched[4:6]), int(matched[2:4]), int(matched[:2]))


def _is_fr_insee(matched: str) -> bool:
    """Check the key, and the month, which is from 20 on where it is not known."""
    digits = digits_of(matched)
    month = int(digits[3:5])
    return (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and 97 - int(digits[:13]) % 97 == int(digits[13:])


_IT_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_IT_DIGITS: Final = str.maketrans("LMNPQRSTUV", "0123456789")


def _is_it_codice_fiscale(matched: str) -> bool:
    """Check the last letter, and the day, to which 40 is added for women (D.M. 23/12/1976)."""
    code = matched.upper()
    values = [int(char) if char.isdigit() else ord(char) - 65 for char in code[:15]]
    total = sum(_IT_ODD[value] for value in values[::2]) + sum(values[1::2])
    day = int(code[9:11].translate(_IT_DIGITS)) % 40
    return 1 <= day <= 31 and chr(65 + total % 26) == code[15]


def _is_no_fodselsnummer(matched: str) -> bool:
    """Check both control digits, and the date: D-numbers add 40 to the day, help numbers 40 to the month."""
    digits = digits_of(matched)
    is_date = is_day(int(digits[4:6]), int(digits[2:4]) % 40, int(digits[:2]) % 40)
    first = weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1))
    return is_date and first % 11 == 0 and weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _is_pl_pesel(matched: str) -> bool:
    """Check the last digit, and the date: multiples of 20 added to the month tell the century."""
    is_date = is_day(int(matched[:2]), int(matched[2:4]) % 20, int(matched[4:6]))
    return is_date and weighted(matched, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _is_se_personnummer(matched: str) -> bool:
    """Check the last digit, and the date, to whose day coordination numbers add 60."""
    digits = digits_of(matched)[-10:]
    return is_day(int(digits[:2]), int(digits[2:4]), int(digits[4:6]) % 60) and is_luhn(digits)


def _is_uk_nhs(matched: str) -> bool:
    return weighted(digits_of(matched), range(10, 0, -1)) % 11 == 0


def _is_uk_nino(matched: str) -> bool:
    """Refuse prefixes that are never given (HMRC, NIM39110). There is no check digit."""
    return matched[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


_IT: Final = r"[A-Z]{6}\d\d[A-EHLMPR-T][0-7LMNP-T][0-9LMNP-V][A-Z][0-9LMNP-V]{3}[A-Z]"
_NINO: Final = r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{2}( ?)\d{2}\1\d{2}\1[A-D]"
_NHS: Final = context("nhs")
_CPR: Final = context("cpr", "cpr-nr", "cpr-nummer", "personnummer")

ENTITIES: Final = (
    checked("AT_SVNR", r"[1-9]\d{3} ?\d{6}", _is_at_svnr, gate="digits_10", lengths=(10, 11), others=" "),
    checked(
        "BE_NATIONAL",
        r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}|\d{6}[ -]?\d{3}[ -]?\d{2}",
        _is_be_national,
        gate="digits_10",
        lengths=(11, 15),
        others=" ",
    ),
    checked("CH_AHV", r"756(\.?)\d{4}\1\d{4}\1\d{2}", _is_ch_ahv, gate="digits_13", lengths=(13, 16)),
    checked(
        "DE_TAX_ID",
        r"[1-9]\d( ?)\d{3}\1\d{3}\1\d{3}",
        _is_de_tax_id,
        gate="digits_10",
        lengths=(11, 14),
        others=" ",
    ),
    checked("DK_CPR", rf"{_CPR}\d{{6}}-?\d{{4}}", _is_dk_cpr, gate="digits_10", lengths=(10, 11)),
    checked(
        "FR_INSEE",
        r"[12]( ?)\d{2}\1\d{2}\1\d{2}\1\d{3}\1\d{3} ?\d{2}",
        _is_fr_insee,
        gate="digits_13",
        lengths=(15, 21),
        others=" ",
    ),
    checked(
        "IT_CODICE_FISCALE",
        _IT,
        _is_it_codice_fiscale,
        gate="letters_2_digits_2",
        lengths=(16, 16),
        others=LETTERS,
        ignore_case=True,
    ),
    checked("NO_FODSELSNUMMER", r"\d{6} ?\d{5}", _is_no_fodselsnummer, gate="digits_10", lengths=(11, 12), others=" "),
    checked("PL_PESEL", r"\d{11}", _is_pl_pesel, gate="digits_10", lengths=(11, 11)),
    checked("SE_PERSONNUMMER", r"(?:19|20)?\d{6}-?\d{4}", _is_se_personnummer, gate="digits_10", lengths=(10, 13)),
    checked(
        "UK_NHS", rf"{_NHS}\d{{3}}([ -]?)\d{{3}}\1\d{{4}}", _is_uk_nhs, gate="digits_10", lengths=(10, 12), others=" "
    ),
    checked("UK_NINO", _NINO, _is_uk_nino, gate="letters_2_digits_2", lengths=(9, 12), others=" " + LETTERS[26:]),
)
