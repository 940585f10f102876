"""The texts of LlamaIndex's messages and responses: one walk that reads them or puts others in their place.

The arguments of a tool call stand in a block, and often once more in `additional_kwargs` as the provider wrote them.
They are one text, read from the block; the other is an echo, which an edit rewrites too. What an edit takes with it,
because it would still tell the old text: the provider's own response in `raw`, log probabilities, and the signature of
a thought. Images, audio, video and documents are passed on unread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from genai_guard.clients.arguments import dump, load
from genai_guard.clients.duck import get, put
from genai_guard.clients.langchain_walk import is_block, is_listed
from genai_guard.clients.walk import Edit, Walk, mapped, role_of
from genai_guard.messages import Part, PartKind, Role

__all__ = ["is_response", "visit_conversation", "visit_response"]

_ASSISTANTS: Final = frozenset({"chatbot", "model"})
_TITLES: Final = ("title", "source")


def is_response(value: object) -> bool:
    """Tell whether `value` is what a model of LlamaIndex answers with, to a chat or to a prompt."""
    return hasattr(value, "raw") and hasattr(value, "delta") and (hasattr(value, "message") or hasattr(value, "text"))


def visit_conversation(messages: Sequence[Any], edit: Edit) -> Sequence[Any]:
    """Visit every message; return them, or a list in which some are others."""
    names: dict[str, str] = {}
    return mapped(messages, lambda at, message: _message(message, edit, f"messages[{at}]", names))


def visit_response(response: Any, edit: Edit) -> Any:
    """Visit the texts of a response; its `delta` is none of them: it repeats the end of the text."""
    if hasattr(response, "message"):
        before = response.message
        after = _message(before, edit, "response", {})
        return response if after is before else put(response, message=after, raw=None, logprobs=None)
    text = edit(Part(response.text, "assistant", "text", "response")) if response.text else None
    return response if text is None else put(response, text=text, raw=None, logprobs=None)


def _message(message: Any, edit: Edit, where: str, names: dict[str, str]) -> Any:
    role = _role(message)
    beside: Mapping[str, Any] = message.additional_kwargs
    name = beside.get("name") or names.get(str(beside.get("tool_call_id")), "") if role == "tool" else ""
    kind: PartKind = "result" if role == "tool" else "text"
    counts: Counter[str] = Counter()
    calls: dict[str, tuple[Any, Any]] = {}

    def visit(_: int, block: Any) -> Any:
        number = counts[block.block_type]
        counts[block.block_type] += 1
        after = _block(block, edit, f"{where}.{block.block_type}[{number}]", (role, kind, name))
        if block.block_type == "tool_call" and block.tool_call_id:
            names[block.tool_call_id] = block.tool_name
            calls[block.tool_call_id] = block.tool_kwargs, after.tool_kwargs
        return after

    blocks = mapped(message.blocks, visit)
    extra = _beside(beside, edit, f"{where}.additional_kwargs", (role, calls))
    if blocks is message.blocks and extra is beside:
        return message
    return put(message, blocks=blocks, additional_kwargs=extra)


def _block(block: Any, edit: Edit, where: str, seat: tuple[Role, PartKind, str]) -> Any:
    role, kind, name = seat
    of = block.block_type
    if of == "text":
        return _with(block, text=_said(block.text, edit, Part("", role, kind, where, name)))
    if of == "thinking":
        after = _with(block, content=_said(block.content, edit, Part("", role, "reasoning", where)))
        return after if after is block else put(after, additional_information=_unsigned(block.additional_information))
    if of == "tool_call":
        return _call(block, edit, where, role)
    titles = {
        field: _said(getattr(block, field), edit, Part("", role, kind, f"{where}.{field}", name))
        for field in _TITLES
        if isinstance(getattr(block, field, None), str)
    }
    if of == "citable":
        titles["content"] = mapped(block.content, lambda at, item: _block(item, edit, f"{where}.content[{at}]", seat))
    elif of == "citation":
        titles["cited_content"] = _block(block.cited_content, edit, f"{where}.cited_content", seat)
    return _with(block, **titles)


def _call(block: Any, edit: Edit, where: str, role: Role) -> Any:
    args = block.tool_kwargs
    text = args if isinstance(args, str) else dump(args) if args else ""
    new = edit(Part(text, role, "arguments", where, block.tool_name))
    if new is None:
        return block
    return put(block, tool_kwargs=new if isinstance(args, str) or not args else load(new, args))


def _beside(extra: Any, edit: Edit, where: str, about: tuple[Role, dict[str, tuple[Any, Any]]]) -> Any:
    """Visit additional keyword arguments, and rewrite what in them says a call again."""
    raw = extra.get("tool_calls")
    others = {name: value for name, value in extra.items() if name != "tool_calls"}
    after = Walk(edit).visit(others, where, about[0])
    visited = raw
    if is_listed(raw):
        visited = mapped(raw, lambda at, call: _raw_call(call, edit, f"{where}.tool_calls[{at}]", about))
    return extra if after is others and visited is raw else {**after, "tool_calls": visited}


def _raw_call(call: Any, edit: Edit, where: str, about: tuple[Role, dict[str, tuple[Any, Any]]]) -> Any:
    role, calls = about
    function = get(call, "function")
    said = calls.get(str(get(call, "id")))
    if said is None or _as_text(said[0]) != _as_text(get(function, "arguments") or ""):
        return Walk(edit).visit(call, where, role, "arguments")
    before, after = said
    return call if after is before else put(call, function=put(function, arguments=_as_text(after)))


def _as_text(arguments: Any) -> str:
    """Return arguments in one spelling."""
    if not isinstance(arguments, str):
        return dump(arguments) if arguments else ""
    try:
        return dump(load(arguments, {}))
    except ValueError:
        return arguments


def _said(text: Any, edit: Edit, part: Part) -> Any:
    new = edit(part._replace(text=text)) if text else None
    return text if new is None else new


def _unsigned(information: Any) -> Any:
    if not is_block(information) or "signature" not in information:
        return information
    return {name: value for name, value in information.items() if name != "signature"}


def _role(message: Any) -> Role:
    name = str(getattr(message.role, "value", message.role))
    return "assistant" if name in _ASSISTANTS else role_of(name)


def _with(block: Any, **fields: Any) -> Any:
    """Return a copy with these fields; the block itself where it has them already."""
    changes = {name: value for name, value in fields.items() if value is not getattr(block, name)}
    return put(block, **changes) if changes else block
