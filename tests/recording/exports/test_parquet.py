"""Exports to files of Parquet, and what they have in common with all exports."""

from __future__ import annotations

import json
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.messages import Caller, Part
from genai_guard.recording import Event, InferenceLog, MetricsRecorder, Redactor, RowLog, SqliteInferenceLog, no_scan
from genai_guard.recording.exports import csv_lines, erase_parquet, export_parquet, exporting, jsonl_lines
from genai_guard.recording.exports.arrow import arrow_batches, arrow_schema
from genai_guard.recording.exports.exporting import Exported
from genai_guard.recording.exports.manifest import Manifest, manifest_path
from genai_guard.recording.logs import LOG_COLUMNS, LogRow
from recorders import call, full_call

pa: Any = pytest.importorskip("pyarrow", reason="needs the extra parquet")
pq: Any = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")

PLAIN = Redactor(scan=no_scan)


@pytest.fixture(params=["jsonl", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> RowLog:
    if request.param == "jsonl":
        return InferenceLog(tmp_path / "log", redact=PLAIN, max_segment_mb=0.003)
    return SqliteInferenceLog(tmp_path / "log.sqlite", redact=PLAIN)


def record(log: RowLog, *events: Event) -> None:
    with MetricsRecorder(log=log) as recorder:
        for event in events:
            recorder.record(event)
        assert recorder.flush(timeout_s=60)
        assert recorder.dropped == {}


def calls(count: int, first: int = 0) -> list[Event]:
    return [
        call(request_id=f"r{number}", caller=Caller(user=f"u{number % 3}")) for number in range(first, first + count)
    ]


def exported(folder: Path) -> list[str]:
    ids: list[str] = pq.read_table(folder, columns=["request_id"]).column(0).to_pylist()
    return ids


def test_every_row_is_exported_once_however_often_it_is_asked_for(log: RowLog, tmp_path: Path) -> None:
    record(log, *calls(10))
    assert export_parquet(log, tmp_path / "tables") == Exported(10, 1, 0)
    assert export_parquet(log, tmp_path / "tables") == Exported()
    record(log, *calls(5, 10))
    assert export_parquet(log, str(tmp_path / "tables")) == Exported(5, 1, 0)

    files = sorted((tmp_path / "tables").glob("*.parquet"))
    assert exported(tmp_path / "tables") == [f"r{number}" for number in range(15)]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    for file in files:  # may be moved away
        file.unlink()
    assert export_parquet(log, tmp_path / "tables") == Exported()
    assert export_parquet(log, tmp_path / "others").rows == 15


def test_columns_have_the_types_of_the_inference_table(log: RowLog, tmp_path: Path) -> None:
    record(log, full_call())
    export_parquet(log, tmp_path / "tables")

    table = pq.read_table(tmp_path / "tables")
    assert table.schema.names == [column.name for column in LOG_COLUMNS]
    assert {name: str(table.schema.field(name).type) for name in table.schema.names[:10]} == {
        "request_date": "date32[day]", "request_time": "timestamp[us, tz=UTC]", "request_id": "string",
        "client_request_id": "string", "status_code": "int32", "sampling_fraction": "double",
        "execution_duration_ms": "int64", "request": "string", "response": "string",
        "logging_error_codes": "list<element: string>",
    }  # fmt: skip
    (row,) = table.to_pylist()
    (there,) = log.read()
    assert row["request_date"] == date(2023, 11, 14)
    assert row["request_time"] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    rest = {name: value for name, value in row.items() if name not in {"request_date", "request_time", "tags"}}
    assert rest == {name: there[name] for name in rest}
    assert dict(row["tags"]) == there["tags"]


def test_what_is_still_written_to_is_left_for_later(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path / "log", redact=PLAIN, max_segment_mb=0.003)
    writer = log.writer()
    for event in calls(10):
        writer.write(event)

    taken = export_parquet(log, tmp_path / "tables").rows
    assert 0 < taken < 10
    writer.close()
    assert export_parquet(log, tmp_path / "tables").rows == 10 - taken
    assert exported(tmp_path / "tables") == [f"r{number}" for number in range(10)]


def test_what_is_no_row_is_skipped_and_counted_and_the_rest_taken(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path / "log", redact=PLAIN)
    record(log, *calls(2))
    (segment,) = log.segments()
    good = json.loads(segment.read_bytes().splitlines()[0])
    bad = [good | {"status_code": "many"}, good | {"request_time": None}, {"request_id": "x"}, good | {"tags": [1]}]
    lines = [json.dumps(row).encode() for row in bad]
    segment.write_bytes(segment.read_bytes() + b"\xff garbage\n" + b"\n".join(lines) + b'\n{"torn')

    assert export_parquet(log, tmp_path / "tables") == Exported(2, 1, 6)
    assert exported(tmp_path / "tables") == ["r0", "r1"]


class Power(BaseException):
    """The power is cut."""


@pytest.mark.parametrize("moment", ["planned", "half", "written", "noted"])
def test_an_export_that_ends_at_any_moment_is_finished_by_the_next(
    log: RowLog, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(log, *calls(6))
    notes = 0
    write = Manifest.write

    def write_and_fail(self: Manifest, path: Path) -> None:
        nonlocal notes
        notes += 1
        if moment == "written" and notes == 2:
            raise Power
        write(self, path)
        if (moment, notes) in {("planned", 1), ("noted", 2)}:
            raise Power

    def rows_and_fail(rows: Iterator[LogRow], on_skip: Any) -> Iterator[Any]:
        yield from arrow_batches([next(rows)], on_skip)
        raise Power

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", write_and_fail)
        if moment == "half":
            patch.setattr("genai_guard.recording.exports.parquet.arrow_batches", rows_and_fail)
        with pytest.raises(Power):
            export_parquet(log, tmp_path / "tables")
    record(log, *calls(4, 6))
    export_parquet(log, tmp_path / "tables")

    assert Counter(exported(tmp_path / "tables")) == Counter(f"r{number}" for number in range(10))
    assert not list((tmp_path / "tables").glob(".*"))


def test_what_was_taken_is_not_taken_again_from_a_log_that_has_less_by_now(
    log: RowLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(log, *calls(6))
    with monkeypatch.context() as patch:
        write = Manifest.write

        def write_plans(self: Manifest, path: Path) -> None:
            if not self.planned:
                raise Power
            write(self, path)

        patch.setattr(Manifest, "write", write_plans)
        with pytest.raises(Power):
            export_parquet(log, tmp_path / "tables")
    log.erase(user="u0")

    export_parquet(log, tmp_path / "tables")

    assert len(exported(tmp_path / "tables")) == 6


def test_a_segment_that_retention_deleted_before_it_was_taken_holds_nothing_up(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path / "log", redact=PLAIN, max_segment_mb=0.001)
    record(log, *calls(3))
    path = manifest_path(log, str(tmp_path / "tables"))
    path.parent.mkdir()
    names = tuple(segment.name for segment in log.segments())
    Manifest("app", str(tmp_path / "tables")).plan(names).write(path)
    log.segments()[0].unlink()

    assert export_parquet(log, tmp_path / "tables").rows == 2


def test_what_the_log_no_longer_holds_is_forgotten(log: RowLog, tmp_path: Path) -> None:
    def done() -> int:
        return len(Manifest.read(manifest_path(log, str(tmp_path / "tables")), target="").done)

    record(log, *calls(3))
    export_parquet(log, tmp_path / "tables")
    assert done() >= 1
    if isinstance(log, InferenceLog):
        for segment in log.segments():
            segment.unlink()
    else:
        for user in ("u0", "u1", "u2"):
            log.erase(user=user)
    record(log, *calls(1, 3))
    export_parquet(log, tmp_path / "tables")

    assert done() == 1
    assert exported(tmp_path / "tables") == [f"r{number}" for number in range(4)]


def test_a_batch_ends_where_it_would_be_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = InferenceLog(tmp_path / "log", redact=PLAIN, max_segment_mb=0.001)
    record(log, *calls(7))
    monkeypatch.setattr(exporting, "_BATCH_BYTES", 2_500)

    done = export_parquet(log, tmp_path / "tables")

    assert (done.rows, done.batches) == (7, len(list((tmp_path / "tables").glob("*.parquet"))))
    assert done.batches > 2


def test_erasing_a_user_leaves_no_byte_in_the_files(log: RowLog, tmp_path: Path) -> None:
    record(log, *calls(7), call(request_id="theirs", caller=Caller(user="ann"), request=(Part("said by ann"),)))
    export_parquet(log, tmp_path / "tables")
    (tmp_path / "tables" / "other.parquet").write_bytes(b"")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "tables" / "other.parquet")

    assert erase_parquet(tmp_path / "tables", user="ann") == 1
    assert erase_parquet(tmp_path / "tables", user="ann") == 0
    (file,) = (tmp_path / "tables").glob("genai_guard-*.parquet")
    assert pq.read_table(file).num_rows == 7
    assert b"ann" not in file.read_bytes()
    for user in ("u0", "u1", "u2"):
        erase_parquet(tmp_path / "tables", user=user)
    assert not list((tmp_path / "tables").glob("genai_guard-*"))
    for folder, user in ((tmp_path / "nothing", "ann"), (tmp_path / "tables", "")):
        with pytest.raises(ConfigurationError, match="erase_parquet"):
            erase_parquet(folder, user=user)


def test_a_manifest_that_is_none_is_named(log: RowLog, tmp_path: Path) -> None:
    path = manifest_path(log, str(tmp_path / "tables"))
    path.parent.mkdir(parents=True)
    path.write_text("{}")

    with pytest.raises(ConfigurationError, match="is not the manifest of an export to"):
        export_parquet(log, tmp_path / "tables")


def test_without_the_extra_it_is_named_and_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow_schema.cache_clear()
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'genai_guard\[parquet\]'"):
        export_parquet(InferenceLog(tmp_path / "log"), tmp_path / "tables")
    assert list(tmp_path.iterdir()) == []


def test_rows_as_lines(tmp_path: Path) -> None:
    rows: list[LogRow] = [{"request_id": "a", "tags": {"x": "y,z"}, "model": None, "request": 'say "ü"\n'}]

    assert list(jsonl_lines(rows)) == [json.dumps(rows[0], ensure_ascii=False) + "\n"]
    assert list(jsonl_lines(rows, columns=["model", "request_id"])) == ['{"model": null, "request_id": "a"}\n']
    assert list(csv_lines(rows, columns=["request_id", "tags", "model", "request"])) == [
        "request_id,tags,model,request\r\n",
        'a,"{""x"": ""y,z""}",,"say ""ü""\n"\r\n',
    ]
    assert len(next(csv_lines([])).split(",")) == len(LOG_COLUMNS)


def test_other_files_of_the_folder_are_no_segments(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path, redact=PLAIN)
    record(log, *calls(1))
    export_parquet(log, tmp_path / "exports" / "tables")  # even there

    assert len(list(log.read())) == 1
