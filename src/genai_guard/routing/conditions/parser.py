"""From the text of a condition to its tree, in one pass, and of bounded depth.

    condition   = all ("or" all)*
    all         = opposite ("and" opposite)*
    opposite    = "not" opposite | "(" condition ")" | "has" "(" name ")" | comparison
    comparison  = name                                            a truth value
                | subject ("==" | "!=" | "<" | "<=" | ">" | ">=") literal
                | subject ["not"] "in" "[" literal ("," literal)* "]"
                | name ("startswith" | "endswith" | "contains") text
    subject     = name | "version" "(" name ")"
    literal     = text in quotes | number | "true" | "false"

Names are letters, digits, `_`, `.` and `-`, and begin with a letter or `_`.
"""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple, NoReturn, cast

from genai_guard.errors import ConfigurationError
from genai_guard.routing.conditions.tree import AllOf, AnyOf, Comparison, Has, Node, Not, Operator, ReadAs, Value
from genai_guard.routing.conditions.values import MAX_NUMBER, NUMBER, version_of

__all__ = ["KEYWORDS", "MAX_DEPTH", "MAX_LENGTH", "NAME", "parse"]

MAX_LENGTH: Final = 16_384
"""Most characters of a condition."""
MAX_DEPTH: Final = 32
"""Most brackets and `not` within each other."""

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
KEYWORDS: Final = frozenset(
    {"and", "or", "not", "in", "has", "version", "true", "false", "startswith", "endswith", "contains"}
)
_TOKEN: Final = re.compile(
    rf"""(?P<space>\s+)|(?P<number>{NUMBER.pattern}(?![A-Za-z0-9_.]))|(?P<name>{NAME.pattern})"""
    r"""|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<mark>==|!=|<=|>=|[<>()\[\],])""",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
_JOINTS: Final = frozenset({"and", "or", "not"})
_COMPARED: Final = ("==", "!=", "<", "<=", ">", ">=")
_WORDS: Final = ("startswith", "endswith", "contains")
_OTHER_MARKS: Final = re.compile(r"[=&|!]+")
_MEANT: Final = {"=": "==", "&": "and", "&&": "and", "|": "or", "||": "or", "!": "not"}


class Token(NamedTuple):
    """A piece of the text, and where it begins."""

    kind: str
    text: str
    at: int


def parse(text: str) -> Node:
    """Return the tree of a condition.

    Raises:
        ConfigurationError: it cannot be read, or compares what cannot be compared; the message names the column.
    """
    if len(text) > MAX_LENGTH:
        raise ConfigurationError(f"condition: has {len(text)} characters; at most {MAX_LENGTH} are taken")
    parser = _Parser(text)
    node = parser.any_of(0)
    token = parser.next
    if token.kind != "end":
        small = token.text.lower()
        hint = f": write {small!r}" if small in _JOINTS and small != token.text else ""
        parser.wrong(token, f"expected 'and', 'or' or the end, not {_said(token)}{hint}")
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._text: Final = text
        self._position = 0
        self._kinds: Final[dict[str, str]] = {}
        self.next = self._read()

    def wrong(self, token: Token, what: str) -> NoReturn:
        before = self._text[: token.at]
        line, column = before.count("\n") + 1, token.at - (before.rfind("\n") + 1) + 1
        place = f"line {line}, column {column}" if "\n" in self._text else f"column {column}"
        raise ConfigurationError(f"condition: {place}: {what}")

    def any_of(self, depth: int) -> Node:
        nodes = [self._all_of(depth)]
        while self._takes("or"):
            nodes.append(self._all_of(depth))
        return nodes[0] if len(nodes) == 1 else AnyOf(_flat(nodes, AnyOf))

    def _all_of(self, depth: int) -> Node:
        nodes = [self._opposite(depth)]
        while self._takes("and"):
            nodes.append(self._opposite(depth))
        return nodes[0] if len(nodes) == 1 else AllOf(_flat(nodes, AllOf))

    def _opposite(self, depth: int) -> Node:
        token = self.next
        if depth > MAX_DEPTH:
            self.wrong(token, f"more than {MAX_DEPTH} brackets and 'not' within each other")
        if self._takes("not"):
            return Not(self._opposite(depth + 1))
        if self._takes("("):
            node = self.any_of(depth + 1)
            self._expect(")")
            return node
        if self._takes("has"):
            return Has(self._in_brackets())
        return self._comparison()

    def _comparison(self) -> Node:
        token = self.next
        versions = self._takes("version")
        name = self._in_brackets() if versions else self._name()
        follows = self.next
        if follows.text in _COMPARED:
            self._advance()
            return self._compared(token, name, cast("Operator", follows.text), versions=versions)
        if follows.text in _WORDS and not versions:
            self._advance()
            at, value = self.next, self._literal()
            if not isinstance(value, str) or not value:
                self.wrong(at, f"{follows.text} takes a text of at least one character, in quotes")
            self._is(token, name, "text")
            return Comparison(name, "text", cast("Operator", follows.text), value)
        opposite = self._takes("not")
        if opposite or follows.text == "in":
            self._expect("in")
            return self._member(token, name, "not in" if opposite else "in", versions=versions)
        if versions:
            self.wrong(follows, f'expected a comparison with version({name}), such as >= "2.1.0"')
        self._is(token, name, "bool")
        return Comparison(name, "bool", "==", value=True)

    def _compared(self, token: Token, name: str, operator: Operator, *, versions: bool) -> Comparison:
        at, value = self.next, self._literal()
        read_as = self._read_as(at, value, versions=versions)
        self._is(token, name, read_as)
        if operator not in {"==", "!="}:
            self._ordered(at, name, operator, value, read_as)
        return Comparison(name, read_as, operator, value)

    def _ordered(self, at: Token, name: str, operator: str, value: Value, read_as: ReadAs) -> None:
        """Refuse orders that are not what they look like: as texts, "9" comes after "18"."""
        if read_as == "bool":
            self.wrong(at, f"{operator} does not compare truth values: write {name}, or not {name}")
        if read_as == "text" and NUMBER.fullmatch(str(value)):
            self.wrong(at, f"{operator} would compare texts letter by letter: take the quotes away to compare numbers")
        if read_as == "text" and version_of(value) is not None:
            self.wrong(at, f"{operator} would compare texts letter by letter: write version({name}) {operator} ...")

    def _member(self, token: Token, name: str, operator: Operator, *, versions: bool) -> Comparison:
        self._expect("[")
        values: list[Value] = []
        kinds: set[ReadAs] = set()
        while True:
            at, value = self.next, self._literal()
            kinds.add(self._read_as(at, value, versions=versions))
            values.append(value)
            if len(kinds) > 1:
                self.wrong(at, "a list holds texts, numbers or truth values, and not several of them")
            if self._takes("]"):
                break
            self._expect(",")
        (read_as,) = kinds
        self._is(token, name, read_as)
        return Comparison(name, read_as, operator, tuple(dict.fromkeys(values)))

    def _read_as(self, at: Token, value: Value, *, versions: bool) -> ReadAs:
        if versions:
            if version_of(value) is None:
                self.wrong(at, 'expected a version in quotes, such as "2.1.0"')
            return "version"
        if isinstance(value, str):
            if not value:
                self.wrong(at, "an empty text is no value: write has(...) to ask whether there is one")
            return "text"
        return "bool" if isinstance(value, bool) else "number"

    def _is(self, token: Token, name: str, read_as: str) -> None:
        """Note what an attribute is, which is the same all over a condition."""
        kind = "text" if read_as == "version" else read_as
        before = self._kinds.setdefault(name, kind)
        if before != kind:
            self.wrong(token, f"{name} is compared as {kind} here, and as {before} before")

    def _in_brackets(self) -> str:
        self._expect("(")
        name = self._name()
        self._expect(")")
        return name

    def _name(self) -> str:
        token = self.next
        if token.kind in {"text", "number"} or token.text in {"true", "false", "True", "False"}:
            self.wrong(token, f"expected the name of an attribute, which stands first, not {_said(token)}")
        if token.kind != "name":
            self.wrong(token, f"expected the name of an attribute, not {_said(token)}")
        if token.text in KEYWORDS or token.text.lower() in _JOINTS:
            self.wrong(token, f"expected the name of an attribute; {token.text!r} is a word of the language")
        self._advance()
        return token.text

    def _literal(self) -> Value:
        token = self.next
        if token.kind == "text":
            value: Value = self._unescaped(token)
        elif token.kind == "number":
            value = self._number(token)
        elif token.text in {"true", "True", "false", "False"}:
            value = token.text.lower() == "true"
        else:
            hint = ": a text stands in quotes" if token.kind == "name" else ""
            self.wrong(token, f"expected a text, number, true or false, not {_said(token)}{hint}")
        self._advance()
        return value

    def _number(self, token: Token) -> float:
        written = token.text
        value = float(written) if any(mark in written for mark in ".eE") else 0
        if len(written) > MAX_NUMBER or not math.isfinite(value):
            self.wrong(token, "a number this large is not taken")
        return value if isinstance(value, float) else int(written)

    def _unescaped(self, token: Token) -> str:
        def replace(match: re.Match[str]) -> str:
            if match[1]:
                return chr(int(match[1], 16))
            if match[2] not in _ESCAPED:
                at = token._replace(at=token.at + 1 + match.start())
                self.wrong(at, r"""expected \\, \", \', \n, \r, \t or \u and four digits after a backslash""")
            return _ESCAPED[match[2]]

        return _ESCAPE.sub(replace, token.text[1:-1])

    def _takes(self, text: str) -> bool:
        if self.next.text != text or self.next.kind == "text":
            return False
        self._advance()
        return True

    def _expect(self, text: str) -> None:
        token = self.next
        if not self._takes(text):
            self.wrong(token, f"expected {text!r}, not {_said(token)}")

    def _advance(self) -> None:
        self.next = self._read()

    def _read(self) -> Token:
        while True:
            at = self._position
            if at == len(self._text):
                return Token("end", "", at)
            match = _TOKEN.match(self._text, at)
            if match is None:
                self._unreadable(at)
            self._position = match.end()
            if match.lastgroup != "space":
                return Token(match.lastgroup or "", match[0], at)

    def _unreadable(self, at: int) -> NoReturn:
        token = Token("", self._text[at], at)
        if token.text in {'"', "'"}:
            self.wrong(token, "a text begins here that does not end")
        if token.text.isdigit():
            self.wrong(token, "no number, and a version or date stands in quotes")
        found = _OTHER_MARKS.match(self._text, at)
        meant = _MEANT.get(found[0]) if found else None
        self.wrong(token, f"{_said(token)} is no part of a condition" + (f": write {meant!r}" if meant else ""))


def _flat(nodes: list[Node], kind: type[AllOf | AnyOf]) -> tuple[Node, ...]:
    """`a and (b and c)` is `a and b and c`."""
    return tuple(inner for node in nodes for inner in (node.nodes if isinstance(node, kind) else (node,)))


def _said(token: Token) -> str:
    return "the end" if token.kind == "end" else repr(token.text[:32])
