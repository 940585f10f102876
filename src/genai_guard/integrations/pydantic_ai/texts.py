"""The texts of pydantic-ai's messages: one walk that reads them or puts others in their place.

What an edit takes with it, because it would still tell the old text: the citations of a text, which count its
characters, log probabilities, and the signature of a thought. Images, audio, documents and files are passed on unread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeGuard

from genai_guard.clients.arguments import dump, load
from genai_guard.clients.walk import Edit, mapped
from genai_guard.messages import Part, PartKind, Role

__all__ = ["visit_conversation", "visit_instructions", "visit_part", "visit_response", "without_traces"]

_SPEAKERS: Final[Mapping[str, Role]] = {
    "system-prompt": "system",
    "instruction": "system",
    "instruction-delta": "system",
}
_TRACES: Final = ("citations", "signature", "signature_delta", "citations_delta")
_MEDIA: Final = ("media_type", "file_id", "ttl")
"""Fields that only parts without text have: images, sound, documents, uploaded files, marks for a cache."""
_DATA: Final = (str, int, float, dict, list, type(None))


def without_traces(part: Any) -> dict[str, Any]:
    """Return the fields of a part that tell its text again, emptied."""
    gone: dict[str, Any] = {name: None for name in _TRACES if getattr(part, name, None) is not None}
    details = getattr(part, "provider_details", None)
    if details and "logprobs" in details:
        gone["provider_details"] = {name: value for name, value in details.items() if name != "logprobs"} or None
    return gone


def visit_conversation(messages: Sequence[Any], edit: Edit) -> Sequence[Any]:
    """Visit every message; return them, or a list in which some are others."""
    return mapped(messages, lambda at, message: _message(message, edit, f"messages[{at}]"))


def visit_instructions(parts: Sequence[Any] | None, edit: Edit) -> Sequence[Any] | None:
    """Visit the instructions of a request."""
    if not parts:
        return parts
    return mapped(parts, lambda at, part: visit_part(part, edit, f"instructions[{at}]", "system"))


def visit_response(response: Any, edit: Edit, where: str = "response") -> Any:
    """Visit every part of what a model answered."""
    parts = response.parts
    after = mapped(parts, lambda at, part: visit_part(part, edit, f"{where}.parts[{at}]", "assistant"))
    return response if after is parts else replace(response, parts=after)


def visit_part(part: Any, edit: Edit, where: str, role: Role) -> Any:
    """Visit one part of a message; return it, or a copy with other texts."""
    kind = part.part_kind
    if kind in {"tool-call", "builtin-tool-call"}:
        return _call(part, edit, f"{where}.args", role)
    if kind in {"tool-return", "builtin-tool-return", "retry-prompt", "retry-feedback"}:
        seat: tuple[Role, PartKind, str] = ("tool", "result", getattr(part, "tool_name", None) or "")
        return _with(part, content=_returned(part.content, edit, f"{where}.content", seat))
    if kind == "instruction-baseline":
        return _with(part, instructions=visit_instructions(part.instructions, edit))
    if kind == "speech":
        return _spoken(part, edit, where)
    content = getattr(part, "content", None)
    said: PartKind = "reasoning" if kind == "thinking" else "text"
    speaker: Role = _SPEAKERS.get(kind) or role
    after = _said(content, edit, f"{where}.content", (speaker, said, ""))
    sources = _citations(part, edit, where)
    if after is content:
        return _with(part, **sources)
    return replace(part, content=after, **without_traces(part))


def _message(message: Any, edit: Edit, where: str) -> Any:
    if message.kind == "response":
        return visit_response(message, edit, where)
    parts = message.parts
    after = mapped(parts, lambda at, part: visit_part(part, edit, f"{where}.parts[{at}]", "user"))
    instructions = message.instructions
    new = edit(Part(instructions, "system", "text", f"{where}.instructions")) if instructions else None
    if after is parts and new is None:
        return message
    return replace(message, parts=after, instructions=instructions if new is None else new)


def _call(part: Any, edit: Edit, where: str, role: Role) -> Any:
    args = part.args
    text = args if isinstance(args, str) else dump(args) if args else ""
    new = edit(Part(text, role, "arguments", where, part.tool_name))
    if new is None:
        return part
    return replace(part, args=new if not args or isinstance(args, str) else load(new, args))


def _said(content: Any, edit: Edit, where: str, seat: tuple[Role, PartKind, str]) -> Any:
    """Visit a text, or the list of texts and other things of a user."""
    if isinstance(content, str):
        new = edit(Part(content, *seat[:2], where, seat[2])) if content else None
        return content if new is None else new
    if not _is_list(content):
        return content
    return mapped(content, lambda at, item: _item(item, edit, f"{where}[{at}]", seat))


def _item(item: Any, edit: Edit, where: str, seat: tuple[Role, PartKind, str]) -> Any:
    if isinstance(item, str) or not hasattr(item, "content"):
        return _said(item, edit, where, seat) if isinstance(item, str) else item
    after = _said(item.content, edit, f"{where}.content", seat)
    if after is item.content:
        return item
    # The value that a structured content was made of would still tell the old text.
    return after if hasattr(item, "value") else replace(item, content=after)


def _returned(value: Any, edit: Edit, where: str, seat: tuple[Role, PartKind, str]) -> Any:
    """Visit what a tool returned: a text, or a value of any type, which is JSON for the guards."""
    if isinstance(value, str):
        return _said(value, edit, where, seat)
    if any(hasattr(value, name) for name in _MEDIA):
        return value
    if _is_list(value) and any(hasattr(item, name) for item in value for name in _MEDIA):
        return mapped(value, lambda at, item: _returned(item, edit, f"{where}[{at}]", seat))
    if value is None or value in ({}, []):
        return value
    data = value if _is_data(value) else _plain(value)
    new = edit(Part(dump(data), *seat[:2], where, seat[2]))
    return value if new is None else load(new, data)


def _is_data(value: object) -> bool:
    return isinstance(value, _DATA)


def _plain(value: Any) -> Any:
    from pydantic_core import to_jsonable_python  # noqa: PLC0415  at first use

    return to_jsonable_python(value, fallback=str)


def _spoken(part: Any, edit: Edit, where: str) -> Any:
    before = part.transcript
    new = edit(Part(before, part.speaker, "text", f"{where}.transcript")) if before else None
    # The sound, and the times of its words, would still tell it.
    return part if new is None else replace(part, transcript=new, audio=None, timestamps=None)


def _citations(part: Any, edit: Edit, where: str) -> dict[str, Any]:
    before = getattr(part, "citations", None)
    if not before:
        return {}
    after = mapped(before, lambda at, citation: _citation(citation, edit, f"{where}.citations[{at}]"))
    return {} if after is before else {"citations": after}


def _citation(citation: Any, edit: Edit, where: str) -> Any:
    return _with(
        citation, sources=mapped(citation.sources, lambda at, source: _source(source, edit, f"{where}.sources[{at}]"))
    )


def _source(source: Any, edit: Edit, where: str) -> Any:
    seat: tuple[Role, PartKind, str] = ("assistant", "text", "")
    title = _said(source.title, edit, f"{where}.title", seat)
    return _with(source, title=title, excerpts=_said(source.excerpts, edit, f"{where}.excerpts", seat))


def _with(part: Any, **fields: Any) -> Any:
    """Return a copy with these fields; the part itself where it has them already."""
    changes = {name: value for name, value in fields.items() if value is not getattr(part, name)}
    return replace(part, **changes) if changes else part


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
