"""What a command line says of rates: `recall=0.9,fpr=0.01`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_guard.testing.cases.scores import Score, Scores
    from genai_guard.testing.cases.wilson import Rate

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
    """Yield a line for each bound that the scores of all cases together do not keep."""
    overall = next((row for row in scores.rows if row.kind == "all"), None)
    for name, bound in wanted.items():
        rate = None if overall is None else _RATES[name](overall)
        side = "at most" if name in _AT_MOST else "at least"
        if rate is None or not rate.trials:
            yield f"{name}: {side} {bound:g} is wanted, and no case says what to measure it by"
        elif (rate.value > bound) if name in _AT_MOST else (rate.value < bound):
            yield f"{name} is {rate.value:.4g}, {rate.hits:,} of {rate.trials:,}; {side} {bound:g} is wanted"


def _share(name: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{name}={value}: must be a number from 0 to 1")
    return share
