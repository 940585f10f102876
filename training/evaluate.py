"""Measures the scorers on sources that they were not trained on, prints the tables, and writes cards and page.

    python -m training.evaluate             print
    python -m training.evaluate harm        one of them
    python -m training.evaluate --write     write the cards beside the models and docs/reference/learned-classifiers.md too

Rates have 95 % intervals (Wilson), areas too (bootstrap).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from genai_guard.guards import ContentSafety, PromptInjection
from genai_guard.guards.classifiers.learned import LearnedClassifier, ModelCard
from training import data
from training.disguised import DISGUISES, disguised
from training.examples import TASKS, Example, Task
from training.heads import HEADS, lesson
from training.metrics import Rate, area, area_between, calibration_error, rate
from training.page import page, table
from training.train import PRIOR

__all__ = ["Measured", "main", "measure", "tables"]

ROOT: Final = Path(__file__).parents[1]
MODELS: Final = ROOT / "src/genai_guard/guards/classifiers/learned/models"
PAGE: Final = ROOT / "docs/reference/learned-classifiers.md"
BUDGETS: Final[dict[Task, float]] = {"injection": 0.02, "harm": 0.01}
_FEWEST: Final = 8
"""Texts of a source, language or kind that get a line of their own."""
_DISGUISED: Final = 150
"""Texts that each disguise is tried on."""
LIMITS: Final[dict[Task, tuple[str, ...]]] = {
    "injection": (
        "English first; other languages as the table says.",
        "An order in words of its own, a harmless-looking first message of several, and text in pictures are missed.",
        "A quotation of an attack may be taken for one.",
        "Text in ROT13, Morse or reversed is not decoded.",
    ),
    "harm": (
        "English first; other languages as the table says.",
        "It goes by words: irony, innuendo and what takes knowledge to see as a threat are missed.",
        "A quotation, a report or a joke may be taken for what it tells of.",
        "Dialects and reclaimed words may be taken for slurs.",
    ),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a model makes of the texts of its task.

    Attributes:
        task: Which.
        digest: Of the model.
        examples: The texts.
        scores: Of each head, the probability of each text.
        least: Of each head, the threshold of the budget.
        guarded: Whether the guard, with rules and model, blocks each text.
        ruled: Whether it does with rules alone.
        disguised: Of each disguise, the share that is still found of what is found undisguised.
    """

    task: Task
    digest: str
    examples: Sequence[Example]
    scores: dict[str, Any]
    least: dict[str, float]
    guarded: Any
    ruled: Any
    disguised: dict[str, Rate]


def measure(task: Task, examples: Sequence[Example], *, model: str | Path = "") -> Measured:
    """Score texts by a model, and by the guard that uses it.

    Args:
        task: Which.
        examples: None of them of a source that the model was trained on.
        model: A file instead of the one in the package.
    """
    classifier = LearnedClassifier(model or task)
    rows = [classifier.score(each.text) for each in examples]
    scores = {head: np.array([row[head] for row in rows]) for head in HEADS[task]}
    least = {head: classifier.threshold(head, false_positives=BUDGETS[task]) for head in HEADS[task]}
    both, rules = _guards(task)
    return Measured(
        task,
        classifier.digest,
        examples,
        scores,
        least,
        np.array([_blocks(both, each) for each in examples]),
        np.array([_blocks(rules, each) for each in examples]),
        _disguised(both, examples),
    )


def _guards(task: Task) -> tuple[Any, Any]:
    kind = PromptInjection if task == "injection" else ContentSafety
    return kind(), kind(false_positives=None)


def _blocks(guard: Any, example: Example) -> bool:
    if isinstance(guard, PromptInjection):
        place: Any = {"prompt": "user", "tool_result": "tool"}.get(example.place, "document")
        return bool(guard.check(example.text, place=place).blocked)
    return bool(guard.check(example.text).blocked)


