"""`Code`: source code in texts, its language, and calls that do harm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, GuardBase, settle
from genai_guard.guards.json_strings import strings_of
from genai_guard.guards.sources.dangers import dangers_of
from genai_guard.guards.sources.languages import ALIASES, FORMATS, LANGUAGES, language_of, looks_like_code
from genai_guard.messages import Part
from genai_guard.text.edits import Edit, apply_edits
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["Code"]

_Found: TypeAlias = tuple[int, int, str, float]
Language: TypeAlias = Literal[
    "python", "javascript", "java", "c", "csharp", "go", "rust", "ruby", "php", "shell", "powershell", "html", "css", "json",
    "yaml", "sql", "unknown",
]  # fmt: skip
_FENCE: Final = re.compile(
    r"^[ \t>]*(?P<fence>```+|~~~+)[ \t]*(?P<tag>[\w+#.-]*)[^\n`]*\n(?P<body>.*?)(?:^[ \t>]*(?P=fence)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PIECE: Final = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|\Z)){1,200}")
_LONGEST: Final = 8_000
"""Characters of a piece by which its language is told."""


@dataclass(frozen=True)
class Code(GuardBase):
    """Find source code, tell its language, and find calls that do harm.

    Code is what stands between fences, whatever it is, and paragraphs outside of them that have evidence enough:
    three points out of features such as `def f():`, `#include <`, `if err != nil`. A fence with a name of a language
    is taken at its word. JSON and YAML are data and only found if `deny` names them.

    Args:
        allow: Languages that may pass; what is written in any other is found as `code.python` and so on. None for no
            such list: then all code is found, unless `deny` is given.
        deny: Languages that may not pass; all others may. An empty list lets all code pass, and leaves what is
            dangerous. `typescript` belongs to `javascript`, `c++` to `c`; `unknown` is a fence whose language is not
            known.
        dangerous: Whether to find dangerous calls, in code and outside of it, as `code.dangerous.delete` and so on:
            commands of the system, evaluated text, deletions, downloads that are executed, decoded commands, reverse
            shells, fork bombs, rights for everybody.
        action: What to do with what is found: `block`, `redact` or `flag`.

    Raises:
        ConfigurationError: a language that is not known, both lists, or nothing to look for.
    """

    kind: ClassVar[str] = "code"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.REDACT, Action.BLOCK})

    allow: Sequence[Language] | None = None
    deny: Sequence[Language] | None = field(default=None, kw_only=True)
    dangerous: bool = field(default=True, kw_only=True)
    _wanted: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.allow is not None and self.deny is not None:
            raise ConfigurationError("Code(allow=..., deny=...): give one of the two; allow is the shorter list of few")
        settle(self, allow=_known("allow", self.allow), deny=_known("deny", self.deny), _wanted=frozenset())
        every = {*LANGUAGES, "unknown"} - FORMATS
        wanted = set(self.deny) if self.deny is not None else every - set(self.allow or ())
        settle(self, _wanted=frozenset(wanted))
        if not wanted and not self.dangerous:
            raise ConfigurationError("Code(deny=[], dangerous=False) has nothing to look for")

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about a text."""
        return self._verdict(text, sorted(self._find(text)))

    def check_part(self, part: Part, context: Context, /) -> Verdict:  # noqa: ARG002  what kind of text it is says enough
        """Return the verdict about a text of a call; of the arguments of a tool, about each string in them."""
        if part.kind != "arguments":
            return self.check(part.text)
        found: list[_Found] = []
        for string in strings_of(part.text):
            for start, end, rule, score in self._find(string.value):
                place = (string.start + start, string.start + end) if string.is_plain else (string.start, string.end)
                found.append((*place, rule, score))
        return self._verdict(part.text, sorted(set(found)))

    def _verdict(self, text: str, found: list[_Found]) -> Verdict:
        if not found:
            return Verdict(Action.ALLOW, text, (), self.name, self.mode)
        findings = tuple(Finding(rule, "CODE", start, end, score, self.name) for start, end, rule, score in found)
        action = Action(self.action)
        if action is Action.REDACT and self.mode == "enforce":
            text = apply_edits(text, (Edit(start, end, "[CODE]") for start, end, _, _ in found))
        return Verdict(action, text, findings, self.name, self.mode)

    def _find(self, text: str) -> Iterator[_Found]:
        if self._wanted:
            for start, end, language, score in _pieces(text):
                if language in self._wanted:
                    yield start, end, f"code.{language}", score
        if self.dangerous:
            for start, end, name in dangers_of(text):
                yield start, end, f"code.dangerous.{name}", 1.0


def _pieces(text: str) -> Iterator[tuple[int, int, str, float]]:
    """Yield the pieces of code, with their languages; a neighbour in the same language belongs to the piece before."""
    past = 0
    if "```" in text or "~~~" in text:
        for match in _FENCE.finditer(text):
            yield from _loose(text, past, match.start())
            past = match.end()
            body = match["body"][:_LONGEST]
            language = ALIASES.get(match["tag"].lower()) or _inside(match["tag"], body)
            if language:
                yield *match.span("body"), language, 1.0
    yield from _loose(text, past, len(text))


def _inside(tag: str, body: str) -> str:
    """Tell the language of a fence that does not name one."""
    if (
        tag.lower() in {"text", "txt", "plain", "plaintext", "markdown", "md", "csv", "log", "output", "diff"}
        or not body.strip()
    ):
        return ""
    return (language_of(body, prose=False) or "unknown") if looks_like_code(body) else ""


def _loose(text: str, start: int, end: int) -> Iterator[tuple[int, int, str, float]]:
    """Yield the paragraphs outside of fences that are code."""
    open_piece: tuple[int, int, str, float] | None = None
    for match in _PIECE.finditer(text, start, end):
        piece = match[0]
        language = language_of(piece[:_LONGEST]) if looks_like_code(piece) else ""
        if open_piece is not None and open_piece[2] == language:
            open_piece = (open_piece[0], match.end(), language, open_piece[3])
            continue
        if open_piece is not None:
            yield open_piece
        open_piece = (match.start(), match.end(), language, 0.8) if language else None
    if open_piece is not None:
        yield open_piece


def _known(name: str, values: object) -> tuple[str, ...] | None:
    if values is None:
        return None
    items = (values,) if isinstance(values, str) else tuple(cast("Sequence[str]", values))
    for item in items:
        if item != "unknown" and item not in LANGUAGES:
            hint = f"; {ALIASES[item]!r} covers it" if item in ALIASES else ""
            raise ConfigurationError(
                f"Code({name}=...): {item!r} is not one of {', '.join((*LANGUAGES, 'unknown'))}{hint}"
            )
    return tuple(dict.fromkeys(items))
