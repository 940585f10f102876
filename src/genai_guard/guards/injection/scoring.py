"""From signals to one score: of each family the heaviest counts, and families add up as independent doubts do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from genai_guard.guards.injection.catalogue import SIGNALS
from genai_guard.guards.injection.finder import MANY_SHOT
from genai_guard.guards.injection.places import Place
from genai_guard.guards.injection.reading import is_about_code, is_order, is_quoted_by_a_report
from genai_guard.text.rules import Match

__all__ = ["FAKED_TURNS", "MANY_TURNS", "Sign", "combined", "signs_of"]

_REPORTED: Final = 0.4
_QUOTED: Final = 0.3
_OF_CODE: Final = 0.5
FAKED_TURNS: Final = "prompt_injection.many_shot.faked_turns"
"""The sign that is no pattern."""
MANY_TURNS: Final = ((24, 0.62), (16, 0.5), (8, 0.35))
"""From how many faked turns on it weighs how much."""


class Sign(NamedTuple):
    """A signal that was found, and what it weighs where it stands."""

    start: int
    end: int
    rule: str
    family: str
    weight: float


def signs_of(text: str, matches: Iterable[Match], place: Place) -> list[Sign]:
    """Return what the matches weigh in a text of that place."""
    about_code: bool | None = None
    signs: list[Sign] = []
    for match in matches:
        if match.rule == MANY_SHOT:
            signs.append(_many_turns(match))
            continue
        signal = SIGNALS[match.rule]
        weight = signal.weight(place)
        if match.reads is None:
            weight *= _meant(text, match, is_asked=signal.is_order)
        if signal.family == "delimiter" and place == "user":
            about_code = is_about_code(text) if about_code is None else about_code
            weight *= _OF_CODE if about_code else 1
        signs.append(Sign(match.start, match.end, signal.rule.id, signal.family, weight))
    return signs


def combined(signs: Sequence[Sign], others: Mapping[str, float]) -> float:
    """Return the score: one minus the product of what each family leaves of the doubt (noisy-or).

    Args:
        signs: What was found. Signs of one family say the same thing twice, so only the heaviest of them counts.
        others: Evidence of other kinds, by name, each a family of its own.
    """
    best: dict[str, float] = dict(others)
    for sign in signs:
        best[sign.family] = max(best.get(sign.family, 0.0), sign.weight)
    doubt = 1.0
    for weight in best.values():
        doubt *= 1 - weight
    return 1 - doubt


def _meant(text: str, match: Match, *, is_asked: bool) -> float:
    weight = 1.0
    if is_asked and not is_order(text, match.start):
        weight *= _REPORTED
    if is_quoted_by_a_report(text, match.start, match.end):
        weight *= _QUOTED
    return weight


def _many_turns(match: Match) -> Sign:
    turns = int(match.reads or 0)
    weight = next(weight for least, weight in MANY_TURNS if turns >= least)
    return Sign(match.start, match.end, FAKED_TURNS, "many_shot", weight)
