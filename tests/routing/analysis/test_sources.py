"""Tables of every kind give the same rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, InferenceLog, MetricsRecorder, Pipeline
from genai_guard.context import caller
from genai_guard.recording import SqliteInferenceLog
from genai_guard.routing import Variant
from genai_guard.routing.analysis.sources import rows_of

ROWS: list[dict[str, Any]] = [
    {"variant": "control", "ms": 10.5, "ok": True, "note": None},
    {"variant": "treatment", "ms": 12.0, "ok": False, "note": "late"},
]


class PandasFrame:
    """What is used of a frame of pandas."""

    columns = ("variant", "ms", "ok", "note")

    def to_dict(self, orient: str) -> list[dict[str, Any]]:
        assert orient == "records"
        return [{name: math.nan if value is None else value for name, value in row.items()} for row in ROWS]


class PolarsFrame:
    """What is used of a frame of polars."""

    columns = ("variant", "ms", "ok", "note")

    def to_dicts(self) -> list[dict[str, Any]]:
        return ROWS


class ArrowTable:
    """What is used of a table of pyarrow."""

    def to_pylist(self) -> list[dict[str, Any]]:
        return ROWS


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        iter(ROWS),
        {name: [row[name] for row in ROWS] for name in ROWS[0]},
        PandasFrame(),
        PolarsFrame(),
        ArrowTable(),
    ],
    ids=["rows", "iterator", "columns", "pandas", "polars", "pyarrow"],
)
def test_a_table_gives_its_rows(data: object) -> None:
    assert list(rows_of(data)) == ROWS


def test_lines_of_json_give_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n\n".join(map(json.dumps, ROWS)) + "\n", encoding="utf-8")
    assert list(rows_of(path)) == list(rows_of(str(path))) == ROWS


def test_a_csv_file_gives_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\ufeffvariant,ms,ok,note\ncontrol,10.5,true,\ntreatment,12,False,late\n", encoding="utf-8")
    assert list(rows_of(path)) == ROWS


@pytest.mark.parametrize("kind", [InferenceLog, SqliteInferenceLog])
def test_a_log_and_where_it_is_give_its_rows(kind: type[InferenceLog | SqliteInferenceLog], tmp_path: Path) -> None:
    log = kind(tmp_path / "log")
    router = ExperimentRouter(Experiment("tone", Variant("a"), Variant("b")))
    recorder = MetricsRecorder(log=log)
    ask = Pipeline(router=router, recorder=recorder).wrap(str.upper)
    with caller(user="u"):
        ask("hello")
    assert recorder.close(timeout_s=60)
    assert list(rows_of(log)) == list(rows_of(tmp_path / "log")) == list(log.read())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (42, "not int"),
        ([1, 2], "a row that is a int"),
        ({"a": [1], "b": [1, 2]}, "different lengths"),
        ("nowhere", "neither a folder nor a file"),
        (Path(__file__), "a .jsonl or a .csv file"),
    ],
)
def test_what_is_no_table_is_refused(data: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        list(rows_of(data))


@pytest.mark.parametrize("line", ["{", "[1]"])
def test_a_line_that_is_no_object_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{{}}\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 2 is no JSON object"):
        list(rows_of(path))
