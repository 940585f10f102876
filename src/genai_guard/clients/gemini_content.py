"""The texts of Gemini's contents, parts and candidates: objects of the SDK, and dictionaries in snake_case or camelCase.

What an edit of a candidate takes with it, because it would still tell the old text: its log-probabilities, and the
passages of the text that its grounding points at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any, Final, NamedTuple, TypeAlias

from genai_guard.clients.arguments import dump, load
from genai_guard.clients.duck import fields, get, put, stored
from genai_guard.clients.figures import word_of
from genai_guard.clients.walk import Edit, is_leaf, is_list, relisted
from genai_guard.messages import Medium, MediumKind, Part, PartKind, Role

__all__ = [
    "ABSENT",
    "GeminiWalk",
    "Run",
    "find",
    "find_list",
    "is_response",
    "kind_of",
    "run_of",
    "runs",
    "textless",
    "unquoted",
    "unspelled",
]

ABSENT: Final = object()

_ROLES: Final[Mapping[str, Role]] = {"model": "assistant", "function": "tool", "tool": "tool", "system": "system"}
_MEDIA: Final = ("inline_data", "file_data")
_BESIDE_MEDIA: Final = frozenset({"video_metadata", "media_resolution", "thought_signature"})
_MEDIUM_KINDS: Final[Mapping[str, MediumKind]] = {"image": "image", "audio": "audio", "video": "video"}
_BARE: Final = frozenset({"text", "thought", "thought_signature"})
"""All that a part of a text has."""
_SPELLING: Final = "logprobs_result"
_QUOTING: Final = "grounding_supports"
_BESIDE: Final = ("grounding_metadata", "citation_metadata", "finish_message")
"""Fields of a candidate that may hold text beside its content."""
_TEXTS: Final = frozenset(
    {
        *("text", "title", "rendered_content", "finish_message", "display_name"),
        *("web_search_queries", "retrieval_queries", "image_search_queries"),
    }
)
"""Fields that hold text, wherever they stand."""


class _Holder(NamedTuple):
    """Where a part of some kind has its text.

    Attributes:
        field: Of what the part holds.
        kind: What that is.
        role: Whose it is; None for that of the content.
        is_json: Whether it is an object and not a text.
    """

    field: str
    kind: PartKind
    role: Role | None = None
    is_json: bool = False


_HOLDERS: Final[Mapping[str, _Holder]] = {
    "function_call": _Holder("args", "arguments", None, is_json=True),
    "tool_call": _Holder("args", "arguments", None, is_json=True),
    "function_response": _Holder("response", "result", "tool", is_json=True),
    "tool_response": _Holder("response", "result", "tool", is_json=True),
    "executable_code": _Holder("code", "arguments"),
    "code_execution_result": _Holder("output", "result", "tool"),
}

Run: TypeAlias = tuple[PartKind, list[int]]
"""Parts beside each other that are one text, by their places, and its kind."""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


_CAMELS: Final = {
    name: _camel(name)
    for name in (
        *("candidates", "finish_reason", "usage_metadata", "prompt_feedback", "block_reason", "model_version"),
        *("prompt_token_count", "candidates_token_count", "thoughts_token_count", "cached_content_token_count"),
        *(
            "mime_type",
            "partial_args",
            "string_value",
            "tool_use_prompt_token_count",
            "system_instruction",
            "max_output_tokens",
            "sdk_http_response",
        ),
        *(
            "automatic_function_calling_history",
            _SPELLING,
            _QUOTING,
            *_BESIDE,
            *_MEDIA,
            *_BESIDE_MEDIA,
            *_HOLDERS,
            *_TEXTS,
        ),
    )
}
_SNAKES: Final = {camel: name for name, camel in _CAMELS.items()}


def find(node: Any, name: str) -> tuple[str, Any]:
    """Return a field under the name that it has here, with its value; the value is `ABSENT` if there is no such field."""
    known = fields(node)
    value = known.get(name, ABSENT)
    if value is not ABSENT:
        return name, value
    camel = _CAMELS.get(name, name)
    return camel, known.get(camel, ABSENT)


def find_list(node: Any, name: str) -> tuple[str, Sequence[Any]]:
    """Return a field that is a list, under the name that it has here; an empty one for anything else."""
    name, value = find(node, name)
    return name, value if is_list(value) else ()


def is_response(value: Any) -> bool:
    """Tell whether a value has candidates with contents, or says why the prompt was refused."""
    _, candidates = find(value, "candidates")
    if is_list(candidates) and candidates:
        return all(map(_is_candidate, candidates))
    return (candidates is ABSENT or not candidates) and find(value, "prompt_feedback")[1] is not ABSENT


def _is_candidate(candidate: Any) -> bool:
    content = get(candidate, "content")
    if content is None:
        return find(candidate, "finish_reason")[1] is not ABSENT
    parts = get(content, "parts", ABSENT)
    return get(content, "role") is not None if parts is ABSENT or parts is None else is_list(parts)


def kind_of(part: Any) -> PartKind | None:
    """Return the kind of text that a part is; None if it is something else, more than that, or empty."""
    known = fields(part)
    text = known.get("text")
    if not isinstance(text, str) or not text or not _is_bare(part):
        return None
    return "reasoning" if known.get("thought") is True else "text"


def textless(part: Any) -> bool:
    """Tell whether a part is an empty text, which ends nothing."""
    return not get(part, "text") and _is_bare(part)


def _is_bare(part: Any) -> bool:
    return all(value is None or _SNAKES.get(name, name) in _BARE for name, value in stored(part).items())


def runs(parts: Sequence[Any]) -> list[Run]:
    """Return what belongs together: texts of one kind beside each other are one text, as the SDK's `.text` has it."""
    found: list[Run] = []
    last: PartKind | None = None
    for at, part in enumerate(parts):
        kind = kind_of(part)
        if kind is None and textless(part):
            continue
        if kind is not None and kind == last:
            found[-1][1].append(at)
        else:
            found.append((kind or "arguments", [at]))
        last = kind
    return found


