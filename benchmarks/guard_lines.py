"""A line for each kind of guard: how to build it, and a text in which it finds something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from kit import INJECTION_REGEXES, KEYWORDS, SAMPLES

from genai_guard.guards import PII, BlockedPatterns, Length, Names, Secrets, guard

__all__ = ["CLEAN", "LINES", "Line", "text_with"]

CLEAN: Final = SAMPLES["prose"].prompt[:1000]
"""A kilobyte of prose in which no guard finds anything."""


class Line(NamedTuple):
    """How a kind of guard is measured.

    Attributes:
        build: Returns the guard.
        hit: What it finds; put into the middle of the clean text.
        whole: Whether `hit` is all of the text instead.
        clean: A text in which it finds nothing.
    """

    build: Callable[[], Any]
    hit: str
    whole: bool = False
    clean: str = CLEAN


def text_with(line: Line) -> str:
    """Return a text of about a kilobyte with the hit in it."""
    if line.whole:
        return line.hit
    middle = line.clean.index(" ", len(line.clean) // 2) + 1
    end = max(middle, len(line.clean) - len(line.hit) - 1)
    return f"{line.clean[:middle]}{line.hit} {line.clean[middle:end]}"


def _orders(text: str) -> list[tuple[int, int]]:
    at = text.find("order 4")
    return [] if at < 0 else [(at, at + 12)]


def _a_name(text: str) -> list[tuple[int, int, str]]:
    at = text.find("Harper")
    return [] if at < 0 else [(at, at + 6, "PERSON")]


LINES: Final[Mapping[str, Line]] = {
    "blocked_patterns": Line(lambda: BlockedPatterns(KEYWORDS, regexes=INJECTION_REGEXES), "how to forge stolen cards"),
    "custom": Line(lambda: guard(action="redact")(_orders), "order 4711-A"),
    "length": Line(lambda: Length(max_tokens=1_000), "one word after another " * 250, whole=True),
    "names": Line(lambda: Names(_a_name), "said Harper"),
    "pii": Line(PII, "write to jo.harper@example.com or pay from 4111 1111 1111 1111"),
    "secrets": Line(Secrets, "the key is AKIAQ3EGRIZTWNBW7FPK"),
}
"""By the kind. A guard of a new kind needs one more."""
