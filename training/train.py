"""Trains the scorers that the package carries, and writes their files.

    python -m training.train                  both
    python -m training.train injection        one
    python -m training.train harm --out DIR   elsewhere

The same data gives the same file, byte for byte, on the same machine. `training.evaluate` then says what it is worth.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np

from genai_guard.guards.classifiers.categories import CATEGORIES
from genai_guard.guards.classifiers.learned.model import Head, Model, Sizes
from genai_guard.guards.classifiers.learned.training.features import as_bytes
from genai_guard.guards.classifiers.learned.units import word_number
from training import data
from training.examples import TASKS, Example, Task
from training.fitting import Fitted, Settings, fit, platt
from training.heads import HEADS, Lesson, lesson
from training.matrix import Vocabulary, matrix
from training.metrics import area, least_for
from training.validation import Folds, left_out

__all__ = ["BUDGETS", "MOST", "SETTINGS", "SIZES", "main", "thinned", "train"]

OUT: Final = Path(__file__).parents[1] / "src/genai_guard/guards/classifiers/learned/models"
SIZES: Final[dict[Task, Sizes]] = {
    "injection": Sizes(words=1 << 18, pieces=1 << 15, pairs=1 << 16),
    "harm": Sizes(words=1 << 17, pieces=1 << 14, pairs=1 << 15),
}
SHARED: Final[dict[Task, str]] = {"injection": "injection", "harm": "harmful"}
"""The head that each head of a task leans on: it has seen the texts of all of them."""
SETTINGS: Final[dict[str, Settings]] = {
    "injection": Settings(meaning=0.5),
    "indirect_injection": Settings(meaning=0.0),
    "harmful": Settings(meaning=0.4),
    **dict.fromkeys(CATEGORIES, Settings(meaning=0.4)),
}
PRIOR: Final = 0.05
"""Of what a head looks for, among the texts that its probabilities are for."""
RULED: Final = {"injection": (-2, 0.6), "indirect_injection": (-1, 0.5), **dict.fromkeys(CATEGORIES, (-1, 0.5))}
"""The feature that is the score of the rules, and from where on a guard goes by that and asks no model."""
STEPS: Final = 32
"""Steps between nothing and the heaviest weight: more of them make larger files, and measured nothing better."""
MOST: Final = 900
"""Texts of a source, of each sort: of what grammars and mixtures make, more of the same added nothing."""
BUDGETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Shares of harmless texts for which thresholds are kept."""


def train(task: Task, examples: Sequence[Example], *, settings: Settings | None = None) -> Model:
    """Return the scorer of a task, with thresholds by sources that were left out.

    Args:
        task: Which.
        examples: To learn from: none of the split `test`.
        settings: Instead of those that were chosen.
    """
    rows = matrix(task, _told(each.text for each in examples), SIZES[task])
    folds = Folds(examples)
    lessons = {head: lesson(head, examples) for head in (SHARED[task], *HEADS[task])}
    with ProcessPoolExecutor(
        2, mp_context=get_context("fork"), initializer=_share, initargs=(rows, folds, examples)
    ) as pool:
        jobs = {head: pool.submit(_fitted, head, settings or SETTINGS[head]) for head in lessons}
        found = {head: job.result() for head, job in jobs.items()}
    fitted: list[Fitted] = []
    scores: list[Any] = []
    shared, generally = found[SHARED[task]]
    for head in HEADS[task]:
        own, apart = found[head]
        learned = lessons[head]
        sides = np.stack([apart, generally]) if head != SHARED[task] else apart[None]
        slopes, shift = platt(sides, learned.truth, _as_rare(learned))
        fitted.append(
            own.times(slopes[0], shift)
            if len(slopes) == 1
            else own.times(slopes[0], shift) + shared.times(slopes[1], 0)
        )
        scores.append(slopes @ sides + shift)
        told = area(scores[-1][learned.truth], scores[-1][learned.judged])
        _say(f"  {head}: area {told:.3f} on sources left out, slopes {slopes.round(2)}\n")
    _, first = np.unique(rows.text, return_index=True)
    passed = [_passed(lessons[head], rows.structure[first], *RULED[head]) for head in HEADS[task]]
    least = _thresholds(task, examples, passed, scores)
    heads = [_head(*each, rows.vocabulary, SIZES[task]) for each in zip(HEADS[task], fitted, least, strict=True)]
    return Model(task, SIZES[task], tuple(heads))


