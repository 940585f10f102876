"""Every command on the page of the command line runs, and prints what the page says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from docs.pages import ROOT, matches
from genai_guard.__main__ import main

PAGE = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?P<head>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> Iterator[tuple[str, str]]:
    """Yield the files that the page writes down, with their names."""
    for block in BLOCK.finditer(PAGE):
        title = re.search(r'title="([^"]+)"', block["head"])
        if title:
            yield title[1], block["body"]


def commands() -> list[tuple[str, str]]:
    """Return the commands of the page, each with what it prints."""
    blocks = list(BLOCK.finditer(PAGE))
    return [
        (block["body"].strip(), following["body"]) for block, following in pairwise(blocks) if block["head"] == "sh"
    ]


@pytest.mark.parametrize(("command", "prints"), commands(), ids=[command for command, _ in commands()])
def test_a_command_prints_what_the_page_says(
    command: str, prints: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    for name, content in files():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    program, *argv = shlex.split(command.removeprefix("python -m "))
    assert program == "genai_guard"
    main(argv)
    printed = capsys.readouterr().out
    assert matches(prints, printed), printed


def test_the_page_tells_every_command() -> None:
    assert len(commands()) >= 5
    main_help = {
        "validate",
        "check",
        "explain",
        "test",
        "simulate-limits",
        "analyze",
        "drift",
        "feedback",
        "report",
        "top",
        "log",
        "dashboard",
        "alert-rules",
        "schema",
        "demo",
    }
    assert main_help <= set(re.findall(r"^\| `([\w-]+)", PAGE, re.MULTILINE))


@pytest.mark.parametrize(
    "command",
    [
        *(
            "check",
            "explain",
            "test",
            "simulate-limits",
            "analyze",
            "drift",
            "feedback",
            "report",
            "top",
            "dashboard",
            "alert-rules",
        ),
        *("log tail", "log query", "log export"),
    ],
)
def test_the_page_tells_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    options = set(re.findall(r"(--[a-z-]+)", capsys.readouterr().out)) - {"--help", "--quiet"}
    assert [option for option in sorted(options) if f"`{option}" not in PAGE] == []
