"""Guards the client of Ollama: chats and prompts, whole and streamed.

Runs offline, with a few lines in the place of the server. With Ollama running here, call `main(ollama.Client())`.
Run: pip install genai_guard ollama && python examples/ollama_client.py
"""

from __future__ import annotations

import importlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from genai_guard import Pipeline
from genai_guard.guards import PII

pipeline = Pipeline(input=[PII(action="redact")], output=[PII(action="redact")])


def main(client: Any) -> None:
    """Ask twice."""
    guarded = pipeline.wrap_client(client)
    messages = [{"role": "user", "content": "My mail is bob@example.com. Whom do I ask?"}]

    reply = guarded.chat(model="small", messages=messages)
    print(f"{reply.message.content}\n  {reply.prompt_eval_count} + {reply.eval_count} tokens")

    for chunk in guarded.chat(model="small", messages=messages, stream=True):
        print(chunk.message.content, end="")
    print()


class Server(BaseHTTPRequestHandler):
    """Says the same every time, in Ollama's words."""

    def do_POST(self) -> None:
        """Answer."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        pieces = ["Ask jo", "@exam", "ple.com."] if asked["stream"] else ["Ask jo@example.com."]
        lines: list[dict[str, Any]] = [{"message": {"role": "assistant", "content": piece}} for piece in pieces]
        lines[-1] |= {"done": True, "done_reason": "stop", "prompt_eval_count": 12, "eval_count": 6}
        self.send_response(200)
        self.end_headers()
        self.wfile.writelines(json.dumps({"done": False, **line}).encode() + b"\n" for line in lines)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        main(importlib.import_module("ollama").Client(f"http://127.0.0.1:{server.server_port}"))
        server.shutdown()
