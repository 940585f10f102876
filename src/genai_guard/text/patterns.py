r"""What can be read off a pattern: how it is compiled, and whether a stream can be matched against it.

A stream needs to know, for a text that is cut off, whether more text could change what the pattern finds. The *hold
pattern* answers it. It is the pattern followed by `(?!)`, which never matches, so every path is tried; searched for
with `partial=True` it yields the first place from which some path ran into the end of the text. In it, `\b` and `\B`
are written as lookarounds, because only a lookahead takes the end of the text for "not known yet".

What looks at the end of the text, or further than the pattern says, cannot be held that way and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import regex

from genai_guard.text.rules import Rule

__all__ = [
    "Facts",
    "Piece",
    "compile_pattern",
    "facts_of",
    "obstacle_of",
    "pattern_flags",
    "pieces_of",
]

_BOUNDARY: Final = r"(?:(?<=\w)(?!\w)|(?<!\w)(?=\w))"
_NO_BOUNDARY: Final = r"(?:(?<=\w)(?=\w)|(?<!\w)(?!\w))"
_NOT_STREAMED: Final = frozenset("ZzKGXRmML")
_PIECE: Final = re.compile(
    r"""
    (?P<escape> \\ (?: [pPN]\{[^}]*\} | g<[^>]*> | L<[^>]*> | x[0-9a-fA-F]{2} | u[0-9a-fA-F]{4} | U[0-9a-fA-F]{8} | . ) )
  | (?P<set> \[ \^? \]? (?: \[:[^]]*:\] | \\. | [^]\\] )* \] )
  | (?P<comment> \(\?\#[^)]*\) )
  | (?P<flags> \(\?[a-zA-Z0-9]*(?:-[a-z]+)?\) )
  | (?P<look_behind> \(\?<[=!] )
  | (?P<group> \( (?: \?(?: P?<[^\W\d]\w*> | [:=!>] | [ims]*(?:-[ims]+)?: ) )? (?![?*]) )
  | (?P<close> \) )
  | (?P<repeat> (?: [*+?] | \{\d+(?:,\d*)?\} | \{,\d+\} ) [?+]? )
  | (?P<anchor> [$^] )
  | (?P<bar> \| )
  | (?P<brace> \{ )
  | (?P<odd_group> \( )
  | (?P<char> . )
    """,
    re.VERBOSE | re.DOTALL,
)
Piece: TypeAlias = tuple[str, str]


class Facts(NamedTuple):
    """What is known about a pattern.

    Attributes:
        hold: The pattern in the form in which it is held; None if it cannot be streamed.
        obstacle: What stands in the way of streaming; empty if nothing does.
        fusible: Whether it means the same beside other patterns in one alternation.
        look_behind: Characters before a match that it looks at; None if that is not obvious.
    """

    hold: str | None
    obstacle: str
    fusible: bool
    look_behind: int | None


def pattern_flags(rule: Rule) -> int:
    """Return the flags with which the pattern of a rule is compiled."""
    flags = regex.VERSION0 | (regex.UNICODE if rule.unicode else regex.ASCII)
    return int(flags | regex.IGNORECASE if rule.ignore_case else flags)


def compile_pattern(source: str, rule: Rule) -> regex.Pattern[str]:
    """Compile a pattern with the flags of `rule`.

    Raises:
        ValueError: it is no valid pattern; the message says what is wrong with it, and at which position.
    """
    try:
        return regex.compile(source, pattern_flags(rule))
    except regex.error as error:
        raise ValueError(str(error)) from error


@lru_cache(maxsize=2048)
def facts_of(source: str) -> Facts:
    """Return what is known about the pattern `source`, which compiles."""
    pieces = list(pieces_of(source))
    obstacle = next((found for piece in pieces if (found := obstacle_of(piece))), "")
    widths = [_width(inner) for inner in _look_behinds(pieces)]
    if any(piece in (("escape", r"\b"), ("escape", r"\B")) for inner in _look_behinds(pieces) for piece in inner):
        obstacle = obstacle or r"\b in a lookbehind"
    fusible = not any(kind == "flags" or _refers_back(kind, piece) for kind, piece in pieces)
    hold = None if obstacle else "".join(_held(number, *piece) for number, piece in enumerate(pieces))
    known = [width for width in widths if width is not None]
    return Facts(hold, obstacle, fusible, max(known, default=1) if len(known) == len(widths) else None)


def pieces_of(source: str) -> Iterator[Piece]:
    """Yield the parts of a pattern, each with its kind: the name of a group of `_PIECE`."""
    for match in _PIECE.finditer(source):
        yield match.lastgroup or "char", match.group()


def obstacle_of(piece: Piece) -> str:
    """Return the part itself if a pattern with it cannot be streamed, and else nothing."""
    kind, text = piece
    if kind == "escape" and text[1] in _NOT_STREAMED:
        return text[:2]
    if kind == "anchor" and text == "$":
        return "$"
    if kind == "flags" and not set(text) <= set("(?ims)"):
        return text
    return text if kind in {"brace", "odd_group"} else ""


def _refers_back(kind: str, text: str) -> bool:
    return kind == "escape" and (text[1] in "123456789" or text[1] == "g")


def _held(number: int, kind: str, text: str) -> str:
    if kind == "escape" and text == r"\B":
        return _NO_BOUNDARY
    if kind == "escape" and text == r"\b" and number:
        return _BOUNDARY
    return text


def _look_behinds(pieces: list[Piece]) -> Iterator[list[Piece]]:
    for at, (kind, _) in enumerate(pieces):
        if kind != "look_behind":
            continue
        depth = 1
        end = at
        while depth and end + 1 < len(pieces):
            end += 1
            depth += {"group": 1, "look_behind": 1, "close": -1}.get(pieces[end][0], 0)
        yield pieces[at + 1 : end]


def _width(inner: list[Piece]) -> int | None:
    """Return the characters that a lookbehind takes; None if it is more than characters side by side."""
    if any(kind not in {"char", "set", "escape", "bar"} for kind, _ in inner):
        return None
    widths = [0]
    for kind, _ in inner:
        if kind == "bar":
            widths.append(0)
        else:
            widths[-1] += 1
    return max(widths)
