"""On a terminal: spans in colour, and a bar that goes away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="a system without pseudo-terminals")

POLICY = '{"version": 1, "input": [{"guard": "pii", "action": "redact"}]}'


def on_a_terminal(folder: Path, *argv: str, **environ: str) -> str:
    """Run a command whose standard output and error are a terminal; return what it writes there."""
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "genai_guard", *argv]
    env = {**kept, "TERM": "xterm", "PYTHONUTF8": "1", **environ}
    with subprocess.Popen(
        program, cwd=folder, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=env
    ) as process:
        os.close(theirs)
        pieces: list[bytes] = []
        while piece := _read(ours):
            pieces.append(piece)
        process.wait(timeout=60)
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the other end is closed
        return b""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.json").write_text(POLICY)
    (tmp_path / "text.txt").write_text("write to bob@example.com\n")
    (tmp_path / "a.cases.jsonl").write_text('{"text": "bob@example.com", "expect": "redact"}\n')
    return tmp_path


def test_spans_are_shown_in_colour(folder: Path) -> None:
    out = on_a_terminal(folder, "check", "policy.json", "text.txt")
    assert out.startswith("\x1b[33mredact\x1b[0m\n")
    assert "write to \x1b[1;30;43mbob@example.com\x1b[0m\x1b[33m EMAIL\x1b[0m\n" in out


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb", "FORCE_COLOR": ""}])
def test_spans_are_shown_without_colours_where_these_are_unwanted(environ: dict[str, str], folder: Path) -> None:
    out = on_a_terminal(folder, "check", "policy.json", "text.txt", "--text", **environ)
    assert "write to >>bob@example.com<<[EMAIL]\n" in out
    assert "\x1b" not in out


def test_the_bar_of_a_run_is_taken_away(folder: Path) -> None:
    out = on_a_terminal(folder, "test", "policy.json", "a.cases.jsonl", "--color", "never")
    assert f"\r[{'#' * 30}] 1 of 1\x1b[K\r\x1b[K" in out
    assert out.splitlines()[-1].startswith("1 passed in ")
