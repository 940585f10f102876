"""The shape of a statement: its tokens, so that strings, comments and quoted names are not taken for what they say.

A shape is one line: keywords in capitals, `n` for a name (`a.b` and `"a"."b"` are one), `s` for a string, `0` for a
number, `x` for words that are no name in SQL, such as `the`, and signs as they are. A line break is kept as one. So
the grammar of a statement is a regular expression over its shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["LONGEST", "Shape", "Token", "shape_of"]

LONGEST: Final = 4_000
"""Characters of a statement that are looked at."""
_TOKEN: Final = re.compile(
    r"(?P<comment>--[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z))"
    r"|(?P<string>[EeNnXx]?'(?:[^'\\]++|''|\\.)*+(?:'|\Z))"
    r"|(?P<dollar>\$\w*\$)"
    r'|(?P<name>"[^"\n]*"|`[^`\n]*`|\[[^\]\n]*\]|\{[\w.]{1,40}\})'
    r"|(?P<number>\d[\d.]*)"
    r"|(?P<word>[^\W\d][\w$#]*(?:\.\.[\w$#]+)?)"
    r"|(?P<sign><>|<=|>=|!=|\|\||&&|::|\S)",
    re.DOTALL,
)
_NOUN: Final = re.compile(r"[ \t]+([a-z]+)")
_KEYWORDS: Final = frozenset((
    "SELECT", "DISTINCT", "TOP", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE",
    "BETWEEN", "EXISTS", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "ON", "USING", "GROUP",
    "ORDER", "BY", "HAVING", "LIMIT", "OFFSET", "FETCH", "UNION", "ALL", "INTERSECT", "EXCEPT", "AS", "CASE",
    "WHEN", "THEN", "ELSE", "END", "ASC", "DESC", "WITH", "RECURSIVE", "INSERT", "INTO", "VALUES", "VALUE",
    "DEFAULT", "OVERWRITE", "IGNORE", "RETURNING", "UPDATE", "SET", "DELETE", "MERGE", "REPLACE", "UPSERT",
    "MATCHED", "CREATE", "TEMP", "TEMPORARY", "UNIQUE", "MATERIALIZED", "TABLE", "VIEW", "INDEX", "DATABASE",
    "SCHEMA", "FUNCTION", "PROCEDURE", "TRIGGER", "SEQUENCE", "TYPE", "EXTENSION", "USER", "ROLE", "LOGIN", "IF",
    "DROP", "TRUNCATE", "CASCADE", "RESTRICT", "ALTER", "ADD", "COLUMN", "CONSTRAINT", "RENAME", "TO", "MODIFY",
    "CHANGE", "OWNER", "ENABLE", "DISABLE", "GRANT", "REVOKE", "PRIVILEGES", "USAGE", "EXECUTE", "EXEC", "CALL",
    "COPY", "PROGRAM", "STDIN", "STDOUT", "OUTFILE", "DUMPFILE", "LOAD", "DATA", "INFILE", "LOCAL", "SHUTDOWN",
    "ATTACH", "PRAGMA", "BACKUP", "RESTORE", "DECLARE", "BEGIN", "WAITFOR", "DELAY", "TRUE", "FALSE", "OPTION",
    "IDENTIFIED", "PASSWORD", "CONNECT", "GLOBAL", "ONLY", "PARTITION", "RESTART", "CONTINUE", "IDENTITY",
))  # fmt: skip
_SOFT: Final = frozenset((
    "USER", "ROLE", "TYPE", "VALUE", "PASSWORD", "LOGIN", "DATA", "OWNER", "OPTION", "LOCAL", "PARTITION",
    "SEQUENCE", "IDENTITY", "TOP", "END",
))  # fmt: skip
"""Keywords that are names behind some others."""
_BEFORE_NAMES: Final = frozenset((
    "FROM", "INTO", "UPDATE", "TABLE", "JOIN", "SET", "WHERE", "AND", "OR", "SELECT", "DISTINCT", "ON", "BY", ",",
    "(", "=",
))  # fmt: skip
_NO_NAMES: Final = frozenset((
    "a", "an", "the", "this", "that", "these", "those", "your", "my", "our", "his", "her", "their", "its", "it",
    "me", "you", "him", "them", "us", "we", "i", "one", "some", "any", "every", "each", "both", "other", "more",
    "most", "few", "less", "no", "only", "of", "for", "at", "be", "are", "was", "were", "will", "can", "could",
    "should", "would", "please", "then", "there", "here", "which", "who", "what", "how", "into", "upon", "off",
    "up", "down", "out", "over", "under", "after", "before", "because", "so", "but", "than", "too", "very", "just",
    "also",
))  # fmt: skip


class Token(NamedTuple):
    """A piece of SQL.

    Attributes:
        kind: `word`, `name`, `string`, `number` or `sign`.
        text: A name without its quotes; a keyword in capitals.
        start: First character in the text.
        end: One past the last.
        shape: What it is in the shape.
    """

    kind: str
    text: str
    start: int
    end: int
    shape: str


class Shape(NamedTuple):
    """A statement, or what might be one.

    Attributes:
        tokens: Its tokens, comments and white space left out.
        line: Its shape.
        starts: Where each token begins in the shape.
        hides: Whether a comment stands between two words in place of a space.
        end: One past its last character in the text.
    """

    tokens: tuple[Token, ...]
    line: str
    starts: tuple[int, ...]
    hides: bool
    end: int


def shape_of(text: str, start: int, end: int) -> Shape:
    """Return the shape of what begins at `start` and ends at the next semicolon, or at `end`."""
    tokens: list[Token] = []
    breaks: list[str] = []
    hides, last = False, start
    for token in _tokens(text, start, min(end, start + LONGEST)):
        gap = text[last : token.start]
        breaks.append("\n" if "\n" in gap.strip(" ") and "/*" not in gap else " ")
        hides |= gap.startswith("/*") and gap.endswith("*/")
        last = token.end
        if token.text in _SOFT and tokens and tokens[-1].text in _BEFORE_NAMES and not _is_top(token, text):
            token = token._replace(shape="n")  # noqa: PLW2901  what it is depends on the one before
        tokens.append(token)
        if token.text == ";":
            break
    pieces: list[str] = []
    starts: list[int] = []
    at = 0
    for number, token in enumerate(tokens):
        if number:
            pieces.append(breaks[number])
            at += 1
        starts.append(at)
        pieces.append(token.shape)
        at += len(token.shape)
    return Shape(tuple(tokens), "".join(pieces), tuple(starts), hides, last)


def _is_top(token: Token, text: str) -> bool:
    return token.text == "TOP" and text[token.end : token.end + 2].strip().isdigit()


def _tokens(text: str, start: int, end: int) -> Iterator[Token]:
    """Yield the tokens; names that are joined by dots are one."""
    waiting: Token | None = None
    dotted = False
    for token in _single(text, start, end):
        is_name = token.shape == "n" or (dotted and token.kind == "word")
        if waiting is not None and dotted and is_name:
            waiting = Token("name", f"{waiting.text}.{token.text}", waiting.start, token.end, "n")
            dotted = False
        elif waiting is not None and not dotted and token.text == "." and token.start == waiting.end:
            dotted = text[token.end : token.end + 1].strip() != ""
            if not dotted:
                yield waiting
                yield token
                waiting = None
        else:
            if waiting is not None:
                yield waiting
                if dotted:
                    yield Token("sign", ".", waiting.end, waiting.end + 1, ".")
            waiting, dotted = (token, False) if token.shape == "n" else (None, False)
            if waiting is None:
                yield token
    if waiting is not None:
        yield waiting


def _single(text: str, start: int, end: int) -> Iterator[Token]:
    at = start
    unclosed: set[str] = set()
    while (match := _TOKEN.search(text, at, end)) is not None:
        kind, found, at = str(match.lastgroup), match[0], match.end()
        if kind == "comment":
            continue
        if kind == "dollar":
            close = -1 if found in unclosed else text.find(found, at, end)
            unclosed.add(found)
            kind, at = ("sign", match.start() + 1) if close < 0 else ("string", close + len(found))
            found = text[match.start() : at]
        token = _token(kind, found, match.start(), at)
        is_letter = token.shape == "x" and len(found) == 1 and not _articles(text, at, end)
        yield token._replace(shape="n") if is_letter else token


def _articles(text: str, at: int, end: int) -> bool:
    """Whether `a` stands before a noun, and is no name."""
    following = _NOUN.match(text, at, end)
    return following is not None and following[1].upper() not in _KEYWORDS


def _token(kind: str, found: str, start: int, end: int) -> Token:
    if kind == "word":
        upper = found.upper()
        if upper in _KEYWORDS:
            return Token("word", upper, start, end, upper)
        return Token("word", found, start, end, "x" if found.lower() in _NO_NAMES else "n")
    if kind == "name":
        return Token("name", found[1:-1], start, end, "n")
    shape = {"string": "s", "number": "0"}.get(kind, found)
    return Token(kind, found, start, end, shape)
