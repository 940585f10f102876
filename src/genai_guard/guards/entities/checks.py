"""What numbers with check digits have in common: how they are written, dates in them, and the check digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from genai_guard.guards.entities.entity import DIGITS, Entity
from genai_guard.text.rules import Rule

__all__ = ["CONTEXT_REACH", "checked", "context", "is_day", "is_ean", "is_mod_11_10", "is_verhoeff", "weighted"]

_LINK: Final = r"(?:[ _-](?:number|no\.?|nr\.?|id|is)){0,2}[ :=#]{1,3}"
CONTEXT_REACH: Final = 48
"""Characters that a context may take, the one before it included."""
_MONTH_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def context(*words: str) -> str:
    """Return a lookbehind for one of the words, at most 24 characters long, right before a number.

    `number`, `no.`, `nr.`, `id` and `is` may stand between, and up to three of space, `:`, `=` and `#`.
    """
    return rf"(?<=(?<!\w)(?i:(?:{'|'.join(words)}){_LINK}))"


def checked(
    name: str,
    pattern: str,
    is_valid: Callable[[str], bool],
    *,
    gate: str,
    lengths: tuple[int, int],
    others: str = "",
    ignore_case: bool = False,
) -> Entity:
    """Return the entity of a number that stands by itself: no part of a longer number, word or decimal fraction.

    Args:
        name: Name of the entity.
        pattern: The number alone.
        is_valid: Checks what `pattern` matches.
        gate: As in `Rule`.
        lengths: Characters of the shortest and of the longest match.
        others: Characters of a match beside digits, `.` and `-`.
        ignore_case: Whether letters match in both cases.
    """
    rule = Rule(
        id=f"pii.{name.lower()}",
        category=name,
        pattern=rf"(?<!\w)(?<!\w[.-])(?:{pattern})(?!\w|[.-]\w)",
        gate=gate,
        validator=is_valid,
        ignore_case=ignore_case,
        look_behind=CONTEXT_REACH,
        min_length=lengths[0],
        max_length=lengths[1] + 3,
        alphabet=DIGITS + ".-" + others,
        prose=False,
    )
    return Entity(name, (rule,))


def is_day(year: int, month: int, day: int) -> bool:
    """Whether there is such a day. Of the century nothing need be known: every fourth year is a leap year."""
    if not 1 <= month <= 12 or not 1 <= day <= _MONTH_DAYS[month - 1]:
        return False
    return (month, day) != (2, 29) or year % 4 == 0


def weighted(digits: str, weights: Iterable[int]) -> int:
    """Return the sum of the digits, each times its weight, as far as there are weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def is_ean(digits: str) -> bool:
    """Whether the last digit checks the others (GS1 General Specifications, 7.9)."""
    return (weighted(digits[::-2], (1,) * 9) + 3 * weighted(digits[-2::-2], (1,) * 9)) % 10 == 0


def is_mod_11_10(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7064, hybrid system MOD 11,10)."""
    product = 10
    for digit in digits[:-1]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (product + int(digits[-1])) % 10 == 1


_DIHEDRAL: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTATIONS: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def is_verhoeff(digits: str) -> bool:
    """Whether the last digit checks the others (Verhoeff, Error Detecting Decimal Codes, 1969)."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_DIHEDRAL[check][int(_PERMUTATIONS[place % 8][int(digit)])])
    return check == 0