def thinned(examples: Sequence[Example], *, most: int = MOST) -> list[Example]:
    """Return no more than so many texts of each source that are to be found, and that are not, spread over all of it."""
    groups: dict[tuple[str, bool], list[int]] = {}
    for number, each in enumerate(examples):
        groups.setdefault((each.source, bool(each.labels)), []).append(number)
    kept = {
        group[at * len(group) // min(most, len(group))]
        for group in groups.values()
        for at in range(min(most, len(group)))
    }
    return [each for number, each in enumerate(examples) if number in kept]


_shared: list[Any] = []


def _share(*values: Any) -> None:
    """Keep what all jobs of a process work on."""
    _shared[:] = values


def _fitted(head: str, settings: Settings) -> tuple[Fitted, Any]:
    """Return a head, and the scores of texts by heads that did not see their sources."""
    rows, folds, examples = _shared
    learned = lesson(head, examples)
    apart = left_out(rows, learned, folds, settings, progress=_say)
    return fit(rows, learned.truth, learned.weights, settings), apart


def _as_rare(learned: Lesson) -> Any:
    """Return the weights of texts when as few are to be found as in what people say."""
    share = learned.weights[learned.truth].sum()
    return learned.weights * np.where(learned.truth, PRIOR / share, (1 - PRIOR) / (1 - share))


def _passed(learned: Lesson, structure: Any, feature: int, least: float) -> Any:
    """Return which harmless texts the model is asked about: those that the rules let pass."""
    return learned.judged & (structure[:, feature] < least)


def _thresholds(
    task: Task, examples: Sequence[Example], passed: Sequence[Any], scores: Sequence[Any]
) -> list[tuple[tuple[float, float], ...]]:
    """Return for each head the probabilities from which on a text counts, by the share of harmless texts that reach them.

    Of the heads of harm together no more than that share counts: each has the same part in it.
    """
    groups = [_groups(examples, harmless, score) for harmless, score in zip(passed, scores, strict=True)]
    least: list[list[tuple[float, float]]] = [[] for _ in scores]
    for budget in BUDGETS:
        part = _part(budget, examples, passed[0], scores, groups) if task == "harm" else budget
        for at, group in enumerate(groups):
            least[at].append((budget, float(1 / (1 + np.exp(-least_for(part, group))))))
    return [tuple(each) for each in least]


def _groups(examples: Sequence[Example], harmless: Any, scores: Any) -> dict[str, list[float]]:
    groups: dict[str, list[float]] = {}
    for each, judged, score in zip(examples, harmless, scores, strict=True):
        if judged:
            groups.setdefault(each.kind, []).append(float(score))
    return groups


def _part(
    budget: float, examples: Sequence[Example], harmless: Any, scores: Sequence[Any], groups: Sequence[Any]
) -> float:
    """Return the share that each head may have so that all of them together have `budget`."""
    kinds = np.array([each.kind for each in examples])[harmless]
    sizes = dict(zip(*np.unique(kinds, return_counts=True), strict=True))
    worth = np.array([sizes[kind] ** -0.5 for kind in kinds])
    low, high = budget / len(scores), budget
    for _ in range(12):
        part = (low + high) / 2
        reached = np.zeros(len(kinds), bool)
        for score, group in zip(scores, groups, strict=True):
            reached |= score[harmless] >= least_for(part, group)
        share = np.average(reached, weights=worth)
        low, high = (part, high) if share <= budget else (low, part)
    return low


def _head(
    name: str, fitted: Fitted, thresholds: tuple[tuple[float, float], ...], vocabulary: Vocabulary, sizes: Sizes
) -> Head:
    """Store the weights as bytes, with what the vector of each word is worth added to it."""
    weights = fitted.words.copy()
    worth = vocabulary.vectors @ fitted.meaning
    columns = np.array([word_number(word) & (sizes.words - 1) for word in vocabulary.words])
    taken, first = np.unique(columns, return_index=True)  # of words that share a place, the most frequent
    weights[taken] += worth[first]
    scales, stored = as_bytes(weights, sizes, steps=STEPS)
    structure = tuple(round(float(weight), 4) for weight in fitted.structure)
    rounded = tuple((budget, round(least, 5)) for budget, least in thresholds)
    return Head(name, round(fitted.bias, 4), scales, structure, rounded, stored)


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _told(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number % 1000 == 0:
            _say(f"\r  {number} texts read")
        yield text
    _say("\n")


def main() -> None:
    """Train, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="which scorers: injection, harm; both unless said")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the files")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for task in given.tasks or TASKS:
        began = time.monotonic()
        examples = thinned([each for each in data.load(task) if each.split == "train"])
        _say(f"{task}: {len(examples)} texts of {len({each.source for each in examples})} sources\n")
        contents = train(task, examples).to_bytes()
        path = given.out / f"{task}.bin"
        path.write_bytes(contents)
        _say(f"  {path.name}: {len(contents)} bytes in {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main()
