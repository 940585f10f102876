"""Statements that are parsed by sqlglot, for `SQL(dialect=...)`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.statements.grammar import Class, Statement

__all__ = ["parser_of"]

_CLASSES: Final[dict[str, Class]] = {
    **dict.fromkeys(("Select", "Union", "Intersect", "Except", "Subquery", "Describe", "Show"), "read"),
    **dict.fromkeys(("Insert", "Update", "Delete", "Merge"), "write"),
    **dict.fromkeys(("Create", "Drop", "Alter", "TruncateTable", "Comment"), "ddl"),
    **dict.fromkeys(("Grant", "Revoke", "Copy", "LoadData", "Attach", "Detach", "Pragma", "Set", "Use", "Kill"), "admin"),
}  # fmt: skip
_CHANGING: Final = ("Delete", "Update", "Insert", "Merge")


@cache
def parser_of(dialect: str | None) -> Callable[[Statement, str], Statement] | None:
    """Return what parses a statement, and says again what it does; None without a dialect.

    Raises:
        ConfigurationError: sqlglot is not installed, or does not know the dialect.
    """
    if dialect is None:
        return None
    try:
        import sqlglot  # noqa: PLC0415  an extra
        from sqlglot import errors, expressions  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError("SQL(dialect=...) needs sqlglot: pip install 'genai_guard[sql]'") from error
    try:
        sqlglot.Dialect.get_or_raise(dialect)
    except ValueError:
        raise ConfigurationError(f"SQL(dialect={dialect!r}) is no dialect that sqlglot knows") from None

    def parse(statement: Statement, source: str) -> Statement:
        try:
            trees: list[Any] = [tree for tree in sqlglot.parse(source, dialect=dialect) if tree is not None]
        except (errors.SqlglotError, RecursionError):
            return statement
        return _described(statement, trees[0], expressions) if len(trees) == 1 else statement

    return parse


def _described(statement: Statement, tree: Any, exp: Any) -> Statement:
    does = _CLASSES.get(type(tree).__name__)
    if does is None:
        return statement
    changing = list(tree.find_all(*(getattr(exp, name) for name in _CHANGING)))
    if does == "read" and (changing or tree.find(exp.Into)):
        does = "write"
    common = {each.alias_or_name.lower() for each in tree.find_all(exp.CTE)}
    tables = tuple(
        dict.fromkeys(
            ".".join(part.name for part in table.parts)
            for table in tree.find_all(exp.Table)
            if table.name and (table.db or table.name.lower() not in common)
        )
    )
    dangers = [each for each in statement.dangers if not each.endswith("_without_where")]
    dangers += [
        f"{type(node).__name__.lower()}_without_where"
        for node in changing
        if isinstance(node, (exp.Delete, exp.Update)) and node.args.get("where") is None
    ]
    worst = statement.does if statement.does == "admin" else does
    return statement._replace(does=worst, dangers=tuple(dangers), tables=tables or statement.tables)
