"""Exports to Delta Lake, and exports as other tools read them. Needs more than the tests elsewhere: `nox -s tables`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.messages import Caller, Part
from genai_guard.recording import InferenceLog, MetricsRecorder, Redactor, SqliteInferenceLog, no_scan
from genai_guard.recording.exports import erase_delta, export_delta, export_parquet
from genai_guard.recording.exports.exporting import Exported
from genai_guard.recording.exports.manifest import Manifest
from recorders import call, full_call

WHY = "needs the group tables: nox -s tables"
USERS = 3


def filled(log: Any, count: int, first: int = 0) -> Any:
    with MetricsRecorder(log=log) as recorder:
        for number in range(first, first + count):
            user = f"user {number % USERS}"
            recorder.record(call(request_id=f"r{number}", caller=Caller(user=user), request=(Part(f"by {user}"),)))
        recorder.record(full_call()._replace(request_id=f"full {first}"))
        assert recorder.flush(timeout_s=60)
    return log


@pytest.fixture(params=["jsonl", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    plain = Redactor(scan=no_scan)
    if request.param == "jsonl":
        return filled(InferenceLog(tmp_path / "log", redact=plain), 9)
    return filled(SqliteInferenceLog(tmp_path / "log.sqlite", redact=plain), 9)


class TestDelta:
    delta: Any

    @pytest.fixture(autouse=True)
    def library(self) -> None:
        self.delta = pytest.importorskip("deltalake", reason=WHY)

    def ids(self, table: Path) -> list[str]:
        found: list[str] = (
            self.delta.DeltaTable(str(table)).to_pyarrow_table(columns=["request_id"]).column(0).to_pylist()
        )
        return found

    def test_every_row_is_appended_once(self, log: Any, tmp_path: Path) -> None:
        assert export_delta(log, tmp_path / "table") == Exported(10, 1, 0)
        assert export_delta(log, str(tmp_path / "table")) == Exported()
        filled(log, 3, 9)
        assert export_delta(log, tmp_path / "table") == Exported(4, 1, 0)

        assert len(set(self.ids(tmp_path / "table"))) == 14
        fields = {field.name: field.type for field in self.delta.DeltaTable(str(tmp_path / "table")).schema().fields}
        assert str(fields["request_time"]) == 'PrimitiveType("timestamp")'
        assert str(fields["status_code"]) == 'PrimitiveType("integer")'

    @pytest.mark.parametrize("committed", [False, True])
    def test_a_commit_that_nobody_noted_is_not_done_again(
        self, log: Any, tmp_path: Path, committed: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write, notes = Manifest.write, [0]

        def fail(self: Manifest, path: Path) -> None:
            notes[0] += 1
            if committed and notes[0] == 2:
                raise KeyboardInterrupt
            write(self, path)
            if not committed:
                raise KeyboardInterrupt

        monkeypatch.setattr(Manifest, "write", fail)
        with pytest.raises(KeyboardInterrupt):
            export_delta(log, tmp_path / "table")
        monkeypatch.undo()
        assert export_delta(log, tmp_path / "table").rows == (0 if committed else 10)

        assert Counter(self.ids(tmp_path / "table")) == Counter(row["request_id"] for row in log.read())

    def test_erasing_a_user_leaves_no_byte_in_the_table(self, log: Any, tmp_path: Path) -> None:
        export_delta(log, tmp_path / "table")

        assert erase_delta(tmp_path / "table", user="user 1") == 3
        assert erase_delta(tmp_path / "table", user="user 1") == 0
        assert len(self.ids(tmp_path / "table")) == 7
        assert not any(b"user 1" in path.read_bytes() for path in (tmp_path / "table").rglob("*") if path.is_file())
        with pytest.raises(ConfigurationError, match="there is no such table"):
            erase_delta(tmp_path / "nothing", user="user 1")

    def test_a_table_that_was_made_with_partitions_keeps_them(self, log: Any, tmp_path: Path) -> None:
        from genai_guard.recording.exports.arrow import arrow_schema

        table = str(tmp_path / "table")
        self.delta.DeltaTable.create(table, schema=arrow_schema(), partition_by=["request_date"])

        assert export_delta(log, table).rows == 10
        assert (tmp_path / "table" / "request_date=2023-11-14").is_dir()

    def test_two_logs_go_into_one_table(self, log: Any, tmp_path: Path) -> None:
        other = filled(InferenceLog(tmp_path / "other", redact=Redactor(scan=no_scan)), 2, 100)
        for each in (log, other, log):
            export_delta(each, tmp_path / "table")

        assert len(set(self.ids(tmp_path / "table"))) == 13


def test_duckdb_reads_files_of_parquet(log: Any, tmp_path: Path) -> None:
    duckdb: Any = pytest.importorskip("duckdb", reason=WHY)
    export_parquet(log, tmp_path / "tables")

    asked = f"""SELECT requester, count(*), min(request_date)::VARCHAR, max(tags['team']), max(verdicts[1].guard)
        FROM '{tmp_path}/tables/*.parquet' GROUP BY requester ORDER BY requester"""
    assert duckdb.sql(asked).fetchall() == [
        ("ann", 1, "2023-11-14", "blau ü", "pii"),
        *[(f"user {number}", 3, "2023-11-14", None, None) for number in range(USERS)],
    ]


def test_pandas_reads_files_of_parquet(log: Any, tmp_path: Path) -> None:
    pandas: Any = pytest.importorskip("pandas", reason=WHY)
    export_parquet(log, tmp_path / "tables")

    frame = pandas.read_parquet(tmp_path / "tables")
    assert len(frame) == 10
    assert str(frame["request_time"].dtype) == "datetime64[us, UTC]"
    assert frame["status_code"].sum() == 9 * 200 + 400


def test_spark_reads_files_of_parquet(log: Any, tmp_path: Path) -> None:
    spark: Any = pytest.importorskip("pyspark.sql", reason="needs pyspark and a Java, which no session installs")
    export_parquet(log, tmp_path / "tables")

    session = spark.SparkSession.builder.master("local[1]").getOrCreate()
    try:
        frame = session.read.parquet(str(tmp_path / "tables"))
        assert frame.count() == 10
        assert dict(frame.dtypes)["request_time"] == "timestamp"
    finally:
        session.stop()
