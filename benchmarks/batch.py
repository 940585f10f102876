"""Rows a second, beside a bare pool around the same function, in the same run.

    python benchmarks/batch.py
    python benchmarks/batch.py --quick    fewer rows and rounds
    python benchmarks/batch.py --spark    scans on Spark as well, beside a bare pandas_udf; needs pyspark and Java

The function of the calls waits for two milliseconds, as for a model that is very quick, or not at all, which leaves only
what rows and threads cost. The bare pools call the same wrapped function, so that only the handling of rows differs. Scans
are those of a policy with PII, words and injection rules. Times are those of the clock, because what is measured runs in
threads and processes; a ratio is the median of those of the rounds, in each of which everything runs once.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

from kit import SAMPLES, save

from genai_guard import Pipeline
from genai_guard.batch import Scanner, scan, summary_of

POLICY: Final[dict[str, Any]] = {
    "version": 1,
    "input": [
        {"guard": "pii", "action": "redact"},
        {"guard": "blocked_patterns", "keywords": ["project falcon"]},
        {"guard": "prompt_injection"},
    ],
}
THREADS: Final = 8
PROCESSES: Final = 2
WAIT_S: Final = 0.002
TEXT: Final = SAMPLES["prose"].prompt

pipeline = Pipeline()
Cases = Mapping[str, Callable[[], object]]


@pipeline.wrap
def at_once(prompt: str) -> str:
    return prompt


@pipeline.wrap
def slowly(prompt: str) -> str:
    time.sleep(WAIT_S)
    return prompt


@pipeline.wrap
async def aslowly(prompt: str) -> str:
    await asyncio.sleep(WAIT_S)
    return prompt


def in_threads(fn: Callable[[str], str], rows: list[str]) -> int:
    with ThreadPoolExecutor(THREADS) as pool:
        return len(list(pool.map(fn, rows)))


def mapped(fn: Callable[[str], str], rows: list[str], **options: Any) -> int:
    return len(list(pipeline.map(rows, fn, concurrency=THREADS, progress=False, **options)))


def checkpointed(fn: Callable[[str], str], rows: list[str], *, keep_results: bool = False) -> int:
    from genai_guard.batch import Checkpoint  # noqa: PLC0415  one case of many

    with tempfile.TemporaryDirectory() as folder:
        return mapped(fn, rows, checkpoint=Checkpoint(Path(folder) / "run", keep_results=keep_results))


def gathered(rows: list[str]) -> int:
    async def run() -> int:
        places = asyncio.Semaphore(THREADS)

        async def one(row: str) -> str:
            async with places:
                return await aslowly(row)

        return len(await asyncio.gather(*map(one, rows)))

    return asyncio.run(run())


def amapped(rows: list[str]) -> int:
    async def run() -> int:
        batch = pipeline.amap(rows, aslowly, concurrency=THREADS, progress=False)
        return len([result async for result in batch])

    return asyncio.run(run())


def scanned_here(rows: list[str]) -> int:
    scanner = Scanner(POLICY)
    return len([scanner.scan(row) for row in rows])


_here: Scanner | None = None


def _scan_chunk(rows: list[str]) -> list[Any]:
    global _here  # noqa: PLW0603  as in any pool of processes
    _here = _here or Scanner(POLICY)
    return [_here.scan(row) for row in rows]


def in_processes(rows: list[str], chunk: int = 64) -> int:
    with ProcessPoolExecutor(PROCESSES) as pool:
        chunks = [rows[start : start + chunk] for start in range(0, len(rows), chunk)]
        return sum(map(len, pool.map(_scan_chunk, chunks)))


def scanned(rows: list[str]) -> int:
    return sum(1 for _ in scan(rows, policy=POLICY, processes=PROCESSES))


def spark_cases(rows: list[str]) -> Cases:
    """Return scans on Spark: by a function as one would write it by hand, and by the scanner."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    sql: Any = importlib.import_module("pyspark.sql")
    functions: Any = importlib.import_module("pyspark.sql.functions")
    pandas: Any = importlib.import_module("pandas")
    spark_of_ours = importlib.import_module("genai_guard.integrations.spark")
    builder = sql.SparkSession.builder.master(f"local[{PROCESSES}]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.log.level", "ERROR").getOrCreate()
    frame = spark.createDataFrame([(row,) for row in rows], "text string").repartition(2 * PROCESSES).cache()
    frame.count()

    def by_hand(texts: Any) -> Any:
        scanner = Scanner(POLICY)  # which builds its guards once a process
        found = [None if text is None else summary_of(scanner.scan(text)) for text in texts]
        return pandas.DataFrame(found, columns=spark_of_ours.VERDICT.names)

    by_hand.__annotations__ = {"texts": pandas.Series, "return": pandas.DataFrame}
    bare = functions.pandas_udf(by_hand, spark_of_ours.VERDICT)
    scanner = spark_of_ours.Scanner(POLICY)

    def run(made: Any) -> None:
        made.write.format("noop").mode("overwrite").save()

    return {
        "bare pandas_udf": lambda: run(frame.withColumn("scan", bare("text"))),
        "Scanner, a column": lambda: run(frame.withColumn("scan", scanner("text"))),
        "Scanner, in Arrow": lambda: run(scanner.transform(frame, "text")),
        "Scanner, in pandas": lambda: run(
            frame.mapInPandas(scanner.in_pandas("text"), scanner.schema_of(frame.schema, "text"))
        ),
    }


