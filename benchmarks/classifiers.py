"""What classifiers cost: microseconds for a kilobyte, milliseconds to load, memory.

    python benchmarks/classifiers.py
    python benchmarks/classifiers.py --quick

The learned scorers stand beside the rules that they are asked with, and `alt-profanity-check`, a linear model of
scikit-learn. `fresh` texts have words that were not seen before in this process; `seen` ones were scored as a whole before.
CPU time of the thread, the least of interleaved rounds; only ratios carry over to another machine.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from kit import SAMPLES, save

from genai_guard.guards import LearnedClassifier, LexicalClassifier, ProfanityClassifier
from genai_guard.guards.classifiers.learned.model import Model
from genai_guard.guards.classifiers.learned.scorer import Scorer
from genai_guard.guards.classifiers.learned.units import words_of
from genai_guard.guards.injection.finder import Finder

MODELS: Final = Path(__file__).parents[1] / "src/genai_guard/guards/classifiers/learned/models"


def texts(number: int) -> list[str]:
    """Return kilobytes of prose, each with its sentences in another order."""
    rng = Random(number)
    sentences = [each for text in SAMPLES["prose"] for each in text.split(". ")]
    made: list[str] = []
    for _ in range(number):
        rng.shuffle(sentences)
        made.append(". ".join(sentences)[:1024])
    return made


def words(number: int) -> list[str]:
    """Return kilobytes of words that nobody has seen."""
    rng = Random(-number)
    letters = "etaoinshrdlu"
    return [" ".join("".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(170)) for _ in range(number)]


def costs(lines: dict[str, tuple[Callable[[str], Any], Sequence[str]]], rounds: int) -> dict[str, float]:
    """Return the microseconds that each line takes for a kilobyte."""
    best = dict.fromkeys(lines, float("inf"))
    for _ in range(rounds):
        for name, (run, given) in lines.items():
            began = time.thread_time_ns()
            for text in given:
                run(text)
            spent = (time.thread_time_ns() - began) / 1000 / (sum(map(len, given)) / 1024)
            best[name] = min(best[name], spent)
    return best


def loading(make: Callable[[], Any]) -> tuple[float, float]:
    """Return milliseconds and megabytes that it takes to make something."""
    began = time.thread_time_ns()
    make()
    spent = (time.thread_time_ns() - began) / 1e6
    tracemalloc.start()
    kept = make()
    size = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    del kept
    return spent, size


def imports() -> str:
    """Return what the import of the guards and the first score cost a fresh process, in milliseconds."""
    code = (
        "import time; began = time.process_time()\n"
        "from genai_guard.guards import LearnedClassifier\n"
        "classifier = LearnedClassifier('injection'); loaded = time.process_time()\n"
        "classifier.score('How do I boil an egg?'); print(f'{(loaded - began) * 1e3:.0f} + {(time.process_time() - loaded) * 1e3:.0f}')"
    )
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 3 if parser.parse_args().quick else 15
    prose, unseen = texts(20), words(20)
    count = itertools.count()  # a text that is not quite the same is none that was seen
    models = {task: Model.load(MODELS / f"{task}.bin") for task in ("injection", "harm")}
    lines: dict[str, tuple[Callable[[str], Any], Sequence[str]]] = {
        "rules of injection": (Finder()._find, prose),  # noqa: SLF001  without what it remembers
        "rules of harm": (lambda text: LexicalClassifier().places(f"{text}{next(count)}"), prose),
    }
    for task, model in models.items():
        scorer = Scorer(model)
        lines[f"{task}, words alone"] = (lambda text, scorer=scorer: scorer.read(words_of(text)), prose)  # type: ignore[misc]
        lines[f"{task}, with its rules"] = (lambda text, scorer=scorer: scorer.logits(f"{text}{next(count)}"), prose)  # type: ignore[misc]
        lines[f"{task}, seen"] = (LearnedClassifier(task).score, prose)
    lines["profanity (alt-profanity-check)"] = (ProfanityClassifier().classify, prose)
    found = costs(lines, rounds)
    fresh: dict[str, tuple[Callable[[str], Any], Sequence[str]]] = {}
    for task, model in models.items():
        fresh[f"{task}, fresh"] = (lambda text, model=model: Scorer(model).read(words_of(text)), unseen[:1])  # type: ignore[misc]
    found |= costs(fresh, rounds)
    for name, cost in found.items():
        print(f"  {name:32} {cost:7.0f} us for a kilobyte")
    loads = {task: loading(lambda task=task: Model.load(MODELS / f"{task}.bin")) for task in models}  # type: ignore[misc]
    for task, (ms, size) in loads.items():
        print(f"  {task}.bin: {ms:.1f} ms to load, {size:.1f} MB in memory")
    print(f"  a fresh process: {imports()} ms: import and load, then the first score, which compiles the rules")
    save("classifiers", {"us_per_kb": found, "load_ms": {task: ms for task, (ms, _) in loads.items()}})


if __name__ == "__main__":
    main()
