"""Finds the snippets of the pages, and what they are said to print."""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

__all__ = ["PAGES", "ROOT", "Snippet", "matches", "snippets"]

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]

_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


class Snippet(NamedTuple):
    """One block of Python.

    Attributes:
        code: The source, with as many empty lines before it as its page has, so that tracebacks name the right line.
        prints: What it prints, as the `text` block directly below says; None without such a block.
        line: Its first line on the page.
    """

    code: str
    prints: str | None
    line: int


def snippets(page: str) -> list[Snippet]:
    """Return the Python blocks of a page, in order."""
    blocks = list(_BLOCK.finditer(page))
    found = []
    for block, following in zip_longest(blocks, blocks[1:]):
        if block["language"] != "python":
            continue
        line = page.count("\n", 0, block.start("body")) + 1
        code = "\n" * (line - 1) + _dedented(block)
        found.append(Snippet(code, _output(page, block, following), line))
    return found


def matches(expected: str, printed: str) -> bool:
    """Tell whether a text is what was expected; `...` stands for anything."""
    pattern = ".*?".join(map(re.escape, expected.strip().split("...")))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def _output(page: str, block: re.Match[str], following: re.Match[str] | None) -> str | None:
    if following is None or following["language"] != "text" or page[block.end() : following.start()].strip():
        return None
    return _dedented(following)


def _dedented(block: re.Match[str]) -> str:
    return re.sub(rf"^{block['indent']}", "", block["body"], flags=re.MULTILINE)
