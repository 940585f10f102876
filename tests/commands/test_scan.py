"""`scan`: rows of a file, with what the guards leave of their texts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.batch import scan_rows
from genai_guard.cli import main

POLICY = {
    "version": 1,
    "input": [{"guard": "pii", "action": "redact"}, {"guard": "blocked_patterns", "keywords": ["falcon"]}],
}
ROWS: list[dict[str, Any]] = [
    {"id": 1, "text": "mail bob@example.com"},
    {"id": 2, "text": "falcon"},
    {"id": 3, "text": None},
    {"id": 4},
    {"id": 5, "text": 7},
]
SCANNED = [
    {"action": "redact", "findings": 1, "rules": ["pii.email"], "categories": ["EMAIL"], "error": None},
    {
        "action": "block",
        "findings": 1,
        "rules": ["blocked_patterns.keywords"],
        "categories": ["BLOCKED"],
        "error": None,
    },
    None,
    None,
    {"error": "ConfigurationError"},
]
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or sys.version_info >= (3, 14), reason="to spawn takes too long here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.json").write_text(json.dumps(POLICY))
    Path("rows.jsonl").write_text("".join(f"{json.dumps(row)}\n\n" for row in ROWS))


def test_rows_come_out_with_what_is_left_of_their_texts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "policy.json", "rows.jsonl", "--processes", "1"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row.pop("scan") for row in rows] == SCANNED
    assert rows == [{"id": 1, "text": "mail [EMAIL]"}, {"id": 2, "text": None}, *ROWS[2:4], {"id": 5, "text": None}]


def test_a_file_of_the_output_is_its_owners_and_appears_when_it_is_whole() -> None:
    assert main(["scan", "policy.json", "rows.jsonl", "--output", "out.jsonl", "--processes", "1"]) == 0
    assert len(Path("out.jsonl").read_text().splitlines()) == len(ROWS)
    with Path("rows.jsonl").open("a") as file:
        file.write("{bob@example.com\n")
    assert main(["scan", "policy.json", "rows.jsonl", "--output", "torn.jsonl", "--processes", "1"]) == 2
    assert not Path("torn.jsonl").exists()


def test_what_cannot_be_read_is_said_with_its_line_and_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.jsonl").write_text('{"text": "a"}\n["bob@example.com"]\n')
    assert main(["scan", "policy.json", "wrong.jsonl", "--processes", "1"]) == 2
    assert capsys.readouterr().err == "wrong.jsonl:2: is no JSON object\n"
    assert main(["scan", "policy.json", "none.jsonl", "--processes", "1"]) == 2
    assert capsys.readouterr().err == "none.jsonl: cannot be read\n"


def test_a_policy_that_is_wrong_is_said_before_anything_is_scanned() -> None:
    with pytest.raises(ConfigurationError):
        scan_rows(ROWS, policy={"version": 2})
