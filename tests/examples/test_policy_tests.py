"""The example of a policy and its tests: they pass, and they fail as soon as a rule is broken."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from genai_guard.__main__ import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "policy_tests"
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")

BROKEN = {
    "a rule is not looked for": (
        ", IBAN, DATE_OF_BIRTH]",
        ", IBAN]",
        [r"pii\.cases\.yaml:\d+: a date of birth", "category  expected DATE_OF_BIRTH, found nothing"],
    ),
    "an action is another one": (
        "    action: redact\n    allow",
        "    action: flag\n    allow",
        [
            r"pii\.cases\.yaml:\d+: an address and a phone number",
            r"redacted  expected Please write to \[EMAIL\] or ring",
        ],
    ),
    "an exception is gone": (
        '    allow: [help@shop.example, "@press.shop.example"]\n',
        "",
        [r"pii\.cases\.yaml:\d+: the shop's own address stays", r"\^{17} EMAIL \(pii: pii\.email\)"],
    ),
    "a threshold is too high": (
        "  - guard: prompt_injection\n",
        "  - guard: prompt_injection\n    threshold: 1.0\n    false_positives: null\n",
        [r"injection\.cases\.yaml:\d+: Ignore all previous", "action    expected block, found allow"],
    ),
    "a keyword is too wide": (
        "keywords: [Fernwood",
        "keywords: [parcel, Fernwood",
        [r"everyday\.cases\.jsonl:2: Where is my parcel", "Where is my parcel", r"\^{6} RIVAL \(rivals: "],
    ),
    "a guard of replies sees too little": (
        "full|complete",
        "whole|complete",
        [r"chat\.cases\.yaml:\d+: a promise is not passed on", "action    expected block, found allow"],
    ),
    "a limit is higher": (
        "requests: 3, per: minute",
        "requests: 4, per: minute",
        [
            r"limits_and_variants\.cases\.yaml:\d+: the fourth is refused",
            r"no limit \"3 requests/minute by user\": did you mean",
        ],
    ),
    "a tester gets another variant": (
        "tester-warm: warm",
        "tester-warm: plain",
        [r"a tester sees the warm tone", "variant   expected warm, found plain"],
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLE, tmp_path / "policy_tests")


def change(folder: Path, old: str, new: str) -> None:
    policy = folder / "policy.yaml"
    text = policy.read_text(encoding="utf-8")
    assert old in text
    policy.write_text(text.replace(old, new), encoding="utf-8")


def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["test", str(folder / "policy.yaml"), str(folder / "cases"), "--color", "never"])
    return code, capsys.readouterr().out


def test_the_policy_does_what_its_tests_say(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(copy, capsys)
    assert (code, out.splitlines()[-1].startswith("36 passed, 1 failed as known")) == (0, True)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_fails_and_says_what_and_where(name: str, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, said = BROKEN[name]
    change(copy, old, new)
    code, out = run(copy, capsys)
    assert code == 1
    assert [pattern for pattern in said if re.search(pattern, out) is None] == []


def test_with_pytest_a_broken_rule_fails_and_says_what_and_where(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, which has compiled the rules."""
    change(copy, *BROKEN["a rule is not looked for"][:2])
    monkeypatch.chdir(copy)
    without = [f"-p no:{plugin}" for plugin in ("cacheprovider", "xdist", "hypothesispytest", "asyncio")]
    code = pytest.main(["-q", f"--rootdir={copy}", "-c", os.devnull, *without, str(copy)])
    out = capsys.readouterr().out
    assert code == 1
    assert "1 failed, 35 passed, 1 xfailed" in out
    for pattern in BROKEN["a rule is not looked for"][2]:
        assert re.search(pattern, out)


def test_the_readme_names_every_file_of_cases() -> None:
    assert [
        path.name for path in (EXAMPLE / "cases").iterdir() if f"[{path.name}](cases/{path.name})" not in README
    ] == []


def test_the_readme_shows_what_a_broken_rule_says(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(copy, *BROKEN["a rule is not looked for"][:2])
    _, out = run(copy, capsys)
    block = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert block is not None
    assert block[1].replace("examples/policy_tests", str(copy)) in out
