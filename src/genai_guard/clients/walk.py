"""One walk over nested content, which both reads its texts and puts others in their place.

Reading and writing must visit the same texts in the same order, whatever the nesting. So there is a single walk, and
a callable that sees each text: `list.append` reads, `Rewrite` writes. Where nothing is replaced, nothing is copied.

A text is known by the name of its field, not by the type of its block: a block of a kind that did not exist when
this was written is read too, provided it keeps its text under a usual name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import partial
from operator import is_
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Final, Literal, TypeAlias

from genai_guard.clients.arguments import dump, load, reparse
from genai_guard.clients.duck import Fields, fields, get, is_plain, items_of, put, remember
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Medium, MediumKind, Part, PartKind, Role

__all__ = [
    "FIELDS",
    "Edit",
    "Rewrite",
    "Walk",
    "is_leaf",
    "is_list",
    "mapped",
    "quick_part",
    "relisted",
    "role_of",
    "sole_content",
]

Edit: TypeAlias = Callable[[Part], str | None]
"""Sees a text; returns the one to put in its place, or None to leave it."""

quick_part: Final[Callable[[tuple[str, Role, PartKind, str, str]], Part]] = partial(tuple.__new__, Part)  # pyright: ignore[reportUnknownMemberType]  the typeshed's `tuple.__new__` is generic
"""Makes a `Part` of all its fields in half the time of a call."""

Number: TypeAlias = Callable[[str, Any, int], int]

FIELDS: Final[Mapping[str, PartKind | None]] = {
    "content": None,
    "text": None,
    "refusal": "refusal",
    "reasoning_content": "reasoning",
    "reasoning": "reasoning",
    "reasoning_details": "reasoning",
    "thinking": "reasoning",
    "thinking_blocks": "reasoning",
    "summary": None,
    "tool_calls": "arguments",
    "function": "arguments",
    "function_call": "arguments",
    "custom": "arguments",
    "arguments": "arguments",
    "input": "arguments",
    "title": None,
    "context": None,
    "source": None,
    "data": None,
    "citations": None,
    "citation": None,
    "cited_text": None,
    "document_title": None,
    "annotations": None,
    "url_citation": None,
    "audio": None,
    "transcript": None,
    "stdout": None,
    "stderr": None,
    "lines": None,
    "parts": None,
    "provider_specific_fields": None,
}
"""Fields that hold text or lead to it, with the kind of text; None where it is that of the surroundings."""

_STALE: Final = {
    "parsed": ("content", "text"),
    "parsed_output": ("text",),
    "parsed_arguments": ("arguments",),
}
"""What was made of a text, and must not outlive an edit of it; and what it may have been made of."""

_MEDIA: Final[Mapping[str, MediumKind]] = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "computer_screenshot": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "video_url": "video",
    "input_video": "video",
    "file": "file",
    "input_file": "file",
    "document": "file",
    "container_upload": "file",
}
"""What blocks of a type hold that is no text."""
_OF_TEXT: Final = frozenset({"text", "content"})
"""Types of the source of a document that is read."""

_ROLES: Final[Mapping[object, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
    "human": "user",
    "ai": "assistant",
}
_SPEAKERS: Final = ("user", "assistant", "system", "developer")
_NO_TEXT: Final = frozenset({"content", "role", "type"})
_ARGUMENTS: Final = frozenset({"arguments", "input"})
_JSON_FIELDS: Final = frozenset({*_ARGUMENTS, "attributes", "env"})

_Shape: TypeAlias = Literal["text", "items", "node", "leaf", "iterator"]
_LEAVES: Final = (int, float, bytes, bytearray, memoryview, type(None), FunctionType, BuiltinFunctionType, MethodType)
_shapes: Final[dict[type, _Shape]] = {}


def role_of(name: object) -> Role:
    """Return the role behind a provider's word for it; `user`, the least trusted, for an unknown one."""
    word = name.value if isinstance(name, Enum) else name
    return _ROLES.get(word, "user") if isinstance(word, str) else "user"


def sole_content(known: Fields) -> str | None:
    """Return the content of a message, or piece of one, that has a string there and says nothing else; or None."""
    if not is_plain(known):
        return None
    for name, value in known.items():
        if value and name not in _NO_TEXT:
            return None
    content = known.get("content")
    return content if type(content) is str else None


