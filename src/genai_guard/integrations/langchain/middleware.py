"""A middleware that guards what an agent says to its model and to its tools.

The arguments of a tool are part of what the model said, and what it returns is part of what the model is sent next: the
guards of the model see both. A pipeline of their own makes each call of a tool a call like any other, whose request are
the arguments and whose reply is the result, judged before it becomes part of the conversation, which may be stored and
shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from genai_guard.clients.arguments import dump, load
from genai_guard.clients.halves import NoStreams
from genai_guard.clients.langchain_messages import LANGCHAIN
from genai_guard.clients.langchain_walk import is_block, is_listed, is_message
from genai_guard.integrations.extras import module_of
from genai_guard.integrations.langchain.models import guarded
from genai_guard.integrations.wrapping import wrapped_both
from genai_guard.messages import Part, Reply, Request
from genai_guard.pipeline import Pipeline

__all__ = ["GuardMiddleware"]

_Middleware: Any = module_of("langchain.agents.middleware", extra="langchain").AgentMiddleware
_messages: Final = module_of("langchain_core.messages", extra="langchain")
_Handler = Callable[[Any], Any]
_AsyncHandler = Callable[[Any], Awaitable[Any]]
_Both = tuple[Callable[..., Any], Callable[..., Any]]


class GuardMiddleware(_Middleware):  # type: ignore[misc]  # it is Any: its package may be missing
    """Guards the calls of an agent's model, streams included, and those of its tools.

    Give it last to `create_agent(middleware=[...])`: a middleware behind it could put another model in the place of the
    guarded one. A rejection is raised out of the agent, or answered by the `on_reject` of the pipeline: its string or
    message becomes the reply of the model, with which the agent ends, or the result of the tool, marked as an error, with
    which the agent goes on.

    Args:
        pipeline: What calls of the model go through.
        tools: What calls of tools go through besides: its input guards judge their arguments, its output guards what they
            return. Without it both are judged with the calls of the model.
    """

    def __init__(self, pipeline: Pipeline, *, tools: Pipeline | None = None) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  as above
        self._pipeline = pipeline
        self._tools = tools
        self._models: dict[int, tuple[Any, Any]] = {}
        self._by_name: dict[str, _Both] = {}

    def wrap_model_call(self, request: Any, handler: _Handler) -> Any:
        """Hand on a request whose model is guarded."""
        return handler(request.override(model=self._guarded(request.model)))

    async def awrap_model_call(self, request: Any, handler: _AsyncHandler) -> Any:
        """Hand on a request whose model is guarded."""
        return await handler(request.override(model=self._guarded(request.model)))

    def wrap_tool_call(self, request: Any, handler: _Handler) -> Any:
        """Send one call of a tool through its pipeline."""
        if self._tools is None:
            return handler(request)
        call = request.tool_call
        run, _ = self._wrapped(self._tools, call["name"])
        return _answer(call, run(_Tool(call["name"], call["args"]), request=request, handler=handler))

    async def awrap_tool_call(self, request: Any, handler: _AsyncHandler) -> Any:
        """Send one call of a tool through its pipeline."""
        if self._tools is None:
            return await handler(request)
        call = request.tool_call
        _, arun = self._wrapped(self._tools, call["name"])
        return _answer(call, await arun(_Tool(call["name"], call["args"]), request=request, handler=handler))

    def _guarded(self, model: Any) -> Any:
        """Return the guarded form of a model, which is made once: an agent has few of them, and keeps them."""
        kept = self._models.get(id(model))
        if kept is None or kept[0] is not model:
            kept = self._models[id(model)] = model, guarded(model, self._pipeline)
        return kept[1]

    def _wrapped(self, tools: Pipeline, name: str) -> _Both:
        both = self._by_name.get(name)
        if both is None:
            both = self._by_name[name] = wrapped_both(tools, name, _run, _arun, reader=_TOOL_CALLS)
        return both


@dataclass(frozen=True, slots=True, repr=False)
class _Tool:
    """What a tool is called with."""

    name: str
    args: Mapping[str, Any]


def _run(prompt: _Tool, *, request: Any, handler: _Handler) -> Any:
    return _as_messages(handler(_with(request, prompt)))


async def _arun(prompt: _Tool, *, request: Any, handler: _AsyncHandler) -> Any:
    return _as_messages(await handler(_with(request, prompt)))


def _with(request: Any, tool: _Tool) -> Any:
    if tool.args is request.tool_call["args"]:
        return request
    return request.override(tool_call={**request.tool_call, "args": tool.args})


def _as_messages(reply: Any) -> Any:
    """Return what a tool returned, with messages for the mappings and strings that LangGraph would make messages of."""
    if is_listed(reply):
        return [_as_messages(each) for each in reply]
    update = None if is_message(reply) else getattr(reply, "update", None)
    if not is_block(update) or not update.get("messages"):
        return reply
    said = update["messages"]
    messages = _messages.convert_to_messages(said if isinstance(said, (list, tuple)) else [said])
    return replace(reply, update={**update, "messages": messages})


def _answer(call: Any, reply: Any) -> Any:
    """Return what a tool returned; what `on_reject` said in its place becomes a message of an error."""
    if not isinstance(reply, str):
        return reply
    return _messages.ToolMessage(content=reply, tool_call_id=call["id"], name=call["name"], status="error")


class _ToolCalls(NoStreams):
    """Reads calls of tools: their arguments, and the messages in what they return."""

    __slots__ = ()

    name = "calls of LangChain tools"

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:  # noqa: ARG002
        """Take a tool with its arguments."""
        return isinstance(content, _Tool)

    def read_request(self, content: _Tool, kwargs: Mapping[str, Any], /) -> Request:  # noqa: ARG002
        """Return the arguments as JSON."""
        text = dump(content.args) if content.args else ""
        return Request((Part(text, "assistant", "arguments", "args", content.name),))

    def write_request(
        self, content: _Tool, kwargs: Mapping[str, Any], texts: Sequence[str], /
    ) -> tuple[_Tool, Mapping[str, Any]]:
        """Return the tool with new arguments."""
        (text,) = texts
        return _Tool(content.name, load(text, content.args)), kwargs

    def reads_reply(self, reply: object, /) -> bool:  # noqa: ARG002
        """Take everything: a tool returns a message, a command that may bring messages, or a list of both."""
        return True

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of every message."""
        return Reply(tuple(part for message in _brought(reply) for part in LANGCHAIN.read_reply(message).parts))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a reply of the same kind with new texts."""
        rest = list(texts)
        new: dict[int, Any] = {}
        for message in _brought(reply):
            count = len(LANGCHAIN.read_reply(message).parts)
            new[id(message)] = LANGCHAIN.write_reply(message, rest[:count])
            del rest[:count]
        return _replaced(reply, new)


_TOOL_CALLS: Final = _ToolCalls()


def _brought(reply: Any) -> list[Any]:
    """Return the messages in what a tool returned."""
    if is_message(reply):
        return [reply]
    if is_listed(reply):
        return [message for each in reply for message in _brought(each)]
    update = getattr(reply, "update", None)
    return _brought(update.get("messages")) if is_block(update) else []


def _replaced(reply: Any, new: Mapping[int, Any]) -> Any:
    if is_message(reply):
        return new.get(id(reply), reply)
    if is_listed(reply):
        return [_replaced(each, new) for each in reply]
    update = getattr(reply, "update", None)
    if not is_block(update) or not _brought(reply):
        return reply
    return replace(reply, update={**update, "messages": _replaced(update["messages"], new)})
