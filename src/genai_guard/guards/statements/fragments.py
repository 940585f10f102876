"""Pieces of SQL that have no business in a value: what is put into a form to get out of a string.

Each pattern needs the quotation mark, number or bracket that the value is left by, so that prose with the same words
has none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["fragments_of"]

_GAP: Final = r"(?:\s|/\*[^*]{0,40}\*/|\+){0,8}"
_VALUE: Final = r"(?:['\"]?\w{0,20}['\"]?)"
_FRAGMENTS: Final = {
    "tautology": rf"['\"]{_GAP}\)*{_GAP}(?:\b(?:or|and)\b|\|\||&&){_GAP}\(*(?:not\b{_GAP})?(?P<left>{_VALUE}){_GAP}(?:=|like|<=>){_GAP}(?P<right>{_VALUE})"
    rf"|\b\d+{_GAP}\)*{_GAP}(?:or|\|\|){_GAP}\(*(?P<left_number>\d+|'\w{{0,20}}'){_GAP}={_GAP}(?P<right_number>\d+\b|'\w{{0,20}}')",
    "union": rf"(?:['\")\d]|\*/|^|\bnull){_GAP}\bunion{_GAP}(?:(?:all|distinct)\b{_GAP})?\(?{_GAP}select\b(?={_GAP}(?:[*\d'\"@(]|null\b|\w+\s?[,(.]|\w+\s+from\b))",
    "stacked": rf"(?:['\")]|\b\d+){_GAP};{_GAP}(?:drop|delete|insert|update|exec|execute|shutdown|alter|truncate|create|grant|waitfor|declare)\b{_GAP}"
    r"(?:table|from|into|database|xp_|sp_|delay|user|view|@|\w+\s+set\b|with|schema|index|;|--|$)",
    "subquery": rf"['\"]{_GAP}(?:\|\||\+|,|=){_GAP}\({_GAP}select\b[^;]{{0,200}}?\bfrom\b",
    "cut": r"\w(?P<quote>['\"])\)*[ \t]*(?:--|#|/\*)(?:[ \t+]*$|(?!(?P=quote))['\"])|(?:^|\w)['\"]\)*[ \t]*;[ \t]*--[ \t]*(?:$|['\"])",
    "delay": rf"(?:['\";)\d]|\b(?:and|or|select)\b){_GAP}\(?{_GAP}(?:select{_GAP})?(?:if\([^)]{{0,40}},)?(?:sleep|pg_sleep|benchmark)\s?\(\s?\d"
    r"|\bwaitfor\s+delay\s+'\d",
    "schema": rf"\bfrom{_GAP}(?:information_schema\s?\.\s?\w+|sqlite_master\b|pg_catalog\s?\.\s?\w+|sys\s?\.\s?(?:tables|databases|sql_logins)\b|mysql\s?\.\s?user\b|all_tables\b)",
    "hidden": r"\b(?:s|se|sel|sele|selec|un|uni|unio|dr|dro|de|del|dele|delet|ins|inse|inser|upd|upda|updat|wh|whe|wher)/\*[^*]{0,40}\*/\w+|/\*!\d{5}\s?\w+",
}  # fmt: skip
_PATTERNS: Final = {name: re.compile(source, re.IGNORECASE | re.MULTILINE) for name, source in _FRAGMENTS.items()}
_NEEDS: Final = {
    "tautology": ("'", '"', "or ", "or\t", "||"),
    "union": ("union",),
    "stacked": (";",),
    "subquery": ("select",),
    "cut": ("--", "#", "/*"),
    "delay": ("sleep", "benchmark", "waitfor"),
    "schema": ("from",),
    "hidden": ("/*",),
}
_HIDDEN: Final = frozenset({"select", "union", "drop", "delete", "insert", "update", "where"})
_comment: Final = re.compile(r"/\*[^*]*\*/")


def fragments_of(text: str, lower: str) -> Iterator[tuple[str, int, int]]:
    """Yield the name and the place of each fragment; `lower` is the text in lower case."""
    for name, pattern in _PATTERNS.items():
        if any(need in lower for need in _NEEDS[name]):
            for match in pattern.finditer(text):
                if _holds(name, match):
                    yield name, match.start(), match.end()


def _holds(name: str, match: re.Match[str]) -> bool:
    if name == "tautology":
        left, right = match["left"], match["right"]
        if match["left_number"] is not None:
            return bool(match["left_number"] == match["right_number"])
        return left.strip("'\"") == right.strip("'\"") and bool(left or right)
    if name == "hidden" and match[0][:2] != "/*":
        return _comment.sub("", match[0]).lower() in _HIDDEN
    return True
