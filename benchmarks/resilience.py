"""What resilience costs a call that succeeds at once: microseconds of CPU, beside other libraries in the same run.

    python benchmarks/resilience.py
    python benchmarks/resilience.py --quick       fewer rounds
    python benchmarks/resilience.py --no-peers    without the other libraries

Each row is a pipeline with nothing in it but the part named; what the empty pipeline costs is taken off. The other
libraries run in an environment of their own, made by `uv`, around the same function; what that costs is taken off as
well, and their figures are scaled by a search with `re` that both processes measure.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from kit import Timing, calibration, interleave, save, synchronous, table
from pipeline import measure_peer, uv

from genai_guard import Pipeline
from genai_guard.resilience import Breaker, Cache, Fallback, Resilience, Retry, Tiered, Timeout

PARTS: Final[dict[str, dict[str, Any]]] = {
    "retry": {"retry": Retry(3)},
    "breaker": {"breaker": Breaker()},
    "fallback": {"fallback": Fallback([{"model": "large"}])},
    "tiers": {"tiers": Tiered([{"model": "large"}], escalate=lambda reply: not reply)},
    "retry, breaker, fallback": {"retry": Retry(3), "breaker": Breaker(), "fallback": Fallback([{"model": "large"}])},
    "cache, a hit": {"cache": Cache(3600)},
    "timeout": {"timeout": Timeout(30)},
}


def answer(prompt: str, *, model: str = "small") -> str:  # noqa: ARG001  what a model takes
    """Answer at once."""
    return "fine"


def cases() -> dict[str, Callable[[], object]]:
    """Return what is measured."""
    empty = Pipeline().wrap(answer)
    parts = {name: Pipeline(resilience=Resilience(**part)).wrap(answer) for name, part in PARTS.items()}
    return {
        "empty pipeline": partial(empty, "hello"),
        **{name: partial(call, "hello") for name, call in parts.items()},
    }


def report_peers(timings: dict[str, Timing], *, quick: bool) -> list[dict[str, Any]]:
    """Print what other libraries take for the like."""
    command = uv()
    if command is None:
        print("peers: not measured, because there is no uv to make their environment: pip install uv")
        return []
    print("\npeers, us a call above the bare function, and how many times ours")
    rows = measure_peer("resilience_parts", command, quick=quick)
    for row in rows:
        scaled = row["us"]["call"] * timings["calibration"].median_us / row["us"]["calibration"]
        own = timings[row["beside"]].median_us - timings["empty pipeline"].median_us
        print(f"  {row['package']} {row['version']}: {scaled:7.2f} us  {scaled / own:6.1f} x our {row['beside']}")
    return rows


def main() -> None:
    """Measure, print and save."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    options.add_argument("--no-peers", action="store_true", help="without the other libraries")
    chosen = options.parse_args()
    measured = {name: synchronous(call) for name, call in cases().items()} | {"calibration": calibration()}
    timings = interleave(measured, rounds=7 if chosen.quick else 25)
    print("a call that succeeds at once, us of the caller's CPU")
    print(table({name: timings[name] for name in measured if name != "calibration"}, minus="empty pipeline"))
    peers = [] if chosen.no_peers else report_peers(timings, quick=chosen.quick)
    results = {"us": {name: timing.median_us for name, timing in timings.items()}, "peers": peers}
    print(f"saved to {save('resilience', results)}")


if __name__ == "__main__":
    main()
