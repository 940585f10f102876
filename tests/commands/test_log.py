"""`log tail`, `log query` and `log export`."""

from __future__ import annotations

import csv
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from genai_guard.cli import main
from genai_guard.commands import log as command
from genai_guard.messages import Caller, Part
from genai_guard.recording import Event, InferenceLog, Redactor, SqliteInferenceLog, no_scan
from recorders import call

PLAIN = Redactor(scan=no_scan)
NASTY = "red \x1b[31m alert\x07 \x9b2J \u202e over"


def events() -> list[Event]:
    return [
        Event(1.7e9 + number, f"r{number}", status="error" if number == 2 else "ok", model="large" if number else NASTY,
              caller=Caller(user=f"u{number % 2}"), request=(Part(f"{NASTY}\nü"),), latency_s=0.25)
        for number in range(4)
    ]  # fmt: skip


@pytest.fixture(params=["jsonl", "sqlite"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    log: Any = (
        InferenceLog(tmp_path / "log", redact=PLAIN)
        if request.param == "jsonl"
        else SqliteInferenceLog(tmp_path / "log.sqlite", redact=PLAIN)
    )
    writer = log.writer()
    for event in events():
        writer.write(event)
    writer.close()
    return str(log.path)


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["log", *words]) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_tail_shows_the_last_rows_of_the_calls_that_match(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    header, *lines = said(capsys, "tail", path, "-n", "2").splitlines()
    assert header.split() == list(command._SHOWN)
    assert [line.split()[-1] for line in lines] == ["r2", "r3"]
    assert lines[0].split()[:4] == ["2023-11-14T22:13:22", "error", "large", "u0"]

    assert [line.split()[-1] for line in said(capsys, "tail", path, "--user", "u0").splitlines()[1:]] == ["r0", "r2"]
    rows = said(capsys, "tail", path, "--status", "error", "--json", "--columns", "request_id,status").splitlines()
    assert [json.loads(row) for row in rows] == [{"request_id": "r2", "status": "error"}]


def test_nothing_that_a_terminal_would_obey_is_shown(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["tail", path],
        ["query", path, "--columns", "request,model"],
        ["query", path, "--count-by", "model"],
    ):
        shown = said(capsys, *words)
        assert all(char.isprintable() or char == "\n" for char in shown)
        assert "\\x1b[31m" in shown
    shown = said(capsys, "query", path, "--json", "--columns", "request")
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert NASTY in json.loads(json.loads(shown.splitlines()[0])["request"])["messages"][0]["content"]


def test_tail_goes_on_with_rows_as_they_come(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log: Any = InferenceLog(path, redact=PLAIN) if Path(path).is_dir() else SqliteInferenceLog(path, redact=PLAIN)
    looks: list[float] = []

    def sleep(pause_s: float) -> None:
        looks.append(pause_s)
        if len(looks) == 3:
            raise KeyboardInterrupt
        writer = log.writer()
        writer.write(call(request_id=f"new{len(looks)}", status="ok" if len(looks) == 1 else "error"))
        writer.close()

    monkeypatch.setattr(time, "sleep", sleep)
    assert main(["log", "tail", path, "-f", "-n", "1", "--status", "ok"]) == 130
    lines = capsys.readouterr().out.splitlines()

    assert [line.split()[-1] for line in lines[1:]] == ["r3", "new1"]
    assert len(looks) == 3


def test_query_prints_tables_csv_and_counts(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = said(capsys, "query", path, "--where", "status=ok", "--where", "requester=u1", "--columns", "request_id")
    assert table.split() == ["request_id", "r1", "r3"]
    printed = said(capsys, "query", path, "--csv", "--columns", "request_id,latency_ms", "--limit", "2")
    assert list(csv.reader(printed.splitlines())) == [["request_id", "latency_ms"], ["r0", "250.0"], ["r1", "250.0"]]
    assert said(capsys, "query", path, "--count-by", "status,requester").splitlines() == [
        "status  requester  rows  calls",
        "ok      u1         2     2",
        "error   u0         1     1",
        "ok      u0         1     1",
    ]
    counts = said(capsys, "query", path, "--count-by", "status", "--json").splitlines()
    assert json.loads(counts[0]) == {"status": "ok", "rows": 3, "calls": 3}
    assert said(capsys, "query", path, "--since", "2023-11-14T22:13:22", "--columns", "request_id").split()[1:] == [
        "r2",
        "r3",
    ]


def test_export_writes_files_and_says_how_many_rows(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for to, wanted in (("csv", 3), ("jsonl", 3)):
        file = tmp_path / f"rows.{to}"
        assert main(["log", "export", path, "--to", to, "--output", str(file), "--status", "ok"]) == 0
        assert capsys.readouterr().err == f"{wanted} rows\n"
    assert [json.loads(line)["request_id"] for line in (tmp_path / "rows.jsonl").read_text().splitlines()] == [
        "r0",
        "r1",
        "r3",
    ]
    assert (tmp_path / "rows.csv").read_bytes().count(b"\r\n") == 4
    assert stat.S_IMODE((tmp_path / "rows.csv").stat().st_mode) == 0o600

    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    for rows, batches in ((4, 1), (0, 0)):
        assert main(["log", "export", path, "--to", "parquet", "--output", str(tmp_path / "tables")]) == 0
        assert capsys.readouterr().err == f"{rows} rows in {batches} batches\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["query", "nothing"], "neither the folder of an InferenceLog"),
        (["query", "LOG", "--where", "stauts=ok"], "'stauts' is no column of a log"),
        (["query", "LOG", "--columns", "id"], "'id' is no column"),
        (["query", "LOG", "--since", "tomorrow"], "'tomorrow' must be a time"),
        (["query", "LOG", "--since", "2026-13-45"], "'2026-13-45' must be a time"),
        (["query", "LOG", "--count-by", "status", "--csv"], "prints a table, or --json"),
        (["export", "LOG", "--to", "parquet", "--output", "x", "--user", "u"], "takes every row once"),
        (["export", "LOG", "--to", "csv", "--output", "no/such/folder.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    path: str, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, *[path if word == "LOG" else word for word in words], code=2)

    assert complaint in told
    assert told.count("\n") == 1


def test_a_damaged_file_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.sqlite").write_bytes(b"SQLite format 3\0" + b"damaged" * 500)

    assert "log.sqlite" in said(capsys, "query", str(tmp_path / "log.sqlite"), code=2)


def test_longer_ago_than_time_itself_is_every_row(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(said(capsys, "query", path, "--since", "99999999999d").splitlines()) == 5


@pytest.mark.parametrize("words", [["query", "--limit", "-1"], ["tail", "-n", "x"]])
def test_a_number_of_rows_is_one(words: list[str], path: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["log", words[0], path, *words[1:]])
    assert "must be a whole number, 0 or above" in capsys.readouterr().err


def test_nobody_who_reads_on_is_no_mistake(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(command, "_print", refuse)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr("sys.stdout.fileno", lambda: 1)

    assert main(["log", "query", path]) == 141
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no such files")
def test_a_stream_is_written_to_and_stays_one(path: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert main(["log", "export", path, "--to", "csv", "--output", str(pipe)]) == 0
        assert os.read(reader, 12) == b"request_date"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
