"""The command that exports feedback and sums it up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genai_guard import InferenceLog
from genai_guard.cli import main
from genai_guard.messages import Part
from genai_guard.recording import Event
from genai_guard.recording.feedback import Feedback, SqliteFeedbackStore


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of two calls, and feedback on both and on a third."""
    monkeypatch.chdir(tmp_path)
    writer = InferenceLog("log").writer()
    for number in range(2):
        writer.write(
            Event(1.7e9, f"r{number}", model="small", request=(Part("How?"),), response=(Part("So.", "assistant"),))
        )
    writer.close()
    store = SqliteFeedbackStore("f.sqlite")
    for request_id, name, value in (
        ("r0", "correction", "Like so."), ("r0", "thumbs", "down"), ("r1", "thumbs", "up"), ("gone", "thumbs", "up")
    ):  # fmt: skip
        store.add(Feedback(request_id, name=name, value=value, time_s=1.7e9))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("form", "begins", "lines"),
    [
        ("chat", '{"messages": [{"role": "user", "content": "How?"}', 1),
        ("preferences", '{"prompt": ', 1),
        ("openai-preferences", '{"input": ', 1),
        ("label-studio", '[{"data": ', 1),
        ("csv", "request_id,request_time,", 4),
        ("assessments", '{"assessment_id": ', 4),
    ],
)
def test_feedback_is_exported(form: str, begins: str, lines: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "export", "log", "f.sqlite", "--format", form]) == 0

    printed = capsys.readouterr()
    assert printed.out.startswith(begins)
    assert len(printed.out.splitlines()) == lines
    assert printed.err == ("" if form == "assessments" else "left out: 1 (unknown request)\n")


@pytest.mark.usefixtures("kept")
def test_an_export_goes_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "export", "log", "f.sqlite", "--output", "examples.jsonl"]) == 0

    assert json.loads(Path("examples.jsonl").read_text())["messages"][-1]["content"] == "Like so."
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("kept")
def test_feedback_is_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "summary", "log", "f.sqlite", "--by", "model"]) == 0

    head, line = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "model"
    assert line.split() == ["small", "2", "2", "1", "1", "50.0%", "-", "1", "0"]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("files", [["nowhere", "f.sqlite"], ["log", "nowhere"], ["log", "broken"]])
def test_files_that_are_not_there_or_none_of_the_kind_are_named(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken").write_bytes(b"no database " * 100)

    assert main(["feedback", "export", *files]) == 2
    assert ": is no " in capsys.readouterr().err
