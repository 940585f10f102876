"""Scans a column of texts on Spark, once as a table and once as a stream.

Shows a scanner that is sent to the workers, the struct that a text becomes, nulls, and `foreachBatch`. Needs Java.
Run: python examples/spark_scan.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyspark.sql import SparkSession

from genai_guard.integrations.spark import Scanner

POLICY = {
    "version": 1,
    "input": [{"guard": "pii", "action": "redact"}, {"guard": "blocked_patterns", "keywords": ["project falcon"]}],
}
TICKETS = [(1, "My tent leaks, bob@example.com"), (2, "What became of project falcon?"), (3, None)]


def main() -> None:
    """Scan three tickets, then the same texts as they arrive in a folder."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    scanner = Scanner(POLICY)

    tickets = spark.createDataFrame(TICKETS, "id int, text string")
    scanner.transform(tickets, "text").select("id", "scan.action", "scan.text", "scan.rules").show(truncate=False)

    with TemporaryDirectory() as folder:
        (Path(folder) / "tickets.txt").write_text("\n".join(text for _, text in TICKETS if text), encoding="utf-8")

        def take(batch: Any, number: int) -> None:
            actions = sorted(row.action for row in scanner.transform(batch, "value").select("scan.action").collect())
            print("batch", number, actions)

        arriving = spark.readStream.text(folder)
        arriving.writeStream.foreachBatch(take).trigger(availableNow=True).start().awaitTermination(120)
    spark.stop()


if __name__ == "__main__":
    main()
