"""What a cascade saves: how often the expensive classifier is asked, what that costs in time, and what it changes.

    python benchmarks/cascade.py
    python benchmarks/cascade.py --quick

The cheap classifier is the learned scorer of prompt injection. The expensive one stands for a judge: it waits 20 ms, and is
right about 95 % of the attacks and 99 % of the harmless texts, by a hash of the text. The texts are held-out ones of this
project: prompts that the scorer was not trained on. Ends of the range are given as the shares of harmless texts that reach
them, which the model knows for itself (`LearnedClassifier.threshold`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from kit import save

sys.path.append(str(Path(__file__).parents[1]))

from genai_guard.guards import Cascade, LearnedClassifier
from training import data

WAIT_S: Final = 0.02
RIGHT: Final = {True: 0.95, False: 0.99}
RANGES: Final = ((0.1, 0.001), (0.05, 0.002), (0.02, 0.005), (0.1, None), (0.02, None))
"""Shares of harmless texts that reach the lower and the upper end; None asks about everything above the lower."""
ATTACKS: Final = 0.01
"""Share of attacks in the traffic that the last column is about."""


class Judge:
    """Stands for a language model: slow, and mostly right."""

    blocking = True

    def __init__(self, truth: Mapping[str, bool], *, wait_s: float = 0.0) -> None:
        self._truth, self._wait_s = truth, wait_s

    def classify(self, text: str, /) -> dict[str, float]:
        """Return 0.95 or 0.05."""
        time.sleep(self._wait_s)
        drawn = int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=4).digest()) / 2**32
        truth = self._truth[text]
        return {"injection": 0.95 if truth is (drawn < RIGHT[truth]) else 0.05}


def shares(found: Sequence[bool], truth: Sequence[bool]) -> tuple[float, float]:
    """Return the share of attacks and of harmless texts of which something holds."""
    sides = [
        [each for each, is_attack in zip(found, truth, strict=True) if is_attack is side] for side in (True, False)
    ]
    return sum(sides[0]) / len(sides[0]), sum(sides[1]) / len(sides[1])


def asked_and_found(cascade: Cascade, texts: Sequence[str], least: float) -> tuple[list[bool], list[bool]]:
    """Return of each text whether the expensive one was asked, and whether it counts."""
    asked: list[bool] = []
    found: list[bool] = []
    for text in texts:
        before = cascade.counts.asked
        found.append(cascade.classify(text)["injection"] >= least)
        asked.append(cascade.counts.asked > before)
    return asked, found


def seconds(classifier: Any, texts: Sequence[str]) -> float:
    """Return how long texts take."""
    began = time.perf_counter()
    for text in texts:
        classifier.classify(text)
    return time.perf_counter() - began


def overhead_us(cheap: LearnedClassifier, texts: Sequence[str], rounds: int) -> float:
    """Return the CPU microseconds that a cascade adds to a text of which the cheap one is sure."""
    lines: dict[str, Any] = {"alone": cheap, "cascade": Cascade(cheap, Judge({}), unsure=(0.999999, 1.0))}
    best = dict.fromkeys(lines, float("inf"))
    for _ in range(rounds):
        for name, classifier in lines.items():
            began = time.thread_time_ns()
            for text in texts:
                classifier.classify(text)
            best[name] = min(best[name], (time.thread_time_ns() - began) / 1000 / len(texts))
    return best["cascade"] - best["alone"]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer texts")
    quick = parser.parse_args().quick
    examples = [
        each for each in data.load("injection", packages=False) if each.split == "test" and each.place == "prompt"
    ]
    examples = examples[::10] if quick else examples
    truth = {each.text: bool(each.labels) for each in examples}
    texts, is_attack = list(truth), list(truth.values())
    cheap = LearnedClassifier("injection")
    ends = {share: cheap.threshold("injection", false_positives=share) for pair in RANGES for share in pair if share}
    least = cheap.threshold("injection", false_positives=0.01)
    print(f"{sum(is_attack)} attacks and {len(texts) - sum(is_attack)} harmless prompts; model {cheap.digest[:8]}\n")
    print(f"{'':34}{'asked about':>22}{'recall':>9}{'in vain':>9}{'of 1,000 calls':>16}")
    print(f"{'':34}{'attacks':>11}{'harmless':>11}")
    rows: dict[str, Any] = {}

    def tell(name: str, asked: tuple[float, float], found: tuple[float, float]) -> None:
        share = ATTACKS * asked[0] + (1 - ATTACKS) * asked[1]
        rows[name] = {"asked": asked, "recall": found[0], "false_positives": found[1], "asked_share": share}
        print(f"{name:34}{asked[0]:>11.1%}{asked[1]:>11.1%}{found[0]:>9.1%}{found[1]:>9.2%}{1000 * share:>16.0f}")

    judge = Judge(truth)
    tell(
        "the scorer alone, at 1 %",
        (0, 0),
        shares([cheap.classify(text)["injection"] >= least for text in texts], is_attack),
    )
    tell("the judge alone", (1, 1), shares([judge.classify(text)["injection"] >= 0.5 for text in texts], is_attack))
    for low, high in RANGES:
        cascade = Cascade(
            cheap, judge, unsure=(ends[low], ends[high] if high else 1.0), categories=["injection"], timeout_s=None
        )
        asked, found = asked_and_found(cascade, texts, 0.5 if not high else min(0.5, ends[high]))
        name = f"unsure from {100 * low:g} % " + (f"to {100 * high:g} %" if high else "on")
        tell(name, shares(asked, is_attack), shares(found, is_attack))
    harmless = [text for text in texts if not truth[text]][: 20 if quick else 200]
    slow = Judge(truth, wait_s=WAIT_S)
    timed = {
        "judge": seconds(slow, harmless),
        "cascade": seconds(Cascade(cheap, slow, unsure=(ends[0.05], ends[0.002]), categories=["injection"]), harmless),
    }
    print(
        f"\n{len(harmless)} harmless prompts: {timed['judge']:.2f} s by the judge, {timed['cascade']:.2f} s by a cascade (5 % to 0.2 %)"
    )
    cost = overhead_us(cheap, harmless, 3 if quick else 15)
    print(f"a cascade adds {cost:.1f} us of CPU to a text that is sure")
    save("cascade", {"rows": rows, "seconds": timed, "overhead_us": cost})


if __name__ == "__main__":
    main()
