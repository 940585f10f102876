"""What the tests with real SDKs share: a pipeline that redacts "SECRET plan", which a stream cuts in two, and a server on this machine that says what it is told."""

from __future__ import annotations

import gc
import json
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from calls import World
from genai_guard.guards import BlockedPatterns

Answer = Any
"""A dictionary, sent as JSON; a list of them, sent line by line; a status with one of these; or bytes."""


@pytest.fixture(autouse=True, scope="module")
def dropped_clients() -> Iterator[None]:
    """Have the connections of SDKs that tests did not close closed here: a warning after the last test is an error."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Loopback:
    """A server that gives the next answer to each request, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.seen: list[tuple[str, dict[str, Any]]] = []
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(404, b"{}")

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
                loopback.seen.append((self.path, body))
                answer = loopback.answers.pop(0)
                status, answer = answer if isinstance(answer, tuple) else (200, answer)
                if isinstance(answer, list):
                    answer = b"".join(json.dumps(line).encode() + b"\n" for line in answer)
                self._send(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header(
                    "content-type", "text/event-stream" if body.startswith(b"data:") else "application/json"
                )
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def _loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def loopback(_loopback: Loopback) -> Loopback:
    """Return a server with no answers yet."""
    _loopback.answers.clear()
    _loopback.seen.clear()
    return _loopback


@pytest.fixture
def world() -> World:
    """Return a pipeline that redacts on either side."""
    guards = [BlockedPatterns(["SECRET plan"], action="redact")]
    return World(parts={"input": guards, "output": guards})


Ended = Callable[..., None]


@pytest.fixture
def ended(world: World) -> Ended:
    """Check that so many calls were made, each with one event, that they ended alike, and that all is settled."""

    def check(status: str = "ok", *, calls: int = 1, tokens: tuple[int, int] | None = None) -> None:
        assert [event.status for event in world.events] == [status] * calls
        assert (world.limiter.open, len(world.limiter.settled)) == ([], calls)
        if tokens is not None:
            usage = world.events[-1].usage
            assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (*tokens, False)
        told = repr(world.events[-1].error_type)
        assert "SECRET" not in told

    return check
