"""`analyze`: what it prints and writes, its exit codes, and what it says of wrong files and columns."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from genai_guard.__main__ import main
from routing.analysis.tables import draw


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [row | {"request_id": f"r{number}"} for number, row in enumerate(draw(400, lift=0.2))]
    with Path("calls.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    Path("stars.jsonl").write_text(
        "".join(json.dumps({"request_id": f"r{number}", "stars": number % 5}) + "\n" for number in range(400)),
        encoding="utf-8",
    )


def printed(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    assert main(["analyze", "calls.csv", *argv]) == code
    return capsys.readouterr().out


def test_it_prints_sentences_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "--metric", "latency_ms", "--metric", "failed")
    sentences, table = found.split("\n\n")
    assert sentences.startswith("treatment is worse than control in latency_ms (less is better): ")
    assert len(table.splitlines()) == 3


def test_it_draws_intervals_over_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert "95 % intervals over time" in printed(capsys, "--metric", "latency_ms", "--plot")


def test_a_terminal_without_lines_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["analyze", "calls.csv", "--metric", "latency_ms", "--plot"]) == 0
    out.seek(0)
    assert "---o---" in out.read()


def test_it_writes_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "--metric", "latency_ms", "--html", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert "<svg" in page


def test_it_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "--ratio", "cost_usd", "tokens", "--json"))
    assert found["comparisons"][0]["metric"] == "cost_usd per tokens"


def test_late_outcomes_are_joined(capsys: pytest.CaptureFixture[str]) -> None:
    assert "in stars (more is better)" in printed(capsys, "--metric", "stars", "--outcomes", "stars.jsonl")


def test_it_can_fail_if_a_variant_is_worse(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "--metric", "latency_ms", "--fail-if-worse", code=1)
    printed(capsys, "--metric", "failed", "--fail-if-worse")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["calls.csv"], "needs metrics="),
        (["calls.csv", "--metric", "speed"], "no row has a number in 'speed'"),
        (["nowhere", "--metric", "speed"], "neither a folder nor a file"),
        (["broken.csv", "--metric", "speed"], "broken.csv: cannot be read"),
        (["calls.csv", "--metric", "failed", "--alpha", "2"], "5 % is 0.05"),
    ],
)
def test_what_cannot_be_analyzed_is_told(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.csv").write_bytes(b"variant\n\xff\n")
    assert main(["analyze", *argv]) == 2
    assert message in capsys.readouterr().err
