"""Scans on a Spark of this machine, and in processes that are spawned, as its workers are."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.batch import scan, summary_of

sql: Any = pytest.importorskip("pyspark.sql", reason="the session `spark` has pyspark")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs Java: on Debian, apt-get install openjdk-17-jre-headless", allow_module_level=True)

from genai_guard.integrations.spark import VERDICT, Scanner  # noqa: E402  there must be a Spark

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")  # those of pyspark

POLICY: dict[str, Any] = {
    "version": 1,
    "input": [{"guard": "pii", "action": "redact"}, {"guard": "blocked_patterns", "keywords": ["falcon"]}],
}
SECRET = "bob.planted@example.com"
TEXTS = ["fine", f"mail {SECRET}", "falcon", "", None, "¿qué?"]
WAYS = ("column", "arrow", "pandas")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("built") / "pids"


@pytest.fixture(scope="module")
def spark(built: Path) -> Iterator[Any]:
    """One for all tests: to start it takes seconds."""
    tests = str(Path(__file__).parents[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", tests)
        patch.setenv("BUILT", str(built))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        settings = {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "50",
            "spark.log.level": "OFF",
        }
        builder = sql.SparkSession.builder.master("local[2]").appName("genai_guard")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield session
        session.stop()


def table(spark: Any, texts: list[str | None]) -> Any:
    return spark.createDataFrame(list(enumerate(texts)), "id int, text string")


def scanned(frame: Any, scanner: Scanner, way: str) -> Any:
    if way == "column":
        return frame.withColumn("scan", scanner("text"))
    if way == "arrow":
        return scanner.transform(frame, "text")
    return frame.mapInPandas(scanner.in_pandas("text"), scanner.schema_of(frame.schema, "text"))


@pytest.mark.parametrize("way", WAYS)
def test_every_way_says_what_the_pipeline_says_and_a_null_stays_null(spark: Any, way: str) -> None:
    pipeline = Pipeline.from_policy(POLICY)
    frame = scanned(table(spark, TEXTS), Scanner(POLICY), way)
    assert frame.schema["scan"].dataType == VERDICT
    rows = sorted(frame.collect())
    assert [row.text for row in rows] == TEXTS
    expected = [None if text is None else tuple(summary_of(pipeline.scan_input(text))) for text in TEXTS]
    assert [row.scan and tuple(row.scan) for row in rows] == expected


def test_the_guards_of_the_output_are_asked_as_well(spark: Any) -> None:
    policy = {"version": 1, "output": [{"guard": "length", "max_chars": 3, "action": "truncate"}]}
    (row,) = Scanner(policy, side="output").transform(table(spark, ["four"]), "text", into="said").collect()
    assert (row.said.action, row.said.text) == ("truncate", "fou")


@pytest.mark.parametrize("way", WAYS)
def test_each_process_of_a_worker_builds_the_guards_once(spark: Any, built: Path, way: str) -> None:
    os.environ["BUILT"] = str(built)
    scanner = Scanner(factory="scanned:factory")
    texts: list[str | None] = [f"text {number}" for number in range(400)]
    frame = scanned(table(spark, texts).repartition(8), scanner, way)
    assert {row.scan.action for row in frame.collect()} == {"allow"}
    assert len(set(built.read_text().split())) == len(built.read_text().split())


def test_a_column_that_is_not_there_or_not_of_strings_or_taken_is_refused_before_the_job(spark: Any) -> None:
    frame, scanner = table(spark, ["a"]), Scanner(POLICY)
    with pytest.raises(ConfigurationError, match="'id' must be one of strings, not int"):
        scanner.transform(frame, "id")
    with pytest.raises(ConfigurationError, match="no column 'txt', but id, text"):
        scanner.transform(frame, "txt")
    with pytest.raises(ConfigurationError, match="'text' already"):
        scanner.transform(frame, "text", into="text")


def test_values_that_are_no_text_end_the_job_and_the_error_says_their_type(spark: Any) -> None:
    with pytest.raises(Exception, match="must be a string, not int"):
        table(spark, ["a"]).withColumn("scan", Scanner(POLICY)("id")).collect()


def test_a_stream_is_scanned_batch_by_batch(spark: Any, tmp_path: Path) -> None:
    scanner, source, found = Scanner(POLICY), tmp_path / "source", []
    source.mkdir()

    def take(frame: Any, number: int) -> None:
        found.extend(scanner.transform(frame, "value").collect())

    for number, text in enumerate([f"mail {SECRET}", "falcon"]):
        (source / f"{number}.txt").write_text(f"{text}\n")
    stream = spark.readStream.format("text").option("maxFilesPerTrigger", 1).load(str(source))
    query = stream.writeStream.foreachBatch(take).option("checkpointLocation", str(tmp_path / "checkpoint"))
    query.trigger(availableNow=True).start().awaitTermination(120)
    assert sorted((row.scan.action, row.scan.text) for row in found) == [("block", None), ("redact", "mail [EMAIL]")]

    direct = scanner.transform(stream, "value").select("scan.action")
    direct.writeStream.format("memory").queryName("seen").trigger(availableNow=True).start().awaitTermination(120)
    assert sorted(row.action for row in spark.sql("select * from seen").collect()) == ["block", "redact"]


@pytest.mark.parametrize("start_method", ["spawn", "forkserver"])
def test_spawned_processes_build_the_guards_of_a_factory_once_each(
    start_method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tmp_path / "built"
    monkeypatch.setenv("BUILT", str(built))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    texts = [f"text {number}" for number in range(20)]
    results = list(scan(texts, factory="scanned:factory", processes=2, chunk=5, start_method=start_method))
    assert [result.verdict and result.verdict.text for result in results] == texts
    pids = [int(pid) for pid in built.read_text().split()]
    assert len(pids) == len(set(pids))
    assert {*pids} - {os.getpid()}
