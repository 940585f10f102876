"""Documents and vehicles: passports, driving licences, plates, chassis numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from genai_guard.guards.entities.checks import numbered
from genai_guard.guards.entities.entity import CODE, TEXT, Entity
from genai_guard.guards.entities.naming import NEAR

__all__ = ["ENTITIES"]

_UK_LICENCE: Final = r"[A-Z9]{5}\d[0156]\d[0-3]\d{2}[A-Z9]{2}[A-HJ-NP-Z2-9][A-Z]{2}"


def _has_four_digits(matched: str) -> bool:
    return sum(char.isdigit() for char in matched) >= 4 and len(set(matched)) > 2


def _is_uk_licence(matched: str) -> bool:
    """Check month and day of birth; 5 is added to the month of women (DVLA, INF45)."""
    return 1 <= int(matched[6:8]) % 50 <= 12 and 1 <= int(matched[8:10]) <= 31


def _is_plate(matched: str) -> bool:
    """Ask for a digit and a letter, and for as many characters as plates have."""
    code = [char for char in matched if char.isalnum()]
    return 4 <= len(code) <= 9 and any(char.isdigit() for char in code) and any(char.isalpha() for char in code)


_VIN_VALUES: Final = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", (*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def _is_vin(matched: str) -> bool:
    """Refuse what has no letter, or no number at its end (ISO 3779)."""
    return matched[13:].isdigit() and any(char.isalpha() for char in matched[:13])


def _is_checked_vin(matched: str) -> bool:
    """Check the ninth character, which North America prescribes (49 CFR 565.15)."""
    total = sum(_VIN_VALUES[char] * weight for char, weight in zip(matched, _VIN_WEIGHTS, strict=True))
    return _is_vin(matched) and "0123456789X"[total % 11] == matched[8]


# Letters and a space begin like prose. A form without them is looked for unless plates are named.
_PLATE: Final = r"[A-ZÄÖÜ]{1,4}-[A-Z0-9]{1,4}(?:[ -][A-Z0-9]{1,4})?|[A-Z]{0,3}\d[A-Z0-9]{0,7}(?:[ -][A-Z0-9]{1,4}){0,2}"
_SPACED_PLATE: Final = r"[A-ZÄÖÜ]{1,4} [A-Z0-9]{1,4}(?:[ -][A-Z0-9]{1,4})?"
_PLATE_WORDS: Final = (
    "licence plate", "license plate", "number plate", "plate number", "plates", "vehicle registration", "kennzeichen",
    "nummernschild", "immatriculation", "plaque", "matrícula", "matricula", "targa", "placa", "kenteken", "registration plate",
    "tag number",
)  # fmt: skip


def _plates(pattern: str, named: float, *, prose: bool) -> Entity:
    return numbered(
        "LICENCE_PLATE",
        pattern,
        _is_plate,
        how="the word before it",
        named=named,
        words=_PLATE_WORDS,
        gap=NEAR,
        gate="digit",
        lengths=(4, 21),
        alphabet=TEXT,
        edge=r"(?<!\w)",
        prose=prose,
    )


_PLATES: Final = _plates(_PLATE, 0.85, prose=False)
_SPACED_PLATES: Final = replace(_plates(_SPACED_PLATE, 0.75, prose=True).rules[0], id="pii.licence_plate_spaced")

ENTITIES: Final = (
    numbered(
        "DRIVING_LICENCE", r"[A-Z0-9](?:-?[A-Z0-9]){4,19}", _has_four_digits, how="the word before it; month and day of the UK's",
        bare=0.8, bare_pattern=_UK_LICENCE, is_bare_valid=_is_uk_licence, named=0.85, gap=NEAR,
        words=("driver license", "drivers license", "driver's license", "driver licence", "drivers licence", "driver's licence",
               "driving licence", "driving license", "dl", "führerschein", "führerscheinnummer", "fuehrerschein",
               "permis de conduire", "permiso de conducir", "carnet de conducir", "licencia de conducir", "patente di guida",
               "patente", "carta de condução", "carteira de motorista", "cnh", "rijbewijs", "rijbewijsnummer"),
        gate="digit", bare_gate="digits_6_letter", lengths=(5, 39), alphabet=CODE,
    ),
    replace(_PLATES, rules=(*_PLATES.rules, _SPACED_PLATES)),
    numbered(
        "PASSPORT", r"[A-Z0-9]{6,10}", _has_four_digits, how="the word before it", named=0.85, gap=NEAR, gate="digit",
        words=("passport", "passport no", "reisepass", "reisepassnummer", "passnummer", "pass-nr", "passeport", "pasaporte",
               "passaporto", "passaporte", "paspoort", "paspoortnummer", "ausweisnummer", "personalausweis"),
        lengths=(6, 10), alphabet=CODE,
    ),
    numbered(
        "VIN", r"[A-HJ-NPR-Z0-9]{17}", _is_vin, how="check character of North America (49 CFR 565.15), or the word before it",
        bare=0.75, is_bare_valid=_is_checked_vin, named=0.9, gap=NEAR, gate="digit_token_17", lengths=(17, 17),
        words=("vin", "vehicle identification", "chassis", "fahrgestellnummer", "fahrzeug-identifizierungsnummer", "fin",
               "numéro de châssis", "bastidor", "telaio", "chassisnummer"),
        alphabet=CODE,
    ),
)  # fmt: skip