def _plain(message: Any, where: str, at: int) -> Part | None:
    """Return the text of the most usual message, a dictionary of a role and a string; None for any other."""
    if message.__class__ is not dict or len(message) != 2:
        return None
    role, content = message.get("role"), message.get("content")
    if content.__class__ is not str or not content or role not in _SPEAKERS:
        return None
    return quick_part((content, _ROLES[role], "text", f"{where}[{at}].content", ""))


class Rewrite:
    """Gives each text its replacement, in order."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts: Iterator[str] = iter(texts)

    def __call__(self, part: Part) -> str | None:
        """Return the next text; None where it is the one that stands there."""
        text = next(self._texts, None)
        if text is None:
            raise ValueError("fewer texts than parts")
        return None if text == part.text else text

    def end(self) -> None:
        """Check that every replacement found its place."""
        if next(self._texts, None) is not None:
            raise ValueError("more texts than parts")


class Walk:
    """A walk over the texts of one request, reply or chunk."""

    __slots__ = ("_edit", "_fields", "_number", "_tools", "media")

    def __init__(
        self, edit: Edit, *, number: Number | None = None, fields: Mapping[str, PartKind | None] = FIELDS
    ) -> None:
        """Prepare a walk.

        Args:
            edit: Sees each text.
            number: Says under which number the item of a list counts, given the list's place, the item and its
                position; None counts by position.
            fields: Fields that hold text or lead to it, as in `FIELDS`.
        """
        self._edit = edit
        self._fields = fields
        self.media: tuple[Medium, ...] = ()
        self._number = number
        self._tools: dict[str, str] = {}

    def messages(self, messages: Sequence[Any], where: str = "messages") -> Sequence[Any]:
        """Visit a conversation; the result is a list of the same messages, or the very same list if none changed."""
        edit = self._edit
        changes: dict[int, Any] = {}
        for at, message in enumerate(messages):
            part = _plain(message, where, at)
            if part is None:
                after = self.turn(message, f"{where}[{at}]")
                if after is not message:
                    changes[at] = after
                continue
            text = edit(part)
            if text is not None:
                changes[at] = {**message, "content": text}
        return _with(messages, changes) if changes else messages

    def message(self, message: Any, where: str) -> Any:
        """Visit a message of the model, as `visit` does, and faster where it is nothing but content."""
        text = sole_content(fields(message))
        if not text:
            return self.visit(message, where, "assistant")
        new = self._edit(quick_part((text, "assistant", "text", f"{where}.content", "")))
        return message if new is None else put(message, content=new)

    def visit(self, value: Any, where: str, role: Role = "user", kind: PartKind = "text", name: str = "") -> Any:
        """Visit a text, or whatever holds texts; return it, or a copy in which some are replaced.

        Raises:
            ConfigurationError: it is an iterator, which a look inside would use up.
        """
        shape = _shape_of(value)
        if shape == "text":
            text = self._edit(Part(value, role, kind, where, name)) if value else None
            return value if text is None else text
        if shape == "node":
            return self._node(value, where, role, kind, name)
        if shape == "items":
            return self._items(value, where, role, kind, name)
        if shape == "iterator":
            raise ConfigurationError(f"{where} is a {type(value).__name__}, which can be read only once: pass a list")
        return value

    def note(self, kind: MediumKind, where: str) -> None:
        """Keep in mind that something stands there that is no text."""
        self.media += (Medium(kind, where),)

    def turn(self, message: Any, where: str) -> Any:
        """Visit a message of a conversation, which says whose it is."""
        if _shape_of(message) != "node":
            return self.visit(message, where)
        known = fields(message)
        for at, _ in enumerate(items_of(message, "images") or ()):
            self.note("image", f"{where}.images[{at}]")
        role = role_of(known.get("role"))
        speaker = known.get("name")
        if role == "tool":
            called = speaker or known.get("tool_name")
            name = called if isinstance(called, str) else self._called(known.get("tool_call_id"))
            return self._node(message, where, role, "result", name)
        after = self._node(message, where, role, "text", "")
        shown = self.visit(speaker, f"{where}.name", role) if isinstance(speaker, str) else speaker
        return after if shown is speaker else put(after, name=shown)

    def _items(self, items: Sequence[Any], where: str, role: Role, kind: PartKind, name: str) -> Sequence[Any]:
        changes: dict[int, Any] = {}
        for at, item in enumerate(items):
            number = at if self._number is None else self._number(where, item, at)
            after = self.visit(item, f"{where}[{number}]", role, kind, name)
            if after is not item:
                changes[at] = after
        return _with(items, changes) if changes else items

    def _node(self, node: Any, where: str, role: Role, kind: PartKind, name: str) -> Any:
        known = fields(node)
        block = known.get("type")
        is_call = kind == "arguments" or (isinstance(block, str) and block.endswith("tool_use"))
        if isinstance(block, str) and block in _MEDIA and get(known.get("source"), "type") not in _OF_TEXT:
            self.note(_MEDIA[block], where)
        if isinstance(block, str) and block.endswith("tool_result"):
            role, kind, name = "tool", "result", self._called(known.get("tool_use_id"))
        elif is_call:
            name = self._calls(known, where) or name
        changes: dict[str, Any] = {}
        names = self._fields
        for key, value in known.items() if is_plain(known) else _usual(known, names):
            if value is None or key not in names or (key == "data" and block != "text"):
                continue
            visit = self.visit if key not in _JSON_FIELDS or isinstance(value, str) else self._json
            after = visit(value, f"{where}.{key}", role, names[key] or kind, name)
            if after is not value:
                changes[key] = after
        if is_call:
            self._no_arguments(known, where, role, changes)
        return put(node, **changes, **_outdated(known, changes)) if changes else node

    def _no_arguments(self, known: Fields, where: str, role: Role, changes: dict[str, Any]) -> None:
        """Visit the empty text of a call without arguments: it is a call all the same.

        Whether there is one depends on the node alone, so that reading and writing agree about a piece of a stream.
        """
        name = known.get("name")
        if not isinstance(name, str) or not name or any(known.get(key) for key in _ARGUMENTS):
            return
        key = "input" if known.get("input") is not None else "arguments"
        text = self._edit(Part("", role, "arguments", f"{where}.{key}", name))
        if text is not None:
            changes[key] = text

    def _json(self, value: Any, where: str, role: Role, kind: PartKind, name: str) -> Any:
        text = self._edit(Part(dump(value), role, kind, where, name)) if value else None
        return value if text is None else load(text, value)

    def _calls(self, known: Fields, where: str) -> str:
        """Return the name of the tool that a node calls.

        It is kept for the result that bears the same identifier, and for the next piece of a streamed call.
        """
        call = known.get("function") or known.get("custom")
        name = known.get("name") if call is None else get(call, "name")
        if not isinstance(name, str) or not name:
            return self._tools.get(where, "")
        self._tools[where] = name
        identifier = known.get("id")
        if isinstance(identifier, str):
            self._tools[identifier] = name
        return name

    def _called(self, identifier: object) -> str:
        return self._tools.get(identifier, "") if isinstance(identifier, str) else ""


def mapped(items: Sequence[Any], visit: Callable[[int, Any], Any]) -> Sequence[Any]:
    """Return what becomes of items, given the place and the item; the very same items if none changed."""
    return relisted(items, [visit(at, item) for at, item in enumerate(items)])


def relisted(before: Sequence[Any], after: list[Any]) -> Sequence[Any]:
    """Return new items as the list or tuple that the old ones were; the very same one if none changed."""
    if all(map(is_, before, after)):
        return before
    return tuple(after) if isinstance(before, tuple) else after


def is_leaf(value: object) -> bool:
    """Tell whether nothing can be nested in `value`."""
    return _shape_of(value) in {"text", "leaf"}


def is_list(value: object) -> bool:
    """Tell whether `value` is a sequence of further values."""
    return _shape_of(value) == "items"


def _shape_of(value: object) -> _Shape:
    shape = _shapes.get(type(value))
    return _learn(type(value)) if shape is None else shape


def _learn(kind: type) -> _Shape:
    shape = _shape(kind)
    remember(_shapes, kind, shape)
    return shape


def _shape(kind: type[Any]) -> _Shape:
    if issubclass(kind, str):
        return "text"
    if issubclass(kind, _LEAVES):
        return "leaf"
    if hasattr(kind, "__next__"):
        return "iterator"
    return "node" if hasattr(kind, "_fields") or not issubclass(kind, Sequence) else "items"


def _usual(known: Fields, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    return ((name, known.get(name)) for name in names)


def _outdated(known: Fields, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must change because a text beside it did."""
    after = {
        made: reparse(known.get(made), changes[text])
        for made, texts in _STALE.items()
        for text in texts
        if text in changes and known.get(made) is not None
    }
    if "text" in changes and known.get("logprobs"):
        after["logprobs"] = []  # they spell the text out
    if "thinking" in changes and known.get("signature"):
        after["signature"] = ""
    return after


def _with(items: Sequence[Any], changes: Mapping[int, Any]) -> Sequence[Any]:
    return relisted(items, [changes.get(at, item) for at, item in enumerate(items)])