def measure(title: str, cases: Cases, rows: int, rounds: int) -> dict[str, Any]:
    """Run everything once a round; print rows a second, and the ratio to the first case."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for run in cases.values():
        run()  # to warm up
    for _ in range(rounds):
        for name, run in cases.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    first = next(iter(times.values()))
    print(f"\n{title}, {rows:,} rows")
    found = {}
    for name, took in times.items():
        ratio = statistics.median(one / other for one, other in zip(took, first, strict=True))
        found[name] = {"rows_per_s": rows / statistics.median(took), "time_ratio": ratio}
        print(f"  {name:<34}{found[name]['rows_per_s']:>10,.0f} rows/s   {ratio:5.2f} x the time of the first")
    return found


def main() -> None:
    """Measure all, print it and save it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds")
    parser.add_argument("--spark", action="store_true", help="scans on Spark as well")
    args = parser.parse_args()
    rounds, size = (3, 400) if args.quick else (9, 2_000)
    rows = ["hi"] * size
    texts = [TEXT] * (size * (2 if args.quick else 10))
    results = {
        f"{title}, {THREADS} at a time": measure(title, cases, len(rows), rounds)
        for title, cases in {
            "calls of 2 ms in threads": {
                "bare ThreadPoolExecutor": partial(in_threads, slowly, rows),
                "Pipeline.map": partial(mapped, slowly, rows),
                "Pipeline.map, as they end": partial(mapped, slowly, rows, ordered=False),
                "Pipeline.map, a checkpoint": partial(checkpointed, slowly, rows),
            },
            "calls of no time in threads": {
                "bare ThreadPoolExecutor": partial(in_threads, at_once, rows),
                "Pipeline.map": partial(mapped, at_once, rows),
                "Pipeline.map, a checkpoint": partial(checkpointed, at_once, rows),
                "Pipeline.map, results kept": partial(checkpointed, at_once, rows, keep_results=True),
            },
            "calls of 2 ms in tasks": {
                "bare asyncio.gather": partial(gathered, rows),
                "Pipeline.amap": partial(amapped, rows),
            },
        }.items()
    }
    results["scans in processes"] = measure(
        f"scans of {len(TEXT)} characters, in {PROCESSES} processes, their start included",
        {
            "bare ProcessPoolExecutor": partial(in_processes, texts),
            "scan": partial(scanned, texts),
            "one process": partial(scanned_here, texts),
        },
        len(texts),
        rounds,
    )
    if args.spark:
        title = f"scans on Spark, local[{PROCESSES}]"
        results[title] = measure(title, spark_cases(texts), len(texts), rounds)
    print(f"\nsaved: {save('batch', results)}")


if __name__ == "__main__":
    main()
