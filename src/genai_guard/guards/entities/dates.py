"""Dates of birth, told from other dates by the words before them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from genai_guard.guards.entities.checks import is_day
from genai_guard.guards.entities.entity import TEXT, Entity, mask_all
from genai_guard.guards.entities.naming import NEAR, named_by
from genai_guard.text.rules import Rule

__all__ = ["ENTITIES"]

_NAMING: Final = named_by(
    (
        "born", "dob", "date of birth", "birth date", "birthdate", "birthday", "geboren", "geb.", "geburtsdatum",
        "geburtstag", "né le", "née le", "date de naissance", "nacido", "nacida", "nació", "fecha de nacimiento", "nato il",
        "nata il", "data di nascita", "nascido", "nascida", "nasceu", "data de nascimento", "geboortedatum", "geboren op",
    ),
    NEAR,
)  # fmt: skip
_MONTHS: Final = (
    "jan ene gen", "feb fév fev", "mar mär mrz maa mrt", "apr avr abr", "may mai mei mag", "jun giu", "jul jui lug", "aug aoû aou ago",
    "sep set", "oct okt out ott", "nov", "dec dez déc dic",
)  # fmt: skip
_MONTH_OF: Final = {start: number for number, starts in enumerate(_MONTHS, 1) for start in starts.split()}
_ENGLISH: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
)  # fmt: skip
_DAY_FIRST: Final = (
    r"\d{1,2}(?:[.]\d{1,2}[.]|[.] \d{1,2}[.] |/\d{1,2}/|-\d{1,2}-)(?:19|20)?\d{2}|(?:19|20)\d{2}(?:-\d{2}-|/\d{2}/|[.]\d{2}[.])\d{2}|"
    r"\d{1,2}(?:st|nd|rd|th|er|º|[.])?[ -](?:d[ei] |of )?[A-Za-zäéû]{3,10}[.]?,?[ -](?:de |del )?(?:19|20)\d{2}"
)
_MONTH_FIRST: Final = rf"(?i:{'|'.join(_ENGLISH)})[.]? \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d{{2}}"
_PARTS: Final = re.compile(r"\d+|[^\W\d_]{3,}")


def _is_birth_date(matched: str) -> bool:
    """Whether there is such a day, whichever of two numbers is the month."""
    parts = [part for part in _PARTS.findall(matched) if part.isdigit() or part[:3].lower() in _MONTH_OF]
    numbers = [int(part) for part in parts if part.isdigit()]
    if len(parts) != 3 or len(numbers) < 2:
        return False
    if len(numbers) == 2:
        month = next(part for part in parts if not part.isdigit())
        return is_day(numbers[1], _MONTH_OF[month[:3].lower()], numbers[0])
    if len(parts[0]) == 4:
        return is_day(*numbers)
    first, second, year = numbers
    return is_day(year, second, first) or is_day(year, first, second)


def _after_words(pattern: str) -> str:
    return rf"\b(?={pattern})(?<!\w[.-])(?<={_NAMING.pattern})(?:{pattern})(?!\w|[.-]\w)"


_RULE: Final = Rule(
    id="pii.date_of_birth",
    category="DATE_OF_BIRTH",
    pattern=_after_words(_DAY_FIRST),
    gate="digits_4",
    words=_NAMING.words,
    validator=_is_birth_date,
    look_behind=_NAMING.reach,
    min_length=6,
    max_length=40,
    alphabet=TEXT,
    prose=False,
    score=0.9,
)

ENTITIES: Final = (
    Entity(
        "DATE_OF_BIRTH",
        (
            _RULE,
            replace(
                _RULE,
                id="pii.date_of_birth_month_first",
                pattern=_after_words(_MONTH_FIRST),
                starts=_ENGLISH,
                alphabet="",
                prose=True,
            ),
        ),
        mask_all,
        "a day of the calendar, and the word before it",
    ),
)
