"""On a terminal: spans in colour, and a bar that goes away."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
from datetime import UTC, datetime
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


def test_top_draws_anew_on_another_screen_until_q_is_pressed_and_gives_the_terminal_back(tmp_path: Path) -> None:
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    _resize(theirs, columns=60, lines=12)
    program = [sys.executable, "-m", "genai_guard", "top", str(tmp_path), "--interval", "0.1"]
    env = {**os.environ, "TERM": "xterm", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    env.pop("COLUMNS", None)
    env.pop("LINES", None)
    with subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        seen = _until(ours, "q quits")
        assert seen.startswith("\x1b[?1049h\x1b[?25l")
        assert max(map(len, re.sub(r"\x1b\[[?\d]*[A-Za-z]", "", seen).split("\r\n"))) <= 60
        _resize(theirs, columns=30, lines=8)
        (tmp_path / "2026-11-21-1-00001.jsonl").write_text(_row("a model"))
        seen = _until(ours, "a model")
        os.write(ours, b"q")
        seen += _until(ours, "\x1b[?1049l")
        assert process.wait(timeout=20) == 0
    assert seen.endswith("\x1b[?25h\x1b[?1049l")
    assert termios.tcgetattr(theirs) == before
    os.close(theirs)
    os.close(ours)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_top_gives_the_terminal_back_however_it_is_stopped(number: int, code: int, tmp_path: Path) -> None:
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    program = [sys.executable, "-m", "genai_guard", "top", str(tmp_path)]
    env = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        _until(ours, "q quits")
        process.send_signal(number)
        assert _until(ours, "\x1b[?1049l").endswith("\x1b[?25h\x1b[?1049l")
        assert process.wait(timeout=20) == code
    assert termios.tcgetattr(theirs) == before
    os.close(theirs)
    os.close(ours)


def test_ctrl_z_gives_the_terminal_back_and_fg_draws_again(tmp_path: Path) -> None:
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    program = [sys.executable, "-m", "genai_guard", "top", str(tmp_path), "--interval", "0.1"]
    env = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        _until(ours, "q quits")
        process.send_signal(signal.SIGTSTP)
        assert _until(ours, "\x1b[?1049l").endswith("\x1b[?25h\x1b[?1049l")
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        assert termios.tcgetattr(theirs) == before
        process.send_signal(signal.SIGCONT)
        assert "q quits" in _until(ours, "\x1b[?1049h") + _until(ours, "q quits")
        assert termios.tcgetattr(theirs) != before
        os.write(ours, b"q")
        _until(ours, "\x1b[?1049l")
        assert process.wait(timeout=20) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(theirs)
    os.close(ours)


def _row(model: str) -> str:
    moment = datetime.now(UTC).isoformat()
    return json.dumps({"request_time": moment, "status": "ok", "stage": "done", "model": model, "latency_ms": 1}) + "\n"


def _resize(terminal: int, *, columns: int, lines: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def _until(terminal: int, wanted: str) -> str:
    """Return what a terminal shows up to some text."""
    seen = ""
    while wanted not in seen:
        assert select.select([terminal], [], [], 30)[0], seen
        piece = _read(terminal)
        assert piece, seen
        seen += piece.decode()
    return seen
