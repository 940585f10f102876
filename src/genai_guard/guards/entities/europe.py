"""Numbers that the states of western and northern Europe give to their people."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import is_day, is_ean, is_luhn, is_mod_11_10, is_verhoeff, numbered, weighted
from genai_guard.guards.entities.entity import CODE, digits_of
from genai_guard.guards.entities.naming import NEAR

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


def _is_se_personnummer(matched: str) -> bool:
    """Check the last digit, and the date, to whose day coordination numbers add 60."""
    digits = digits_of(matched)[-10:]
    return is_day(int(digits[:2]), int(digits[2:4]), int(digits[4:6]) % 60) and is_luhn(digits)


def _is_uk_nhs(matched: str) -> bool:
    return weighted(digits_of(matched), range(10, 0, -1)) % 11 == 0


def _is_uk_nino(matched: str) -> bool:
    """Refuse prefixes that are never given (HMRC, NIM39110). There is no check digit."""
    return matched[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def _is_de_social_security(matched: str) -> bool:
    """Check the last digit and the date (VKVV, section 4)."""
    code = "".join(char for char in matched.upper() if char.isalnum())
    digits = f"{code[:8]}{ord(code[8]) - 64:02}{code[9:]}"
    day = int(digits[2:4])
    is_born = is_day(int(digits[6:8]), int(digits[4:6]), day - 50 if day > 50 else day)
    products = (
        int(digit) * weight for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=False)
    )
    return is_born and sum(product // 10 + product % 10 for product in products) % 10 == int(digits[12])


def _is_uk_utr(matched: str) -> bool:
    """Check the first digit (HMRC, Unique Taxpayer Reference modulus check)."""
    digits = digits_of(matched)
    return "21987654321"[weighted(digits[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11] == digits[0]


_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"


def is_es_dni_nie(matched: str) -> bool:
    """Check the letter; of a foreigner's number the first letter counts as a digit (Real Decreto 1553/2005)."""
    code = matched.upper()
    digits = {"X": "0", "Y": "1", "Z": "2"}.get(code[0], "") + digits_of(code)
    return _DNI_LETTERS[int(digits) % 23] == code[-1]


def is_pt_nif(matched: str) -> bool:
    """Check the last digit (Decreto-Lei 14/2013)."""
    digits = digits_of(matched)
    check = 11 - weighted(digits[:8], range(9, 1, -1)) % 11
    return (check if check < 10 else 0) == int(digits[8])


def is_nl_bsn(matched: str) -> bool:
    """Check by eleven, the last digit counting negative (Besluit burgerservicenummer)."""
    digits = digits_of(matched)
    return int(digits) > 0 and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _is_fi_hetu(matched: str) -> bool:
    """Check the date and the last character (Väestötietojärjestelmä, decree 128/2010)."""
    day, month, year = int(matched[:2]), int(matched[2:4]), int(matched[4:6])
    number = int(matched[:6] + matched[7:10])
    return is_day(year, month, day) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] == matched[10].upper()


def is_ie_pps(matched: str) -> bool:
    """Check the first letter; the second one, if any, counts nine times (Revenue, PPSN format from 2013)."""
    code = matched.upper()
    extra = 9 * (ord(code[8]) - 64) if len(code) > 8 and code[8] != "W" else 0
    return "WABCDEFGHIJKLMNOPQRSTUV"[(weighted(code[:7], range(8, 1, -1)) + extra) % 23] == code[7]


