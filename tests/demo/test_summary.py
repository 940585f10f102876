from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genai_guard import (
    Action,
    Experiment,
    Finding,
    GuardBlocked,
    InferenceLog,
    MetricsRecorder,
    RateLimited,
    Variant,
    Verdict,
)
from genai_guard.demo.prompts import Prompt
from genai_guard.demo.summary import alerts, guardrails, limits, log, split, table
from genai_guard.demo.turns import Turn
from genai_guard.recording import AlertEvent, Event, Snapshot, SqliteInferenceLog

ALLOWED = Verdict(Action.ALLOW)
EMAIL = Finding("pii.email", "EMAIL", 0, 5, guard="pii")


def turn(user: str = "ana", *, variant: str = "control") -> Turn:
    return Turn(Prompt(user, "text"), ALLOWED, variant)


def found(*findings: Finding) -> Turn:
    return replace(turn(), verdict=Verdict(Action.REDACT, findings=findings))


def cells(lines: Iterable[str]) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_a_table_is_as_wide_as_it_must_be() -> None:
    assert list(table(("a", "long head"), [("long cell", "b"), ("c", "")])) == [
        "a          long head",
        "long cell  b",
        "c",
    ]


def test_a_table_without_rows_is_nothing() -> None:
    assert list(table(("a",), [])) == []


def test_guardrails_count_findings_and_name_their_messages() -> None:
    lines = list(guardrails([found(EMAIL, EMAIL), turn(), found(EMAIL)]))
    assert lines[0] == "3 messages: 3 answered"
    assert [line.split() for line in lines[2:]] == [["pii", "EMAIL", "3", "1,", "3"]]


def test_guardrails_name_the_first_few_messages_of_many() -> None:
    *_, last = guardrails([found(EMAIL)] * 20)
    assert last.split("  ")[-1].strip() == "1, 2, 3, 4, 5, 6, 7, 8, …"


def test_guardrails_tell_what_became_of_the_messages() -> None:
    blocked = replace(turn(), refusal=GuardBlocked("pii", "input"))
    denied = replace(turn(), refusal=RateLimited("a limit", 2.0))
    failed = replace(turn(), error="ConnectionError: away")
    assert list(guardrails([denied, blocked, failed, turn()])) == [
        "4 messages: 1 denied, 1 blocked, 1 failed, 1 answered"
    ]


EXPERIMENT = Experiment("tone", Variant("control", weight=3), Variant("treatment", weight=1))


def test_the_split_counts_each_user_once() -> None:
    turns = [turn("ana"), turn("ana"), turn("bo", variant="treatment"), turn("cy")]
    lines = list(split(EXPERIMENT, turns, {}))
    assert lines[0] == "tone, by user: 3 of them"
    assert cells(lines[2:]) == [
        ["control", "75%", "67% (2)", "0", "0"],
        ["treatment", "25%", "33% (1)", "0", "0"],
    ]


def test_the_split_leaves_out_whom_nothing_was_assigned_to() -> None:
    assert next(split(EXPERIMENT, [turn(variant="")], {})) == "tone, by user: 0 of them"


def test_the_split_shows_what_was_measured() -> None:
    lines = list(split(EXPERIMENT, [turn()], {"control": Snapshot(60.0, calls=7, output_tokens=99)}))
    assert lines[2].split()[3:] == ["(1)", "7", "99"]


def test_limits_tell_how_often_each_user_was_denied_and_the_longest_wait() -> None:
    denied = [
        replace(turn(user), refusal=RateLimited("10/minute", wait))
        for user, wait in [("a", 1.0), ("a", 6.04), ("b", 2.0)]
    ]
    assert [line.split() for line in list(limits([*denied, turn()]))[1:]] == [
        ["10/minute", "a", "2", "6.0", "s"],
        ["10/minute", "b", "1", "2.0", "s"],
    ]


def test_limits_that_denied_nobody_say_so() -> None:
    assert list(limits([turn()])) == ["nobody was denied"]


def test_the_name_of_a_user_cannot_steer_the_terminal() -> None:
    denied = replace(turn("\x1b[2J"), refusal=RateLimited("10/minute", 1.0))
    assert "\x1b" not in "".join(limits([denied]))


def test_alerts_are_told_with_what_was_seen() -> None:
    event = AlertEvent("errors", "firing", "6 of 60 calls failed", 0.1, 0.01, "critical", "enforce", 0.0)
    assert list(alerts([event])) == ["errors (firing)", "  6 of 60 calls failed"]


def test_no_alert_is_told_too() -> None:
    assert list(alerts([])) == ["none fired"]


@pytest.mark.parametrize("kind", [InferenceLog, SqliteInferenceLog])
def test_the_log_is_where_it_says(kind: type[Any], tmp_path: Path) -> None:
    recorder = MetricsRecorder(log=kind(tmp_path / "the log"))
    recorder.record(Event(0.0, "id"))
    recorder.close()
    where, _, command, python = log(recorder)
    assert where == str(tmp_path / "the log")
    assert command == f"python -m genai_guard log tail '{where}'"
    assert f"open_log({where!r})" in python


def test_a_log_that_could_not_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recorder = MetricsRecorder(log=InferenceLog(tmp_path / "file" / "log"))
    recorder.record(Event(0.0, "id"))
    recorder.close()
    (line,) = log(recorder)
    assert line.endswith("log.NotADirectoryError")


def test_a_recorder_without_a_log_says_so() -> None:
    assert list(log(MetricsRecorder())) == ["there is none"]
