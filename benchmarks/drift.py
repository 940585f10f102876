"""How often drift is said where nothing changed, how often where something did, and what it costs.

    python benchmarks/drift.py
    python benchmarks/drift.py --quick

Numbers are log-normal, as lengths and latencies are, with a baseline of 2,000 calls and windows of 500; labels are 94 %,
4 % and 2 %; texts are drawn from 2,000 words by Zipf's law; vectors have 8 dimensions. `windows` are looked at one after
the other against one baseline, as a `DriftMonitor` does. Seeded: all but the times are the same every time. Exits with 1 if
six unchanged features alarm in more than 5 % of the rounds (by two standard errors), or a mean that is a quarter higher is
missed in more than 5 %.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from time import process_time
from typing import Any, Final

import numpy as np
from kit import SAMPLES, save

from genai_guard.recording.drift import FEATURES, Baseline, DriftTable, Feature, drift
from genai_guard.recording.drift import distances as far
from genai_guard.recording.drift.significance import ks_p_value
from genai_guard.recording.quality import QUALITY

NUMBERS: Final = [f"number_{place}" for place in range(6)]
BEFORE: Final = 2_000
NOW: Final = 500
ALPHA: Final = 0.05

Calls = list[dict[str, Any]]


def numbers(rng: np.random.Generator, count: int, *, factor: float = 1.0, columns: int = 6) -> Calls:
    """Return calls with as many log-normal numbers, of which the first is so many times as large."""
    drawn = rng.lognormal(5.0, 0.6, (count, columns))
    drawn[:, 0] *= factor
    return [dict(zip(NUMBERS, values, strict=False)) for values in drawn.round().tolist()]


def rates(rounds: int) -> dict[str, Any]:
    """Return how often something, and how often the first of six features, is said to have drifted."""
    found: dict[str, Any] = {}
    print(f"six features, baseline {BEFORE:,}, window {NOW}, alpha {ALPHA}; share of {rounds} rounds")
    print(
        f"  {'first feature':16}{'any drift':>10}{'first of six':>14}{'alone':>8}{'K-S p<.05':>11}{'PSI>.1':>8}{'JS>.1':>8}"
    )
    for name, factor in (("unchanged", 1.0), ("mean +10 %", 1.10), ("mean +25 %", 1.25)):
        rng = np.random.default_rng(11)
        said = np.zeros(6)
        for _ in range(rounds):
            table = drift(numbers(rng, NOW, factor=factor), baseline=numbers(rng, BEFORE), features=NUMBERS)
            alone = drift(
                numbers(rng, NOW, factor=factor, columns=1),
                baseline=numbers(rng, BEFORE, columns=1),
                features=NUMBERS[:1],
            )
            first = table.rows[1]
            ks = first.p_value or 0.0
            psi, js = first.population_stability_index or 0.0, first.js_distance or 0.0
            said += [bool(table.drifted), first.verdict == "drift", bool(alone.drifted), ks < 0.05, psi > 0.1, js > 0.1]
        found[name] = (said / rounds).round(4).tolist()
        cells = "".join(f"{share:>{width}.3f}" for share, width in zip(found[name], (10, 14, 8, 11, 8, 8), strict=True))
        print(f"  {name:16}{cells}")
    print(f"  standard error near .05: {math.sqrt(0.05 * 0.95 / rounds):.4f}\n")
    return found


def sizes(rounds: int) -> dict[str, Any]:
    """Return by the size of the window how often a statistic alarms without a change, and how often a change is seen."""
    found: dict[str, Any] = {}
    rng = np.random.default_rng(12)
    print(
        "one number by the size of the window: share that is above the usual threshold with no change, and share in which"
    )
    print("the test sees a change when it is one of six features")
    print(
        f"  {'window':>8}{'K-S p<.05':>11}{'PSI>.1':>8}{'PSI>.25':>9}{'JS>.1':>8}{'+10 % seen':>12}{'+25 % seen':>12}"
    )
    for size in (50, 100, 200, 500, 1000, 2000):
        said = np.zeros(6)
        for _ in range(rounds):
            before, now = (np.sort(rng.lognormal(5.0, 0.6, count)) for count in (BEFORE, size))
            ordered = before.tolist()
            edges = far.quantile_edges(ordered)
            bins = far.histogram(ordered, edges), far.histogram(now.tolist(), edges)
            psi, js = far.population_stability(*bins), far.jensen_shannon(*bins)
            p_values = [_ks(ordered, (now * factor).tolist()) for factor in (1.0, 1.10, 1.25)]
            seen = [p_value <= ALPHA / 6 for p_value in p_values[1:]]
            said += [p_values[0] < 0.05, psi > 0.1, psi > 0.25, js > 0.1, *seen]
        found[str(size)] = (said / rounds).round(4).tolist()
        cells = zip(found[str(size)], (11, 8, 9, 8, 12, 12), strict=True)
        print(f"  {size:>8}" + "".join(f"{each:>{width}.2f}" for each, width in cells))
    print()
    return found


def _ks(before: list[float], now: list[float]) -> float:
    return ks_p_value(far.ks_statistic(before, now), before=len(before), after=len(now))


def other_kinds(rounds: int) -> dict[str, Any]:
    """Return how often labels, words and vectors are said to have drifted, unchanged and changed."""
    rng = np.random.default_rng(13)
    vocabulary = np.array([f"word{number}" for number in range(2_000)])
    zipf = 1 / np.arange(1, 2_001)
    zipf /= zipf.sum()
    vector = Feature("vector", lambda call: call.row["vector"], kind="vector", needs_text=False)

    def labels(count: int, *, changed: bool) -> Calls:
        shares = [0.90, 0.08, 0.02] if changed else [0.94, 0.04, 0.02]
        return [{"status": name} for name in rng.choice(["ok", "blocked", "error"], count, p=shares)]

    def texts(count: int, *, changed: bool) -> Calls:
        made = [" ".join(rng.choice(vocabulary, 20, p=zipf)) for _ in range(count)]
        return [
            {"request": text + " a new topic here" * (changed and number % 5 == 0)} for number, text in enumerate(made)
        ]

    def vectors(count: int, *, changed: bool) -> Calls:
        return [{"vector": each} for each in (rng.normal(size=(count, 8)) + 0.25 * changed).tolist()]

    kinds: dict[str, tuple[Callable[..., Calls], Any, str]] = {
        "label": (labels, "status", "blocked twice as often"),
        "words": (texts, "prompt_vocabulary", "new words in every fifth text"),
        "vector": (vectors, vector, "each mean by 0.25 sd"),
    }
    found: dict[str, Any] = {}
    print(f"one feature of another kind, as above; share of {rounds} rounds that say drift")
    print(f"  {'kind':10}{'unchanged':>10}{'changed':>9}  change")
    for name, (make, feature, change) in kinds.items():
        said = [
            sum(
                bool(
                    drift(make(NOW, changed=changed), baseline=make(BEFORE, changed=False), features=[feature]).drifted
                )
                for _ in range(rounds)
            )
            / rounds
            for changed in (False, True)
        ]
        found[name] = said
        print(f"  {name:10}{said[0]:>10.3f}{said[1]:>9.3f}  {change}")
    print()
    return found


def windows(rounds: int, *, looks: int = 100) -> dict[str, Any]:
    """Return how often a run of windows against one baseline alarms: with a shared alpha, and with one for each."""
    rng = np.random.default_rng(14)
    shared = each = 0
    for _ in range(rounds):
        baseline = Baseline.of(numbers(rng, BEFORE, columns=2), features=NUMBERS[:2])
        tables = [_look(rng, baseline) for _ in range(looks)]
        smallest = [min(row.p_corrected or 1.0 for row in table.rows[1:]) for table in tables]
        shared += min(smallest) <= ALPHA / looks
        each += min(smallest) <= ALPHA
    found = {"shared": shared / rounds, "each": each / rounds}
    print(f"{looks} unchanged windows in a row, two features; share of {rounds} runs with an alarm")
    print(
        f"  alpha shared by all (DriftMonitor)  {found['shared']:.3f}\n  alpha for each window  {found['each']:>21.3f}\n"
    )
    return found


def _look(rng: np.random.Generator, baseline: Baseline) -> DriftTable:
    return drift(numbers(rng, NOW, columns=2), baseline=baseline, features=NUMBERS[:2])


def costs(rows: int) -> dict[str, float]:
    """Return CPU microseconds for each call, by feature, and milliseconds for each comparison."""
    calls = list(_calls(rows))
    found: dict[str, float] = {}
    features = {**FEATURES, **QUALITY}
    print(f"CPU us a call, with texts of about 400 characters each way; {rows:,} calls, the best of three")
    for name, feature in features.items():
        try:
            Baseline.of(calls[:5], features=[name])
        except Exception:  # noqa: BLE001  an extra is missing
            continue
        found[name] = _best_us(calls, [feature])
    quick = [each for name, each in FEATURES.items() if not name.endswith("_language")]
    found["all, without languages"] = _best_us(calls, quick)
    for name, spent_us in found.items():
        print(f"  {name:24}{spent_us:8.1f}")
    baseline = Baseline.of(calls, features=quick)
    window = Baseline.of(calls[: rows // 2], features=quick)
    began = process_time()
    for name, column in window.cells[next(iter(window.cells))].columns.items():
        _compare(baseline, name, column)
    found["comparison of all, ms"] = (process_time() - began) * 1e3
    print(f"  one comparison of all of them: {found['comparison of all, ms']:.1f} ms")
    return found


def _compare(baseline: Baseline, name: str, column: Any) -> None:
    from genai_guard.recording.drift.comparing import difference  # noqa: PLC0415

    difference(baseline.cells[next(iter(baseline.cells))].columns[name], column)


def _best_us(calls: Calls, features: list[Feature]) -> float:
    def spent() -> float:
        began = process_time()
        Baseline.of(calls, features=features)
        return process_time() - began

    return min(spent() for _ in range(3)) / len(calls) * 1e6


def _calls(count: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(15)
    words = SAMPLES["prose"].prompt.split()
    for number in range(count):
        prompt, reply = (" ".join(rng.choice(words, 90)) for _ in range(2))
        yield {
            "request": json.dumps({"messages": [{"role": "user", "content": prompt}]}),
            "response": json.dumps({"messages": [{"role": "assistant", "content": reply}]}),
            "status": "ok",
            "model": f"m{number % 3}",
            "latency_ms": float(rng.lognormal(6, 0.5)),
            "input_tokens": number % 97,
            "verdicts": [],
        }


def main() -> int:
    """Print everything, save it, and say whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a twentieth of it")
    quick = parser.parse_args().quick
    rounds = 30 if quick else 600
    found = {
        "rates": rates(rounds),
        "sizes": sizes(rounds),
        "other kinds": other_kinds(max(10, rounds // 4)),
        "windows": windows(max(5, rounds // 6), looks=20 if quick else 100),
        "costs": costs(200 if quick else 1_000),
    }
    save("drift", found)
    slack = 2 * math.sqrt(ALPHA * (1 - ALPHA) / rounds)
    is_met = found["rates"]["unchanged"][0] <= ALPHA + slack and found["rates"]["mean +25 %"][1] >= 0.95 - slack
    print("the bars are met" if is_met else "THE BARS ARE NOT MET")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
