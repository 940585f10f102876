"""Two further turns of a conversation: what the model replied, and what it is told about that.

Rules:

1. The reply becomes a turn of the assistant with what it said in words. Reasoning is left out.
2. Tool calls are not repeated as calls: each would need an answer, and none was made. They are quoted in the turn of
   the user, since a model that sees its own calls as words learns to write words instead of calls.
3. Roles go on to alternate, which some providers ask for: a reply without words gives no turn, and what would be the
   second turn in a row of the same role is put at the end of the first. For one of the assistant, which providers take
   for the beginning of the reply, that is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genai_guard.clients.duck import get, put, stored
from genai_guard.clients.langchain_walk import is_message, new_message, role_in
from genai_guard.messages import Part, Role

__all__ = ["after_items", "after_text", "after_turns", "told", "turn_like", "two_turns", "worded"]

_GAP = "\n\n"


def after_text(prompt: str, reply: Sequence[Part], feedback: str) -> str:
    """Return a prompt that goes on with the reply and the feedback."""
    said = worded(reply)
    shown = [f"Your reply was:\n{said}"] if said else []
    return _GAP.join([prompt, *shown, told(reply, feedback)])


def after_turns(messages: Sequence[Any], reply: Sequence[Part], feedback: str) -> Sequence[Any]:
    """Return a list or tuple of messages that goes on with the reply and the feedback; old messages are shared."""
    after = list(messages)
    said = worded(reply)
    if said:
        _add(after, "assistant", said, "")
    _add(after, "user", told(reply, feedback), _GAP)
    return tuple(after) if isinstance(messages, tuple) else after


def after_items(items: Sequence[Any], reply: Sequence[Part], feedback: str) -> Sequence[Any]:
    """Return a list or tuple of the items of a response that goes on with both; its roles need not alternate."""
    said = worded(reply)
    turns = [{"role": "assistant", "content": said}] if said else []
    after = [*items, *turns, {"role": "user", "content": told(reply, feedback)}]
    return tuple(after) if isinstance(items, tuple) else after


def two_turns(reply: Sequence[Part], feedback: str) -> tuple[str, str]:
    """Return the words of the turn of the model, which may be none, and of the turn that follows it."""
    return worded(reply), told(reply, feedback)


def worded(reply: Sequence[Part]) -> str:
    """Return what a reply said in words."""
    return _GAP.join(part.text for part in reply if part.kind in {"text", "refusal"} and part.text)


def told(reply: Sequence[Part], feedback: str) -> str:
    """Return the feedback, after the tool calls of the reply as quotations."""
    calls = [f"You called {part.name or 'a tool'} with {part.text}" for part in reply if part.kind == "arguments"]
    return _GAP.join([*calls, *(["No tool was run."] if calls else []), feedback])


def _add(messages: list[Any], role: Role, text: str, gap: str) -> None:
    last = messages[-1] if messages else None
    content = get(last, "content")
    if last is None or not _speaks(last, role) or get(last, "tool_calls"):
        messages.append(turn_like(messages, role, text))
    elif isinstance(content, str):
        messages[-1] = put(last, content=f"{content}{gap}{text}")
    elif isinstance(content, (list, tuple)):
        messages[-1] = put(last, content=[*content, {"type": "text", "text": text}])
    else:
        messages.append(turn_like(messages, role, text))


def _speaks(message: Any, role: Role) -> bool:
    return (role_in(message) if is_message(message) else get(message, "role")) == role


def turn_like(messages: Sequence[Any], role: Role, text: str) -> Any:
    """Return a message like those there are: a dictionary among dictionaries, else one of the type that the messages have."""
    if not messages or any(isinstance(message, Mapping) for message in messages):
        return {"role": role, "content": text}
    if any(map(is_message, messages)):
        return new_message(role, text)
    if isinstance(messages[-1], tuple):  # pairs of a role and a text
        return role, text
    nothing = dict.fromkeys(stored(messages[-1]).keys() - {"type"})
    return put(messages[-1], **{**nothing, "role": role, "content": text})
