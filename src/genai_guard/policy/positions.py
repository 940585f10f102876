"""Where the fields of a JSON or TOML text stand.

The parsers of the standard library do not tell. Both walks here take a text that its parser has accepted, so they
look for structure alone and need not refuse anything.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from genai_guard.policy.problems import Path

__all__ = ["Clash", "json_clashes", "json_offsets", "line_finder", "toml_offsets"]

Offsets: TypeAlias = dict[Path, int]

_JSON: Final = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_TOML: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|(?P<comment>\#[^\n]*)|\n|[{}\[\],=.]|[^\s{}\[\],=.\"'\#]+",
    re.DOTALL,
)


class Clash(NamedTuple):
    """A key that a JSON object has twice."""

    path: Path
    first: int
    second: int


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun."""

    path: Path
    is_list: bool
    index: int = 0
    key: Path = ()
    in_key: bool = True

    @property
    def place(self) -> Path:
        return (*self.path, self.index) if self.is_list else (*self.path, *self.key)

    def next(self) -> None:
        self.index += 1
        self.key, self.in_key = (), True


class _Walk:
    """Notes where every value of a text begins; for a value with a key, where the key does."""

    def __init__(self, decode: Callable[[str], str]) -> None:
        self.offsets: Offsets = {}
        self.clashes: list[Clash] = []
        self._decode = decode

    def value(self, tokens: Iterator[re.Match[str]], path: Path = ()) -> None:
        """Walk over one value and all that is in it."""
        stack: list[_Open] = []
        for token in tokens:
            self._step(token, stack, path)
            if not stack:
                return

    def _step(self, token: re.Match[str], stack: list[_Open], path: Path) -> None:
        text = token[0]
        top = stack[-1] if stack else None
        if text in "}]":
            stack.pop()
        elif top is not None and text == ",":
            top.next()
        elif top is not None and text in ":=":
            top.in_key = False
        elif top is not None and not top.is_list and top.in_key:
            self._key(top, token)
        elif text not in ".\n":
            here = path if top is None else top.place
            if here not in self.offsets:
                self.offsets[here] = token.start()
            if text in "{[":
                stack.append(_Open(here, is_list=text == "["))

    def _key(self, top: _Open, token: re.Match[str]) -> None:
        if token[0] in ".\n":
            return
        top.key = (*top.key, self._decode(token[0]))
        first = self.offsets.setdefault(top.place, token.start())
        if first != token.start():
            self.clashes.append(Clash(top.place, first, token.start()))


def json_offsets(text: str) -> Offsets:
    """Return where each field of a JSON text begins."""
    return _json_walk(text).offsets


def json_clashes(text: str) -> list[Clash]:
    """Return the keys that an object of a JSON text has twice."""
    clashes = _json_walk(text).clashes
    repeated = {clash.path for clash in clashes}
    return [clash for clash in clashes if repeated.isdisjoint(_above(clash.path))]


def _above(path: Path) -> Iterator[Path]:
    """Whatever holds a repeated key twice has all that is below it twice."""
    return (path[:length] for length in range(len(path)))


def toml_offsets(text: str) -> Offsets:
    """Return where each field of a TOML text begins; that of a table is its first header."""
    walk = _Walk(_toml_key)
    tokens = (token for token in _TOML.finditer(text) if token["comment"] is None)
    table: Path = ()
    counts: dict[Path, int] = {}
    for token in tokens:
        if token[0] == "[":
            table = _header(tokens, token, counts, walk.offsets)
        elif token[0] != "\n":
            walk.value(tokens, _statement(tokens, token, table, walk.offsets))
            deque(_until_line_end(tokens), maxlen=0)  # numbers with a dot and dates with a space have further tokens
    return walk.offsets


def line_finder(text: str, offsets: Callable[[], Mapping[Path, int]]) -> Callable[[Path], int | None]:
    """Return a function that tells the line of a field, or else of the part of the policy that it belongs to.

    Args:
        text: The text of the file.
        offsets: Called when the first line is asked for.
    """
    known: list[Mapping[Path, int]] = []
    ends = [match.start() for match in re.finditer("\n", text)]

    def line_of(path: Path) -> int | None:
        if not known:
            known.append(offsets())
        while path and path not in known[0]:
            path = path[:-1]
        return 1 + bisect_left(ends, known[0][path]) if path else None

    return line_of


def _json_walk(text: str) -> _Walk:
    walk = _Walk(json.loads)
    walk.value(_JSON.finditer(text))
    return walk


def _toml_key(token: str) -> str:
    if token[0] == "'":
        return token[1:-1]
    return next(iter(tomllib.loads(f"{token}=0"))) if token[0] == '"' else token


def _header(tokens: Iterator[re.Match[str]], first: re.Match[str], counts: dict[Path, int], offsets: Offsets) -> Path:
    """Read `[a.b]` or `[[a.b]]` and return the table that follows."""
    line = [token[0] for token in _until_line_end(tokens)]
    parts = [_toml_key(word) for word in line if word not in "[]."]
    path: Path = ()
    for part in parts[:-1]:
        path = _last(counts, (*path, part))
    path = (*path, parts[-1])
    if line[0] == "[":
        counts[path] = counts.get(path, 0) + 1
        offsets.setdefault(path, first.start())
    path = _last(counts, path)
    offsets.setdefault(path, first.start())
    return path


def _last(counts: Mapping[Path, int], path: Path) -> Path:
    """A name of an array of tables means its last table."""
    return (*path, counts[path] - 1) if path in counts else path


def _until_line_end(tokens: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    for token in tokens:
        if token[0] == "\n":
            return
        yield token


def _statement(tokens: Iterator[re.Match[str]], token: re.Match[str], table: Path, offsets: Offsets) -> Path:
    """Read `a.b =` and return what the value belongs to."""
    start, path = token.start(), (*table, _toml_key(token[0]))
    for word in tokens:
        offsets.setdefault(path, start)
        if word[0] == "=":
            break
        if word[0] != ".":
            path = (*path, _toml_key(word[0]))
    return path
