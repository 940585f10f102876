"""Compares settings by training sources that are left out: what is tested on decides nothing.

    python -m training.compare injection                                        as they are
    python -m training.compare injection meaning=0 meaning=1 penalty=3,rounds=2   each of these beside it
    python -m training.compare harm --head violence --head hate meaning=1

Prints for each head and each change: the mean, over the sources of texts to be found, of the area under the ROC curve and of
what is found at 1 % and 5 % false positives; those of mixtures and of grammars apart; and the areas of English and of other
texts. The harmless texts are those of all sources, by scorers that did not see theirs. Sources of our own resemble each other
more than they do those of others: `--sorts` leaves out all texts that try the same, and all harmless ones of a kind, instead.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from training import data
from training.examples import TASKS, Example, Task
from training.fitting import Settings
from training.heads import HEADS, Lesson, lesson
from training.matrix import matrix
from training.metrics import area, least_for
from training.train import SETTINGS, SHARED, SIZES, thinned
from training.validation import Folds, left_out, sort

__all__ = ["Worth", "worth"]

_FEWEST: Final = 8
"""Texts of a source that take part in a mean."""
_SORTS: Final = (("lists", ("own/", "garak/", "pyrit/")), ("mixtures", ("mixed/",)), ("grammars", ("grammar/",)))


class Worth(NamedTuple):
    """What scores of left-out texts are worth: of a sort of sources, the means over them."""

    area: float
    found_at_1: float
    found_at_5: float

    def __str__(self) -> str:
        return f"{self.area:.4f} {self.found_at_1:.3f} {self.found_at_5:.3f}"


def worth(scores: Any, learned: Lesson, examples: Sequence[Example]) -> tuple[dict[str, Worth], dict[str, float]]:
    """Return what the scores of left-out texts are worth, by sort of source; and their areas by language.

    Args:
        scores: Of each text, by a scorer that did not see its source.
        learned: What the head looks for.
        examples: The texts.
    """
    kinds: dict[str, list[float]] = {}
    for each, judged, score in zip(examples, learned.judged, scores, strict=True):
        if judged:
            kinds.setdefault(each.kind, []).append(float(score))
    cuts = [least_for(share, kinds) for share in (0.01, 0.05)]
    sources = np.array([each.source for each in examples])
    harmless = scores[learned.judged]
    found: dict[str, Worth] = {}
    for name_of_sort, starts in _SORTS:
        there = [
            scores[learned.truth & (sources == name)]
            for name in sorted(set(sources[learned.truth]))
            if name.startswith(starts) and (learned.truth & (sources == name)).sum() >= _FEWEST
        ]
        if there:
            means = [[area(each, harmless), *(np.mean(each >= cut) for cut in cuts)] for each in there]
            found[name_of_sort] = Worth(*map(float, np.mean(means, axis=0)))
    plain = np.array([not each.source.startswith(("mixed/", "grammar/")) for each in examples])
    english = np.array([each.language == "en" for each in examples])
    areas = {
        name: area(scores[learned.truth & plain & those], scores[learned.judged & those])
        for name, those in (("English", english), ("others", ~english))
    }
    return found, areas


def _changed(settings: Settings, change: str) -> Settings:
    values = dict(each.split("=") for each in change.split(",")) if change else {}
    return replace(settings, **{name: type(getattr(settings, name))(value) for name, value in values.items()})


def main() -> None:
    """Print what each change is worth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("changes", nargs="*", help="of `Settings`: name=value,name=value")
    parser.add_argument("--head", action="append", help="one of them; all unless said")
    parser.add_argument("--most", type=int, default=450, help="texts of a source, of each sort")
    parser.add_argument("--sorts", action="store_true", help="leave out sorts of texts, not sources; without mixtures")
    given = parser.parse_intermixed_args()
    task: Task = given.task
    trained = [each for each in data.load(task) if each.split == "train" and not (given.sorts and each.made_of)]
    examples = thinned(trained, most=given.most)
    rows = matrix(task, [each.text for each in examples], SIZES[task])
    folds = Folds(examples, group=sort if given.sorts else None)
    for head in given.head or dict.fromkeys((*HEADS[task], SHARED[task])):
        learned = lesson(head, examples)
        for change in ("", *given.changes):
            scores = left_out(rows, learned, folds, _changed(SETTINGS[head], change))
            found, areas = worth(scores, learned, examples)
            told = "  ".join(f"{name} {each}" for name, each in found.items())
            print(f"{head:20} {change or 'as it is':24} {told}  English {areas['English']:.4f} others {areas['others']:.4f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
