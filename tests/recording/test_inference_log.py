from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part
from genai_guard.recording import Event, InferenceLog, Redactor, no_scan
from genai_guard.recording.sinks import Log, Sink


def events(count: int) -> list[Event]:
    return [
        Event(1_795_269_330.0 + number, f"r{number}", request=(Part(f"hello {number}"),)) for number in range(count)
    ]


def test_building_a_log_and_its_writer_touches_no_file(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path / "log")
    log.writer()

    assert list(tmp_path.iterdir()) == []
    assert list(log.read()) == []


def test_a_log_is_a_value() -> None:
    assert InferenceLog("inference/") == InferenceLog(Path("inference"))
    assert InferenceLog("a") != InferenceLog("b")
    assert replace(InferenceLog("a"), content="none") == InferenceLog("a", content="none")
    assert repr(InferenceLog("a")).startswith("InferenceLog(path='a', content='redacted', max_segment_mb=64.0,")
    assert hash(InferenceLog("a")) == hash(InferenceLog("a"))


def test_a_payload_that_is_too_long_is_null_and_the_row_says_so(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path, max_payload_mb=0.0001)
    writer = log.writer()
    for text in ("short", "long " * 30):
        writer.write(Event(1.7e9, "r", request=(Part(text),)))

    short, long = log.read()
    assert "short" in short["request"]
    assert (long["request"], long["logging_error_codes"]) == (None, ["MAX_REQUEST_SIZE_EXCEEDED"])


def test_its_annotations_resolve() -> None:
    assert get_type_hints(InferenceLog)["path"] == str | os.PathLike[str]


def test_a_path_stays_where_it_was_when_the_process_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    writer = InferenceLog("log").writer()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for event in events(1):
        writer.write(event)

    assert [path.name for path in tmp_path.iterdir() if path.name != "elsewhere"] == ["log"]


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path, max_segment_mb=0.002)
    writer = log.writer()
    for event in events(20):
        writer.write(event)

    assert [values["request_id"] for values in log.read()] == [f"r{number}" for number in range(20)]
    assert len(log.segments()) > 5


def test_what_is_no_row_is_skipped_and_told(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path)
    segment = tmp_path / "2026-11-20-1-00001.jsonl"
    segment.write_bytes(b'{"request_id":"a"}\n\xff\xfe\x00garbage\n[1]\n{"request_id":"b"}\n{"request_id":')
    skipped: list[int] = []

    found = [values["request_id"] for values in log.read(on_skip=lambda _, line: skipped.append(line))]

    assert found == ["a", "b"]
    assert skipped == [2, 3, 5]


def test_the_next_start_appends_cleanly_after_a_torn_line(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path)
    (tmp_path / f"2026-11-20-{os.getpid()}-00001.jsonl").write_bytes(b'{"request_id":"a"}\n{"requ')
    for event in events(1):
        log.writer().write(event)

    assert [values["request_id"] for values in log.read()] == ["a", "r0"]


@pytest.mark.parametrize(("content", "wants_text"), [("redacted", True), ("none", False)])
def test_a_writer_wants_texts_only_if_they_are_kept(content: str, wants_text: bool) -> None:
    assert InferenceLog("x", content=content).writer().wants_text is wants_text  # type: ignore[arg-type]


def test_a_writer_redacts_as_the_log_says() -> None:
    redactor = Redactor(scan=no_scan)

    assert InferenceLog("x", redact=redactor).writer().redact == redactor
    assert InferenceLog("x").writer().redact == Redactor()


def test_a_log_describes_a_sink_and_is_none() -> None:
    assert isinstance(InferenceLog("x"), Log)
    assert not isinstance(InferenceLog("x"), Sink)
    assert isinstance(InferenceLog("x").writer(), Sink)


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="must be a folder: this is a file"):
        InferenceLog(tmp_path / "file")


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"path": ""}, "path of a folder"),
        ({"path": 3}, "path of a folder"),
        ({"path": "x", "content": "raw"}, "content='raw'.*'none', 'redacted'"),
        ({"path": "x", "max_segment_mb": 0}, "max_segment_mb"),
        ({"path": "x", "max_segment_mb": "64"}, "max_segment_mb"),
        ({"path": "x", "redact": "yes"}, "redact"),
        ({"path": "x", "fsync": "yes"}, "fsync"),
        ({"path": "x", "fsync": 0}, "fsync=.*True, False or a number of seconds"),
        ({"path": "x", "max_segment_age_s": 0}, "max_segment_age_s"),
        ({"path": "x", "max_age_days": 0.5}, "max_age_days=.*whole number"),
        ({"path": "x", "max_total_mb": -1}, "max_total_mb"),
        ({"path": "x", "max_payload_mb": 0}, "max_payload_mb"),
        ({"path": "x", "sampling": 0}, "sampling=.*above 0 and at most 1"),
        ({"path": "x", "sampling": 1.5}, "sampling"),
        ({"path": "x", "always_keep": "error"}, "always_keep=.*a list of ok, blocked"),
        ({"path": "x", "always_keep": ["eror"]}, "always_keep"),
    ],
)
def test_a_wrong_log_is_refused_when_it_is_built(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        InferenceLog(**values)  # type: ignore[arg-type]
