"""One question in the words of three protocols, and the texts of the answers."""

from __future__ import annotations

from typing import Any

import pytest

openai = pytest.importorskip("openai", reason="the openai SDK is not installed: pip install openai")
anthropic = pytest.importorskip("anthropic", reason="the anthropic SDK is not installed: pip install anthropic")

PROTOCOLS = ("chat", "responses", "messages")


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def connected(protocol: str, address: str, *, is_async: bool = False) -> Any:
    if protocol == "messages":
        kind = anthropic.AsyncAnthropic if is_async else anthropic.Anthropic
        return kind(api_key="k", base_url=address, max_retries=0)
    kind = openai.AsyncOpenAI if is_async else openai.OpenAI
    return kind(api_key="k", base_url=f"{address}/v1", max_retries=0)


def asked(client: Any, protocol: str, text: str, **more: Any) -> Any:
    """Ask in the words of a protocol."""
    more = {"model": "smollm2", "extra_body": {"temperature": 0}, **more}
    if protocol == "responses":
        return client.responses.create(input=messages(text), max_output_tokens=60, **more)
    ask = client.messages.create if protocol == "messages" else client.chat.completions.create
    return ask(messages=messages(text), max_tokens=60, **more)


def text_of(protocol: str, reply: Any) -> str:
    if protocol == "responses":
        return str(reply.output_text)
    return str(reply.content[0].text if protocol == "messages" else reply.choices[0].message.content)


def piece_of(protocol: str, event: Any) -> str:
    """Return what an event adds to the text of the reply."""
    if protocol == "chat":
        return (event.choices[0].delta.content or "") if event.choices else ""
    if protocol == "responses":
        return str(event.delta) if event.type == "response.output_text.delta" else ""
    is_text = event.type == "content_block_delta" and event.delta.type == "text_delta"
    return str(event.delta.text) if is_text else ""
