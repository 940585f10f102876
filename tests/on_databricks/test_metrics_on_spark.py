"""Spark computes for the metrics of a monitor what the recorder and `profile` say of the same calls."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genai_guard.databricks import export_monitors
from genai_guard.recording.drift import profile
from on_databricks.calls import calls

sql = pytest.importorskip("pyspark.sql", reason="needs pyspark: nox -s databricks")
arrow = pytest.importorskip("genai_guard.recording.exports.arrow")
HAS_JAVA = shutil.which("java") is not None or "JAVA_HOME" in os.environ


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    session = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.skipif(not HAS_JAVA, reason="needs Java: on Debian, apt-get install openjdk-17-jre-headless")
@pytest.mark.filterwarnings("default")  # of pyspark, about pandas and Python
def test_the_figures_are_the_same(spark: Any, tmp_path: Path) -> None:
    pipeline, rows, snapshot = calls(tmp_path / "log")
    (batch,) = arrow.arrow_batches(rows, lambda: None)
    pa = arrow.arrow()
    arrow.arrow("pyarrow.parquet").write_table(pa.Table.from_batches([batch]), tmp_path / "calls.parquet")
    frame = spark.read.parquet(str(tmp_path / "calls.parquet"))
    metrics = export_monitors(pipeline, table="main.ai.calls").config["custom_metrics"]
    plain = [each for each in metrics if each["type"].endswith("AGGREGATE")]
    found = frame.agg(*(sql.functions.expr(each["definition"]).alias(each["name"]) for each in plain)).first().asDict()
    assert found["calls"] == snapshot.calls == 48
    assert found["error_rate"] == pytest.approx(snapshot.error_rate)
    assert found["block_rate"] == pytest.approx(snapshot.blocked / snapshot.calls)
    assert found["denial_rate"] == pytest.approx(snapshot.denied / snapshot.calls)
    assert snapshot.errors
    assert snapshot.blocked
    assert snapshot.denied
    assert found["tokens_sum"] == snapshot.input_tokens + snapshot.output_tokens
    assert found["pii_hit_rate"] == pytest.approx(sum("pii" in hits(row) for row in rows) / 48)
    assert found["blocked_patterns_hit_rate"] == pytest.approx(snapshot.blocked / 48)
    assert found["slow_250ms_rate"] == sum(row["latency_ms"] > 250 for row in rows) / 48
    means = {row.column_name: row.avg for row in profile(rows, features=["prompt_chars", "reply_chars", "latency_ms"])}
    assert found["prompt_chars_avg"] == pytest.approx(means["prompt_chars"])
    assert found["reply_chars_avg"] == pytest.approx(means["reply_chars"])
    assert found["model_latency_ms_avg"] == pytest.approx(means["latency_ms"])
    drift(spark, frame, plain, [each for each in metrics if each["type"].endswith("DRIFT")])


def hits(row: dict[str, Any]) -> list[str]:
    return [each["guard"] for each in row["verdicts"] if each["action"] not in {"allow", "error"}]


def drift(spark: Any, frame: Any, plain: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> None:
    """Check that what drifts is computed, from what was computed of each window."""
    for name, rows in (("current_df", frame.limit(24)), ("base_df", frame)):
        rows.agg(*(sql.functions.expr(each["definition"]).alias(each["name"]) for each in plain)).createTempView(name)
    expressions = [
        f"{each['definition'].replace('{{current_df}}', 'c').replace('{{base_df}}', 'b')} AS {each['name']}"
        for each in metrics
    ]
    found = spark.sql(f"SELECT {', '.join(expressions)} FROM current_df c CROSS JOIN base_df b").first().asDict()
    assert found["calls_delta"] == 24 - 48
    assert len(found) == len(plain)
