"""Frameworks and a real server: the same answers from each, and readers who hang up in mid-stream on real sockets."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from browser.served import eventually, served
from integrations.asgi.exchange import SECRET, Setup, read_events
from integrations.web.frameworks import FRAMEWORKS

NEEDED = ("django", "httpx", "litestar", "quart", "uvicorn")
_missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(_missing), reason=f"needs {', '.join(_missing)}: nox -s web")


class Served(Setup):
    """A service and the address where it is served."""

    def __init__(self, framework: str) -> None:
        super().__init__()
        self.closed: list[str] = []
        self.app = FRAMEWORKS[framework](self.pipeline, self.model)
        self.address = ""

    async def model(self, prompt: str) -> AsyncIterator[str]:
        try:
            for piece in ("The sea ", "is blue, ", "ask bo@example.com "):
                await asyncio.sleep(0)
                yield piece
            if "for ever" in prompt:
                await asyncio.sleep(3_600)
            yield "poison" if "poison" in prompt else "now."
        finally:
            self.closed.append(prompt)

    def post(self, path: str, text: str, user: str = "u-1") -> Any:
        import httpx

        headers = {"x-user": user, "content-type": "text/plain"}
        return httpx.post(f"{self.address}{path}", content=text, headers=headers, trust_env=False, timeout=20)

    def hang_up(self, text: str, after: bytes) -> bytes:
        """Ask for a stream, and hang up when `after` has come."""
        where = urlsplit(self.address)
        body = text.encode()
        with socket.create_connection((str(where.hostname), where.port or 0), 20) as line:
            head = f"POST /stream HTTP/1.1\r\nhost: {where.netloc}\r\nx-user: u-1\r\ncontent-type: text/plain\r\n"
            line.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            got = b""
            while after not in got:
                piece = line.recv(4_096)
                assert piece, got
                got += piece
        return got


@pytest.fixture(params=FRAMEWORKS)
def service(request: pytest.FixtureRequest) -> Iterator[Served]:
    found = Served(request.param)
    with served(found.app) as address:
        found.address = address
        yield found


def test_a_request_is_answered_as_its_caller(service: Served) -> None:
    assert service.post("/whole", "hello", "u-7").text == "The sea is blue, ask [EMAIL] now."
    answer = service.post("/stream", "hello", "u-8")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *said, (name, _) = read_events(answer.content)
    assert ("".join(data["text"] for _, data in said), name) == ("The sea is blue, ask [EMAIL] now.", "done")
    assert [(event.status, event.caller.user) for event in service.events] == [("ok", "u-7"), ("ok", "u-8")]


@pytest.mark.parametrize("path", ["/whole", "/stream"])
def test_a_refusal_is_a_problem(service: Served, path: str) -> None:
    blocked = service.post(path, f"a forbidden {SECRET}")
    assert (blocked.status_code, blocked.headers["content-type"]) == (400, "application/problem+json")
    assert (blocked.json()["guard"], SECRET in blocked.text) == ("words", False)
    for _ in range(2):
        assert service.post("/whole", "hello").status_code == 200
    limited = service.post(path, "hello")
    assert (limited.status_code, limited.json()["limit"]) == (429, "2 requests/minute by user")
    assert int(limited.headers["retry-after"]) > 1


def test_a_refusal_in_mid_stream_is_the_last_event(service: Served) -> None:
    answer = service.post("/stream", "some poison, please")
    name, problem = read_events(answer.content)[-1]
    assert (answer.status_code, name, problem["stage"]) == (200, "error", "output")
    assert ([event.status for event in service.events], service.in_flight) == (["blocked"], 0)


def test_a_reader_who_hangs_up_leaves_one_event_and_nothing_open(service: Served) -> None:
    service.hang_up("on for ever", b"blue")
    eventually(lambda: service.events)
    assert [(event.status, event.settled) for event in service.events] == [("abandoned", True)]
    assert (service.closed, service.in_flight) == (["on for ever"], 0)
    assert service.post("/whole", "hello").status_code == 200
