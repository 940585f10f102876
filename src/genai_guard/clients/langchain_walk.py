"""The texts of LangChain messages: one walk that reads them or puts others in their place.

A message says the arguments of a tool call up to three times: in `tool_calls`, which is what agents act on, in a block
of its content, and as the provider wrote it in `additional_kwargs`. They are one text here, read from the first. The
others are echoes, which an edit rewrites too; one that says something else is a text of its own.

What an edit takes with it, because it would still tell the old text: log probabilities, the value that was parsed, and
the signature of a thought.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, TypeGuard

from genai_guard.clients.arguments import dump, load, reparse
from genai_guard.clients.duck import put, remember, stored
from genai_guard.clients.walk import Edit, Walk, mapped, role_of
from genai_guard.messages import Part, PartKind, Role

__all__ = [
    "is_block",
    "is_listed",
    "is_message",
    "new_message",
    "remade",
    "role_in",
    "unspelled",
    "unspelled_info",
    "visit_block",
    "visit_message",
]

_FIELDS: Final = frozenset({"content", "type", "additional_kwargs", "response_metadata"})
_ROLES: Final[Mapping[str, Role]] = {"human": "user", "ai": "assistant", "system": "system"}
_CALLS: Final = ("tool_calls", "invalid_tool_calls")
_INSIDE: Final[Mapping[str, PartKind]] = {"args": "arguments", "partial_json": "arguments", "output": "result"}
"""Fields of blocks that no other client has."""
Seat: TypeAlias = tuple[Role, PartKind, str]
"""Who speaks, what it is, and the name of the tool."""
ANSWER: Final[Seat] = ("assistant", "text", "")
_SAYING: Final = ("args", "input", "arguments", "partial_json")
_kinds: Final[dict[type, bool]] = {}


def is_message(value: object) -> bool:
    """Tell whether `value` is a message of LangChain, by the fields that its type declares."""
    kind = value.__class__
    known = _kinds.get(kind)
    if known is None:
        known = set(getattr(kind, "model_fields", ())) >= _FIELDS
        remember(_kinds, kind, known)
    return known


def new_message(role: Role, text: str) -> Any:
    """Return a message of LangChain, whose package is loaded where there is one already."""
    package: Any = sys.modules["langchain_core.messages"]
    kinds = {"system": package.SystemMessage, "assistant": package.AIMessage}
    return kinds.get(role, package.HumanMessage)(content=text)


def visit_message(message: Any, edit: Edit, where: str, names: dict[str, str]) -> Any:
    """Visit every text of a message; return it, or a copy in which some are replaced.

    Args:
        message: The message.
        edit: Sees each text.
        where: Its place.
        names: The tool of each call by its identifier, to which the calls of this message are added.
    """
    role, kind = role_in(message), _kind(message)
    name = "" if kind == "text" else message.name or names.get(getattr(message, "tool_call_id", None) or "", "")
    calls = _Calls(message, names)
    changes: dict[str, Any] = {}
    before = message.content
    after = _visit_content(before, edit, f"{where}.content", (role, kind, name), calls)
    arguments = calls.visit(edit, where)
    changes |= arguments
    after = calls.echoed(after)
    if after is not before:
        changes["content"] = after
    beside = message.additional_kwargs
    extra = calls.beside(_visit_beside(beside, edit, f"{where}.additional_kwargs", role, calls))
    if "content" in changes and beside.get("parsed") is not None:
        extra = {**extra, "parsed": reparse(beside["parsed"], changes["content"])}
    if extra is not beside:
        changes["additional_kwargs"] = extra
    if kind == "text" and message.name:
        shown = edit(Part(message.name, role, "text", f"{where}.name"))
        if shown is not None:
            changes["name"] = shown
    return remade(message, unspelled(message, changes)) if changes else message


def is_block(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether `value` is a dictionary of whose fields nothing is known."""
    return isinstance(value, Mapping)


def is_listed(value: object) -> TypeGuard[list[Any]]:
    """Tell whether `value` is a list of whose items nothing is known."""
    return isinstance(value, list)


def visit_block(block: Any, edit: Edit, where: str, seat: Seat = ANSWER) -> Any:
    """Visit a string or block of some content, whose role, kind and name are those of `seat`."""
    role, kind, name = seat
    walk = Walk(edit)
    after = walk.visit(block, where, role, kind, name)
    if not is_block(after):
        return after
    if after.get("type") == "non_standard" and after.get("value") is not None:
        value = visit_block(after["value"], edit, f"{where}.value", seat)
        return after if value is after["value"] else {**after, "value": value}
    named = after.get("name")
    for field, inside in _INSIDE.items():
        value = after.get(field)
        if value:
            text = edit(
                Part(value if isinstance(value, str) else dump(value), role, inside, f"{where}.{field}", named or name)
            )
            if text is not None:
                after = {**after, field: text if isinstance(value, str) else load(text, value)}
    return after


def remade(message: Any, changes: Mapping[str, Any]) -> Any:
    """Return a copy with other fields; what LangChain derives from tool calls is derived anew."""
    if "tool_calls" not in changes and "tool_call_chunks" not in changes:
        return put(message, **changes)
    declared: Mapping[str, Any] = message.__class__.model_fields
    known = {name: value for name, value in stored(message).items() if name in declared}
    known |= message.__pydantic_extra__ or {}
    derived = ("tool_calls", "invalid_tool_calls") if "tool_call_chunks" in changes else ("tool_call_chunks",)
    return type(message)(**{**{name: value for name, value in known.items() if name not in derived}, **changes})


