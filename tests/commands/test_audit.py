from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from audits import SECRET, audit
from genai_guard.__main__ import main
from genai_guard.recording import AuditLog


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    """An audit of three records, with anchors."""
    monkeypatch.setenv("GENAI_GUARD_AUDIT_KEY", SECRET)
    with audit(tmp_path / "audit", anchor=tmp_path / "heads.jsonl") as log:
        log.record("limits_reset", user="u-1")
        log.record("rollback", experiment="x", share=0.5)
        log.record("change", note="=1+1")
    return log


def said(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = main(["audit", *map(str, argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_an_audit_that_is_whole_is_verified(log: AuditLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "verify", log.path, "--anchors", tmp_path / "heads.jsonl")

    assert code == 0
    assert out.startswith("3 records are what was written")
    assert out.endswith("anchored up to record 3\n")


def test_the_first_bad_record_is_named(log: AuditLog, capsys: pytest.CaptureFixture[str]) -> None:
    (segment,) = log.segments()
    segment.write_text(segment.read_text().replace('"share":0.5', '"share":0.9'))

    code, out, _ = said(capsys, "verify", log.path)

    assert code == 1
    assert "WRONG: record 2 (audit-000001.jsonl, line 2): was changed: its signature is wrong" in out


def test_an_end_that_was_cut_off_is_found_by_its_anchors_and_told_as_json(
    log: AuditLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (segment,) = log.segments()
    segment.write_bytes(segment.read_bytes().splitlines(keepends=True)[0])

    assert said(capsys, "verify", log.path)[0] == 0
    code, out, _ = said(capsys, "verify", log.path, "--anchors", tmp_path / "heads.jsonl", "--json")

    assert code == 1
    assert json.loads(out)["problem"]["sequence"] == 2


def test_the_last_records_are_shown_without_a_key(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GENAI_GUARD_AUDIT_KEY")

    _, out, _ = said(capsys, "tail", log.path, "-n", 2)

    assert [line.split("  ")[2] for line in out.splitlines()] == ["rollback", "change"]
    assert said(capsys, "tail", log.path, "--kind", "limits_reset")[1].split("  ")[3] == "u-1"


def test_records_are_exported_as_they_are_and_as_a_table(
    log: AuditLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [json.loads(line) for line in said(capsys, "export", log.path)[1].splitlines()] == list(log.read())
    code, _, _ = said(capsys, "export", log.path, "--format", "csv", "--output", tmp_path / "audit.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "audit.csv").read_text())))

    assert code == 0
    assert [(row["sequence"], row["kind"], row["user"]) for row in rows] == [
        ("1", "limits_reset", "u-1"), ("2", "rollback", ""), ("3", "change", "")
    ]  # fmt: skip
    assert said(capsys, "export", log.path, "--since", "9999")[1] == ""


@pytest.mark.parametrize("action", ["verify", "tail", "export"])
def test_a_folder_without_an_audit_is_a_wrong_command_line(
    action: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, action, tmp_path)[::2] == (2, f"{tmp_path}: holds no audit\n")


def test_anchors_that_cannot_be_read_are_a_wrong_command_line(
    log: AuditLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "verify", log.path, "--anchors", tmp_path / "none")[0] == 2


def test_a_key_that_is_not_set_is_told(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GENAI_GUARD_AUDIT_KEY")

    code, _, err = said(capsys, "verify", log.path)

    assert code == 1
    assert "GENAI_GUARD_AUDIT_KEY is not set" in err
