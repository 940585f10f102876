"""What a command line says of rates: `recall=0.9,fpr=0.01`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_guard.testing.cases.scores import Score, Scores
    from genai_guard.wilson import Rate

__all__ = ["bounds", "complaints"]

_RATES: Final[Mapping[str, Callable[[Score], Rate]]] = {
    "recall": lambda score: score.recall,
    "precision": lambda score: score.precision,
    "fpr": lambda score: score.false_positive_rate,
}
_AT_MOST: Final = frozenset({"fpr"})


def bounds(*names: str) -> Callable[[str], dict[str, float]]:
    """Return what reads bounds of the rates with these names, for `argparse`."""

    def read(text: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for item in text.split(","):
            name, equals, value = item.strip().partition("=")
            if not equals or name not in names:
                raise argparse.ArgumentTypeError(f"{item!r}: write {', '.join(f'{each}=0.95' for each in names)}")
            found[name] = _share(name, value)
        return found

    return read


def complaints(scores: Scores, wanted: Mapping[str, float]) -> Iterator[str]:
    """Yield a line for each bound that is not kept, by the cases as they are written or by those in disguise."""
    for where, score in _groups(scores):
        for name, bound in wanted.items():
            rate = _RATES[name](score)
            side = "at most" if name in _AT_MOST else "at least"
            if not rate.trials and not where:
                yield f"{name}: {side} {bound:g} is wanted, and no case says what to measure it by"
            elif rate.trials and ((rate.value > bound) if name in _AT_MOST else (rate.value < bound)):
                yield f"{name}{where} is {rate.value:.4g}, {rate.hits:,} of {rate.trials:,}; {side} {bound:g} is wanted"


def _groups(scores: Scores) -> Iterator[tuple[str, Score]]:
    """Yield what all cases come to as they are written, and all of those in disguise together."""
    yield "", scores.of("all")
    disguised = [row for row in scores.rows if row.kind == "evasion"]
    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    if disguised:
        total = {count: sum(getattr(row, count) for row in disguised) for count in counts}
        yield " in disguise", replace(disguised[0], name="", **total)


def _share(name: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{name}={value}: must be a number from 0 to 1")
    return share
