# /// script
# requires-python = ">=3.11"
# dependencies = ["langchain>=1,<2"]
# ///
"""LangChain: PIIMiddleware for five kinds of identifiers, and for keywords and phrases as custom detectors."""

from __future__ import annotations

import re
from typing import Any

from langchain.agents.middleware import PIIMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from peer_kit import INJECTION_PHRASES, INJECTION_REGEXES, KEYWORDS, Call, report


def identifiers() -> list[Any]:
    kinds = ["email", "credit_card", "ip", "mac_address", "url"]
    return [PIIMiddleware(kind, strategy="redact", apply_to_output=True) for kind in kinds]


def words() -> list[Any]:
    keywords = rf"(?i)\b(?:{'|'.join(map(re.escape, KEYWORDS))})\b"
    injection = rf"(?i)(?:{'|'.join([*map(re.escape, INJECTION_PHRASES), *INJECTION_REGEXES])})"
    return [
        PIIMiddleware("keyword", detector=keywords, strategy="block", apply_to_output=True),
        PIIMiddleware("injection", detector=injection, strategy="block"),
    ]


def wrap(model: Call, guards: list[Any]) -> Call:
    """Call the hooks as an agent would, without the graph around them."""

    def call(prompt: str) -> Any:
        messages: list[Any] = [HumanMessage(prompt)]
        for guard in guards:
            messages = (guard.before_model({"messages": messages}, None) or {"messages": messages})["messages"]
        messages = [*messages, AIMessage(model(messages[0].content))]
        for guard in guards:
            messages = (guard.after_model({"messages": messages}, None) or {"messages": messages})["messages"]
        return messages[-1].content

    return call


if __name__ == "__main__":
    some, more = identifiers(), [*identifiers(), *words()]
    report(lambda model: wrap(model, some), package="langchain", work="5 identifiers; both ways, no agent graph")
    report(lambda model: wrap(model, more), package="langchain", work="the same, keywords and injection rules besides")