def run_of(parts: Sequence[Any], run: Run) -> str:
    """Return the text of a run."""
    return "".join(get(parts[at], "text") or "" for at in run[1])


class GeminiWalk:
    """A walk over the texts of one request or reply, which reads them or puts others in their place."""

    __slots__ = ("_edit", "media")

    def __init__(self, edit: Edit) -> None:
        self._edit = edit
        self.media: tuple[Medium, ...] = ()

    def contents(self, value: Any, where: str, role: Role = "user") -> Any:
        """Visit whatever a request may carry: a text, a part, a content, or lists of them."""
        if isinstance(value, str):
            return self._text(value, role, "text", where)
        if is_list(value):
            return relisted(value, [self.contents(item, f"{where}[{at}]", role) for at, item in enumerate(value)])
        if is_leaf(value) or value is None:
            return value
        if get(value, "parts", ABSENT) is not ABSENT:
            return self._content(value, where, role)
        if _is_part(value):
            return self.part(value, where, role)
        self._note(value, where)  # an image, or a file that was uploaded
        return value

    def _content(self, content: Any, where: str, role: Role) -> Any:
        said = _ROLES.get(word_of(get(content, "role")))
        whose: Role = role if said is None else said
        _, parts = find_list(content, "parts")
        after = [self.contents(part, f"{where}.parts[{at}]", whose) for at, part in enumerate(parts)]
        return content if all(map(is_, parts, after)) else put(content, parts=after)

    def turn(self, content: Any, where: str) -> Any:
        """Visit a content of the model, in which texts beside each other are one."""
        _, parts = find_list(content, "parts")
        after: dict[int, Any] = {}
        dropped: set[int] = set()
        for number, run in enumerate(runs(parts)):
            kind, (first, *rest) = run
            place = f"{where}.parts[{number}]"
            if kind_of(parts[first]) is None:
                after[first] = self.part(parts[first], place, "assistant")
                continue
            text = self._edit(Part(run_of(parts, run), "assistant", kind, f"{place}.text"))
            if text is not None:
                after[first] = put(parts[first], text=text)
                dropped.update(rest)
        if not dropped and all(part is parts[at] for at, part in after.items()):
            return content
        return put(content, parts=[after.get(at, part) for at, part in enumerate(parts) if at not in dropped])

    def part(self, part: Any, where: str, role: Role) -> Any:
        """Visit a part; one of a kind that did not exist when this was written is read wherever it says `text`."""
        changes: dict[str, Any] = {}
        for key, value in stored(part).items():
            name = _SNAKES.get(key, key)
            if value is None or name in _BESIDE_MEDIA:
                continue
            if name in _MEDIA:
                self._note(value, f"{where}.{name}")
                continue
            if name == "text" and isinstance(value, str):
                kind: PartKind = kind_of(part) or "text"
                after = self._text(value, role, kind, f"{where}.text")
            elif name in _HOLDERS:
                after = self._held(value, f"{where}.{name}", role, _HOLDERS[name])
            else:
                after = self.within(value, f"{where}.{name}", role)
            if after is not value:
                changes[key] = after
        return put(part, **changes) if changes else part

    def candidate(self, candidate: Any, where: str) -> Any:
        """Visit a candidate of a reply."""
        content = get(candidate, "content")
        after = content if content is None else self.turn(content, f"{where}.content")
        changes = {} if after is content else {"content": after, **unspelled(candidate), **unquoted(candidate)}
        return self.beside(put(candidate, **changes) if changes else candidate, where)

    def beside(self, candidate: Any, where: str) -> Any:
        """Visit what a candidate says beside its content."""
        changes: dict[str, Any] = {}
        for name in _BESIDE:
            key, value = find(candidate, name)
            if value is ABSENT or value is None:
                continue
            after = self.within(value, f"{where}.{name}", "assistant", name)
            if after is not value:
                changes[key] = after
        return put(candidate, **changes) if changes else candidate

    def within(self, value: Any, where: str, role: Role, name: str = "") -> Any:
        """Visit whatever stands under the name of a text, however deep."""
        if isinstance(value, str):
            return self._text(value, role, "text", where) if name in _TEXTS else value
        if is_leaf(value):
            return value
        if is_list(value):
            after = [self.within(item, f"{where}[{at}]", role, name) for at, item in enumerate(value)]
            return relisted(value, after)
        changes: dict[str, Any] = {}
        for key, item in stored(value).items():
            field = _SNAKES.get(key, key)
            if item is None or field == _QUOTING:
                continue
            new = self.within(item, f"{where}.{field}", role, field)
            if new is not item:
                changes[key] = new
        return put(value, **changes) if changes else value

    def _held(self, node: Any, where: str, role: Role, holder: _Holder) -> Any:
        value = get(node, holder.field)
        before = value if isinstance(value, str) else dump(value) if value else ""
        name = word_of(get(node, "name") or get(node, "tool_type"))
        for at, part in enumerate(find_list(node, "parts")[1]):
            for medium in _MEDIA:
                held = get(part, find(part, medium)[0])
                if held is not None:
                    self._note(held, f"{where}.parts[{at}].{medium}")
        changes = self._pieces(node, where, role, name)
        if before or (holder.is_json and name and not changes):  # a call without arguments is a call all the same
            text = self._edit(Part(before, holder.role or role, holder.kind, f"{where}.{holder.field}", name))
            if text is not None:
                changes[holder.field] = load(text, value or {}) if holder.is_json else text
        return put(node, **changes) if changes else node

    def _pieces(self, call: Any, where: str, role: Role, name: str) -> dict[str, Any]:
        """Visit arguments of which a stream brings one piece at a time, each by itself."""
        key, pieces = find_list(call, "partial_args")
        after: list[Any] = []
        for at, piece in enumerate(pieces):
            field, text = find(piece, "string_value")
            is_text = isinstance(text, str) and text
            new = self._edit(Part(text, role, "arguments", f"{where}.{key}[{at}]", name)) if is_text else None
            after.append(piece if new is None else put(piece, **{field: new}))
        return {} if all(map(is_, pieces, after)) else {key: after}

    def _note(self, medium: Any, where: str) -> None:
        """Keep in mind that something stands there that is no text; one that does not say what it is, is a picture."""
        said = find(medium, "mime_type")[1]
        first = said.partition("/")[0] if isinstance(said, str) else "image"
        self.media += (Medium(_MEDIUM_KINDS.get(first, "file"), where),)

    def _text(self, text: str, role: Role, kind: PartKind, where: str) -> str:
        after = self._edit(Part(text, role, kind, where)) if text else None
        return text if after is None else after


def _is_part(value: object) -> bool:
    return isinstance(value, Mapping) or get(value, "function_call", ABSENT) is not ABSENT


def unspelled(candidate: Any) -> dict[str, Any]:
    """Return a candidate's log-probabilities, emptied: they spell its text."""
    name, value = find(candidate, _SPELLING)
    return {} if value is ABSENT or value is None else {name: None}


def unquoted(candidate: Any) -> dict[str, Any]:
    """Return a candidate's grounding without the passages of its text."""
    name, grounding = find(candidate, "grounding_metadata")
    if grounding is ABSENT or grounding is None:
        return {}
    quoting, passages = find_list(grounding, _QUOTING)
    return {name: put(grounding, **{quoting: None})} if passages else {}
