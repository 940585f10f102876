"""A local HTTP server that takes what sinks send, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Receiver", "receiver"]


class Receiver:
    """What was received, and what is answered: a status and headers for each request in turn, then 200; and a body."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.body = b"ok"
        self.hang = threading.Event()
        self.hang.set()

    @property
    def bodies(self) -> list[Any]:
        """The JSON received."""
        return [json.loads(body) for *_, body in self.requests]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a server while it is needed. It hangs while `hang` is cleared."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            took.requests.append((self.path, dict(self.headers), body))
            took.hang.wait(20)
            status, headers = took.answers.pop(0) if took.answers else (200, {})
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(took.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(took.body)

        do_GET = do_POST  # noqa: N815  its name there

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  its name there
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the other side did not wait
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    took = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield took
    finally:
        took.hang.set()
        server.shutdown()
        thread.join()
        server.server_close()
