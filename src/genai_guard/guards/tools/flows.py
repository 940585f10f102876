"""What came out of one tool and may not go into another: text that both hold.

Two things count as the same data: a run of `min_chars` characters, and a token that nobody writes by chance, which is an
e-mail address, a URL, a number of eight digits however it is grouped, or an identifier of at least six characters with a
digit in it; dates are left out. Case, spacing and widths of
characters do not count. What the user or the system prompt says as well is not out of the tool alone, and does not count.

The windows of the arguments go into a set, and the results are slid over it: the cost is that of one look a character. Of
arguments beyond 200,000 characters only every second, third, ... window is kept, so that the set stays small; a run has to
be longer by so many characters there.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.structured.reading import NotJson, read_json

__all__ = ["Shared", "ToolFlow", "shared_with"]

_LITERAL: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"|[^\s"\[\]{},:]++', re.DOTALL)
_TOKEN: Final = re.compile(r"https?://[^\s\"'<>)\]]++|\w[\w.+%-]*+@[\w-]++(?:\.[\w-]++)++|\w[\w.+%/:-]*+")
_GROUPED: Final = re.compile(r"\d(?:[ ().-]{0,2}\d){7,}+")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:t[\d:.]*(?:z|[+-]\d\d:?\d\d)?)?|\d\d?[./:]\d\d?(?:[./:]\d{2,4})?")
_APART: Final = re.compile(r"[ ().-]+")
_DIGIT: Final = re.compile(r"\d")
_LEAST_TOKEN: Final = 6
_MOST_WINDOWS: Final = 200_000


@dataclass(frozen=True)
class ToolFlow:
    """A way that data may not take.

    Args:
        source: Name of the tool that it comes out of; `*` stands for any characters.
        target: Name of the tool that it may not go into.
        min_chars: Characters of a run that both hold.

    Raises:
        ConfigurationError: no names, or fewer than 8 characters.
    """

    source: str
    target: str
    min_chars: int = 32

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ConfigurationError(f"ToolFlow({name}=...) must be the name of a tool, such as 'read_inbox'")
        if type(self.min_chars) is not int or self.min_chars < 8:
            raise ConfigurationError(f"ToolFlow(min_chars={self.min_chars!r}) must be a whole number of at least 8")


class Shared(NamedTuple):
    """A value of the arguments that holds data of a result.

    Attributes:
        start: Its first character in the arguments.
        end: One past the last.
        is_run: Whether they share a run, or a token only.
    """

    start: int
    end: int
    is_run: bool


def shared_with(arguments: str, results: Iterable[str], said: Iterable[str], *, min_chars: int) -> list[Shared]:
    """Return the values of JSON or plain text `arguments` that hold data of `results` which is not in `said`.

    Where two values hold the same, it is the first that is returned.
    """
    values = list(_values(arguments))
    step = 1 + len(arguments) // _MOST_WINDOWS
    tokens: dict[str, int] = {}
    windows: dict[str, int] = {}
    for at, (_, _, text) in enumerate(values):
        for token in _tokens(text):
            tokens.setdefault(token, at)
        for start in range(0, len(text) - min_chars + 1, step):
            windows.setdefault(text[start : start + min_chars], at)
    if not tokens and not windows:
        return []
    known_tokens, known_windows = _found(said, tokens, windows, min_chars)
    hit_tokens, hit_windows = _found(results, tokens, windows, min_chars)
    runs = {windows[window] for window in hit_windows - known_windows}
    marks = {tokens[token] for token in hit_tokens - known_tokens}
    return [Shared(*values[at][:2], is_run=at in runs) for at in sorted(runs | marks)]


def _found(
    texts: Iterable[str], tokens: dict[str, int], windows: dict[str, int], size: int
) -> tuple[set[str], set[str]]:
    """Return the tokens and windows that the texts hold."""
    some_tokens: set[str] = set()
    some_windows: set[str] = set()
    for text in texts:
        for plain in _readings(text):
            some_tokens |= tokens.keys() & set(_tokens(plain))
            if windows:
                some_windows |= {
                    window
                    for start in range(len(plain) - size + 1)
                    if (window := plain[start : start + size]) in windows
                }
    return some_tokens, some_windows


def _values(arguments: str) -> Iterator[tuple[int, int, str]]:
    """Yield the strings and numbers of JSON, keys included, with their places; all of what is no JSON."""
    try:
        read_json(arguments)
    except NotJson:
        yield 0, len(arguments), _normal(arguments)
        return
    for literal in _LITERAL.finditer(arguments):
        text = literal[0] if literal[1] is None else json.loads(literal[0])
        yield literal.start(), literal.end(), _normal(text)


def _readings(text: str) -> Iterator[str]:
    """Yield a text, and what its strings are if it is JSON that writes them otherwise."""
    yield _normal(text)
    if "\\" in text:
        try:
            yield _normal(" ".join(_strings(read_json(text))))
        except NotJson:
            yield _normal(text.replace("\\n", " ").replace("\\t", " ").replace('\\"', '"'))


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            known = cast("dict[str, Any]", each)
            waiting += [*known.values(), *known]
        elif isinstance(each, list):
            waiting += cast("Sequence[Any]", each)
        else:
            yield str(each)


def _normal(text: str) -> str:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        token = found[0].rstrip(".,:/-")
        if len(token) < _LEAST_TOKEN:
            continue
        if "@" in token or "://" in token or (_DIGIT.search(token) and not _DATE.fullmatch(token)):
            yield token
    for grouped in _GROUPED.finditer(text):
        if not _DATE.match(grouped[0]):
            yield _APART.sub("", grouped[0])
