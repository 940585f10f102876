"""How people are reached: e-mail addresses and phone numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import regex

from genai_guard.guards.entities.entity import DIGITS, LETTERS, NUMBER, Entity, digits_of
from genai_guard.guards.entities.naming import NEAR, named_by
from genai_guard.text.rules import Rule

__all__ = ["ENTITIES"]

# The labels of a domain are bounded: with an open repetition, `a@a.a.a.` takes quadratic time.
# In JSON that is written as text, the letter of an escape such as `\n` is no part of the address behind it.
_EMAIL: Final = r"(?:\b(?<!\\)|(?<=\\[nrt]))[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"
_FILES: Final = frozenset(
    (
        *(
            "bmp",
            "css",
            "csv",
            "deb",
            "dmg",
            "exe",
            "gif",
            "gz",
            "html",
            "jpeg",
            "jpg",
            "js",
            "json",
            "png",
            "rpm",
            "svg",
        ),
        *("tar", "tgz", "webp", "whl", "xml", "zip"),
    )
)


def _is_email(matched: str) -> bool:
    """Refuse what only looks like an address: `icon@2x.png`, `git@github.com`, dots or hyphens out of place."""
    local, _, domain = matched.partition("@")
    if local[0] == "." or local[-1] == "." or ".." in local or local == "git":
        return False
    labels = domain.split(".")
    return labels[-1].lower() not in _FILES and not any(label[0] == "-" or label[-1] == "-" for label in labels)


def _mask_email(matched: str, _keep: int = 0) -> str:
    """Keep the domain; of the local part nothing is left, not even its length."""
    return "***@" + matched.rpartition("@")[2]


_NATIONAL_DIGITS: Final = {
    "1": "10", "7": "10", "20": "8,10", "27": "9", "30": "10", "31": "9", "32": "8,9", "33": "9", "34": "9",
    "36": "8,9", "39": "8,11", "40": "9", "41": "9", "43": "8,12", "44": "9,10", "45": "8", "46": "7,9", "47": "8",
    "48": "9", "49": "7,11", "51": "8,9", "52": "10", "53": "8", "54": "10,11", "55": "10,11", "56": "9", "57": "10",
    "58": "10", "60": "8,10", "61": "9", "62": "8,12", "63": "8,10", "64": "8,10", "65": "8", "66": "8,9", "81": "9,10",
    "82": "8,10", "84": "9,10", "86": "9,11", "90": "10", "91": "10", "92": "9,10", "93": "9", "94": "9", "95": "8,10",
    "98": "10", r"(?:2[1-689]\d|3[578]\d|42\d|5[09]\d|6[7-9]\d|8[58]\d|96\d|97[0-7]|99[2-68])": "7,10",
}  # fmt: skip
"""Digits after each country code, as E.164 and the national numbering plans have them."""


def _international() -> Iterator[str]:
    digit = r"(?:[ ./-]|[ ./-]?\(|\)[ ./-]?)?\d"
    for code, count in _NATIONAL_DIGITS.items():
        yield rf"{code}(?:[ .-]?\(0\))?(?:{digit}){{{count}}}"


_INTERNATIONAL: Final = rf"(?<![\w+])\+(?:{'|'.join(_international())})(?!\d)"
_NORTH_AMERICA: Final = (
    r"(?=[1-9(])(?<![\w+])(?<!\d[.-])(?<!\+\d{1,3}[ ./-]?\(?)"
    r"(?:1[ .-]?)?(?:\([2-9]\d{2}\)[ .-]?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?!\w|[.-]\d)"
)


def _is_phone(matched: str) -> bool:
    """Refuse numbers of North America whose area or exchange is a service code, such as 911."""
    digits = digits_of(matched)
    if matched[0] == "+" and digits[0] != "1":
        return True
    area, exchange = digits[-10:-7], digits[-7:-4]
    return area[0] not in "01" and exchange[0] not in "01" and area[1:] != "11" and exchange[1:] != "11"


_NATIONAL: Final = r"\(?\d(?:[ ./-]?[()]?[ ]?\d){6,13}"
_NAMING: Final = named_by(
    (
        "phone", "telephone", "tel", "tel.", "mobile", "mob", "cell", "cellphone", "fax", "whatsapp", "call me at", "call me on",
        "telefon", "telefonnummer", "rufnummer", "handy", "handynummer", "mobil", "mobilnummer", "téléphone",
        "portable", "teléfono", "telefono", "móvil", "celular", "cellulare", "telefone", "telemóvel", "telefoon",
        "telefoonnummer", "mobiel", "gsm",
    ),
    NEAR,
)  # fmt: skip
_NORTH_AMERICAN: Final[Callable[[str], object]] = regex.compile(_NORTH_AMERICA, regex.ASCII).fullmatch


def _is_national(matched: str) -> bool:
    """Refuse what the rule of North America finds, dates, and rows of one digit."""
    is_date = matched[4:5] == matched[7:8] == "-" or matched.count(".") == matched.count("/") == 3
    return not is_date and len(set(digits_of(matched))) > 2 and _NORTH_AMERICAN(matched) is None


ENTITIES: Final = (
    Entity(
        "EMAIL",
        (
            Rule(
                id="pii.email",
                category="EMAIL",
                pattern=_EMAIL,
                gate="at",
                validator=_is_email,
                look_behind=2,
                max_length=64 + 1 + 8 * 64 + 24 + 1,
                min_length=6,
                alphabet=LETTERS + DIGITS + "._%+-@",
                prose=False,
            ),
        ),
        _mask_email,
        "dots and hyphens of the address; no name of a file or repository",
    ),
    Entity(
        "PHONE",
        (
            Rule(
                id="pii.phone",
                category="PHONE",
                pattern=_INTERNATIONAL,
                gate="plus_digits_8",
                validator=_is_phone,
                max_length=64,
                min_length=10,
                alphabet=NUMBER,
                prose=False,
            ),
            Rule(
                id="pii.phone_north_america",
                category="PHONE",
                pattern=_NORTH_AMERICA,
                gate="digits_10",
                validator=_is_phone,
                look_behind=6,
                max_length=20,
                min_length=12,
                alphabet=NUMBER,
                prose=False,
                score=0.9,
            ),
            Rule(
                id="pii.phone_named",
                category="PHONE",
                pattern=rf"(?<![\w+])(?<!\w[.-])(?={_NATIONAL})(?<={_NAMING.pattern})(?:{_NATIONAL})(?!\w|[.-]\w)",
                gate="digits_7",
                words=_NAMING.words,
                validator=_is_national,
                look_behind=_NAMING.reach,
                max_length=64,
                min_length=7,
                alphabet=NUMBER,
                prose=False,
                score=0.85,
            ),
        ),
        how="lengths of the country (E.164); areas and exchanges in use in North America; others after a word",
    ),
)
