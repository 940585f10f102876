"""How long a report takes, and how much memory, beside decoding the JSON of the log and nothing else.

    python benchmarks/report.py
    python benchmarks/report.py --quick

Rows have no texts. CPU time of one thread; what grows with the log is the first column, what does not is the last ones.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import traffic
from genai_guard.recording import InferenceLog
from genai_guard.recording.report import render, summarize

DAYS = 30
_MB = 1 << 20


def write(folder: Path, rows: int) -> None:
    """Write a log of so many rows, as one process does."""
    with (folder / "2026-11-21-1-00001.jsonl").open("w", encoding="utf-8") as file:
        for row in traffic.rows(rows, span_s=DAYS * traffic.DAY_S):
            file.write(json.dumps(row) + "\n")


def decoded(folder: Path) -> int:
    """Decode every row, and count them."""
    return sum(1 for path in folder.iterdir() for line in path.open("rb") if json.loads(line))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 000 rows at most")
    sizes = [10_000, 50_000] if parser.parse_args().quick else [10_000, 100_000, 1_000_000]
    print(
        f"{'rows':>9}  {'decode':>8}  {'summarize':>9}  {'rows/s':>8}  {'render':>7}  {'page':>7}  {'peak memory':>11}"
    )
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder, rows)
            started = process_time()
            decoded(folder)
            decoding_s = process_time() - started
            started = process_time()
            summary = summarize(InferenceLog(folder).read())
            taken_s = process_time() - started
            started = process_time()
            page = render(summary, now_s=traffic.START_S)
            rendering_s = process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MB
        print(
            f"{rows:>9,}  {decoding_s:>6.2f} s  {taken_s:>7.2f} s  {rows / taken_s:>8,.0f}  {rendering_s:>5.2f} s"
            f"  {len(page) / 1e3:>4.0f} kB  {peak:>8.0f} MB"
        )


if __name__ == "__main__":
    main()