def _disguised(guard: Any, examples: Sequence[Example]) -> dict[str, Rate]:
    found = [
        each
        for each in examples
        if each.labels and each.language == "en" and len(each.text) < 1_000 and _blocks(guard, each)
    ]
    chosen = found[:: max(1, len(found) // _DISGUISED)][:_DISGUISED]
    return {name: rate([_blocks(guard, each) for each in disguised(chosen, name)]) for name in DISGUISES}


def tables(measured: Measured) -> dict[str, str]:
    """Return the tables of a model by their names."""
    return {
        "heads": _heads(measured),
        "sources": _sources(measured),
        "harmless": _groups(measured, "kind"),
        "languages": _languages(measured),
        "disguises": table(
            ["disguise", "still found"], [[name, _said(each)] for name, each in measured.disguised.items()]
        ),
    }


def _heads(measured: Measured) -> str:
    rows = []
    for head in HEADS[measured.task]:
        learned = lesson(head, measured.examples)
        score = measured.scores[head]
        found, harmless = score[_looked_for(head, measured)], score[learned.judged]
        if not len(found):
            continue
        low, high = area_between(found, harmless, seed=1)
        kept = _looked_for(head, measured) | learned.judged
        error = calibration_error(score[kept], learned.truth[kept], prior=PRIOR)
        rows.append([
            head, len(found), len(harmless), f"{area(found, harmless):.3f} ({low:.3f} to {high:.3f})",
            f"{_in_english(head, measured):.3f}", _said(rate(found > _cut(harmless, 0.01))), _said(rate(found > _cut(harmless, 0.05))),
            _said(rate(found >= measured.least[head])), _said(rate(harmless >= measured.least[head])), f"{error:.3f}",
        ])  # fmt: skip
    return table(
        [
            "category",
            "texts",
            "harmless",
            "area",
            "English",
            "found at 1 % false",
            "at 5 %",
            "at its threshold",
            "false at its threshold",
            "calibration error",
        ],
        rows,
    )


def _in_english(head: str, measured: Measured) -> float:
    """Return the area of the English texts."""
    english = np.array([each.language == "en" for each in measured.examples])
    judged = lesson(head, measured.examples).judged
    return area(measured.scores[head][_looked_for(head, measured) & english], measured.scores[head][judged & english])


def _looked_for(head: str, measured: Measured) -> Any:
    """Return which texts a head is to find: attacks where its places are."""
    truth = lesson(head, measured.examples).truth
    if measured.task == "harm":
        return truth
    elsewhere = np.array([each.place != "prompt" for each in measured.examples])
    return truth & (elsewhere if head == "indirect_injection" else ~elsewhere)


def _cut(harmless: Any, share: float) -> float:
    """Return the score that no more than a share of the harmless texts exceed."""
    return float(np.sort(harmless)[len(harmless) - 1 - int(share * len(harmless))])


def _sources(measured: Measured) -> str:
    rows = []
    for source in sorted({each.source for each in measured.examples if each.labels}):
        there = np.array([each.source == source and bool(each.labels) for each in measured.examples])
        if there.sum() < _FEWEST:
            continue
        places = {
            "prompt" if each.place == "prompt" else "read"
            for each, yes in zip(measured.examples, there, strict=True)
            if yes
        }
        for head in _heads_for(measured, there, places):
            learned = lesson(head, measured.examples)
            found = measured.scores[head][there & (learned.truth if measured.task == "harm" else True)]
            harmless = measured.scores[head][learned.judged]
            rows.append([
                source, head, len(found), f"{area(found, harmless):.3f}", _said(rate(found > _cut(harmless, 0.01))),
                _said(rate(found > _cut(harmless, 0.05))), _said(rate(measured.ruled[there])), _said(rate(measured.guarded[there])),
            ])  # fmt: skip
    return table(
        ["source", "category", "texts", "area", "found at 1 % false", "at 5 %", "by rules alone", "by rules and model"],
        rows,
    )


def _heads_for(measured: Measured, there: Any, places: set[str]) -> list[str]:
    if measured.task == "injection":
        return ["injection"] if places == {"prompt"} else ["indirect_injection"]
    labels = Counter(label for each, yes in zip(measured.examples, there, strict=True) if yes for label in each.labels)
    return [label for label, count in labels.items() if count >= _FEWEST]


def _counts(measured: Measured) -> Any:
    """Return which texts reach the threshold of the budget."""
    reached = np.zeros(len(measured.examples), bool)
    for head in HEADS[measured.task]:
        over = measured.scores[head] >= measured.least[head]
        if measured.task == "injection":
            elsewhere = np.array([each.place != "prompt" for each in measured.examples])
            over &= elsewhere if head == "indirect_injection" else ~elsewhere
        reached |= over
    return reached


def _groups(measured: Measured, by: str) -> str:
    counts = _counts(measured)
    names = np.array([getattr(each, by) for each in measured.examples])
    harmless = np.array([not each.labels for each in measured.examples])
    rows = []
    for name in [*sorted(set(names[harmless])), "all of them"]:
        there = harmless & ((names == name) | (name == "all of them"))
        rows.append(
            [name, int(there.sum()), *(_said(rate(each[there])) for each in (counts, measured.ruled, measured.guarded))]
        )
    return table([f"harmless, by {by}", "texts", "false by the model", "by rules alone", "by rules and model"], rows)


def _languages(measured: Measured) -> str:
    counts = _counts(measured)
    names = np.array([each.language for each in measured.examples])
    found = np.array([bool(each.labels) for each in measured.examples])
    most = np.max([measured.scores[head] for head in HEADS[measured.task]], axis=0)
    rows = []
    for name in sorted(set(names), key=lambda each: (-int((names == each).sum()), each)):
        there, other = (names == name) & found, (names == name) & ~found
        if there.sum() + other.sum() < _FEWEST:
            continue
        rows.append([
            name, int(there.sum()), int(other.sum()), _area(most[there], most[other]), _said(rate(counts[there])),
            _said(rate(counts[other])), _said(rate(measured.guarded[there])), _said(rate(measured.guarded[other])),
        ])  # fmt: skip
    return table(
        [
            "language",
            "texts",
            "harmless",
            "area",
            "found by the model",
            "false by the model",
            "found by both",
            "false by both",
        ],
        rows,
    )


def _area(found: Any, harmless: Any) -> str:
    return f"{area(found, harmless):.3f}" if len(found) and len(harmless) else "—"


def _said(each: Rate) -> str:
    if not each.of:
        return "—"
    low, high = each.interval
    return f"{100 * each.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def card(measured: Measured, date: str) -> ModelCard:
    """Return the card of a model."""
    trained = [each for each in data.load(measured.task) if each.split == "train"]
    sizes = Counter((each.source, each.licence) for each in trained)
    sources = [{"name": name, "licence": licence, "texts": count} for (name, licence), count in sorted(sizes.items())]
    return ModelCard(
        f"{measured.task}-{measured.digest[:8]}",
        measured.digest,
        date,
        sources,
        _quality(measured),
        LIMITS[measured.task],
    )


def _quality(measured: Measured) -> dict[str, Any]:
    quality: dict[str, Any] = {}
    for head in HEADS[measured.task]:
        found = measured.scores[head][_looked_for(head, measured)]
        harmless = measured.scores[head][lesson(head, measured.examples).judged]
        sources: dict[str, Any] = {}
        for source in sorted(
            {each.source for each, yes in zip(measured.examples, _looked_for(head, measured), strict=True) if yes}
        ):
            there = _looked_for(head, measured) & np.array([each.source == source for each in measured.examples])
            scores = measured.scores[head][there]
            sources[source] = {
                "texts": len(scores),
                "area": _rounded(area(scores, harmless)),
                "found_at_1_percent": _rounded(rate(scores > _cut(harmless, 0.01)).share),
            }
        quality[head] = {
            "texts": len(found),
            "harmless": len(harmless),
            "area": _rounded(area(found, harmless)),
            "area_in_english": _rounded(_in_english(head, measured)),
            "found_at_1_percent": _rounded(rate(found > _cut(harmless, 0.01)).share),
            "found_at_5_percent": _rounded(rate(found > _cut(harmless, 0.05)).share),
            "threshold": _rounded(measured.least[head]),
            "found_at_threshold": _rounded(rate(found >= measured.least[head]).share),
            "false_at_threshold": _rounded(rate(harmless >= measured.least[head]).share),
            "sources": sources,
        }
    return quality


def _rounded(value: float) -> float | None:
    return None if value != value else round(value, 4)  # noqa: PLR0124  not a number


def main() -> None:
    """Measure, print, and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="which scorers: injection, harm; both unless said")
    parser.add_argument("--write", action="store_true", help="write the cards and the page")
    given = parser.parse_args()
    date = datetime.now(UTC).date().isoformat()
    printed: dict[str, Any] = {"date": date}
    for task in given.tasks or TASKS:
        measured = measure(task, [each for each in data.load(task) if each.split == "test"])
        printed[task] = {"digest": measured.digest, **tables(measured)}
        print(f"\n# {task}: model {measured.digest}")
        for name, text in tables(measured).items():
            print(f"\n## {name}\n\n{text}")
        if given.write:
            written = json.dumps(asdict(card(measured, date)), indent=1, ensure_ascii=False)
            (MODELS / f"{task}.card.json").write_text(written + "\n", "utf-8")
    if given.write and set(given.tasks or TASKS) == set(TASKS):
        PAGE.write_text(page(printed), "utf-8")


if __name__ == "__main__":
    main()