def _is_is_kennitala(matched: str) -> bool:
    """Check the ninth digit, the century and the date; companies add 40 to the day (Þjóðskrá)."""
    digits = digits_of(matched)
    is_born = is_day(int(digits[4:6]), int(digits[2:4]), int(digits[:2]) % 40)
    return is_born and digits[9] in "09" and weighted(digits, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _is_lu_matricule(matched: str) -> bool:
    """Check the date and both last digits, Luhn and Verhoeff (CTIE, Numéro d'identification national)."""
    is_born = is_day(int(matched[:4]), int(matched[4:6]), int(matched[6:8]))
    return is_born and is_luhn(matched[:12]) and is_verhoeff(matched[:11] + matched[12])


_IT: Final = r"[A-Z]{6}\d\d[A-EHLMPR-T][0-7LMNP-T][0-9LMNP-V][A-Z][0-9LMNP-V]{3}[A-Z]"
_NINO: Final = r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{2} ?\d{2} ?\d{2} ?[A-D]"

ENTITIES: Final = (
    numbered(
        "AT_SVNR", r"[1-9]\d{3} ?\d{6}", _is_at_svnr, how="check digit and date (ASVG, section 31)",
        bare=0.5, words=("svnr", "sv-nr", "sv nummer", "sozialversicherungsnummer", "versicherungsnummer", "social security"),
        gate="digits_10", lengths=(10, 11),
    ),
    numbered(
        "BE_NATIONAL", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}|\d{6}[ -]?\d{3}[ -]?\d{2}", _is_be_national,
        how="remainder by 97 and date (arrêté royal of 3 April 1984)", bare=0.6, lengths=(11, 15), gate="digits_10",
        words=("rijksregisternummer", "rijksregister", "insz", "niss", "registre national", "national register", "nrn"),
    ),
    numbered(
        "CH_AHV", r"756\.?\d{4}\.?\d{4}\.?\d{2}", _is_ch_ahv, how="prefix 756 and EAN check digit", bare=0.9,
        gate="digits_13", lengths=(13, 16),
    ),
    numbered(
        "DE_TAX_ID", r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}", _is_de_tax_id,
        how="check digit, and one digit two or three times (section 139b AO)", bare=0.6, gate="digits_10", lengths=(11, 14),
        words=("steuer-id", "steuerid", "steueridentifikationsnummer", "steuerliche identifikationsnummer", "idnr", "id-nr",
               "identifikationsnummer", "steuernummer", "tin", "tax id", "tax identification"),
    ),
    numbered(
        "DE_SOCIAL_SECURITY", r"\d{2} ?\d{6} ?[A-Z] ?\d{3}", _is_de_social_security,
        how="check digit and date (VKVV, section 4)", bare=0.8, gate="digits_6_letter", alphabet=CODE, lengths=(12, 15),
        words=("rentenversicherungsnummer", "sozialversicherungsnummer", "rvnr", "svnr", "sv-nummer", "versicherungsnummer"),
    ),
    numbered(
        "DK_CPR", r"\d{6}-?\d{4}", _is_dk_cpr, how="a date; since 2007 there is no check digit",
        words=("cpr", "cpr-nr", "cpr-nummer", "personnummer"), named=0.85, gap=NEAR, gate="digits_10", lengths=(10, 11),
    ),
    numbered(
        "ES_DNI_NIE", r"[XYZ0-9]-?\d{7}-?[A-Z]", is_es_dni_nie, how="check letter (Real Decreto 1553/2005)", gate="digits_6_letter",
        bare=0.8, words=("dni", "nie", "nif", "documento nacional", "identidad"), lengths=(9, 11), alphabet=CODE,
    ),
    numbered(
        "FI_HETU", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", _is_fi_hetu, how="check character and date (decree 128/2010)",
        bare=0.9, gate="digits_6_x_3", lengths=(11, 11), alphabet=CODE,
    ),
    numbered(
        "FR_INSEE", r"[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}", _is_fr_insee,
        how="key by 97, and month (not Corsica with 2A or 2B)", bare=0.6, gate="digits_13", lengths=(15, 21),
        words=("insee", "nir", "sécurité sociale", "securite sociale", "numéro de sécu", "n° sécu", "carte vitale"),
    ),
    numbered(
        "IE_PPS", r"\d{7}[A-W][A-IW]?", is_ie_pps, how="check letter (Revenue)", bare=0.6, lengths=(8, 9), alphabet=CODE, gate="digits_6_letter",
        words=("pps", "ppsn", "personal public service"),
    ),
    numbered(
        "IS_KENNITALA", r"\d{6}-?\d{4}", _is_is_kennitala, how="check digit, century and date (Þjóðskrá)", bare=0.4,
        words=("kennitala", "kt"), gate="digits_10", lengths=(10, 11),
    ),
    numbered(
        "IT_CODICE_FISCALE", _IT, _is_it_codice_fiscale, how="check letter and day (D.M. 23/12/1976)", bare=0.95,
        gate="letters_6_digits_2", lengths=(16, 16), alphabet=CODE, ignore_case=True,
    ),
    numbered(
        "LU_MATRICULE", r"(?:18|19|20)\d{11}", _is_lu_matricule, how="date, Luhn and Verhoeff digits (CTIE)", bare=0.8,
        gate="digits_13", lengths=(13, 13),
    ),
    numbered(
        "NL_BSN", r"\d{9}|\d{4}[ .]\d{2}[ .]\d{3}", is_nl_bsn, how="check by eleven", bare=0.3, lengths=(9, 11),
        words=("bsn", "burgerservicenummer", "sofinummer", "sofi-nummer", "citizen service"),
    ),
    numbered(
        "NO_FODSELSNUMMER", r"\d{6} ?\d{5}", _is_no_fodselsnummer, how="both check digits, and date", bare=0.7,
        words=("fødselsnummer", "fodselsnummer", "personnummer", "fnr", "d-nummer"), gate="digits_10", lengths=(11, 12),
    ),
    numbered(
        "PT_NIF", r"[1-35-9]\d{8}|[1-35-9]\d{2} \d{3} \d{3}", is_pt_nif, how="check digit (Decreto-Lei 14/2013)", bare=0.3,
        words=("nif", "contribuinte", "número fiscal", "identificação fiscal"), lengths=(9, 11),
    ),
    numbered(
        "SE_PERSONNUMMER", r"(?:19|20)?\d{6}[-+]?\d{4}", _is_se_personnummer, how="Luhn digit and date", bare=0.5,
        words=("personnummer", "personnr", "pnr", "samordningsnummer", "person-nr", "personal identity"),
        gate="digits_5", lengths=(10, 13),
    ),
    numbered(
        "UK_NHS", r"\d{3}[ -]?\d{3}[ -]?\d{4}", _is_uk_nhs, how="check digit by eleven", words=("nhs",),
        gate="digits_10", lengths=(10, 12), bare=0.3,
    ),
    numbered(
        "UK_NINO", _NINO, _is_uk_nino, how="prefixes in use (HMRC, NIM39110)", bare=0.8,
        words=("nino", "national insurance", "ni number"), gate="letters_2_digits_2",
        lengths=(9, 12), alphabet=CODE,
    ),
    numbered(
        "UK_UTR", r"\d{5} ?\d{5}", _is_uk_utr, how="check digit (HMRC)", bare=0.3,
        words=("utr", "unique taxpayer", "self assessment"), gate="digits_10", lengths=(10, 11),
    ),
)  # fmt: skip
