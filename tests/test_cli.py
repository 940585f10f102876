"""The command line: thin, with exit codes that a script can rely on."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from genai_guard import Pipeline
from genai_guard.__main__ import main
from genai_guard.cli import COMMANDS, parser_of
from genai_guard.policy import json_schema

POLICY = """\
version = 1
[[input]]
guard = "pii"
action = "redact"
[[input]]
guard = "blocked_patterns"
keywords = ["project falcon"]
[[output]]
guard = "pii"
action = "flag"
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return str(path)


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    path = tmp_path / "wrong.toml"
    path.write_text("version = 1\nlimts = []\nname = 3\n")
    return str(path)


def give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Put bytes on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_the_help_are_right(command: str) -> None:
    for example in COMMANDS[command].examples:
        assert parser_of(command).parse_args(shlex.split(example)).run


def test_the_help_shows_names_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["dashboard", "--help"])
    told = capsys.readouterr().out
    assert "Print a dashboard of Grafana for a policy." in told
    assert "genai-guard dashboard policy.yaml" in told


# --- validate --------------------------------------------------------------------------------------------------------


def test_a_policy_that_is_right_is_ok(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", policy]) == 0
    assert capsys.readouterr() == (f"{policy}: OK\n", "")


def test_policies_are_told_as_json(policy: str, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", policy, wrong, "--json"]) == 1
    out, err = capsys.readouterr()
    right, bad = map(json.loads, out.splitlines())
    assert right == {"policy": policy, "ok": True, "error": None, "unset": []}
    assert (bad["ok"], "limts" in bad["error"], err) == (False, True, "")


def test_every_mistake_of_every_policy_is_told(policy: str, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", wrong, policy, "nowhere.toml"]) == 1
    out, err = capsys.readouterr()
    assert out == f"{policy}: OK\n"
    assert [line.partition(": ")[0] for line in err.splitlines()] == [f"{wrong}:2", f"{wrong}:3", "nowhere.toml"]


# --- check -----------------------------------------------------------------------------------------------------------


def test_a_text_that_passes_is_allowed(
    policy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, b"a good day to you")
    assert main(["check", policy]) == 0
    assert capsys.readouterr().out == "allow\n"


def test_findings_are_shown_by_their_spans_and_not_by_their_text(
    policy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, b"write to bob@example.com\n")
    assert main(["check", policy, "-"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "redact"
    assert out.splitlines()[1].split()[:3] == ["9-24", "EMAIL", "pii:"]
    assert out.endswith("\n\nwrite to [EMAIL]\n")
    assert "bob" not in out


def test_a_text_that_is_blocked_is_not_shown_and_fails(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("all about project falcon")
    assert main(["check", policy, str(file)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("block\n")
    assert "falcon" not in out


def test_the_side_is_chosen(policy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, b"project falcon: bob@example.com")
    assert main(["check", policy, "--side", "output"]) == 0
    assert capsys.readouterr().out.startswith("flag\n")


def test_the_verdict_as_json_is_that_of_the_pipeline(
    policy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "write to bob@example.com"
    give(monkeypatch, text.encode())
    assert main(["check", policy, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    verdict = Pipeline.from_policy(policy).scan_input(text)
    assert (printed["action"], printed["text"]) == (verdict.action.value, verdict.text)
    assert [(finding["start"], finding["end"]) for finding in printed["findings"]] == [(9, 24)]


@pytest.mark.parametrize(("mode", "code"), [("enforce", 1), ("shadow", 0)])
def test_a_guard_that_breaks_does_not_say_yes(
    mode: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "policy.json"
    entry = {"guard": "blocked_patterns", "regexes": ["(?:a|ab)*c"], "timeout_s": 1e-9, "mode": mode}
    path.write_text(json.dumps({"version": 1, "input": [entry]}))
    give(monkeypatch, ("ab" * 100_000 + "é").encode())  # beyond ASCII, no accelerator answers for the regex
    assert main(["check", str(path)]) == code
    assert "a guard broke: " in capsys.readouterr().out


def test_the_text_of_a_blocked_verdict_is_not_in_its_json(
    policy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, b"project falcon")
    assert main(["check", policy, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["text"] is None


def test_a_terminal_is_not_given_orders_by_a_text(
    policy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, "\x1b[2J \N{RIGHT-TO-LEFT OVERRIDE}bob@example.com, très bien".encode())
    main(["check", policy])
    assert capsys.readouterr().out.endswith("\n\\x1b[2J \\u202e[EMAIL], très bien\n")


def test_a_wrong_policy_is_told_before_the_text_is_read(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", wrong, "nowhere.txt"]) == 1
    assert "limts: unknown field" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "reason"), [(None, "cannot be read"), (b"\xff", "is not UTF-8 text")])
def test_a_text_that_cannot_be_read_is_an_error_of_usage(
    policy: str, tmp_path: Path, content: bytes | None, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prompt.txt"
    if content is not None:
        file.write_bytes(content)
    assert main(["check", policy, str(file)]) == 2
    assert capsys.readouterr() == ("", f"{file}: {reason}\n")


# --- schema and the rest ---------------------------------------------------------------------------------------------


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()


def test_the_schema_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "schema.json"
    assert main(["schema", "--output", str(file)]) == 0
    assert json.loads(file.read_text(encoding="utf-8")) == json_schema()
    assert capsys.readouterr().out == ""


def test_a_file_that_cannot_be_written_is_an_error_of_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--output", str(tmp_path / "nowhere" / "schema.json")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out = capsys.readouterr().out
    assert "examples:" in out
    assert all(command in out for command in ("demo", "validate", "check", "schema"))


@pytest.mark.parametrize(
    "argv", [["nonsense"], ["validate"], ["check"], ["check", "p", "--side", "left"], ["schema", "--out", "x"]]
)
def test_a_wrong_command_line_is_an_error_of_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(argv)
    assert "usage: genai-guard" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--help"], ["validate", "--help"], ["check", "--help"], ["schema", "--help"]])
def test_help_is_no_error(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(argv)
    assert "usage: genai-guard" in capsys.readouterr().out


def test_the_demo_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["demo", "--help"])
    out = capsys.readouterr().out
    assert "--prompts FILE" in out
    assert "--model URL" in out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("genai_guard ")


def test_ctrl_c_is_no_traceback(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Interrupted()))
    assert main(["check", policy]) == 130


def test_the_module_runs_and_a_reader_who_leaves_is_no_traceback() -> None:
    program = [sys.executable, "-m", "genai_guard", "schema"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate()
    assert (process.returncode, err) == (141, b"")


def test_help_loads_nothing_that_other_commands_need() -> None:
    program = (
        "import sys; from genai_guard.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*({'pydantic', 'genai_guard.policy', 'genai_guard.demo', 'tiktoken'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
