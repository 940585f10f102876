"""`check`: what is found is shown where it is, to those who look, and to nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genai_guard.__main__ import main

POLICY = """\
version = 1
[[input]]
guard = "pii"
action = "redact"
[[input]]
guard = "blocked_patterns"
keywords = ["project falcon"]
[[input]]
guard = "secrets"
action = "flag"
mode = "shadow"
[[output]]
guard = "pii"
action = "block"
"""
TEXT = "Hello,\nwrite to bob@example.com or\nring +1 415-555-0132\n"


@pytest.fixture(autouse=True)
def no_colours_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return str(path)


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    assert main(["check", *argv]) == code
    return capsys.readouterr().out


def test_a_finding_says_place_guard_rule_score_and_action(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(capsys, policy, written(tmp_path, TEXT)).splitlines()
    assert lines[:3] == [
        "redact",
        "  16-31       EMAIL          pii: pii.email, at 2:10, score 1, redact",
        "  40-55       PHONE          pii: pii.phone, at 3:6, score 1, redact",
    ]


def test_the_text_is_marked_on_request(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, policy, written(tmp_path, TEXT), "--text")
    assert "1 | Hello,\n2 | write to >>bob@example.com<<[EMAIL] or\n3 | ring >>+1 415-555-0132<<[PHONE]\n" in out
    assert out.endswith("\n\nHello,\nwrite to [EMAIL] or\nring [PHONE]\n")


def test_spans_are_coloured_when_colours_are_asked_for(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, policy, written(tmp_path, TEXT), "--color", "always")
    assert "write to \x1b[1;30;43mbob@example.com\x1b[0m\x1b[33m EMAIL\x1b[0m or" in out


def test_force_color_is_heard(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;30;43mbob@example.com" in printed(capsys, policy, written(tmp_path, TEXT))


def test_no_text_shows_nothing_of_it(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, policy, written(tmp_path, TEXT), "--no-text", "--color", "always")
    assert "EMAIL" in out
    assert not any(word in out for word in ("Hello", "bob", "write"))


def test_control_characters_are_escaped_where_spans_are_marked(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\x1b]0;owned\x07 bob@example.com \x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}"
    out = printed(capsys, policy, written(tmp_path, text), "--text")
    assert "\\x1b]0;owned\\x07 >>bob@example.com<<[EMAIL] \\x1b[2J\\u202e" in out
    assert not any(char in out for char in "\x1b\x07\N{RIGHT-TO-LEFT OVERRIDE}")


def test_a_blocked_text_is_marked_but_nothing_is_left_of_it(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, policy, written(tmp_path, "all about project falcon"), "--text", code=1)
    assert out.endswith("\n\n1 | all about >>project falcon<<[BLOCKED]\n")


def test_the_action_of_each_guard_is_its_own(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, policy, written(tmp_path, "bob@example.com on project falcon"), code=1)
    assert [line.rpartition(", ")[2] for line in out.splitlines()] == ["block", "redact", "block"]


def test_what_only_a_shadow_found_is_said_to_be_so(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "key AKIAQ3EGRIZTWNBW7FPK"
    out = printed(capsys, policy, written(tmp_path, text))
    assert out.startswith("allow (in shadow mode)\n")
    assert out.endswith("score 1, flag, in shadow\n")


def test_json_has_line_column_and_action(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, policy, written(tmp_path, TEXT), "--json"))["findings"]
    assert [(each["line"], each["column"], each["action"]) for each in found] == [(2, 10, "redact"), (3, 6, "redact")]


# --- conversations ----------------------------------------------------------------------------------------------------

TALK = [
    {"role": "system", "content": "Be brief. Boss: eve@example.com"},
    {"role": "user", "content": "I am bob@example.com"},
]


def test_every_message_of_a_conversation_is_checked(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, policy, written(tmp_path, json.dumps(TALK)), "--messages", "--text")
    assert "messages[0].content (system):\n1 | Be brief. Boss: >>eve@example.com<<[EMAIL]\n" in out
    assert "  messages[1].content 5-20 EMAIL          pii: pii.email, at 1:6" in out
    assert out.endswith("messages[1].content:\nI am [EMAIL]\n")


def test_the_texts_of_a_conversation_are_in_its_json(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, json.dumps({"messages": TALK}))
    values = json.loads(printed(capsys, policy, file, "--messages", "--json"))
    assert values["texts"] == {
        "messages[0].content": "Be brief. Boss: [EMAIL]",
        "messages[1].content": "I am [EMAIL]",
    }


def test_the_last_message_is_the_reply_of_the_output_side(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = [*TALK, {"role": "assistant", "content": "Write to eve@example.com"}]
    file = written(tmp_path, json.dumps(talk))
    found = json.loads(printed(capsys, policy, file, "--messages", "--side", "output", "--json", code=1))["findings"]
    assert [(each["start"], each["end"]) for each in found] == [(9, 24)]


@pytest.mark.parametrize("argv", [["--json"], ["--text"], ["--no-text"]])
def test_a_conversation_without_a_text_passes(
    argv: list[str], policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "allow" in printed(
        capsys, policy, written(tmp_path, '[{"role": "user", "content": null}]'), "--messages", *argv
    )


@pytest.mark.parametrize(
    "value",
    [
        *("[]", "[1]", "{}", '"a"', "nonsense", '[{"role": "user", "content": null}]', '[{"content": "a"}]'),
        *('[{"role": 5, "content": "a"}]', '[{"role": "user", "content": {"a": 1}}]'),
    ],
)
def test_what_is_no_conversation_is_an_error_of_usage(
    value: str, policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", policy, written(tmp_path, value), "--messages", "--side", "output"]) == 2
    assert capsys.readouterr().out == ""


def test_a_reply_is_judged_once_though_the_policy_asks_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"guard": "json_schema", "schema": {"type": "object", "required": ["answer"]}, "max_reasks": 2}
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"version": 1, "output": [entry]}))
    out = printed(capsys, str(path), written(tmp_path, '{"ansver": 1}'), "--side", "output", code=1)
    assert out.count("JSON_INVALID") == 1


# --- pipelines of Python ----------------------------------------------------------------------------------------------

MODULE = r"""\
from genai_guard import Pipeline
from genai_guard.guards import guard

@guard(action="flag")
def hostile(text):
    return [(0, 3, "\x1b[2J")] if "hostile" in text else None

@guard(action="redact")
async def slow(text):
    return [(0, 3)] if text.startswith("bob") else None

pipeline = Pipeline(input=[slow, hostile])
number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "rules_of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "rules_of_mine"


def test_a_pipeline_of_python_is_checked_asynchronous_guards_included(
    module: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, f"{module}:pipeline", written(tmp_path, "bob was here"))
    assert out.startswith("redact\n  0-3         SLOW ")
    assert out.endswith("\n[SLOW] was here\n")


def test_what_a_guard_says_gives_a_terminal_no_orders(
    module: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "a hostile text")
    out = printed(capsys, f"{module}:pipeline", file, "--text") + printed(capsys, f"{module}:pipeline", file)
    assert main(["explain", f"{module}:pipeline", file]) == 0
    out += capsys.readouterr().out
    assert out.count("\\x1b[2J") == 4
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("nowhere:pipeline", "there is no module 'nowhere'"),
        ("rules_of_mine:nothing", "there is no 'nothing' in rules_of_mine"),
        ("rules_of_mine:number", "is no Pipeline but an object of type int"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(
    reference: str, says: str, module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", reference]) == 1
    assert says in capsys.readouterr().err
