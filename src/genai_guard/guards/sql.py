"""`SQL`: statements in texts and in the arguments of tools, and what they would do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, GuardBase, settle
from genai_guard.guards.json_strings import is_json, strings_of
from genai_guard.guards.sql_parsed import parser_of
from genai_guard.guards.statements.fragments import fragments_of
from genai_guard.guards.statements.grammar import CLASSES, Class, Statement, heads_of, statement_at
from genai_guard.messages import Part
from genai_guard.text.edits import Edit, apply_edits
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["SQL"]

_Found: TypeAlias = tuple[int, int, str, str]
"""Start, end, rule and detail."""
_BLANK: Final = re.compile(r"\n[ \t]*\n|```")
_FENCE: Final = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
_COMMENTED: Final = re.compile(r"(?:--|//|#)[^\n]*\Z")
Dialect: TypeAlias = Literal[
    "bigquery", "clickhouse", "databricks", "duckdb", "mysql", "oracle", "postgres", "redshift", "snowflake", "spark",
    "sqlite", "trino", "tsql",
]  # fmt: skip


@dataclass(frozen=True)
class SQL(GuardBase):
    """Find SQL, say what it would do, and block, flag or redact what must not be done.

    Each statement belongs to a class: `read` (SELECT), `write` (INSERT, UPDATE, DELETE, MERGE, REPLACE, CALL), `ddl`
    (CREATE, DROP, TRUNCATE, ALTER, RENAME) or `admin` (GRANT, REVOKE, EXEC, COPY with a file, LOAD DATA, ATTACH,
    PRAGMA, SHUTDOWN, BACKUP, users and roles). A statement of a class that is not allowed is found as `sql.write` and
    so on; destructive ones are found whatever is allowed, as `sql.drop`, `sql.delete_without_where`,
    `sql.always_true`, `sql.program`, `sql.shell`, `sql.file`, `sql.hidden_by_comments` and the like; and pieces that
    break out of a value as `sql.injection.tautology`, `.union`, `.stacked`, `.subquery`, `.cut`, `.delay`, `.schema`, `.hidden`.

    Statements are looked for in plain text, in code, in the strings of other languages and in the strings of JSON.
    What stands in a string or a comment of SQL is not taken for a statement. Without `dialect` a tokenizer and the
    shapes of statements decide; with it each statement is parsed as well, by sqlglot, and what cannot be parsed is
    judged by its shape.

    Args:
        allow: Classes of statements that may pass.
        destructive: Whether destructive statements are found even if their class may pass.
        injection: Whether pieces are found that break out of a value.
        tables: Names of the tables that statements may touch, with or without their schema; None for any.
        dialect: The SQL that is spoken; needs the extra `sql`.
        action: What to do with what is found: `block`, `redact` or `flag`.

    Raises:
        ConfigurationError: a class or dialect that does not exist, an empty list of tables, or sqlglot is missing.
    """

    kind: ClassVar[str] = "sql"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.REDACT, Action.BLOCK})

    allow: Sequence[Class] = ("read",)
    destructive: bool = field(default=True, kw_only=True)
    injection: bool = field(default=True, kw_only=True)
    tables: Sequence[str] | None = field(default=None, kw_only=True)
    dialect: Dialect | None = field(default=None, kw_only=True)
    _tables: frozenset[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, allow=_strings("allow", self.allow), _tables=None)
        for word in self.allow:
            if word not in CLASSES:
                raise ConfigurationError(f"SQL(allow=...): {word!r} is not one of {', '.join(CLASSES)}")
        if self.tables is not None:
            settle(self, tables=_strings("tables", self.tables))
            if not self.tables:
                raise ConfigurationError("SQL(tables=[]) lets no statement pass; leave it out to allow every table")
            settle(self, _tables=frozenset(name.lower() for name in self.tables))
        parser_of(self.dialect)

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about a text; if it is JSON, about the strings in it."""
        return self._verdict(text, sorted(self._of_json(text) if is_json(text) else self._of_text(text)))

    def check_part(self, part: Part, context: Context, /) -> Verdict:  # noqa: ARG002  what kind of text it is says enough
        """Return the verdict about a text of a call."""
        is_value = part.kind == "arguments"
        return self._verdict(part.text, sorted(self._of_json(part.text))) if is_value else self.check(part.text)

    def _verdict(self, text: str, found: list[_Found]) -> Verdict:
        if not found:
            return Verdict(Action.ALLOW, text, (), self.name, self.mode)
        findings = tuple(
            Finding(rule, "SQL", start, end, 1.0, self.name, "", detail) for start, end, rule, detail in found
        )
        action = Action(self.action)
        if action is Action.REDACT and self.mode == "enforce":
            text = apply_edits(text, (Edit(start, end, "[SQL]") for start, end, _, _ in found))
        return Verdict(action, text, findings, self.name, self.mode)

    def _of_json(self, text: str) -> Iterator[_Found]:
        for string in strings_of(text):
            found = self._of_value(string.value)
            if string.is_plain:
                yield from (
                    (string.start + start, string.start + end, rule, detail) for start, end, rule, detail in found
                )
            else:
                yield from ((string.start, string.end, rule, detail) for _, _, rule, detail in found)

    def _of_value(self, value: str) -> Iterator[_Found]:
        """A string of its own: what begins and ends with it is a statement, whatever its letters."""
        lower = value.lower()
        first = len(value) - len(value.lstrip(" \t\n(;"))
        heads = heads_of(value, lower)
        yield from self._statements(value, heads, [(first, len(value))] if heads[:1] == [first] else [])
        yield from self._fragments(value, lower)

    def _of_text(self, text: str) -> Iterator[_Found]:
        lower = text.lower()
        heads = heads_of(text, lower)
        if heads:
            code = [match.span(1) for match in _FENCE.finditer(text)] if "```" in text else []
            yield from self._statements(text, heads, code)
        yield from self._fragments(text, lower)

    def _fragments(self, text: str, lower: str) -> Iterator[_Found]:
        if self.injection:
            for name, start, end in fragments_of(text, lower):
                yield start, end, f"sql.injection.{name}", ""

    def _statements(self, text: str, heads: Sequence[int], code: Sequence[tuple[int, int]]) -> Iterator[_Found]:
        parse = parser_of(self.dialect)
        past = 0
        for start in heads:
            if start < past or _COMMENTED.search(text, max(text.rfind("\n", 0, start) + 1, start - 200), start):
                continue
            end, in_code = _limit(text, start, code)
            statement = statement_at(text, start, end, in_code=in_code)
            if statement is not None:
                past = statement.end
                yield from self._judged(_parsed(statement, text, parse))

    def _judged(self, statement: Statement) -> Iterator[_Found]:
        start, end = statement.start, statement.end
        if statement.does not in self.allow:
            yield start, end, f"sql.{statement.does}", f"{statement.name.upper()} is {statement.does}"
        if self.destructive:
            yield from ((start, end, f"sql.{danger}", "") for danger in dict.fromkeys(statement.dangers))
        if self._tables is not None:
            others = [name for name in statement.tables if not _is_listed(name, self._tables)]
            if others:
                yield start, end, "sql.tables", f"{len(others)} of its tables not allowed"


