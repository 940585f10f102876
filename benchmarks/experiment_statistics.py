"""What the statistics of experiments promise, by simulation: those of a canary, then those of an analysis.

    python benchmarks/experiment_statistics.py
    python benchmarks/experiment_statistics.py --quick     a twentieth of it, in seconds

Needs numpy. Seeded, so the figures are the same every time; progress is printed on the way. The whole takes less than five
minutes. Either part runs by itself as well: `statistics_canary.py` and `statistics_analysis.py`. Exits with 1 if a rate or
a median of the canary is not as it should be.
"""

from __future__ import annotations

import argparse
import sys
import time

import statistics_analysis
import statistics_canary


def main() -> int:
    """Simulate both parts, print as they go on, and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a twentieth of it")
    quick = parser.parse_args().quick
    began_s = time.monotonic()
    wrong = statistics_canary.run(quick=quick)
    print()
    statistics_analysis.run(quick=quick)
    print(f"all of it took {time.monotonic() - began_s:.0f} s")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
