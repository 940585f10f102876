"""Guards what instructor asks for: the client below it, so that each of its attempts is one guarded call.

Runs offline, with llmock in the place of the service: its first reply lacks a field, and instructor asks again.
Run: pip install genai_guard instructor llmock && python examples/instructor_client.py
"""

from __future__ import annotations

import importlib
from typing import Any

from pydantic import BaseModel

from genai_guard import MetricsRecorder, Pipeline
from genai_guard.guards import PII

recorder = MetricsRecorder()
pipeline = Pipeline(input=[PII(action="redact")], output=[PII(action="redact")], recorder=recorder)


class Contact(BaseModel):
    """What is asked for."""

    name: str
    mail: str


def main(client: Any) -> None:
    """Ask once, and be answered at the second attempt."""
    instructor = importlib.import_module("instructor")
    asking = instructor.from_openai(pipeline.wrap_client(client))
    messages = [{"role": "user", "content": "Who is eve@example.com?"}]
    contact = asking.chat.completions.create(model="m", messages=messages, response_model=Contact, max_retries=2)
    print(f"{contact.name}: {contact.mail}, after {recorder.snapshot().calls} calls")


if __name__ == "__main__":
    llmock = importlib.import_module("llmock.testing")
    scenarios = importlib.import_module("llmock.scenarios")
    openai = importlib.import_module("openai")
    with llmock.LLMockServer() as server:
        for said in ({"name": "Eve"}, {"name": "Eve", "mail": "eve@example.com"}):
            call = scenarios.ToolCall("Contact", said)
            server.state.scenarios.add(scenarios.Reply(tool_calls=(call,)))
        with openai.OpenAI(base_url=server.base_url("openai"), api_key="unused") as client:
            main(client)
