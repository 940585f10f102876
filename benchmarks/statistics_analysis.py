"""How often each method of analysis raises a false alarm while somebody looks all the time, and what it finds.

    python benchmarks/statistics_analysis.py
    python benchmarks/statistics_analysis.py --quick

There is never a difference between the variants, except where power is measured. `repeated z` is what people do who look
at a fixed test again and again; `Bonferroni` divides alpha by the looks. Standard errors of the rates stand below the
tables. Seeded: the figures are the same every time.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
from kit import save

from genai_guard.routing.analysis.always_valid import always_valid_critical, information
from genai_guard.routing.analysis.distributions import normal_quantile
from genai_guard.routing.analysis.effects import AlwaysValid
from genai_guard.routing.analysis.group_bounds import Shape, boundary, fractions_of
from genai_guard.routing.analysis.rate_ratio import Stratum, rate_ratio_log_e
from genai_guard.routing.analysis.sizing import power
from genai_guard.routing.srm import srm_log_e

ALPHA: Final = 0.05
QUICK: Final = "--quick" in sys.argv
BEGAN: Final = time.monotonic()

Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

_SHIFT: Final = math.exp(0.5)
METRICS: Final[dict[str, Draw]] = {
    "normal": lambda rng, size: rng.standard_normal(size, dtype=np.float32),
    "log-normal latency": lambda rng, size: np.exp(rng.standard_normal(size, dtype=np.float32)) - _SHIFT,
    "its negative": lambda rng, size: _SHIFT - np.exp(rng.standard_normal(size, dtype=np.float32)),
    "2 % failures": lambda rng, size: (rng.random(size, dtype=np.float32) < 0.02) - np.float32(0.02),
}
"""Metrics whose true mean is zero."""


def progress(what: str) -> None:
    sys.stderr.write(f"{time.monotonic() - BEGAN:6.1f} s  {what}\n")


# --- one variant, a look after every observation: the table of the confidence sequence --------------------------------


def confidence_sequence(repetitions: int, *, count: int = 10_000, tuned_for: float = 500.0) -> dict[str, Any]:
    """Return false-alarm rates by metric, for first looks at 10, 100 and 1000."""
    looks = range(1, count + 1)
    bounds = {
        "repeated z": np.full(count, normal_quantile(ALPHA / 2), dtype=np.float32),
        "two-sided": np.array([_bound(look, tuned_for, 2) for look in looks], dtype=np.float32),
        "one-sided": np.array([_bound(look, tuned_for, 1) for look in looks], dtype=np.float32),
    }
    found: dict[str, Any] = {}
    print(f"confidence sequence of a mean, {count:,} looks; first look at 10 / 100 / 1000")
    print(f"  {'metric':20}" + "".join(f"{name:>22}" for name in bounds))
    for name, draw in METRICS.items():
        progress(f"confidence sequence: {name}")
        rng = np.random.default_rng(1)
        rates = {bound: np.zeros(3) for bound in bounds}
        for z in _walks(rng, draw, repetitions, count):
            for kind, bound in bounds.items():
                beyond = (z if kind == "one-sided" else np.abs(z)) > bound
                rates[kind] += [beyond[:, first - 1 :].any(axis=1).sum() for first in (10, 100, 1000)]
        found[name] = {kind: (rate / repetitions).round(4).tolist() for kind, rate in rates.items()}
        cells = "".join(f"{' / '.join(f'{rate:.3f}' for rate in found[name][kind]):>22}" for kind in bounds)
        print(f"  {name:20}{cells}")
    print(f"  standard error near .05: {math.sqrt(0.05 * 0.95 / repetitions):.4f}")
    return found


@cache
def _bound(look: int, tuned_for: float, sides: int) -> float:
    info = information(look, tuned_for=tuned_for, alpha=ALPHA, sides=sides)
    return always_valid_critical(info, alpha=ALPHA, sides=sides)


def _walks(rng: np.random.Generator, draw: Draw, repetitions: int, count: int) -> Iterator[np.ndarray]:
    """Yield the distance from zero, in running standard errors, after each observation; in batches."""
    observed = np.arange(1, count + 1, dtype=np.float64)
    for start in range(0, repetitions, 100):
        values = draw(rng, (min(100, repetitions - start), count)).astype(np.float64)
        total = values.cumsum(axis=1)
        variance = np.maximum((values**2).cumsum(axis=1) / observed - (total / observed) ** 2, 1e-12)
        variance[:, 0] = np.inf
        yield total / np.sqrt(observed * variance)


# --- two variants, as `analyze` compares them -------------------------------------------------------------------------


def peeking(repetitions: int, *, units: int = 20_000, looks: int = 200) -> dict[str, Any]:
    """Return false-alarm rates of every method, for each metric, with a look after every hundred units."""
    every = units // looks
    methods: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "repeated z": lambda z: (np.abs(z) > normal_quantile(ALPHA / 2)).any(axis=1),
        "Bonferroni": lambda z: (np.abs(z) > normal_quantile(ALPHA / 2 / looks)).any(axis=1),
        "5 looks, Pocock": _planned(looks, "pocock"),
        "5 looks, O'Brien-Fleming": _planned(looks, "obrien_fleming"),
        "sequential, from 1000": _sequential(units, every, first=2000),
        "sequential, from the first": _sequential(units, every, first=0),
    }
    found: dict[str, Any] = {name: {} for name in [*methods, "exact"]}
    for metric, draw in METRICS.items():
        if metric == "its negative":
            continue  # with two variants the difference is symmetric
        progress(f"two variants: {metric}")
        rng = np.random.default_rng(2)
        alarms = dict.fromkeys(methods, 0)
        for start in range(0, repetitions, 100):
            z = _differences(rng, draw, min(100, repetitions - start), units, every)
            for name, alarm in methods.items():
                alarms[name] += int(alarm(z).sum())
        for name, count in alarms.items():
            found[name][metric] = count / repetitions
    progress("two variants: exact")
    times = exact_times(repetitions, units=units, every=every)
    found["exact"]["2 % failures"] = sum(map(math.isfinite, times)) / repetitions
    print(f"\ntwo variants without a difference, {units:,} units, {looks} looks: share of false alarms")
    names = [name for name in METRICS if name != "its negative"]
    print(f"  {'':28}" + "".join(f"{name:>22}" for name in names))
    for method, rates in found.items():
        print(f"  {method:28}" + "".join(f"{rates[name]:22.3f}" if name in rates else f"{'-':>22}" for name in names))
    print(f"  standard error near .05: {math.sqrt(0.05 * 0.95 / repetitions):.4f}")
    return found


def _differences(rng: np.random.Generator, draw: Draw, repetitions: int, units: int, every: int) -> np.ndarray:
    """Return Welch's statistic at each look, of two variants of half of the units."""
    means: list[np.ndarray] = []
    squares: list[np.ndarray] = []
    observed = np.arange(every // 2, units // 2 + 1, every // 2, dtype=np.float64)
    for _ in range(2):
        values = draw(rng, (repetitions, units // 2)).astype(np.float64).reshape(repetitions, -1, every // 2)
        total, square = values.sum(axis=2).cumsum(axis=1), (values**2).sum(axis=2).cumsum(axis=1)
        means.append(total / observed)
        squares.append(np.maximum(square / observed - (total / observed) ** 2, 1e-12) / observed)
    distances: np.ndarray = (means[0] - means[1]) / np.sqrt(squares[0] + squares[1])
    return distances


def _planned(looks: int, shape: Shape) -> Callable[[np.ndarray], np.ndarray]:
    bounds = np.array(boundary(fractions_of(5), shape=shape, alpha=ALPHA))
    places = [looks * number // 5 - 1 for number in range(1, 6)]
    return lambda z: (np.abs(z[:, places]) > bounds).any(axis=1)


def _sequential(units: int, every: int, *, first: int) -> Callable[[np.ndarray], np.ndarray]:
    test = AlwaysValid(10_000.0)
    seen = range(every, units + 1, every)
    bounds = np.array([test.critical(alpha=ALPHA, sides=2, df=math.inf, pairs=count / 4) for count in seen])
    bounds[[count < first for count in seen]] = np.inf
    return lambda z: (np.abs(z) > bounds).any(axis=1)


def exact_times(
    repetitions: int, *, units: int = 20_000, every: int = 100, ratio: float = 1.0, share: float = 0.5
) -> list[float]:
    """Return after how many units the exact test raises an alarm, infinity where it never does.

    Failures are 2 % in the control, and `ratio` times as many in the treatment, which gets `share` of the units.
    """
    rng = np.random.default_rng(3)
    times = []
    for _ in range(repetitions):
        treated = rng.random(units) < share
        failed = rng.random(units) < np.where(treated, 0.02 * ratio, 0.02)
        hits = (treated & failed).cumsum()[every - 1 :: every]
        misses = (~treated & failed).cumsum()[every - 1 :: every]
        times.append(
            next(
                (
                    float(every * look)
                    for look, (hit, miss) in enumerate(zip(hits.tolist(), misses.tolist(), strict=True), start=1)
                    if rate_ratio_log_e([Stratum(share, hit, miss)], 1.0) >= math.log(1 / ALPHA)
                ),
                math.inf,
            )
        )
    return times


def detection(repetitions: int) -> dict[str, Any]:
    """Return how soon the exact test finds a ratio of failures, beside one look of known size."""
    print(
        "\nexact test, 2 % failures, a look after every 20 units: median units until the alarm; one fixed look, power .8"
    )
    found: dict[str, Any] = {}
    for share in (0.1, 0.5):
        for ratio in (2.0, 3.0, 5.0):
            progress(f"detection: share {share}, ratio {ratio}")
            times = exact_times(repetitions, every=20, ratio=ratio, share=share)
            fixed = power(0.02, mde=0.02 * (ratio - 1), share=share).units
            power_found = sum(map(math.isfinite, times)) / repetitions
            found[f"share {share}, ratio {ratio}"] = {
                "median": float(np.median(times)),
                "power": power_found,
                "one fixed look": fixed,
            }
            print(
                f"  share {share:<4} ratio {ratio:<4} median {np.median(times):7,.0f}   found {power_found:.3f}"
                f"   one fixed look {fixed:7,}"
            )
    return found


# --- bounds, and the sample ratio -------------------------------------------------------------------------------------


def group_bounds() -> dict[str, Any]:
    """Return the bounds for 2, 5 and 10 planned looks."""
    print("\nbounds for planned looks: 2 / 5 / 10")
    shapes: tuple[Shape, ...] = ("pocock", "obrien_fleming")
    found: dict[str, Any] = {
        shape: [round(boundary(fractions_of(looks), shape=shape, alpha=ALPHA)[-1], 4) for looks in (2, 5, 10)]
        for shape in shapes
    }
    for name, bounds in found.items():
        print(f"  {name:20}{' / '.join(f'{bound:.3f}' for bound in bounds)}")
    return found


def sample_ratio(repetitions: int, *, looks: int = 100, each: int = 1000) -> dict[str, Any]:
    """Return how often a split that is as planned is taken for none."""
    progress("sample ratio")
    rng = np.random.default_rng(6)
    total = each * np.arange(1, looks + 1)
    first = rng.binomial(each, 0.5, (repetitions, looks)).cumsum(axis=1)
    chi_square = (first - total / 2) ** 2 / (total / 4)
    values = np.array(
        [
            max(srm_log_e([hit, units - hit], [0.5, 0.5]) for hit, units in zip(row, total.tolist(), strict=True))
            for row in first.tolist()
        ]
    )
    found: dict[str, Any] = {}
    print(f"\nsample ratio as planned, {looks} looks at {looks * each:,} units: share of false alarms")
    for alpha in (0.05, 0.0005):
        repeated = float((chi_square > normal_quantile(alpha / 2) ** 2).any(axis=1).mean())
        safe = float((values >= math.log(1 / alpha)).mean())
        found[str(alpha)] = {"repeated chi-square": repeated, "e-process": safe}
        print(f"  alpha {alpha:<8} repeated chi-square {repeated:.4f}   e-process {safe:.4f}")
    return found


def main() -> None:
    """Simulate, print and save."""
    results = {
        "confidence_sequence": confidence_sequence(100 if QUICK else 4000),
        "peeking": peeking(100 if QUICK else 4000),
        "detection": detection(100 if QUICK else 500),
        "group_bounds": group_bounds(),
        "sample_ratio": sample_ratio(200 if QUICK else 2000),
    }
    progress("done")
    print(f"\nsaved to {save('statistics_analysis', results)}")


if __name__ == "__main__":
    main()
