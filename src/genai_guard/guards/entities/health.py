"""What leads to a patient or a doctor."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import is_luhn, numbered
from genai_guard.guards.entities.entity import CODE, digits_of
from genai_guard.guards.entities.naming import NEAR

__all__ = ["ENTITIES"]

_MBI_LETTER: Final = "[AC-HJKMNP-RT-Y]"
_MBI_ANY: Final = "[AC-HJKMNP-RT-Y0-9]"
_MBI: Final = rf"[1-9]{_MBI_LETTER}{_MBI_ANY}\d-?{_MBI_LETTER}{_MBI_ANY}\d-?{_MBI_LETTER}{{2}}\d{{2}}"


def _is_us_npi(matched: str) -> bool:
    """Check the Luhn digit, with 80840 in front (45 CFR 162.406)."""
    return is_luhn("80840" + matched)


def _is_us_dea(matched: str) -> bool:
    """Check the last digit (DEA, Office of Diversion Control)."""
    digits = list(map(int, digits_of(matched)[-7:]))
    return (digits[0] + digits[2] + digits[4] + 2 * (digits[1] + digits[3] + digits[5])) % 10 == digits[6]


def _has_digits(matched: str) -> bool:
    return sum(char.isdigit() for char in matched) >= 5


ENTITIES: Final = (
    numbered(
        "MEDICAL_RECORD_NUMBER", r"(?:[A-Z]{1,3}-?)?\d{5,10}", _has_digits, how="the word before it", named=0.85, gap=NEAR,
        words=("mrn", "medical record", "patient id", "patient number", "patient no", "hospital number", "chart number",
               "patientennummer", "patienten-id", "numéro de patient", "historia clínica", "cartella clinica", "patiëntnummer"),
        gate="digits_5", lengths=(5, 14), alphabet=CODE,
    ),
    numbered(
        "US_DEA", r"[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}", _is_us_dea, how="check digit (DEA)", bare=0.7, words=("dea",), lengths=(9, 9), alphabet=CODE,
    ),
    numbered(
        "US_MBI", _MBI, how="form of every place (CMS, MBI format)", bare=0.85, words=("mbi", "medicare"), named=0.95,
        gate="letters_2_digits_2", lengths=(11, 13), alphabet=CODE,
    ),
    numbered(
        "US_NPI", r"[12]\d{9}", _is_us_npi, how="Luhn digit with 80840 in front (45 CFR 162.406)", bare=0.3,
        words=("npi", "national provider"), gate="digits_10", lengths=(10, 10),
    ),
)  # fmt: skip
