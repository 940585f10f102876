"""A workspace's API on this machine: it writes down what it is asked for, and answers what it was told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Recorder", "recorder"]

Answer = tuple[int, Any]


class Recorder:
    """What was asked for, and what is answered.

    Attributes:
        url: Where it listens.
        asked: Method, path and body of each request, but for the first, which looks for metadata of the host.
        answers: Status and body by method and path; 404 for others.
        hangs_at: A method that is answered when all is over.
        is_over: Whether it is.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str, Any]] = []
        self.answers: dict[tuple[str, str], Answer] = {}
        self.hangs_at = ""
        self.is_over = Event()

    @property
    def changes(self) -> list[tuple[str, str, Any]]:
        """What was asked for and changes something."""
        return [each for each in self.asked if each[0] != "GET"]

    def answer(self, method: str, path: str, body: Any) -> Answer:
        if path == "/.well-known/databricks-config":
            return 404, {}
        self.asked.append((method, path, body))
        if method == self.hangs_at:
            self.is_over.wait()
        missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "is not there"}
        return self.answers.get((method, urlsplit(path).path), (404, missing))


@contextmanager
def recorder() -> Iterator[Recorder]:
    """Run one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, answer = found.answer(self.command, self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked has gone
                self.wfile.write(data)

        do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815  as above

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Recorder(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()
