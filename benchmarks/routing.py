"""What an assignment costs: nanoseconds of CPU for each, beside the bare hash and bisect that nobody can do without.

    python benchmarks/routing.py

`raw` is one murmur3 and one bisect, with nothing checked and nothing recorded. Coverage takes a second hash. The aim
is at most 1 us for each experiment of a `route`, which is what a pipeline calls.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Final

import mmh3
from kit import Repeat, interleave

from genai_guard.messages import Caller
from genai_guard.routing import Experiment, ExperimentRouter, Variant

USERS: Final = [f"user-{number:06d}" for number in range(4096)]
CALLERS: Final = [Caller(user=user, tenant="acme") for user in USERS]


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


def cases() -> dict[str, tuple[Repeat, int]]:
    """Return what is measured, each with the number of assignments in one call."""
    digest, arms, bounds = mmh3.mmh3_32_uintdigest, ("control", "treatment"), [2**31, 2**32]
    one, ramp = ExperimentRouter(*experiments(1)), ExperimentRouter(*experiments(1, coverage=0.999))
    ten, ten_ramps = ExperimentRouter(*experiments(10)), ExperimentRouter(*experiments(10, coverage=0.999))
    nobody = ExperimentRouter(*experiments(1, coverage=0.001))
    listed = ExperimentRouter(*experiments(1, overrides=dict.fromkeys(USERS, "control")))
    return {
        "raw: hash and bisect": (
            over(USERS, lambda user: arms[bisect_right(bounds, digest(b"experiment-0.variant:user:" + user.encode()))]),
            1,
        ),
        "assign, 1 experiment": (over(USERS, one.assign), 1),
        "assign, coverage on": (over(USERS, ramp.assign), 1),
        "assign, override": (over(USERS, listed.assign), 1),
        "route, 1 experiment": (over(CALLERS, one.route), 1),
        "route, coverage on": (over(CALLERS, ramp.route), 1),
        "route, not enrolled": (over(CALLERS, nobody.route), 1),
        "route, 10 experiments": (over(CALLERS, ten.route), 10),
        "route, 10, coverage on": (over(CALLERS, ten_ramps.route), 10),
    }


def main() -> None:
    """Measure and print."""
    measured = cases()
    timings = interleave({name: repeat for name, (repeat, _) in measured.items()})
    raw_ns = next(iter(timings.values())).median_us * 1e3
    for name, (_, assignments) in measured.items():
        each_ns = timings[name].median_us * 1e3 / assignments
        print(f"  {name:24}  {each_ns:6.0f} ns an assignment  {each_ns / raw_ns:5.2f} x raw")


if __name__ == "__main__":
    main()
