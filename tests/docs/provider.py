"""A provider on the loopback interface, so that pages can show a client as it is used."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from responses import message, whole

__all__ = ["ANSWER", "provider"]

ANSWER = "You can reach Ms Harper at jo.harper@example.com."


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if request.get("stream"):
            self.send(b"".join(_events(request)), "text/event-stream")
        else:
            answer = next((say for end, say in _ANSWERS.items() if self.path.endswith(end)), _completion)(request)
            self.send(json.dumps(answer).encode(), "application/json")

    def send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def _completion(request: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}
    usage = {"prompt_tokens": 21, "completion_tokens": 12, "total_tokens": 33}
    return _envelope(request, "chat.completion") | {"choices": [choice], "usage": usage}


def _events(request: dict[str, Any]) -> Iterator[bytes]:
    pieces = [ANSWER[start : start + 4] for start in range(0, len(ANSWER), 4)]
    deltas: list[tuple[dict[str, str], str | None]] = [({"content": piece}, None) for piece in pieces]
    for delta, reason in [({"role": "assistant", "content": ""}, None), *deltas, ({}, "stop")]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        yield _event(_envelope(request, "chat.completion.chunk") | {"choices": [choice]})
    yield b"data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def _envelope(request: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_760_000_000, "model": request.get("model", "m")}


def _response(request: dict[str, Any]) -> dict[str, Any]:
    return whole(message(ANSWER), model=request["model"])


def _message(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 21, "output_tokens": 12},
    }


def _gemini(_request: dict[str, Any]) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": ANSWER}]}, "finishReason": "STOP"}
    return {"candidates": [candidate], "usageMetadata": {"promptTokenCount": 21, "candidatesTokenCount": 12}}


def _ollama(request: dict[str, Any]) -> dict[str, Any]:
    figures = {"done": True, "done_reason": "stop", "prompt_eval_count": 21, "eval_count": 12}
    return {"model": request["model"], "message": {"role": "assistant", "content": ANSWER}, **figures}


_ANSWERS = {"/messages": _message, "/responses": _response, ":generateContent": _gemini, "/api/chat": _ollama}


@contextmanager
def provider() -> Iterator[str]:
    """Serve what the clients of OpenAI, Anthropic, Gemini and Ollama ask for while the block runs; yields the base address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
