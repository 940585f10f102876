"""Every command on the page of the command line runs, and prints what the page says."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from docs.pages import ROOT, matches
from genai_guard.__main__ import main
from genai_guard.cli import COMMANDS, parser_of

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


@pytest.mark.filterwarnings(
    "ignore:.*multi-threaded.*fork:DeprecationWarning"
)  # of `scan`, beside threads of other tests
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


def actions(command: str) -> list[str]:
    """Return a command, or the actions that it has."""
    inner = choices(choices(parser_of(command))[command])
    return [f"{command} {action}" for action in inner] or [command]


def choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next((each.choices for each in parser._actions if isinstance(each, argparse._SubParsersAction)), {})


def test_the_page_tells_every_command() -> None:
    assert set(COMMANDS) <= set(re.findall(r"^\| `([\w-]+)", PAGE, re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_tells_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in actions(command):
        with pytest.raises(SystemExit):
            main([*words.split(), "--help"])
    told, _, _ = capsys.readouterr().out.partition("examples:")
    options = set(re.findall(r"(--[a-z-]+)", told)) - {"--help"}
    assert [option for option in sorted(options) if not re.search(rf"`[^`\n]*{option}\b", PAGE)] == []
