"""A server and its client in a few lines: an application is called, and what it sends is kept."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from genai_guard import Limit, MetricsRecorder, Pipeline, RateLimiter
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.recording.event import Event

SECRET = "zebra-4471-quokka"
"""Planted in prompts, replies and exceptions: it must stand in no answer that is not the reply itself."""


@dataclass
class Exchange:
    """One request and what came back."""

    app: Any
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    kind: str = "http"
    extensions: dict[str, Any] = field(default_factory=dict)
    hangs_up: Callable[[Exchange], bool] = lambda _: False
    sent: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    async def run(self) -> Exchange:
        """Serve the request to its end; what the application raises is raised."""
        scope = {
            "type": self.kind, "method": "POST", "path": "/", "query_string": b"", "extensions": self.extensions,
            "headers": [(name.lower().encode(), value.encode()) for name, value in self.headers], **self.more,
        }  # fmt: skip
        asked = iter([{"type": "http.request", "body": self.body, "more_body": False}])
        if self.kind == "websocket":
            asked = iter([{"type": "websocket.connect"}])
        self._changed = asyncio.Event()

        async def receive() -> dict[str, Any]:
            for message in asked:
                return message
            while not self.hangs_up(self):
                self._changed.clear()
                await self._changed.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            self.sent.append(dict(message))
            self._changed.set()
            await asyncio.sleep(0)

        await self.app(scope, receive, send)
        return self

    def note(self) -> None:
        """Let the client look again whether it hangs up."""
        self._changed.set()

    async def until(self, messages: int) -> None:
        """Wait until so many messages were sent, and the application is at rest."""
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert len(self.sent) >= messages

    @property
    def status(self) -> int:
        starts: list[int] = [each["status"] for each in self.sent if each["type"].endswith("response.start")]
        assert len(starts) == 1
        return starts[0]

    @property
    def answer(self) -> dict[str, str]:
        """Headers of the answer."""
        (start,) = [each for each in self.sent if each["type"].endswith("response.start")]
        return {name.decode(): value.decode() for name, value in start["headers"]}

    @property
    def content(self) -> bytes:
        return b"".join(each["body"] for each in self.sent if each["type"].endswith("response.body"))

    @property
    def is_complete(self) -> bool:
        ends = [each for each in self.sent if each["type"].endswith("response.body") and not each["more_body"]]
        return len(ends) == 1 and self.sent[-1] is ends[0]

    @property
    def problem(self) -> dict[str, Any]:
        assert self.answer["content-type"] == "application/problem+json"
        found: dict[str, Any] = json.loads(self.content)
        assert found["status"] == self.status
        return found

    @property
    def events(self) -> list[tuple[str, Any]]:
        return read_events(self.content)


def read_events(body: bytes) -> list[tuple[str, Any]]:
    """Return names and data of events, read as the HTML standard says, comments left out."""
    found = []
    for block in re.split(r"\n\n", body.decode())[:-1]:
        fields = [line.partition(":")[::2] for line in block.split("\n") if not line.startswith(":")]
        data = "\n".join(value.removeprefix(" ") for name, value in fields if name == "data")
        name = next((value.strip() for name, value in fields if name == "event"), "message")
        if fields:
            found.append((name, json.loads(data) if data.startswith(("{", "[")) else data))
    return found


class Events(list[Event]):
    """A recorder that keeps what it is told."""

    wants_text = True

    def record(self, event: Event) -> None:
        self.append(event)


class Setup:
    """A pipeline with a guard on each side and two limits, and what it recorded."""

    def __init__(self, *limits: Limit, recorder: MetricsRecorder | None = None) -> None:
        self.events = Events()
        self.limiter = RateLimiter(*(limits or (Limit.requests(2, per="minute", by="user"), Limit.concurrent(5))))
        self.pipeline = Pipeline(
            input=[PII(action="redact"), BlockedPatterns(["forbidden"], name="words")],
            output=[PII(action="redact"), BlockedPatterns(["poison"], name="words")],
            limiter=self.limiter,
            recorder=recorder or self.events,
            prices={"": (1.0, 2.0)} if any(limit.unit == "usd" for limit in limits) else None,
        )

    @property
    def in_flight(self) -> float:
        """Reservations that are not settled."""
        return next(level.used for level in self.limiter.peek() if level.limit.endswith("at once"))


def streaming(chunks: Iterable[str], *, forever: bool = False, closed: list[str] | None = None) -> Callable[..., Any]:
    """Return an asynchronous model that says `chunks`, and then, if it is to, nothing for ever."""
    pieces = list(chunks)

    async def model(prompt: str) -> AsyncIterator[str]:
        try:
            for piece in pieces:
                await asyncio.sleep(0)
                if piece.startswith("raise "):
                    raise ValueError(piece)
                yield piece
            if forever:
                await asyncio.Event().wait()
        finally:
            if closed is not None:
                closed.append("closed")

    return model
