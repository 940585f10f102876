"""What holds of a log in a file of SQLite alone: files of earlier versions, files that were exchanged, odd values."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from genai_guard.messages import Usage
from genai_guard.recording import Event, MetricsRecorder, Redactor, SqliteInferenceLog, no_scan
from genai_guard.recording.exports import export_parquet
from genai_guard.recording.logs import RowLog
from recorders import call

PLAIN = Redactor(scan=no_scan)


def record(log: RowLog, *events: Event) -> dict[str, int]:
    with MetricsRecorder(log=log) as recorder:
        for event in events:
            recorder.record(event)
        assert recorder.flush(timeout_s=60)
        return recorder.dropped


@pytest.fixture
def log(tmp_path: Path) -> SqliteInferenceLog:
    return SqliteInferenceLog(tmp_path / "log.sqlite", redact=PLAIN)


def ids(log: RowLog) -> list[str]:
    return [row["request_id"] for row in log.read()]


def remove(log: SqliteInferenceLog) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{log.path}{end}").unlink(missing_ok=True)


def test_a_file_of_an_earlier_version_gets_the_columns_that_it_lacks(log: SqliteInferenceLog, tmp_path: Path) -> None:
    record(log, call(request_id="old", retries=1))
    with closing(sqlite3.connect(log.path)) as file:
        for column in ("retries", "tags", "streamed"):
            file.execute(f"ALTER TABLE inference_1 DROP COLUMN {column}")

    again = SqliteInferenceLog(log.path, redact=PLAIN)

    assert record(again, call(request_id="new", retries=2, streamed=True)) == {}
    assert [(row["request_id"], row["retries"], row["tags"], row["streamed"]) for row in again.read()] == [
        ("old", None, None, None),
        ("new", 2, {}, True),
    ]


def test_rows_of_a_file_that_takes_the_place_of_another_are_exported_and_followed(
    log: SqliteInferenceLog, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    record(log, *[call(request_id=f"r{number}") for number in range(3)])
    assert export_parquet(log, tmp_path / "tables").rows == 3
    ((old, *_),) = ([each.name for each in log.sealed()],)
    follower = log.follow()
    next(follower)

    remove(log)
    record(log, call(request_id="new"))

    assert export_parquet(log, tmp_path / "tables").rows == 1
    assert [row and row["request_id"] for row in islice(follower, 2)] == ["new", None]
    assert (log.holds(old), list(log.part(old).rows(None))) == (False, [])


def test_a_number_that_sqlite_has_not_costs_no_other_row(log: SqliteInferenceLog) -> None:
    huge = call(request_id="huge", usage=Usage(input_tokens=1 << 70))

    assert record(log, call(request_id="a"), huge, call(request_id="b")) == {}
    assert ids(log) == ["a", "huge", "b"]
    assert [row["input_tokens"] is None for row in log.read()] == [False, True, False]