def _parsed(statement: Statement, text: str, parse: Callable[[Statement, str], Statement] | None) -> Statement:
    return statement if parse is None else parse(statement, text[statement.start : statement.end])


def _limit(text: str, start: int, code: Sequence[tuple[int, int]]) -> tuple[int, bool]:
    """Return where a statement ends at the latest, and whether all of that is code."""
    for first, last in code:
        if first <= start < last:
            return last, True
    before = text[start - 1 : start]
    if before and before in "\"'`":
        close = _closing(text, before, start)
        if close > start:
            return close, True
    blank = _BLANK.search(text, start, start + 4_000)
    return (len(text) if blank is None else blank.start()), False


def _closing(text: str, quote: str, start: int) -> int:
    """Return where a string of another language ends that begins with SQL; -1 if it does not."""
    close = text.find(quote, start, start + 4_000)
    while close > 0 and text[close - 1] == "\\":
        close = text.find(quote, close + 1, start + 4_000)
    return close


def _is_listed(name: str, tables: frozenset[str]) -> bool:
    lower = name.lower()
    return lower in tables or lower.rpartition(".")[2] in tables


def _strings(name: str, values: object) -> tuple[str, ...]:
    items: Any = (values,) if isinstance(values, str) else values
    words = tuple(dict.fromkeys(cast("Sequence[object]", items))) if isinstance(items, Sequence) else (None,)
    if not all(isinstance(word, str) and word for word in words):
        raise ConfigurationError(f"SQL({name}=...) takes a list of words")
    return cast("tuple[str, ...]", words)
