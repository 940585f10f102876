"""The command that exports feedback and sums it up."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
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
    store.close()


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

    assert stat.S_IMODE(Path("examples.jsonl").stat().st_mode) == 0o600
    assert json.loads(Path("examples.jsonl").read_text())["messages"][-1]["content"] == "Like so."
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("kept")
def test_feedback_is_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "summary", "log", "f.sqlite", "--by", "model"]) == 0

    head, line = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "model"
    assert line.split() == ["small", "2", "2", "1", "1", "50.0%", "-", "1", "0"]


@pytest.mark.usefixtures("kept")
def test_programs_get_the_sums_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "summary", "log", "f.sqlite", "--by", "model", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["small"]["calls"], found["small"]["counts"]["down"]) == (2, 1)
    assert main(["feedback", "export", "log", "f.sqlite", "--json"]) == 2


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["nowhere", "f.sqlite"], "'nowhere' is neither"),
        (["f.sqlite", "f.sqlite"], "'f.sqlite' is neither"),
        (["log", "nowhere"], "nowhere: is no file of feedback"),
        (["log", "broken"], "broken: is no file of feedback"),
        (["log", "other.sqlite"], "other.sqlite: is no file of feedback"),
        (["log", "f.sqlite", "--by", "modle"], "'modle' is no column"),
    ],
)
def test_files_that_are_not_there_or_none_of_the_kind_are_named_and_left_as_they_are(
    files: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken").write_bytes(b"no database " * 100)
    with closing(sqlite3.connect("other.sqlite")) as other:
        other.execute("CREATE TABLE cakes (name TEXT)")
    before = {name: Path(name).read_bytes() for name in ("f.sqlite", "other.sqlite")}

    assert main(["feedback", "summary", *files]) == 2
    assert message in capsys.readouterr().err
    assert {name: Path(name).read_bytes() for name in before} == before


@pytest.mark.usefixtures("kept")
def test_files_that_must_not_be_written_can_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("genai_guard.sqlite_file._is_writable", lambda _: False)  # as on a disk mounted so

    assert main(["feedback", "summary", "log", "f.sqlite", "--by", "model"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["small", "2", "2"]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        SqliteFeedbackStore("f.sqlite").add(Feedback("r", name="thumbs", value="up", time_s=1.0))


@pytest.mark.usefixtures("kept")
def test_a_file_that_cannot_be_read_is_not_said_to_be_of_another_kind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> bool:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr("genai_guard.sqlite_file._read_only", refuse)

    assert main(["feedback", "summary", "log", "f.sqlite"]) == 2
    assert capsys.readouterr().err == "f.sqlite: cannot be read: unable to open database file\n"


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("is_terminal", [False, True])
def test_what_no_output_has_bytes_for_holds_up_nothing_and_a_terminal_obeys_nothing(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    SqliteFeedbackStore("f.sqlite").add(Feedback("r0", name="comment", value="odd \ud800 \x9b2J", time_s=1.7e9))
    monkeypatch.setattr("genai_guard.commands.shared.is_terminal", lambda _: is_terminal)

    assert main(["feedback", "export", "log", "f.sqlite", "--format", "assessments"]) == 0

    printed = capsys.readouterr().out
    assert ("\\u009b2J" if is_terminal else "odd ? \x9b2J") in printed
    assert [json.loads(line)["valid"] for line in printed.splitlines()] == [True] * 4
