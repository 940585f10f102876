"""`drift`: what it prints and writes, its exit codes, and what it says of what is wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from drifting import traffic
from genai_guard.__main__ import main


def write(name: str, rows: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("usual.jsonl", traffic(300, seed=1))
    write("now.jsonl", traffic(300, seed=2, factor=2.0, day=2))


def printed(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    features = ("--feature", "prompt_words", "--feature", "output_tokens", "--min-n", "100")
    assert main(["drift", "now.jsonl", *features, *argv]) == code
    return capsys.readouterr().out


def test_it_prints_what_drifted_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    summary, table = printed(capsys, "--baseline", "usual.jsonl").split("\n\n")
    assert summary.startswith("prompt_words: cliffs_delta 0.")
    assert summary.endswith("1 of 2 tests say drift.")
    assert [line.split()[-1] for line in table.splitlines()] == ["verdict", "-", "drift", "drift"]


def test_a_baseline_is_saved_and_compared_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "usual.jsonl", "--feature", "prompt_words", "--save-baseline", "usual.json"]) == 0
    assert capsys.readouterr().out.startswith("usual.json: <Baseline of 300 calls")
    assert main(["drift", "now.jsonl", "--baseline", "usual.json", "--min-n", "100", "--fail-on-drift"]) == 1
    assert "prompt_words: cliffs_delta" in capsys.readouterr().out


def test_it_prints_json_and_csv_or_writes_them(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, "--baseline", "usual.jsonl", "--json", "--slice", "variant"))
    assert {row["slice_value"] for row in rows} == {None, "a", "b"}
    assert printed(capsys, "--baseline", "usual.jsonl", "--csv", "--output", "drift.csv") == ""
    written = list(csv.DictReader(io.StringIO(Path("drift.csv").read_text(encoding="utf-8"))))
    assert [row["column_name"] for row in written] == [":table", "prompt_words", "output_tokens"]


def test_it_profiles_quality_by_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "now.jsonl", "--profile", "--granularity", "1 day", "--feature", "quality"]) == 0
    found = capsys.readouterr().out
    assert [line.split()[3] for line in found.splitlines()[1:4]] == [":table", "distinct_1", "distinct_2"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["drift", "nowhere/"], "needs a baseline="),
        (["drift", "nowhere/", "--profile"], "neither a folder nor a file"),
        (["drift", "now.jsonl", "--granularity", "fortnight"], "5 minutes or longer"),
        (["drift", "now.jsonl", "--baseline", "nowhere.json"], "cannot be read"),
        (
            ["drift", "now.jsonl", "--save-baseline", "no/such/folder.json", "--feature", "latency_ms"],
            "cannot be written",
        ),
    ],
)
def test_what_cannot_be_done_is_said(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert message in capsys.readouterr().err
