r"""What a kind of credential is: the rule that finds it, and how much of a match is only its context.

Two makers cover nearly all of them. `token` is for keys that their provider has given a prefix: an exact prefix,
alphabet and length, and so no need of a context. `assigned` is for keys that are nothing but random characters: only a
name before them, as in `DD_API_KEY=`, tells what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from genai_guard.guards.credentials.randomness import is_no_placeholder
from genai_guard.guards.entities.entity import DIGITS, LETTERS
from genai_guard.text.promises import literals_of
from genai_guard.text.rules import Rule

__all__ = ["GATE", "SIGN", "TOKEN", "Credential", "after_sign", "assigned", "token", "whole"]

TOKEN: Final = LETTERS + DIGITS + "_-."
"""What tokens are made of. One alphabet for all of them lets a stream ask for all of them at once."""
GATE: Final = "token_20"
"""Gate of the kinds that no whole word gives away: each match holds 20 letters, digits, `_` and `-` in a row."""
SIGN: Final = r"[\"']?[ \t]{0,3}(?:=>|:=|[:=])[ \t]{0,3}[\"'`]?"
"""What stands between a name and its value in source code, settings, JSON, YAML and headers."""
_MAX_SIGN: Final = 10
_find_sign: Final[Callable[[str], re.Match[str] | None]] = re.compile(SIGN, re.ASCII).search


def whole(_: str) -> int:
    """Say that a match is the secret and nothing else."""
    return 0


def after_sign(matched: str) -> int:
    """Return where the value begins in a match that begins with a name."""
    sign = _find_sign(matched)
    return sign.end() if sign else 0


@dataclass(frozen=True, slots=True)
class Credential:
    """A kind of credential.

    Attributes:
        name: Name, which is also the category of what is found and the label that replaces it.
        rule: What finds it; has `name` as its category.
        context: Returns how many characters at the beginning of a match are not secret, and stay.
    """

    name: str
    rule: Rule
    context: Callable[[str], int] = whole


def token(
    name: str,
    pattern: str,
    size: int,
    most: int = 0,
    *,
    words: tuple[str, ...] = (),
    gate: str = GATE,
    validator: Callable[[str], bool] = is_no_placeholder,
    alphabet: str = TOKEN,
    score: float = 1.0,
) -> Credential:
    """Return a kind of key that its form alone gives away.

    Args:
        name: Name of the kind.
        pattern: What it looks like. No word character stands before it, and none and no hyphen after it.
        size: Its least length.
        most: Its greatest length, if that is another.
        words: As in `Rule`.
        gate: As in `Rule`; counts only without `words`.
        validator: As in `Rule`.
        alphabet: As in `Rule`.
        score: As in `Rule`.
    """
    rule = Rule(
        id=f"secrets.{name.lower()}",
        category=name,
        pattern=rf"\b{pattern}(?![\w-])",
        gate="" if words else gate,
        words=words,
        literals=() if words else literals_of(pattern),
        validator=validator,
        max_length=(most or size) + 2,
        min_length=size,
        alphabet=alphabet,
        prose=False,
        score=score,
    )
    return Credential(name, rule)


def assigned(
    name: str,
    names: Iterable[str],
    value: str,
    size: int,
    most: int = 0,
    *,
    validator: Callable[[str], bool] = is_no_placeholder,
    score: float = 0.8,
) -> Credential:
    """Return a kind of key that is told by the name of what it is assigned to.

    Args:
        name: Name of the kind.
        names: Words of which one, in any case, is the whole name: `dd_api_key`.
        value: What the key looks like.
        size: Its least length.
        most: Its greatest length, if that is another.
        validator: Refuses look-alikes; sees the name as well.
        score: As in `Rule`.
    """
    starts = tuple(names)
    rule = Rule(
        id=f"secrets.{name.lower()}",
        category=name,
        pattern=rf"\b(?:{'|'.join(starts)}){SIGN}{value}(?![\w/+=-])",
        starts=starts,
        validator=validator,
        ignore_case=True,
        max_length=max(map(len, starts)) + _MAX_SIGN + (most or size) + 2,
        min_length=min(map(len, starts)) + 1 + size,
        score=score,
    )
    return Credential(name, rule, after_sign)
