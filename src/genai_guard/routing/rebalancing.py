"""Other weights, with as few units moved as there can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.routing import checks
from genai_guard.routing.assignment import boundaries
from genai_guard.routing.experiment import MAX_TOTAL_WEIGHT, Experiment, Variant
from genai_guard.routing.ranges import Range, sizes

__all__ = ["Move", "Rebalance", "rebalance"]


class Move(NamedTuple):
    """Units that get another variant.

    Attributes:
        source: The variant that they have.
        target: The variant that they get.
        share: Their part of all units of the experiment.
    """

    source: str
    target: str
    share: float

    def __str__(self) -> str:
        return f"{self.source} -> {self.target} {100 * self.share:.4g} %"


@dataclass(frozen=True, slots=True)
class Rebalance:
    """What other weights would do; nothing has changed yet.

    Attributes:
        experiment: The experiment with its new weights, and the ranges that they make.
        moved: Part of the units of the experiment that get another variant: half of what the shares change by, below
            which no method gets.
        moves: From which variant to which.
    """

    experiment: Experiment
    moved: float
    moves: tuple[Move, ...]

    def __repr__(self) -> str:
        moves = f" ({', '.join(map(str, self.moves))})" if self.moves else ""
        of = f"; then {self.experiment.split}"
        return f"<Rebalance {self.experiment.name}: {100 * self.moved:.4g} % of the units move{moves}{of}>"


def rebalance(experiment: Experiment, weights: Mapping[str, int], *, add: Iterable[Variant] = ()) -> Rebalance:
    """Return the experiment with other weights, and what they move, before anything does.

    A variant that must shrink gives buckets to those that must grow; all others keep what they have. Between two
    variants a change and its opposite move the same units there and back. The buckets are written into the variants as
    `ranges`, which a policy file keeps. Units that are kept in a sticky store do not move at all.

    Args:
        experiment: What is compared now. Its coverage does not matter: who takes part stays.
        weights: The new weight of every variant; 0 for one that nobody is to get, which may be taken out afterwards.
        add: New variants. They come last, and `weights` has their weight.

    Raises:
        ConfigurationError: a variant has no weight, or there is no variant for one; or no weight is above zero.
    """
    where = f"rebalance({experiment.name!r})"
    variants = _with(experiment, add, where=where)
    counts = _counts([variant.name for variant in variants], weights, where=where)
    before = experiment.layout
    total = sum(each.end - each.start for each in before)
    bounds = (0, *boundaries(counts, total))
    after = _moved(before, [end - start for start, end in pairwise(bounds)])
    names = [variant.name for variant in variants]
    moves = _moves(before, after, names, total=total)
    fresh = replace(
        experiment,
        total_weight=0,
        variants=tuple(
            replace(
                variant,
                weight=count or variant.weight,
                ranges=[(each.start, each.end) for each in after if each.arm == arm],
            )
            for arm, (variant, count) in enumerate(zip(variants, counts, strict=True))
        ),
    )
    return Rebalance(fresh, sum(move.share for move in moves), moves)


def _with(experiment: Experiment, add: Iterable[object], *, where: str) -> tuple[Variant, ...]:
    added: list[Variant] = []
    for each in add:
        if not isinstance(each, Variant):
            raise ConfigurationError(f"{where}: add takes Variant(...), not {type(each).__name__}")
        added.append(each)
    return (*experiment.variants, *added)


def _counts(names: Sequence[str], weights: Mapping[str, object], *, where: str) -> list[int]:
    for name in weights:
        if name not in names:
            raise ConfigurationError(
                f"{where}: no variant is called {name!r}; there are {', '.join(names)}, and add=[Variant(...)] adds one"
            )
    for name in names:
        if name not in weights:
            raise ConfigurationError(f"{where}: {name!r} has no weight; write 0 if nobody is to get it any more")
    counts = [checks.whole(_whole(weights[name]), of=f"weights[{name!r}]", least=0, where=where) for name in names]
    if not 0 < sum(counts) <= MAX_TOTAL_WEIGHT:
        raise ConfigurationError(f"{where}: weights add up to {sum(counts)}; from 1 to {MAX_TOTAL_WEIGHT} will do")
    return counts


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moved(before: Sequence[Range], wanted: Sequence[int]) -> list[Range]:
    """Return ranges of the wanted sizes, in which each bucket that could stay has stayed."""
    missing = [want - have for want, have in zip(wanted, sizes(before, len(wanted)), strict=True)]
    after: list[Range] = []
    for start, end, arm in sorted(before, key=_size):  # whole ranges go first, so they do not pile up
        given = min(end - start, max(0, -missing[arm]))
        missing[arm] += given
        at = end - given
        after.append(Range(start, at, arm))
        for taker, lacks in sorted(enumerate(missing), key=_lack):
            taken = min(max(0, lacks), end - at)
            missing[taker] -= taken
            after.append(Range(at, at + taken, taker))
            at += taken
    return _merged(each for each in sorted(after) if each.start < each.end)


def _size(each: Range) -> tuple[int, int]:
    return each.end - each.start, -each.start


def _lack(arm: tuple[int, int]) -> int:
    return -arm[1]


def _merged(ranges: Iterable[Range]) -> list[Range]:
    """Join neighbours of one variant, so that ranges do not pile up."""
    merged: list[Range] = []
    for each in ranges:
        if merged and merged[-1].arm == each.arm and merged[-1].end == each.start:
            merged[-1] = Range(merged[-1].start, each.end, each.arm)
        else:
            merged.append(each)
    return merged


def _moves(before: Sequence[Range], after: Sequence[Range], names: Sequence[str], *, total: int) -> tuple[Move, ...]:
    """Return what differs between two layouts of the same buckets."""
    moved: dict[tuple[int, int], int] = {}
    at = 0
    for old in before:
        while at < len(after) and after[at].end <= old.start:
            at += 1
        for new in after[at:]:
            if new.start >= old.end:
                break
            if new.arm != old.arm:
                buckets = min(old.end, new.end) - max(old.start, new.start)
                moved[old.arm, new.arm] = moved.get((old.arm, new.arm), 0) + buckets
    return tuple(Move(names[old], names[new], buckets / total) for (old, new), buckets in sorted(moved.items()))
