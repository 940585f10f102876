"""Money: payment cards and bank accounts."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import is_luhn
from genai_guard.guards.entities.entity import CODE, NUMBER, Entity, digits_of
from genai_guard.text.rules import Rule

__all__ = ["ENTITIES"]

# Grouped as cards are embossed; a number grouped in another way is hardly ever a card.
_CARD: Final = r"(?<!\w)(?<!\d[.-])(?<!(?<!\w)(?i:ean|jan|gtin|upc|isbn|barcode)(?:[^\w\n][^\d\n]{0,11})?)(?:\d{13,19}|\d{4}(?: \d{4}){3}|\d{4}(?:-\d{4}){3}|\d{4} \d{6} \d{4,5}|\d{4}-\d{6}-\d{4,5})(?!\w|[.-]\d)"
_ISSUERS: Final = (
    ("4", "4", {13, 16, 19}),
    ("51", "55", {16}),
    ("2221", "2720", {16}),
    ("34", "34", {15}),
    ("37", "37", {15}),
    ("300", "305", {14, 16}),
    ("36", "36", {14, 16}),
    ("38", "39", {14, 16}),
    ("3528", "3589", {16, 17, 18, 19}),
    ("50", "50", {13, 14, 15, 16, 17, 18, 19}),
    ("56", "58", {13, 14, 15, 16, 17, 18, 19}),
    ("60", "65", {16, 17, 18, 19}),
    ("67", "67", {13, 14, 15, 16, 17, 18, 19}),
    ("81", "82", {16}),
    ("2200", "2204", {16, 17, 18, 19}),
)
"""First and last prefix of the issuers, and the lengths of their numbers."""


def _is_card(matched: str) -> bool:
    digits = digits_of(matched)
    size = len(digits)
    return is_luhn(digits) and any(
        first <= digits[: len(first)] <= last and size in sizes for first, last, sizes in _ISSUERS
    )


_IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip
"""Characters of an account number, as the SWIFT registry has them."""


_IBAN: Final = r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]){11,29}\b"


def _iban_length(matched: str) -> int:
    """Return how many characters are the account number, which words may follow; 0 if none are.

    Checks the remainder by 97 (ISO 13616, ISO/IEC 7064).
    """
    left = _IBAN_LENGTHS.get(matched[:2].upper(), 0)
    account = ""
    for place, char in enumerate(matched + " "):
        if len(account) == left:
            is_whole = bool(left) and not char.isalnum()
            value = "".join(str(int(each, 36)) for each in account[4:] + account[:4]) if is_whole else "0"
            return place if int(value) % 97 == 1 else 0
        account += char.strip()
    return 0


ENTITIES: Final = (
    Entity(
        "PAYMENT_CARD",
        (
            Rule(
                id="pii.payment_card",
                category="PAYMENT_CARD",
                pattern=_CARD,
                gate="digits_13",
                validator=_is_card,
                look_behind=24,
                max_length=24,
                min_length=13,
                alphabet=NUMBER,
                prose=False,
            ),
        ),
        how="issuers and their lengths; Luhn (ISO/IEC 7812-1)",
    ),
    Entity(
        "IBAN",
        (
            Rule(
                id="pii.iban",
                category="IBAN",
                pattern=_IBAN,
                gate="letters_2_digits_2",
                trim=_iban_length,
                ignore_case=True,
                max_length=64,
                min_length=15,
                alphabet=CODE,
                prose=False,
            ),
        ),
        how="length of the country, remainder by 97 (ISO 13616)",
    ),
)
