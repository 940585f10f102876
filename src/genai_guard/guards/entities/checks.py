"""What numbers with check digits have in common: how they are written, dates in them, and the check digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.entities.entity import CODE, NUMBER, SOLID, Entity, Mask, mask_but_last
from genai_guard.guards.entities.naming import WIDE, Gap, Naming, has_ascii_word, named_by
from genai_guard.text.rules import Rule

__all__ = [
    "is_date",
    "is_day",
    "is_ean",
    "is_luhn",
    "is_mod_11_10",
    "is_verhoeff",
    "needs",
    "numbered",
    "weighted",
]

_SURE: Final = 0.8
_NO_ORDER: Final = (
    r"(?<!(?<!\w)(?i:(?:order|invoice|tracking|parcel|ticket|case|ref|reference|version|build|isbn|issn|sku|part|"
    r"rechnung|bestellung|auftrag|commande|facture|pedido|factura|ordine|fattura|encomenda|fatura|bestelling|factuur)"
    r"(?:[ _-]?(?:number|no\.?|nr\.?|num|id|is)){0,2})[ :#=.]{1,3})"
)
"""What stands before other numbers than those of people."""
_ORDER_REACH: Final = 33
_MONTH_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def numbered(
    name: str,
    pattern: str,
    is_valid: Callable[[str], bool] | None = None,
    *,
    how: str,
    lengths: tuple[int, int],
    bare: float = 0.0,
    named: float = 0.95,
    words: Iterable[str] = (),
    gap: Gap = WIDE,
    gate: str = "digits_7",
    edge: str = r"\b",
    prose: bool = False,
    alphabet: str = NUMBER,
    ignore_case: bool = False,
    bare_pattern: str = "",
    bare_gate: str = "",
    is_bare_valid: Callable[[str], bool] | None = None,
    mask: Mask = mask_but_last,
    extra: str = "",
) -> Entity:
    r"""Return the entity of a number that stands by itself: no part of a longer number, word or decimal fraction.

    It has one rule for the number alone and one for the number after a word that names it. What one of the two finds,
    the other does not.

    Args:
        name: Name of the entity.
        pattern: The number alone.
        is_valid: Checks what `pattern` matches.
        how: As in `Entity`.
        lengths: Characters of the shortest and of the longest match.
        bare: Score of the number alone; 0 if it is never looked for.
        named: Score of the number after one of `words`.
        words: Phrases that name the number, as in `named_by`.
        gap: What may stand between the word and the number.
        gate: As in `Rule`; it has to hold for all patterns.
        edge: What no word character stands before: `\b` unless a match may begin with another character.
        prose: As in `Rule`. One rule with it makes every stream of plain words dearer.
        alphabet: As in `Rule`. Few different ones keep streams cheap; `CODE` stands for `SOLID` where it may.
        ignore_case: Whether letters match in both cases.
        bare_pattern: The number alone where no word names it, if that is to be stricter.
        bare_gate: The gate where no word names it, if that is to be stricter.
        is_bare_valid: Checks the number alone where no word names it, if that is to be stricter.
        mask: As in `Entity`.
        extra: As in `Entity`.
    """
    phrases = tuple(words)
    naming = named_by(filter(has_ascii_word, phrases), gap)
    native = named_by((phrase for phrase in phrases if not has_ascii_word(phrase)), gap)

    def rule(kind: str, body: str, score: float, before: str, **promises: Any) -> Rule:
        facts: dict[str, Any] = {"gate": gate, "validator": is_valid, "ignore_case": ignore_case, **promises}
        facts["validator"] = partial(_is_given, is_valid=facts["validator"])
        return Rule(
            id=f"pii.{name.lower()}{kind}",
            category=name,
            pattern=rf"{edge}(?={body})(?<!\w[.-]){before}(?:{body})(?!\w|[.-]\w)",
            look_behind=max(naming.reach, native.reach, _ORDER_REACH),
            min_length=lengths[0],
            max_length=lengths[1] + 3,
            alphabet=SOLID if alphabet == CODE and " " not in body else alphabet,
            prose=prose,
            score=score,
            **facts,
        )

    rules: list[Rule] = []
    if bare:
        before = _unless(naming) + _unless(native) + (_NO_ORDER if bare < _SURE else "")
        is_right = is_bare_valid or is_valid
        rules.append(rule("", bare_pattern or pattern, bare, before, gate=bare_gate or gate, validator=is_right))
    if naming.pattern:
        rules.append(rule("_named", pattern, named, f"(?<={naming.pattern})", words=naming.words))
    if native.pattern:
        before = _unless(naming) + f"(?<={native.pattern})"
        rules.append(rule("_native", pattern, named, before, gate="native_digits_5"))
    return Entity(name, tuple(rules), mask, how, extra)


def _is_given(matched: str, *, is_valid: Callable[[str], bool] | None) -> bool:
    """Whether a number is none of zeros, which forms are filled with, and passes its check."""
    return any(char in "123456789" for char in matched) and (is_valid is None or is_valid(matched))


def _unless(naming: Naming) -> str:
    return f"(?<!{naming.pattern})" if naming.pattern else ""


def is_day(year: int, month: int, day: int) -> bool:
    """Whether there is such a day. Of the century nothing need be known: every fourth year is a leap year."""
    if not 1 <= month <= 12 or not 1 <= day <= _MONTH_DAYS[month - 1]:
        return False
    return (month, day) != (2, 29) or year % 4 == 0


def is_date(digits: str) -> bool:
    """Whether the first six digits are year, month and day."""
    return is_day(int(digits[:2]), int(digits[2:4]), int(digits[4:6]))


def weighted(digits: str, weights: Iterable[int]) -> int:
    """Return the sum of the digits, each times its weight, as far as there are weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


_DOUBLED: Final = bytes(sum(map(int, str(2 * (byte - 48)))) + 48 if 48 <= byte <= 57 else 0 for byte in range(256))


def is_luhn(digits: str) -> bool:
    """Whether the last of the digits is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    data = digits.encode()
    return (sum(data[-1::-2]) + sum(data[-2::-2].translate(_DOUBLED)) - 48 * len(data)) % 10 == 0


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


def needs(package: str, what: str) -> None:
    """Refuse `what` if `package` is not installed.

    Raises:
        ConfigurationError: as said, with the command that installs it.
    """
    if find_spec(package) is None:
        raise ConfigurationError(f"{what} needs an extra: pip install 'genai_guard[pii]'")
