"""The items of which OpenAI's Responses are made, in requests and replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any, Final

from genai_guard.clients.duck import fields, get, items_of, put
from genai_guard.clients.figures import model_of, response_usage
from genai_guard.clients.walk import FIELDS, Edit, Walk, relisted
from genai_guard.messages import PartKind, Reply

__all__ = [
    "figures_of",
    "items_walk",
    "tool_of",
    "write_error",
    "write_item",
    "write_items",
    "write_part",
    "write_prompt",
    "write_response",
]

_FIELDS: Final[Mapping[str, PartKind | None]] = {
    **FIELDS,
    "output": "result",
    "outputs": "result",
    "results": "result",
    "attributes": None,
    "filename": None,
    "logs": None,
    "code": "arguments",
    "action": "arguments",
    "actions": "arguments",
    "queries": "arguments",
    "query": "arguments",
    "pattern": None,
    "command": None,
    "commands": None,
    "operation": "arguments",
    "path": None,
    "env": "arguments",
    "revised_prompt": None,
    "diff": None,
    "reason": None,
    "annotation": None,
    "pending_safety_checks": None,
    "error": None,
    "message": None,
}
"""What items have besides the fields of messages."""

_REASONING: Final = frozenset({"reasoning", "reasoning_text", "summary_text"})


def items_walk(edit: Edit) -> Walk:
    """Return a walk that knows the fields of items."""
    return Walk(edit, fields=_FIELDS)


def write_items(items: Sequence[Any], walk: Walk, where: str, *, is_reply: bool) -> Sequence[Any]:
    """Visit a list of items; return it, or a list in which some are replaced."""
    names: dict[str, str] = {}
    after = [write_item(item, walk, f"{where}[{at}]", names, is_reply=is_reply) for at, item in enumerate(items)]
    return relisted(items, after)


def write_item(item: Any, walk: Walk, where: str, names: dict[str, str], *, is_reply: bool = True) -> Any:
    """Visit one item; `names` keeps which tool each call went to, for its output."""
    known = fields(item)
    block, call = known.get("type"), known.get("call_id")
    if not isinstance(block, str) or block == "message":
        return walk.visit(item, where, "assistant") if is_reply else walk.turn(item, where)
    if block in _REASONING:
        return walk.visit(item, where, "assistant", "reasoning")
    if block.endswith("_output"):
        return walk.visit(item, where, "tool", "result", names.get(call, "") if isinstance(call, str) else "")
    if block.startswith("input_"):  # a piece of content that stands for a message
        return walk.visit(item, where)
    name = tool_of(item)
    if isinstance(call, str):
        names[call] = name
    return walk.visit(item, where, "assistant", "arguments", name)


def tool_of(item: Any) -> str:
    """Return the name of the tool that an item calls; for a built-in one what the item calls itself."""
    name = get(item, "name")
    return name if isinstance(name, str) else model_of(get(item, "type")).removesuffix("_call")


def write_error(error: Any, walk: Walk, where: str) -> Any:
    """Visit the message of an error."""
    before = get(error, "message")
    after = walk.visit(before, f"{where}.message", "assistant")
    return error if after is before else put(error, message=after)


def write_part(part: Any, walk: Walk, where: str) -> Any:
    """Visit a piece of the content, or of the summary, of an item."""
    return walk.visit(part, where, "assistant", "reasoning" if get(part, "type") in _REASONING else "text")


def write_response(response: Any, walk: Walk) -> Any:
    """Visit what a response says: its output, and why it failed. What it repeats of the request is left out."""
    changes: dict[str, Any] = {}
    before = items_of(response, "output")
    if before is not None:
        after = write_items(before, walk, "response.output", is_reply=True)
        if after is not before:
            changes["output"] = after
    error = get(response, "error")
    if error is not None:
        after = write_error(error, walk, "response.error")
        if after is not error:
            changes["error"] = after
    return put(response, **changes) if changes else response


def write_prompt(prompt: Any, walk: Walk) -> Any:
    """Visit the variables of a prompt that is kept by OpenAI; what it says around them is not here to be read."""
    known: Mapping[str, Any] | None = get(prompt, "variables")
    if not isinstance(known, Mapping):
        return prompt
    after = {name: walk.visit(value, f"prompt.variables.{name}") for name, value in known.items()}
    return prompt if all(map(is_, known.values(), after.values())) else put(prompt, variables=after)


def figures_of(response: Any) -> Reply:
    """Return what a response says of itself, without its texts."""
    known = fields(response)
    cause = model_of(get(known.get("incomplete_details"), "reason"))
    return Reply(
        (), response_usage(known.get("usage")), model_of(known.get("model")), cause or model_of(known.get("status"))
    )
