"""How a stand-in for each kind of value is made up: like one, and nobody's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeAlias

from genai_guard.guards.pseudonyms.draw import Draw
from genai_guard.guards.pseudonyms.names import COMPANIES, FIRST, KINDS_OF_COMPANY, LAST, PLACES, STREETS
from genai_guard.guards.pseudonyms.numbers import card, iban, ip_address, mac_address, phone, us_ssn
from genai_guard.guards.pseudonyms.shapes import alike, letters_and_digits
from genai_guard.text.rules import Rule

__all__ = ["labelled", "made_up"]

Maker: TypeAlias = Callable[[Draw, str], str]
"""Returns letters and digits that are still to be grouped like the original, or else the whole stand-in."""

_MIN_CHARS: Final = 6
_MIN_DRAWN: Final = 4
_TRIES: Final = 16


def made_up(draw: Draw, rule: Rule, value: str) -> str:
    """Return a stand-in for `value`, which `rule` found: letters and digits that are still to be grouped, or all of it.

    Kinds of values that are not known here get one of the same shape. If the rule checks what it finds, by check
    digits for instance, then one that it refuses, as far as there is one: such a number was given to nobody.
    """
    make = _MAKERS.get(rule.category)
    if make is not None:
        return make(draw, value)
    if len(value) < _MIN_CHARS or len(letters_and_digits(value)) < _MIN_DRAWN:
        return labelled(draw, rule)
    candidate = alike(draw, value)
    for _ in range(_TRIES):
        if rule.validator is None or not _accepts(rule.validator, candidate):
            break
        candidate = alike(draw, value)
    return letters_and_digits(candidate) or candidate


def labelled(draw: Draw, rule: Rule) -> str:
    """Return the category and a number, for values that nothing can be made up for: `Phone 4821039`."""
    return f"{rule.category.replace('_', ' ').capitalize()} {draw.digits(7)}"


def _accepts(validator: Callable[[str], bool], candidate: str) -> bool:
    with suppress(Exception):  # it may expect what the pattern promises
        return validator(candidate)
    return False


def _email(draw: Draw, value: str) -> str:  # noqa: ARG001  nothing of it is kept
    number = draw.digits(2 + draw.turn) if draw.turn or draw.below(2) else ""
    domain = draw.one_of(("example.com", "example.net", "example.org"))
    return f"{draw.one_of(FIRST)}.{draw.one_of(LAST)}{number}@{domain}".lower()


def _person(draw: Draw, value: str) -> str:  # noqa: ARG001
    return f"{draw.one_of(FIRST)} {draw.one_of(LAST)}"


def _place(draw: Draw, value: str) -> str:  # noqa: ARG001
    return f"{draw.one_of(('East', 'New', 'North', 'Port', 'South', 'West'))} {draw.one_of(PLACES)}"


def _company(draw: Draw, value: str) -> str:  # noqa: ARG001
    return f"{draw.one_of(COMPANIES)} {draw.one_of(KINDS_OF_COMPANY)}"


def _address(draw: Draw, value: str) -> str:  # noqa: ARG001
    return f"{1000 + draw.below(9000)} {draw.one_of(STREETS)} Street, {draw.one_of(PLACES)}"


def _credentials(draw: Draw, value: str) -> str:
    scheme = value.partition("://")[0]
    user = f"{draw.one_of(FIRST)}{draw.digits(3)}".lower()
    return f"{scheme}://{user}:{alike(draw, 'aA0aA0aA0a')}@host{draw.digits(3)}.example"


def _date(draw: Draw, value: str) -> str:
    """Return the same with other numbers: each of one or two digits may be a day or a month."""

    def other(digits: re.Match[str]) -> str:
        if len(digits[0]) > 2:
            return str(1940 + draw.below(65))
        return f"{1 + draw.below(9 if len(digits[0]) == 1 else 12):0{len(digits[0])}}"

    return re.sub(r"\d{4}|\d{1,2}", other, value)


_MAKERS: Final[Mapping[str, Maker]] = {
    "ADDRESS": _address,
    "CITY": _place,
    "COMPANY": _company,
    "DATE_OF_BIRTH": _date,
    "EMAIL": _email,
    "IBAN": iban,
    "IP_ADDRESS": ip_address,
    "LOCATION": _place,
    "MAC_ADDRESS": mac_address,
    "NAME": _person,
    "ORGANIZATION": _company,
    "PAYMENT_CARD": card,
    "PERSON": _person,
    "PERSON_NAME": _person,
    "PHONE": phone,
    "PLACE": _place,
    "POSTAL_ADDRESS": _address,
    "STREET_ADDRESS": _address,
    "URL_CREDENTIALS": _credentials,
    "US_SSN": us_ssn,
}
