"""What an assignment costs: nanoseconds of CPU for each, beside the bare hash and bisect that nobody can do without.

    python benchmarks/routing.py
    python benchmarks/routing.py --quick       fewer rounds
    python benchmarks/routing.py --no-peers    without the other libraries

`raw` is one murmur3 and one bisect, with nothing checked and nothing recorded. All other rows are a `route`, which is
what a pipeline calls: it finds the unit of the caller, asks the rules, and returns an `Assignment` for each experiment.
Each row has one rule besides the split, with as many hashes as it says; units meet every rule and are split at last.
The other libraries run in an environment of their own, made by `uv`, with the network closed; their figures are scaled
by a search with `re` that both processes measure.
"""

from __future__ import annotations

import argparse
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Final

import mmh3
from kit import Repeat, Timing, calibration, interleave, save
from pipeline import measure_peer, uv

from genai_guard.messages import Caller
from genai_guard.routing import Experiment, ExperimentRouter, Holdout, Schedule, Slot, Variant
from genai_guard.routing.sticky import MemoryStickyStore

USERS: Final = [f"user-{number:06d}" for number in range(4096)]
CALLERS: Final = [Caller(user=user, tenant="acme", tags={"plan": "pro", "country": "DE"}) for user in USERS]
NEARLY_ALL: Final = 0.999999
LAYERED: Final[dict[str, Any]] = {
    "holdout": Holdout("all", share=1 - NEARLY_ALL),
    "layer": Slot("chat", start=0, end=NEARLY_ALL),
    "coverage": NEARLY_ALL,
}
EVERYTHING: Final[dict[str, Any]] = {
    **LAYERED,
    "targeting": 'plan == "pro"',
    "schedule": Schedule(start="2020-01-01T00:00Z", end="2100-01-01T00:00Z"),
    "overrides": {"somebody": "control"},
}
RULES: Final[dict[str, dict[str, Any]]] = {
    "bare: 1 hash": {},
    "coverage: 2 hashes": {"coverage": NEARLY_ALL},
    "not enrolled: 1 hash": {"coverage": 1 - NEARLY_ALL},
    "override": {"overrides": dict.fromkeys(USERS, "control")},
    "targeting: plan is pro": {"targeting": 'plan == "pro"'},
    "targeting, two comparisons": {"targeting": 'plan == "pro" and country in ["AT", "DE"]'},
    "holdout: 2 hashes": {"holdout": Holdout("all", share=1 - NEARLY_ALL)},
    "layer: 2 hashes": {"layer": Slot("chat", start=0, end=NEARLY_ALL)},
    "schedule": {"schedule": EVERYTHING["schedule"]},
    "sticky, in memory": {"sticky": True},
    "buckets of Unleash": {"hash_version": "unleash", "hash_params": {"group_id": "models"}},
    "holdout, layer, coverage: 4 hashes": LAYERED,
    "everything but sticky: 4 hashes": EVERYTHING,
    "everything: 3 hashes": {**EVERYTHING, "sticky": True},
}
"""What each row has besides the split."""


def experiments(count: int, **options: Any) -> list[Experiment]:
    """Return experiments of two variants, each of which sets a parameter of its own."""
    return [
        Experiment(
            f"experiment-{number}",
            Variant("control", weight=50, params={f"option_{number}": "a"}),
            Variant("treatment", weight=50, params={f"option_{number}": "b"}),
            **options,
        )
        for number in range(count)
    ]


def over(values: list[Any], function: Callable[[Any], object]) -> Repeat:
    """Repeat a call with one value after the other."""

    def repeat(count: int) -> None:
        whole, rest = divmod(count, len(values))
        for chunk in [values] * whole + [values[:rest]]:
            for value in chunk:
                function(value)

    return repeat


def router(count: int = 1, **options: Any) -> ExperimentRouter:
    """Return a router of experiments with these options."""
    return ExperimentRouter(*experiments(count, **options), sticky=MemoryStickyStore())


def cases() -> dict[str, tuple[Repeat, int]]:
    """Return what is measured, each with the number of assignments in one call."""
    digest, arms, bounds = mmh3.mmh3_32_uintdigest, ("control", "treatment"), [2**31, 2**32]

    def raw(user: str) -> str:
        return arms[bisect_right(bounds, digest(b"experiment-0.variant:user:" + user.encode()))]

    many = {
        "10 experiments": router(10),
        "10, coverage on": router(10, coverage=NEARLY_ALL),
        "10, holdout shared": router(10, holdout=LAYERED["holdout"]),
        "100 experiments": router(100),
        "100, holdout shared": router(100, holdout=LAYERED["holdout"]),
    }
    return {
        "raw: hash and bisect": (over(USERS, raw), 1),
        "assign() of a unit": (over(USERS, router().assign), 1),
        **{name: (over(CALLERS, router(**options).route), 1) for name, options in RULES.items()},
        **{name: (over(CALLERS, each.route), len(each.experiments)) for name, each in many.items()},
    }


def report_peers(timings: dict[str, Timing], *, quick: bool) -> list[dict[str, Any]]:
    """Print what other libraries take for one split."""
    command = uv()
    if command is None:
        print("peers: NOT MEASURED, because there is no uv to make their environment: pip install uv")
        return []
    bare_us = timings["bare: 1 hash"].median_us
    print("\nother libraries, one split, scaled to this process")
    rows = measure_peer("routing_flags", command, quick=quick)
    for row in rows:
        scaled_us = row["us"]["call"] * timings["calibration"].median_us / row["us"]["calibration"]
        name = f"{row['name']}: {row['work']} ({row['package']} {row['version']})"
        print(f"  {name:62}  {1e3 * scaled_us:6.0f} ns  {scaled_us / bare_us:5.1f} x our bare route")
    return rows


def main() -> None:
    """Measure, print and save."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    options.add_argument("--no-peers", action="store_true", help="without the other libraries")
    chosen = options.parse_args()
    measured = cases()
    repeats = {name: repeat for name, (repeat, _) in measured.items()} | {"calibration": calibration()}
    timings = interleave(repeats, rounds=7 if chosen.quick else 21)
    raw_ns = timings["raw: hash and bisect"].median_us * 1e3
    results: dict[str, Any] = {"ns": {}}
    for name, (_, assignments) in measured.items():
        each_ns = results["ns"][name] = timings[name].median_us * 1e3 / assignments
        print(f"  {name:36}  {each_ns:6.0f} ns an assignment  {each_ns / raw_ns:5.2f} x raw")
    results["peers"] = [] if chosen.no_peers else report_peers(timings, quick=chosen.quick)
    print(f"saved to {save('routing', results)}")


if __name__ == "__main__":
    main()
