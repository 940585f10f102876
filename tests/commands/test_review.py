"""The command by which a queue is worked off in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genai_guard.cli import main
from genai_guard.recording.review import Selection
from reviewing import flagged, put, queue_at, silent


@pytest.fixture(autouse=True)
def _queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flagged call and a silent one, whose text would clear the screen."""
    monkeypatch.chdir(tmp_path)
    queue = queue_at(tmp_path, selections=[Selection(), Selection(found=True, priority=1)])
    put(queue, silent("calm", text="see \x1b[2J"), flagged("hit"))
    queue.close()


def test_a_reviewer_works_off_the_queue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "next", "review.sqlite", "--reviewer", "ann"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[:3] == [
        "item 2: call hit, ok",
        "because: sampled, flagged",
        "found: injection.override (INJECTION) by injection, block, in the request, message 0",
    ]
    assert "ignore all rules" in shown

    command = ["review", "judge", "review.sqlite", "2", "unsure", "--reviewer", "ann"]
    assert main([*command, "--rule", "injection.override=false_positive"]) == 0
    assert main(["review", "next", "review.sqlite", "--reviewer", "ann"]) == 0
    assert r"see \x1b[2J" in capsys.readouterr().out
    assert main(["review", "escalate", "review.sqlite", "1", "--reviewer", "ann"]) == 0
    assert main(["review", "next", "review.sqlite", "--reviewer", "ann"]) == 1
    assert main(["review", "judge", "review.sqlite", "2", "unsure", "--reviewer", "eve"]) == 1
    assert "not taken" in capsys.readouterr().err
    assert main(["review", "next", "review.sqlite", "--reviewer", "bob", "--escalated"]) == 0
    assert main(["review", "skip", "review.sqlite", "1", "--reviewer", "bob"]) == 0

    capsys.readouterr()
    main(["review", "list", "review.sqlite"])
    assert capsys.readouterr().out.splitlines() == [
        "     1  escalated  calm  sampled  nothing found  ann: escalated, bob: skipped",
        "     2  done       hit  sampled; flagged  injection.override  ann: unsure",
    ]


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["review", "judge", "review.sqlite", "2", "true_positive", "--reviewer", "ann"])
    assert main(["review", "stats", "review.sqlite"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 open, 0 escalated, 1 done; 0 at hand"
    assert "judged: ann 1" in lines
    assert "injection  injection.override      1      1      0  100.0 % (20.7-100.0)" in lines


def test_programs_get_items_and_figures_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "next", "review.sqlite", "--reviewer", "ann", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["request_id"] == "hit"
    assert main(["review", "list", "review.sqlite", "--json"]) == 0
    assert [json.loads(line)["item"] for line in capsys.readouterr().out.splitlines()] == [1, 2]
    assert main(["review", "stats", "review.sqlite", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["queue"]["open"], found["queue"]["claimed"]) == (2, 1)
    assert found["judged"]["rules"][0]["precision"]["value"] is None


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("jsonl", '{"item": 1,'),
        ("cases", '{\n "cases": ['),
        ("feedback", '{"assessment_id": '),
        ("label-studio", '[{"data": '),
        ("label-studio-config", "<View>"),
    ],
)
def test_items_are_exported(form: str, begins: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["review", "judge", "review.sqlite", "2", "true_positive", "--reviewer", "ann"])

    assert main(["review", "export", "review.sqlite", "--format", form]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(begins)
    assert printed.err == ("left out: 1 (undecided)\n" if form == "cases" else "")


def test_a_policy_stands_for_its_queue(capsys: pytest.CaptureFixture[str]) -> None:
    review = {"path": "review.sqlite", "labels": {"positive": ["rude"], "negative": ["fine"]}}
    Path("policy.json").write_text(json.dumps({"version": 1, "metrics": {"review": review}}), encoding="utf-8")

    assert main(["review", "judge", "policy.json", "2", "rude", "--reviewer", "ann"]) == 0
    assert main(["review", "judge", "policy.json", "1", "true_positive", "--reviewer", "ann"]) == 1
    assert "must be one of 'rude', 'fine', 'unsure'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stats", "missing.sqlite"], "is no file of a review queue"),
        (["stats", "empty.json"], "has no review queue"),
        (["stats", "text.sqlite"], "is no file of a review queue"),
        (["list", "other.sqlite"], "is no file of a review queue"),
        (["judge", "review.sqlite", "1", "unsure", "--reviewer", "ann", "--rule", "pii"], "must be the name of a rule"),
    ],
)
def test_mistakes_are_told_in_a_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty.json").write_text('{"version": 1}', encoding="utf-8")
    Path("other.sqlite").write_bytes(b"")
    Path("text.sqlite").write_text("no database at all" * 99, encoding="utf-8")

    assert main(["review", *words]) == 2
    assert message in capsys.readouterr().err
    assert Path("other.sqlite").read_bytes() == b""