def unspelled(message: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """Return changes that also take the log probabilities away, which spell the old text out."""
    known = message.response_metadata
    after = unspelled_info(known)
    return changes if after is known else {**changes, "response_metadata": after}


def unspelled_info(info: Any) -> Any:
    """Return what a generation says of itself, without log probabilities."""
    return info if not info or info.get("logprobs") is None else {**info, "logprobs": None}


class _Calls:
    """The tool calls of one message, and what says them again."""

    def __init__(self, message: Any, names: dict[str, str]) -> None:
        self._lists: dict[str, list[Any]] = {name: getattr(message, name, None) or [] for name in _CALLS}
        self._by_id = {call["id"]: call for calls in self._lists.values() for call in calls if call.get("id")}
        self._new: dict[str, Any] = {}
        names |= {identifier: call.get("name") or "" for identifier, call in self._by_id.items()}

    def repeats(self, identifier: object, arguments: object) -> bool:
        """Tell whether these are the arguments of one of the calls."""
        call = self._by_id.get(identifier) if isinstance(identifier, str) else None
        return call is not None and _parsed(arguments) == _parsed(call["args"])

    def visit(self, edit: Edit, where: str) -> dict[str, Any]:
        """Visit the arguments of every call; return the lists that changed."""
        changes: dict[str, Any] = {}
        for name, calls in self._lists.items():
            after = [self._call(call, edit, f"{where}.{name}[{at}].args") for at, call in enumerate(calls)]
            if any(new is not old for new, old in zip(after, calls, strict=True)):
                changes[name] = after
        return changes

    def _call(self, call: Any, edit: Edit, where: str) -> Any:
        args = call["args"]
        text = args if isinstance(args, str) else dump(args) if args else ""
        edited = edit(Part(text, "assistant", "arguments", where, call.get("name") or ""))
        if edited is None:
            return call
        new = edited if isinstance(args, str) or args is None else load(edited, args)
        if call.get("id"):
            self._new[call["id"]] = new
        return {**call, "args": new}

    def is_echo(self, block: Any) -> bool:
        """Tell whether a block of the content says a call again."""
        if not is_block(block):
            return False
        said = _said_in(block)
        return bool(said) and all(self.repeats(_identifier(block), block[field]) for field in said)

    def echoed(self, content: Any) -> Any:
        """Return content whose echoes say the new arguments."""
        if not self._new or isinstance(content, str):
            return content
        return [self._again(block) if self.is_echo(block) else block for block in content]

    def _again(self, block: Any) -> Any:
        new = self._new.get(_identifier(block))
        return block if new is None else {**block, **{field: _like(new, block[field]) for field in _said_in(block)}}

    def heard(self, call: Any) -> bool:
        """Tell whether a call as the provider wrote it is an echo."""
        function: Any = call.get("function") if is_block(call) else None
        return is_block(function) and self.repeats(call.get("id"), function.get("arguments"))

    def beside(self, extra: Any) -> Any:
        """Return additional keyword arguments whose echoes say the new arguments."""
        if not self._new or not is_listed(extra.get("tool_calls")):
            return extra
        return {**extra, "tool_calls": [self._raw(call) if self.heard(call) else call for call in extra["tool_calls"]]}

    def _raw(self, call: Any) -> Any:
        new = self._new.get(call["id"])
        if new is None:
            return call
        return {**call, "function": {**call["function"], "arguments": _like(new, "")}}


def _visit_content(content: Any, edit: Edit, where: str, seat: Seat, calls: _Calls) -> Any:
    if isinstance(content, str):
        role, kind, name = seat
        text = edit(Part(content, role, kind, where, name)) if content else None
        return content if text is None else text
    return mapped(
        content,
        lambda at, block: block if calls.is_echo(block) else visit_block(block, edit, f"{where}[{at}]", seat),
    )


def _visit_beside(extra: Any, edit: Edit, where: str, role: Role, calls: _Calls) -> Any:
    if not extra:
        return extra
    raw = extra.get("tool_calls")
    others = {name: value for name, value in extra.items() if name != "tool_calls"}
    after = Walk(edit).visit(others, where, role)
    if not is_listed(raw):
        return extra if after is others else after
    visited = mapped(
        raw,
        lambda at, call: (
            call if calls.heard(call) else Walk(edit).visit(call, f"{where}.tool_calls[{at}]", role, "arguments")
        ),
    )
    return extra if after is others and visited is raw else {**after, "tool_calls": visited}


def _said_in(block: Any) -> list[str]:
    """Return the fields of a block in which it says the arguments of a call: those that are not empty, or else one."""
    there = [field for field in _SAYING if block.get(field) is not None]
    return [field for field in there if block[field]] or there[:1]


def _identifier(block: Any) -> Any:
    return block.get("call_id") or block.get("id")


def _like(new: Any, old: object) -> Any:
    if isinstance(old, str):
        return new if isinstance(new, str) else dump(new)
    return new


def _parsed(arguments: object) -> object:
    if not isinstance(arguments, str):
        return arguments or {}
    try:
        return json.loads(arguments) if arguments else {}
    except ValueError:
        return arguments


def role_in(message: Any) -> Role:
    """Return who wrote a message."""
    kind = message.type.removesuffix("MessageChunk").lower()
    if kind == "chat":
        return role_of(message.role)
    return _ROLES.get(kind) or role_of(kind)


def _kind(message: Any) -> PartKind:
    return "result" if role_in(message) == "tool" else "text"
