"""Guards an agent of LangChain: what its model is asked, what it says, and what its tools are given and return.

Shows an e-mail address that reaches neither the model nor the conversation, and a tool that is refused.
Run: pip install 'genai_guard[langchain]' && python examples/langchain_agent.py
"""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from genai_guard import Pipeline
from genai_guard.guards import PII, ToolArgument, ToolCalls
from genai_guard.integrations.langchain import GuardMiddleware


class Model(FakeMessagesListChatModel):
    """Stand in for a chat model: it looks the customer up, writes to somebody, and reports."""

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        """Do without their descriptions."""
        return self


@tool
def find_customer(name: str) -> str:
    """Find a customer."""
    return f"{name} Harper, jo.harper@example.com"


@tool
def send_mail(to: str) -> str:
    """Send a mail."""
    return f"sent to {to}"


def main() -> None:
    """Run one agent, and print its conversation."""
    find: Any = {"name": "find_customer", "args": {"name": "Jo"}, "id": "c1"}
    send: Any = {"name": "send_mail", "args": {"to": "mallory@elsewhere.example"}, "id": "c2"}
    calls = [AIMessage("", tool_calls=[find]), AIMessage("", tool_calls=[send])]
    model = Model(responses=[*calls, AIMessage("I could not write.")])
    own_hosts = ToolCalls(rules={"send_mail": {"to": ToolArgument(hosts=["example.com"])}})
    tools = Pipeline(
        input=[own_hosts], output=[PII(action="redact")], on_reject=lambda rejection: f"Refused: {rejection}"
    )
    pipeline = Pipeline(input=[PII(action="redact")], output=[PII(action="redact")])

    agent: Any = create_agent(model, [find_customer, send_mail], middleware=[GuardMiddleware(pipeline, tools=tools)])
    for message in agent.invoke({"messages": [("human", "Write to Jo. I am ana@example.com.")]})["messages"]:
        print(f"{message.type:6}", message.content or message.tool_calls[0]["name"])


if __name__ == "__main__":
    main()
