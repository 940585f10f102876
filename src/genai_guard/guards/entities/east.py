# ruff: noqa: RUF001, RUF002  letters of other scripts are what some of these words are made of
"""Numbers that the states of central and eastern Europe give to their people."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import is_date, is_day, is_luhn, is_mod_11_10, numbered, weighted
from genai_guard.guards.entities.entity import digits_of

__all__ = ["ENTITIES", "is_gr_afm"]


def _is_bg_egn(matched: str) -> bool:
    """Check the last digit and the date: 20 or 40 added to the month tells the century (GRAO)."""
    year, month, day = int(matched[:2]), int(matched[2:4]), int(matched[4:6])
    is_born = month <= 52 and is_day(year, month % 20, day)
    return is_born and weighted(matched, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(matched[9])


def _is_cz_rodne(matched: str) -> bool:
    """Check the remainder by eleven and the date: 50, 20 or 70 is added to the month (Act 133/2000, section 13)."""
    digits = digits_of(matched)
    month = int(digits[2:4])
    plain = next((month - more for more in (70, 50, 20, 0) if 1 <= month - more <= 12), 0)
    if not is_day(int(digits[:2]), plain, int(digits[4:6])):
        return False
    return int(digits) % 11 == 0 or (digits[9] == "0" and int(digits[:9]) % 11 == 10)


def _is_baltic(matched: str) -> bool:
    """Check the last digit and the date (Estonian standard EVS 585; Lithuanian law VIII-1032)."""
    if not is_date(matched[1:7]):
        return False
    check = weighted(matched, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(matched, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return check == int(matched[10])


def is_gr_afm(matched: str) -> bool:
    """Check the last digit (AADE)."""
    digits = digits_of(matched)
    return int(digits) > 0 and weighted(digits, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10 == int(digits[8])


def _is_gr_amka(matched: str) -> bool:
    """Check the date and the Luhn digit (IDIKA)."""
    return is_day(int(matched[4:6]), int(matched[2:4]), int(matched[:2])) and is_luhn(matched)


def _is_hr_oib(matched: str) -> bool:
    return is_mod_11_10(matched)


def _is_hu_tax_id(matched: str) -> bool:
    """Check the last digit (Act CL of 2017, annex)."""
    return weighted(matched, range(1, 10)) % 11 == int(matched[9])


def _is_hu_taj(matched: str) -> bool:
    """Check the last digit (Act XX of 1996, annex)."""
    digits = digits_of(matched)
    return weighted(digits, (3, 7) * 4) % 10 == int(digits[8])


def _is_jmbg(matched: str) -> bool:
    """Check the last digit and the date (JMBG; in Slovenia EMŠO)."""
    check = -weighted(matched, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 % 10
    is_born = is_day(int(matched[5:7]), int(matched[2:4]), int(matched[:2]))
    return is_born and matched[4] in "09" and check == int(matched[12])


def _is_lv_code(matched: str) -> bool:
    """Check the last digit and the date of a number given before July 2017 (PMLP)."""
    digits = digits_of(matched)
    is_born = is_day(int(digits[4:6]), int(digits[2:4]), int(digits[:2]))
    return is_born and (1101 - weighted(digits, (1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11 % 10 == int(digits[10])


def _is_pl_nip(matched: str) -> bool:
    """Check the last digit (Act of 13 October 1995 on taxpayers)."""
    digits = digits_of(matched)
    return weighted(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(digits[9])


def _is_ro_cnp(matched: str) -> bool:
    """Check the last digit, the date and the county (Legea 105/1996)."""
    check = weighted(matched, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    is_county = 1 <= int(matched[7:9]) <= 52 or matched[7:9] == "70"
    return is_date(matched[1:7]) and is_county and (check if check < 10 else 1) == int(matched[12])


def _is_ru_snils(matched: str) -> bool:
    """Check the last two digits (Pension Fund of Russia)."""
    digits = digits_of(matched)
    return weighted(digits, range(9, 0, -1)) % 101 % 100 == int(digits[9:])


def _is_ru_inn(matched: str) -> bool:
    """Check the last two digits of a person's number (order of the tax service MMV-7-6/435)."""
    first = weighted(matched, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    second = weighted(matched, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    return matched[10:] == f"{first}{second}"


def _is_tr_kimlik(matched: str) -> bool:
    """Check the last two digits (Nüfus ve Vatandaşlık İşleri)."""
    odd, even = sum(map(int, matched[:9:2])), sum(map(int, matched[1:8:2]))
    return (7 * odd - even) % 10 == int(matched[9]) and sum(map(int, matched[:10])) % 10 == int(matched[10])


def _is_ua_rntrc(matched: str) -> bool:
    """Check the last digit (order of the Ministry of Finance 822)."""
    return weighted(matched, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10 == int(matched[9])


def _is_pl_pesel(matched: str) -> bool:
    """Check the last digit, and the date: multiples of 20 added to the month tell the century."""
    is_born = is_day(int(matched[:2]), int(matched[2:4]) % 20, int(matched[4:6]))
    return is_born and weighted(matched, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


ENTITIES: Final = (
    numbered(
        "BG_EGN", r"\d{10}", _is_bg_egn, how="check digit and date (GRAO)", bare=0.4, lengths=(10, 10), gate="digits_10",
        words=("egn", "егн", "ЕГН"),
    ),
    numbered(
        "CZ_RODNE", r"\d{6}/?\d{4}", _is_cz_rodne, how="remainder by eleven and date (Act 133/2000); of Slovakia as well",
        bare=0.6, bare_pattern=r"\d{6}/\d{4}", lengths=(10, 11), gate="digits_10",
        words=("rodné číslo", "rodne cislo", "rodného čísla", "birth number"),
    ),
    numbered(
        "EE_ISIKUKOOD", r"[1-8]\d{10}", _is_baltic, how="check digit and date (EVS 585)", bare=0.4, lengths=(11, 11),
        words=("isikukood", "personal code", "id code"), gate="digits_10",
    ),
    numbered(
        "GR_AFM", r"\d{9}", is_gr_afm, how="check digit (AADE)", bare=0.3, lengths=(9, 9), words=("afm", "αφμ", "ΑΦΜ"),
    ),
    numbered(
        "GR_AMKA", r"\d{11}", _is_gr_amka, how="Luhn digit and date (IDIKA)", bare=0.4, lengths=(11, 11),
        words=("amka", "αμκα", "ΑΜΚΑ"), gate="digits_10",
    ),
    numbered(
        "HR_OIB", r"\d{11}", _is_hr_oib, how="check digit (ISO/IEC 7064 MOD 11,10)", bare=0.4, lengths=(11, 11),
        words=("oib", "osobni identifikacijski broj"), gate="digits_10",
    ),
    numbered(
        "HU_TAJ", r"\d{3}[ -]?\d{3}[ -]?\d{3}", _is_hu_taj, how="check digit (Act XX of 1996)", bare=0.3, lengths=(9, 11),
        words=("taj", "tajszám", "társadalombiztosítási"),
    ),
    numbered(
        "HU_TAX_ID", r"8\d{9}", _is_hu_tax_id, how="check digit (Act CL of 2017)", bare=0.4, lengths=(10, 10), gate="digits_10",
        words=("adóazonosító", "adóazonosító jel", "adoazonosito", "adóazonosító jele"),
    ),
    numbered(
        "JMBG", r"[0-3]\d{12}", _is_jmbg, how="check digit and date; of Slovenia, Croatia, Serbia and their neighbours",
        bare=0.6, lengths=(13, 13), words=("jmbg", "emso", "emšo", "matični broj", "ЈМБГ"), gate="digits_13",
    ),
    numbered(
        "LT_ASMENS_KODAS", r"[1-6]\d{10}", _is_baltic, how="check digit and date (law VIII-1032)", lengths=(11, 11),
        words=("asmens kodas", "asmens kodo"), gate="digits_10", bare=0.4,
    ),
    numbered(
        "LV_PERSONAS_KODS", r"\d{6}-?\d{5}", _is_lv_code, how="check digit and date (given before July 2017)", bare=0.4,
        lengths=(11, 12), words=("personas kods", "personas kodu"), gate="digits_10",
    ),
    numbered(
        "PL_NIP", r"\d{3}-?\d{3}-?\d{2}-?\d{2}|\d{3}-\d{2}-\d{2}-\d{3}", _is_pl_nip, how="check digit (Act of 13 October 1995)",
        bare=0.3, lengths=(10, 13), words=("nip",), gate="digits_10",
    ),
    numbered(
        "PL_PESEL", r"\d{11}", _is_pl_pesel, how="check digit and date", bare=0.5, lengths=(11, 11), words=("pesel",),
        gate="digits_10",
    ),
    numbered(
        "RO_CNP", r"[1-9]\d{12}", _is_ro_cnp, how="check digit, date and county (Legea 105/1996)", bare=0.7,
        lengths=(13, 13), words=("cnp", "cod numeric personal"), gate="digits_13",
    ),
    numbered(
        "RU_INN", r"\d{12}", _is_ru_inn, how="both check digits (MMV-7-6/435)", bare=0.4, lengths=(12, 12),
        words=("инн", "ИНН", "inn"), gate="digits_10",
    ),
    numbered(
        "RU_SNILS", r"\d{3}-\d{3}-\d{3}[ -]\d{2}|\d{11}", _is_ru_snils, how="both check digits (Pension Fund)", bare=0.6,
        bare_pattern=r"\d{3}-\d{3}-\d{3}[ -]\d{2}", lengths=(11, 14), words=("снилс", "СНИЛС", "snils"), gate="digits_10",
    ),
    numbered(
        "TR_KIMLIK", r"[1-9]\d{10}", _is_tr_kimlik, how="both check digits", bare=0.5, lengths=(11, 11), gate="digits_10",
        words=("kimlik", "tckn", "tc kimlik", "kimlik no", "kimlik numarası"),
    ),
    numbered(
        "UA_RNTRC", r"\d{10}", _is_ua_rntrc, how="check digit (Ministry of Finance, order 822)", bare=0.3, lengths=(10, 10),
        words=("рнокпп", "РНОКПП", "rnokpp", "іпн", "ІПН", "rntrc"), gate="digits_10",
    ),
)  # fmt: skip
