"""Numbers that the states of Asia, Africa and the Pacific give to their people."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import is_date, is_day, is_luhn, is_verhoeff, numbered, weighted
from genai_guard.guards.entities.entity import CODE, digits_of

__all__ = ["ENTITIES"]


def _is_au_abn(matched: str) -> bool:
    """Check by 89, the first digit less one (Australian Business Register)."""
    digits = digits_of(matched)
    return (weighted(digits, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0


def _is_au_medicare(matched: str) -> bool:
    """Check the ninth digit (Services Australia)."""
    digits = digits_of(matched)
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])


def _is_au_tfn(matched: str) -> bool:
    """Check by eleven (Australian Taxation Office)."""
    return weighted(digits_of(matched), (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


_CN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _is_cn_resident_id(matched: str) -> bool:
    """Check the last character and the date (GB 11643-1999, ISO/IEC 7064 MOD 11-2)."""
    is_born = is_day(int(matched[6:10]), int(matched[10:12]), int(matched[12:14]))
    return is_born and "10X98765432"[weighted(matched, _CN_WEIGHTS) % 11] == matched[17].upper()


def _letter(char: str) -> int:
    return ord(char) - 55


def _is_hk_id(matched: str) -> bool:
    """Check the last character; one letter in front counts like a space and it (Immigration Department)."""
    code = [char for char in matched.upper() if char.isalnum()]
    values = [_letter(char) if char.isalpha() else int(char) for char in code[:-1]]
    values = [36] * (8 - len(values)) + values
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return (total + (10 if code[-1] == "A" else int(code[-1]))) % 11 == 0


def _is_il_id(matched: str) -> bool:
    return int(matched.replace("-", "")) > 0 and is_luhn(digits_of(matched))


def _is_in_aadhaar(matched: str) -> bool:
    return is_verhoeff(digits_of(matched))


def _is_jp_my_number(matched: str) -> bool:
    """Check the last digit (Ministry of Internal Affairs and Communications, ordinance 85 of 2014)."""
    digits = digits_of(matched)
    rest = weighted(digits[10::-1], (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(digits[11])


def _is_kr_rrn(matched: str) -> bool:
    """Check the last digit, which numbers given since October 2020 no longer have, and the date."""
    digits = digits_of(matched)
    base = 13 if digits[6] in "5678" else 11
    return is_date(digits) and (base - weighted(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == int(
        digits[12]
    )


def _is_my_nric(matched: str) -> bool:
    """Check the date and the place of birth (Jabatan Pendaftaran Negara)."""
    digits = digits_of(matched)
    return is_date(digits) and digits[6:8] not in {
        "00",
        "17",
        "18",
        "19",
        "20",
        "69",
        "70",
        "73",
        "80",
        "81",
        "94",
        "95",
        "96",
        "97",
    }


def _is_nz_ird(matched: str) -> bool:
    """Check the last digit (Inland Revenue, Resident withholding tax specification, appendix)."""
    digits = digits_of(matched).rjust(9, "0")
    if not 10_000_000 < int(digits) < 150_000_000:
        return False
    check = -weighted(digits, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
    if check == 10:
        check = -weighted(digits, (7, 4, 3, 2, 5, 2, 7, 6)) % 11
    return check == int(digits[8])


_SG_OFFSETS: Final = {"S": 0, "T": 4, "F": 0, "G": 4, "M": 3}
_SG_LETTERS: Final = {
    "S": "JZIHGFEDCBA",
    "T": "JZIHGFEDCBA",
    "F": "XWUTRQPNMLK",
    "G": "XWUTRQPNMLK",
    "M": "XWUTRQPNJLK",
}


def _is_sg_nric(matched: str) -> bool:
    """Check the last letter (Immigration and Checkpoints Authority; M since 2022)."""
    first = matched[0]
    total = weighted(matched[1:8], (2, 7, 6, 5, 4, 3, 2)) + _SG_OFFSETS[first]
    return _SG_LETTERS[first][total % 11] == matched[8]


def _is_th_id(matched: str) -> bool:
    """Check the last digit (Department of Provincial Administration)."""
    digits = digits_of(matched)
    return (11 - weighted(digits, range(13, 1, -1)) % 11) % 10 == int(digits[12])


def _is_tw_id(matched: str) -> bool:
    """Check the last digit; the letter counts as two (National Immigration Agency)."""
    tens, ones = divmod("ABCDEFGHJKLMNPQRSTUVXYWZIO".index(matched[0]) + 10, 10)
    return (tens + 9 * ones + weighted(matched[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def _is_za_id(matched: str) -> bool:
    digits = digits_of(matched)
    return is_date(digits) and is_luhn(digits)


ENTITIES: Final = (
    numbered(
        "AU_ABN", r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}", _is_au_abn, how="check by 89", bare=0.4, lengths=(11, 14),
        words=("abn", "australian business"), gate="digits_10",
    ),
    numbered(
        "AU_MEDICARE", r"[2-6]\d{3}[ -]?\d{5}[ -]?\d(?:[ /-]?\d)?", _is_au_medicare, how="check digit (Services Australia)",
        bare=0.3, lengths=(10, 14), words=("medicare",), gate="digits_10",
    ),
    numbered(
        "AU_TFN", r"\d{3}[ -]?\d{3}[ -]?\d{3}", _is_au_tfn, how="check by eleven (ATO)", bare=0.3, lengths=(9, 11),
        words=("tfn", "tax file"),
    ),
    numbered(
        "CN_RESIDENT_ID", r"[1-8]\d{5}(?:18|19|20)\d{9}[\dXx]", _is_cn_resident_id, how="check character and date (GB 11643-1999)",
        bare=0.95, gate="digits_13", lengths=(18, 18), alphabet=CODE, edge=r"(?<!\w)",
    ),
    numbered(
        "HK_ID", r"[A-Z]{1,2}\d{6}(?:\([\dA]\)|[\dA])", _is_hk_id, how="check character (Immigration Department)", bare=0.85,
        bare_pattern=r"[A-Z]{1,2}\d{6}\([\dA]\)", words=("hkid", "hong kong id", "hong kong identity", "身份證", "香港身份證"),
        lengths=(8, 11), alphabet=CODE, gate="digits_5", bare_gate="letter_digits_6",
    ),
    numbered(
        "IL_ID", r"\d{8}-?\d", _is_il_id, how="Luhn digit", bare=0.3, lengths=(9, 10),
        words=("teudat zehut", "israeli id", "ת.ז.", "תעודת זהות", 'ת"ז', "מספר זהות"),
    ),
    numbered(
        "IN_AADHAAR", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", _is_in_aadhaar, how="Verhoeff digit (UIDAI)", bare=0.45,
        bare_pattern=r"[2-9]\d{3} \d{4} \d{4}", words=("aadhaar", "aadhar", "uidai", "uid", "आधार"),
        gate="digits_10", lengths=(12, 14),
    ),
    numbered(
        "IN_PAN", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", how="kind of holder (Income Tax Department)", bare=0.7, named=0.9,
        words=("pan", "permanent account"), gate="letters_2_digits_2", lengths=(10, 10), alphabet=CODE,
    ),
    numbered(
        "JP_MY_NUMBER", r"\d{4}[ -]?\d{4}[ -]?\d{4}", _is_jp_my_number, how="check digit (ordinance 85 of 2014)", bare=0.3,
        words=("my number", "individual number", "マイナンバー", "個人番号"), lengths=(12, 14), gate="digits_10",
    ),
    numbered(
        "KR_RRN", r"\d{6}-[1-8]\d{6}", _is_kr_rrn, how="check digit and date (given before October 2020)", bare=0.9,
        gate="digits_13", lengths=(14, 14),
    ),
    numbered(
        "MY_NRIC", r"\d{6}-?\d{2}-?\d{4}", _is_my_nric, how="date and place of birth", bare=0.6, bare_pattern=r"\d{6}-\d{2}-\d{4}",
        words=("nric", "mykad", "kad pengenalan", "ic number", "ic no"), named=0.9, gate="digits_10", lengths=(12, 14),
    ),
    numbered(
        "NZ_IRD", r"\d{2,3}[ -]?\d{3}[ -]?\d{3}", _is_nz_ird, how="check digit (Inland Revenue)", bare=0.3, lengths=(8, 11),
        words=("ird", "inland revenue"),
    ),
    numbered(
        "SG_NRIC", r"[STFGM]\d{7}[A-Z]", _is_sg_nric, how="check letter (ICA)", bare=0.85, lengths=(9, 9), gate="digits_6_letter",
        words=("nric", "fin", "identification"), alphabet=CODE,
    ),
    numbered(
        "TH_ID", r"[1-8]-?\d{4}-?\d{5}-?\d{2}-?\d", _is_th_id, how="check digit", bare=0.9, bare_pattern=r"[1-8]-\d{4}-\d{5}-\d{2}-\d",
        words=("thai id", "thai national id", "บัตรประชาชน", "เลขประจำตัวประชาชน"), gate="digits_13", lengths=(13, 17),
    ),
    numbered(
        "TW_ID", r"[A-Z][1289]\d{8}", _is_tw_id, how="check digit", bare=0.7, lengths=(10, 10), alphabet=CODE,
        words=("taiwan id", "national id", "身分證", "身分證字號", "身份證"),
    ),
    numbered(
        "ZA_ID", r"\d{6} ?\d{4} ?[0-2][89]\d", _is_za_id, how="Luhn digit and date", bare=0.7, gate="digits_13",
        lengths=(13, 15), words=("south african id", "rsa id", "id number", "identity number"),
    ),
)  # fmt: skip
