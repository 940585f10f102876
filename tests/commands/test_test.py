"""`test`: runs policy tests, and its exit code can be relied on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genai_guard.__main__ import main
from genai_guard.testing.cases import running

POLICY = """\
version = 1
[[input]]
guard = "pii"
action = "redact"
"""
PASSING = """\
{"text": "write to bob@example.com", "expect": "redact", "category": "EMAIL", "source": "mail"}
{"text": "a good day to you", "expect": "allow", "source": "chat"}
"""
FAILING = """\
{"name": "unseen", "text": "the zebra left", "expect": "redact", "spans": ["zebra"], "source": "mail"}
{"name": "false alarm", "text": "write to bob@example.com", "expect": "allow", "source": "chat"}
"""


@pytest.fixture(autouse=True)
def no_colours_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "good.cases.jsonl").write_text(PASSING)
    (tmp_path / "bad.cases.jsonl").write_text(FAILING)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *argv: str, code: int) -> tuple[str, str]:
    assert main(["test", "policy.toml", *argv]) == code
    return capsys.readouterr()


# --- exit codes and output --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_all_passed_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(capsys, "cases", code=0)
    assert err == ".. 100 %\n"
    assert "source mail" in out
    assert out.splitlines()[-1].startswith("2 passed in ")


@pytest.mark.usefixtures("folder")
def test_a_failure_is_one_and_shows_what_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(capsys, "cases", "bad.cases.jsonl", code=1)
    assert err == "..FF 100 %\n"
    assert "bad.cases.jsonl:1: unseen\n" in out
    assert "    the zebra left\n        ^^^^^ missing: a finding\n" in out
    assert "bad.cases.jsonl:2: false alarm\n  action    expected allow, found redact\n" in out
    assert out.splitlines()[-1].startswith("2 passed, 2 failed in ")


@pytest.mark.usefixtures("folder")
def test_quietly_only_what_is_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(capsys, "bad.cases.jsonl", "-q", code=1)
    assert err == ""
    assert "unseen" in out
    assert "recall" not in out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["nowhere"], "nowhere: there is no such file or folder"),
        (["broken.cases.jsonl"], "broken.cases.jsonl:1"),
        (["cases", "--write"], "--write writes what --calibrate fits"),
        (["cases", "--html", "nowhere/report.html"], "cannot be written: there is no such folder"),
        (["cases", "--diff", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_what_cannot_be_done_is_two(
    argv: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.cases.jsonl").write_text('{"text": "no label", "expct": "allow"}\n')
    out, err = run(capsys, *argv, code=2)
    assert says in err
    assert out == ""


def test_a_wrong_policy_is_two(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "policy.toml").write_text("version = 1\nlimts = []\n")
    assert "policy.toml:2: limts: unknown field" in run(capsys, "cases", code=2)[1]


@pytest.mark.parametrize(
    "argv",
    [["--fuzz", "0"], ["--fuzz", "x"], ["--fail-under", "recal=1"], ["--fail-under", "recall=2"], ["--calibrate", "1"]],
)
@pytest.mark.usefixtures("folder")
def test_a_wrong_number_is_an_error_of_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["test", "policy.toml", "cases", *argv])
    assert "usage: " in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_cases", interrupt)
    assert run(capsys, "cases", code=130) == ("", "")


@pytest.mark.usefixtures("folder")
def test_hostile_texts_give_a_terminal_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    Path("hostile.cases.jsonl").write_text(
        json.dumps({"text": "\x1b[2J \N{RIGHT-TO-LEFT OVERRIDE}", "expect": "block", "source": "\x1b[3m"})
    )
    out, _ = run(capsys, "hostile.cases.jsonl", code=1)
    assert "\\x1b[2J \\u202e" in out
    assert not {"\x1b", "\N{RIGHT-TO-LEFT OVERRIDE}"} & set(out)


@pytest.mark.usefixtures("folder")
def test_redacted_no_text_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(capsys, "bad.cases.jsonl", "--redact", code=1)
    assert "bad.cases.jsonl:1: action, span, 14 characters\n" in out
    assert not any(word in out for word in ("zebra", "bob"))


def test_a_pipeline_of_python_is_tested(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = (
        "from genai_guard import Pipeline\nfrom genai_guard.guards import PII\npipeline = Pipeline(input=[PII()])\n"
    )
    (folder / "pipeline_to_test.py").write_text(module)
    monkeypatch.syspath_prepend(folder)
    assert main(["test", "pipeline_to_test:pipeline", "cases"]) == 0
    assert "2 passed" in capsys.readouterr().out


def test_cases_are_chosen_by_their_tags(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '{"text": "hello", "expect": "allow", "tags": ["quick"]}\n{"text": "a bob", "expect": "block", "tags": ["known"]}\n'
    (folder / "tagged.cases.jsonl").write_text(text)
    out, _ = run(capsys, "tagged.cases.jsonl", "cases", "--tag", "quick", code=0)
    assert out.splitlines()[-1].startswith("1 passed in ")
    _, err = run(capsys, "tagged.cases.jsonl", "--tag", "nonsense", code=2)
    assert err == "no case has the tag nonsense; there are known, quick\n"


# --- rates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "code"), [("recall=0.5,fpr=0.5", 0), ("recall=0.51", 1), ("fpr=0.49", 1), ("precision=0.5", 0)]
)
@pytest.mark.usefixtures("folder")
def test_rates_decide_where_they_are_named(rates: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "cases", "bad.cases.jsonl", "--fail-under", rates, code=code)


@pytest.mark.usefixtures("folder")
def test_a_rate_that_is_missed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(capsys, "cases", "bad.cases.jsonl", "--fail-under", "recall=0.9,fpr=0.9", code=1)
    assert "recall is 0.5, 1 of 2; at least 0.9 is wanted\n" in out
    assert "fpr" not in out


def test_a_rate_that_nothing_measures_is_missed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "one.cases.jsonl").write_text('{"text": "hello", "expect": "allow"}\n')
    out, _ = run(capsys, "one.cases.jsonl", "--fail-under", "recall=0.1", code=1)
    assert "no case says what to measure it by" in out


def test_rates_count_in_disguise_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "policy.toml").write_text(POLICY + "normalize = false\n")
    out, _ = run(capsys, "cases", "--fuzz", "3", "--fail-under", "recall=0.9", code=1)
    assert "recall in disguise is 0, 0 of 3; at least 0.9 is wanted\n" in out
    assert "recall is" not in out


# --- reports, variations, comparison ----------------------------------------------------------------------------------


def test_reports_are_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "bad.cases.jsonl", "--html", "report.html", "--junit", "report.xml", code=1)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>\n")
    assert "zebra" in page
    assert "zebra" in (folder / "report.xml").read_text(encoding="utf-8")


def test_reports_are_redacted_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "bad.cases.jsonl", "--html", "report.html", "--junit", "report.xml", "--redact", code=1)
    assert "zebra" not in (folder / "report.html").read_text(encoding="utf-8")
    assert "zebra" not in (folder / "report.xml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("folder")
def test_json_is_all_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    values = json.loads(run(capsys, "cases", "bad.cases.jsonl", "--json", code=1)[0])
    assert values["ok"] is False
    assert (values["counts"]["passed"], values["counts"]["failed"]) == (2, 2)
    assert [failure["name"] for failure in values["failures"]] == ["unseen", "false alarm"]


@pytest.mark.usefixtures("folder")
def test_cases_are_run_in_disguise_too(capsys: pytest.CaptureFixture[str]) -> None:
    first, _ = run(capsys, "cases", "--fuzz", "3", "--seed", "7", code=0)
    second, _ = run(capsys, "cases", "--fuzz", "3", "--seed", "7", code=0)
    assert "5 passed" in first
    assert first.count("evasion ") == 3
    assert first.splitlines()[:-1] == second.splitlines()[:-1]


def test_another_policy_is_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.toml").write_text(POLICY.replace("redact", "block"))
    out, _ = run(capsys, "cases", "--diff", "other.toml", "--html", "report.html", code=0)
    assert "redact -> block" in out
    assert "1 cases come out differently, 1 the same." in (folder / "report.html").read_text(encoding="utf-8")


CALIBRATED = """\
version = 1
[[input]]
guard = "pii"
entities = ["PL_PESEL", "EMAIL"]
thresholds = { PL_PESEL = 0.5 }  # low
"""
NUMBERS = """\
{"text": "my PESEL is 44051401359 please", "category": "PL_PESEL", "expect": "redact"}
{"text": "we counted 44051401359 of them", "expect": "allow"}
{"text": "nothing to see", "expect": "allow"}
"""


def test_fitted_thresholds_are_shown_and_written_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = folder / "policy.toml"
    policy.write_text(CALIBRATED)
    (folder / "numbers.cases.jsonl").write_text(NUMBERS)
    argv = ["numbers.cases.jsonl", "--calibrate", "fpr=0"]
    out, _ = run(capsys, *argv, code=1)
    assert "PL_PESEL (pii): 0.5 -> " in out
    assert policy.read_text() == CALIBRATED
    run(capsys, *argv, "--write", code=1)
    assert "= 0.5 }" not in policy.read_text()
    assert "# low" in policy.read_text()
    run(capsys, "numbers.cases.jsonl", code=0)
