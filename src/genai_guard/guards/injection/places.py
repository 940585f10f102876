"""Which stretches of the text of a user are documents that were put there to be read: `<document>`, "Context:" and a fence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

__all__ = ["Place", "documents_in"]

Place: TypeAlias = Literal["user", "document", "tool"]

_NAMES: Final = (
    "document|documents|doc|context|article|email|mail|webpage|web_page|page|search_result|search_results|results|result|"
    "retrieved|retrieved_context|passage|passages|source|sources|content|data|file|transcript|attachment|quote|snippet|"
    "untrusted|external|tool_result|tool_output|function_result"
)
_opened: Final = re.compile(rf"<({_NAMES})(?:\s[^<>\n]{{0,200}})?>", re.IGNORECASE)
_fenced: Final = re.compile(
    r"(?<![^\n])[^\n]{0,80}\b(?:context|documents?|article|e-?mail|text|page|sources?|passages?|results?|content|transcript|data)\b"
    r"[^\n:]{0,60}:[ \t]*\n{0,2}(```+|\"\"\"|~~~+|-{3,}\n|={3,}\n)",
    re.IGNORECASE,
)


def documents_in(text: str) -> tuple[tuple[int, int], ...]:
    """Return where the documents begin and end, in order; one that is not closed goes on to the end."""
    found: list[tuple[int, int]] = []
    if "<" in text:
        found += _between(text, _opened, _tag)
    if "```" in text or '"""' in text or "~~~" in text or "---" in text or "===" in text:
        found += _between(text, _fenced, str)
    return tuple(sorted(found))


def _tag(name: str) -> str:
    return f"</{name.lower()}>"


def _between(text: str, opening: re.Pattern[str], closing: Callable[[str], str]) -> list[tuple[int, int]]:
    """Return what stands between an opening and the next closing of its kind."""
    lower = text.lower() if text.isascii() else text
    found: list[tuple[int, int]] = []
    match = opening.search(text)
    while match is not None:
        end = lower.find(closing(match[1]), match.end())
        end = len(text) if end < 0 else end
        found.append((match.end(), end))
        match = opening.search(text, end)
    return found
