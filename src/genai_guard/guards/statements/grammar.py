r"""What a statement does, by its shape.

Prose uses the same words: "please update the table", "select a seat from the list", "drop table reservations". So a
shape is a statement if it has signs that prose has not (`SET n =`, `VALUES (`, `IF EXISTS`), or if it stands alone:
written in capitals, in code, or from the beginning to the end of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from genai_guard.guards.statements.shapes import Shape, shape_of

__all__ = ["CLASSES", "Class", "Statement", "heads_of", "statement_at"]

Class: TypeAlias = Literal["read", "write", "ddl", "admin"]
CLASSES: Final[tuple[Class, ...]] = ("read", "write", "ddl", "admin")

_GAP: Final = r"(?:\s|/\*[^*]{0,40}\*/){1,20}"
_MAYBE: Final = r"(?:\s|/\*[^*]{0,40}\*/){0,20}"
HEAD: Final = re.compile(
    rf"\b(?:select(?:{_MAYBE}[*'\"(\d$]|{_GAP}[\w`\[@])|with{_GAP}(?:recursive{_GAP})?\w+{_MAYBE}(?:\([^)]{{0,200}}\){_MAYBE})?as\b"
    rf"|(?:insert|replace|merge){_GAP}(?:into|ignore|overwrite|\w+{_MAYBE}(?:\(|values))\b|update{_GAP}\S+{_GAP}(?:\S+{_GAP}){{0,9}}?set\b"
    rf"|delete{_GAP}(?:from\b|\w)|create{_GAP}[a-z]+{_GAP}\S|(?:drop|alter|rename){_GAP}[a-z]+{_GAP}\S|truncate{_GAP}\S|grant{_GAP}\w|revoke{_GAP}\w"
    rf"|exec(?:ute)?{_GAP}\w|call{_GAP}[\w.]+{_MAYBE}\(|copy{_GAP}[\w.\"(]|load{_GAP}data|shutdown\b|attach{_GAP}(?:database|')|pragma{_GAP}\w"
    rf"|(?:backup|restore){_GAP}database)",
    re.IGNORECASE,
)
"""Where a statement may begin. Most words that begin one in prose are passed over here already."""
_WORDS: Final = (
    "select", "with", "insert", "update", "delete", "merge", "replace", "create", "drop", "truncate", "alter", "rename", "grant",
    "revoke", "exec", "call", "copy", "load", "shutdown", "attach", "pragma", "backup", "restore",
)  # fmt: skip
_FIRST: Final = 160
"""Characters by which it is decided whether what begins there is a statement."""
_OBJECT: Final = r"(?:TABLE|VIEW|MATERIALIZED VIEW|INDEX|DATABASE|SCHEMA|FUNCTION|PROCEDURE|TRIGGER|SEQUENCE|TYPE|EXTENSION|COLUMN|CONSTRAINT|USER|ROLE|LOGIN)"
_END: Final = r"(?=\n|\s[;)\"'`]|\s\.(?:\s|$)|$)"
_PRIVILEGE: Final = r"(?:ALL|SELECT|INSERT|UPDATE|DELETE|EXECUTE|USAGE|CREATE|CONNECT|DROP|ALTER|n)"


class _Form(NamedTuple):
    """A kind of statement: its class, its shape, and whether the shape has to stand alone to be one."""

    name: str
    does: Class
    shape: re.Pattern[str]
    alone: bool = False
    destroys: bool = False


def _form(name: str, does: Class, shape: str, *, alone: bool = False, destroys: bool = False) -> _Form:
    spaced = shape.replace(" ", r"\s")
    return _Form(name, does, re.compile(spaced), alone, destroys)


_FORMS: Final = (
    _form("select", "read", r"(?:WITH (?:RECURSIVE )?n (?:\( [^)]* \) )?AS (?:MATERIALIZED )?\(|SELECT (?:DISTINCT |ALL |TOP 0 )?(?:\*|(?:n|0|s|NULL|\( ?SELECT|CASE|n \()"
          r"(?: AS n| n)?|(?:n|0|s|NULL|\( ?SELECT|CASE|n \()(?=(?:(?! FROM )[^;]){0,250}?[,(*.])(?: [^;]{0,2000}?)?) FROM (?:n|\())"),
    _form("select", "read", r"SELECT (?:DISTINCT )?(?:n|0)(?: n)? FROM n(?: (?:n )?(?:WHERE|ORDER BY|LIMIT|GROUP BY|JOIN)\b| n?" + _END + "|" + _END + ")"),  # noqa: S608  a pattern, no query
    _form("select", "read", r"SELECT (?:\*|0|s|NULL|n \()[^;]{0,200}", alone=True),
    _form("select", "read", r"SELECT (?:DISTINCT )?(?:n(?: AS n)? , ){4}", alone=True),
    _form("insert", "write", r"INSERT INTO n \( n , n "),
    _form("insert", "write", r"INSERT (?:IGNORE |OVERWRITE )?(?:INTO )?(?:TABLE )?n (?:AS n )?(?:\( n(?: , n)* \) )?(?:VALUES? \(|SELECT\b|WITH\b|DEFAULT VALUES|SET n =|\( SELECT)"),
    _form("update", "write", r"UPDATE (?:ONLY )?n (?:(?:AS )?n )?(?:(?:INNER |LEFT )?JOIN [^;]{0,400}? )?SET n =(?! =)"),
    _form("delete", "write", r"DELETE FROM (?:ONLY )?n (?:(?:AS )?n )?(?:WHERE (?:[^.;]{0,400}?(?:[=<>]|<>|!=|\b(?:IN|IS|LIKE|BETWEEN|EXISTS|NOT)\b)|0|TRUE)|USING n|RETURNING (?:\*|n)|LIMIT 0)"),
    _form("delete", "write", r"DELETE FROM n ;"),
    _form("delete", "write", r"DELETE n(?: , n)* FROM n (?:(?:AS )?n )?(?:(?:INNER |LEFT )?JOIN n|WHERE n|;)"),
    _form("delete", "write", r"DELETE (?:FROM )?n" + _END, alone=True),
    _form("merge", "write", r"MERGE INTO n (?:(?:AS )?n )?USING (?:n|\()"),
    _form("replace", "write", r"REPLACE INTO n (?:\( n(?: , n)* \) )?(?:VALUES? \(|SELECT\b|SET n =)"),
    _form("load", "admin", r"LOAD DATA (?:LOCAL )?(?:n )?INFILE s"),
    _form("create", "ddl", r"CREATE (?:OR REPLACE )?(?:n )?(?:TEMP |TEMPORARY |UNIQUE |MATERIALIZED |OR REPLACE )*(?!USER|ROLE|LOGIN)" + _OBJECT
          + r" (?:IF NOT EXISTS )?n (?:\(|AS (?:SELECT|WITH|\(|s)|ON n|USING n|BEFORE|n ON|LIKE n)"),
    _form("create", "ddl", r"CREATE (?:OR REPLACE )?(?:TEMP |TEMPORARY |UNIQUE )?(?:DATABASE|SCHEMA|EXTENSION|SEQUENCE|TABLE|VIEW) (?:IF NOT EXISTS )?n(?: ;|" + _END + ")", alone=True),
    _form("create_user", "admin", r"CREATE (?:USER|ROLE|LOGIN) (?:n|s)(?: @ (?:n|s))? (?:IDENTIFIED|WITH|PASSWORD)\b", destroys=True),
    _form("drop", "ddl", rf"DROP {_OBJECT} (?:IF EXISTS|n (?:CASCADE|RESTRICT)|n ;|n(?: , n)+{_END})", destroys=True),
    _form("drop", "ddl", rf"DROP {_OBJECT} (?:n(?: \( ?[^)]*\))?|(?:n|s) @ (?:n|s)|s){_END}", alone=True, destroys=True),
    _form("truncate", "ddl", r"TRUNCATE TABLE (?:ONLY )?n(?: , n)*(?: ;| CASCADE| RESTRICT| RESTART| CONTINUE)", destroys=True),
    _form("truncate", "ddl", r"TRUNCATE (?:TABLE )?(?:ONLY )?n(?: , n)*" + _END, alone=True, destroys=True),
    _form("alter", "ddl", r"ALTER (?:TABLE|VIEW|INDEX|DATABASE|SCHEMA|SEQUENCE|TYPE|FUNCTION) (?:IF EXISTS )?(?:ONLY )?n (?:ADD|DROP|RENAME|MODIFY|CHANGE|ALTER|SET|OWNER|ENABLE|DISABLE|n TO)\b", destroys=True),
    _form("alter_user", "admin", r"ALTER (?:USER|ROLE|LOGIN) (?:n|s)(?: @ (?:n|s))? (?:IDENTIFIED|WITH|PASSWORD|SET|n)\b", destroys=True),
    _form("rename", "ddl", r"RENAME TABLE n TO n", destroys=True),
    _form("grant", "admin", rf"GRANT {_PRIVILEGE}(?: PRIVILEGES)?(?: (?:\( [^)]* \) )?, {_PRIVILEGE})* ON (?:{_OBJECT} |ALL n IN SCHEMA )?(?:n|\*)(?: \. \*)? TO (?:n|s)", destroys=True),
    _form("grant", "admin", r"GRANT n(?: , n)* TO n(?: WITH n OPTION| ;)", alone=True, destroys=True),
    _form("revoke", "admin", rf"REVOKE {_PRIVILEGE}(?: PRIVILEGES)?(?: , {_PRIVILEGE})* ON (?:{_OBJECT} |ALL n IN SCHEMA )?(?:n|\*)(?: \. \*)? FROM (?:n|s)", destroys=True),
    _form("exec", "admin", r"(?:EXEC|EXECUTE) n(?: (?:@|s|0|;|n =)|" + _END + ")", alone=True),
    _form("call", "write", r"CALL n \( [^;]{0,400}\)(?: ;|$)", alone=True),
    _form("copy", "admin", r"COPY (?:n (?:\( [^)]* \) )?|\( SELECT [^;]{0,2000}\) )(?:FROM|TO) (?:PROGRAM s|s|STDIN|STDOUT)"),
    _form("shutdown", "admin", r"SHUTDOWN (?:;|WITH n)", alone=True, destroys=True),
    _form("attach", "admin", r"ATTACH (?:DATABASE )?s AS (?:n|x)"),
    _form("pragma", "admin", r"PRAGMA n (?:=|\()", alone=True),
    _form("backup", "admin", r"(?:BACKUP|RESTORE) DATABASE n (?:TO|FROM) n ="),
)  # fmt: skip
_HEADS: Final = {
    "select": ("SELECT", "WITH"),
    "create_user": ("CREATE",),
    "alter_user": ("ALTER",),
    "exec": ("EXEC", "EXECUTE"),
    "backup": ("BACKUP", "RESTORE"),
}
_FORMS_OF: Final[dict[str, list[_Form]]] = {}
for _each in _FORMS:
    for _word in _HEADS.get(_each.name, (_each.name.upper(),)):
        _FORMS_OF.setdefault(_word, []).append(_each)
_FROM: Final = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ONLY", "USING"})
_TRUE: Final = r"(?:(0|s)\s(?:=|LIKE)\s\1|TRUE|0(?!\s?[=<>!+*/-])|n\s=\sn)"
_where: Final = re.compile(r"\sWHERE\s")
_always: Final = re.compile(
    rf"\sWHERE\s(?:\(\s)*(?:{_TRUE})(?:\s\))*(?=\s;|$|\n|\s[\"'`])|\sOR\s(?:\(\s)*(?:(0|s)\s=\s(?:0|s)|TRUE)(?=\s|$)"
)
_OUTSIDE: Final = (
    ("program", re.compile(r"\s(?:FROM|TO)\sPROGRAM\ss")),
    ("file", re.compile(r"\sINTO\s(?:OUTFILE|DUMPFILE)\ss")),
)
_shell: Final = re.compile(r"(?i)(?:^|\.)xp_cmdshell$|^xp_reg\w+$|^sp_oacreate$")
_procedure: Final = re.compile(r"(?i)(?:\w+\.)*(?:xp|sp|usp)_|\w+\.+\w")
_files: Final = re.compile(
    r"(?i)^(?:load_file|pg_read_file|pg_read_binary_file|lo_import|lo_export|utl_http\.request|utl_file\.\w+|dblink|dblink_exec)$"
)


def heads_of(text: str, lower: str) -> list[int]:
    """Return where statements may begin, in order; `lower` is the text in lower case."""
    if len(lower) != len(text):  # a letter became two
        return [match.start() for match in HEAD.finditer(text)]
    found: list[int] = []
    for word in _WORDS:
        at = lower.find(word)
        while at >= 0:
            if HEAD.match(text, at):
                found.append(at)
            at = lower.find(word, at + len(word))
    return sorted(found)


class Statement(NamedTuple):
    """A statement in a text.

    Attributes:
        name: Its first word: `delete`.
        does: Its class.
        start: First character.
        end: One past the last.
        dangers: What makes it destructive: `delete_without_where`.
        tables: The tables that it names.
    """

    name: str
    does: Class
    start: int
    end: int
    dangers: tuple[str, ...]
    tables: tuple[str, ...]


def statement_at(text: str, start: int, end: int, *, in_code: bool) -> Statement | None:
    """Return the statement that begins at a `HEAD`; None if that is no statement.

    Args:
        text: Where it stands.
        start: Its first character.
        end: Where it ends at the latest.
        in_code: Whether everything up to `end` is code.
    """
    shape = shape_of(text, start, min(end, start + _FIRST))
    form = _form_of(shape, text, in_code=in_code)
    if form is not None and shape.end >= start + _FIRST - 40 and shape.line[-1:] != ";":
        shape = shape_of(text, start, end)
        form = _form_of(shape, text, in_code=in_code)
    if form is None:
        return None
    does: Class = "write" if form.does == "read" and _writes(shape.line) else form.does
    return Statement(form.name, does, start, shape.end, tuple(_dangers(form, shape, text)), _tables(shape))


def _form_of(shape: Shape, text: str, *, in_code: bool) -> _Form | None:
    for form in _FORMS_OF.get(shape.line.partition(" ")[0].partition("\n")[0], ()):
        if form.shape.match(shape.line) and _counts(form, shape, text, in_code=in_code):
            return form
    return None


def _counts(form: _Form, shape: Shape, text: str, *, in_code: bool) -> bool:
    tokens = shape.tokens
    if form.name == "exec" and not (_procedure.match(tokens[1].text) or "@" in shape.line):
        return False  # a shell has an `exec` too
    if not form.alone or in_code or shape.hides:
        return True
    if all(text[token.start : token.end].isupper() for token in tokens[:2] if token.shape.isupper()):
        return True
    if form.name == "grant":
        return False  # "Grant money to artists;"
    before = text[max(tokens[0].start - 80, 0) : tokens[0].start].rpartition("\n")[2].rstrip(" \t")
    return before[-1:] in {"", ";", "`", "'", '"', "(", ">"} and (";" in shape.line or "\n" not in shape.line.strip())


def _writes(line: str) -> bool:
    """Whether what begins like a query changes something: `WITH ... DELETE`, `SELECT ... INTO n FROM`."""
    return (
        re.search(r"[()]\s(?:DELETE\sFROM|UPDATE\sn\sSET|INSERT\sINTO)|^SELECT\s[^;]{0,400}?\sINTO\sn\sFROM", line)
        is not None
    )


def _dangers(form: _Form, shape: Shape, text: str) -> Iterator[str]:
    line = shape.line
    if form.destroys:
        yield form.name
    if form.name in {"delete", "update"} and not _where.search(line):
        yield f"{form.name}_without_where"
    elif _is_always(shape):
        yield "always_true"
    for name, pattern in _OUTSIDE:
        if pattern.search(line):
            yield name
    for token in shape.tokens:
        if token.shape == "n" and _shell.search(token.text):
            yield "shell"
        elif token.shape == "n" and _files.match(token.text) and text[token.end : token.end + 1] == "(":
            yield "file"
    if shape.hides:
        yield "hidden_by_comments"


def _is_always(shape: Shape) -> bool:
    """Whether a condition holds for every row."""
    for match in _always.finditer(shape.line):
        inside = [
            token for token, at in zip(shape.tokens, shape.starts, strict=True) if match.start() <= at < match.end()
        ]
        sides = [token.text for token in inside if token.shape in {"0", "s", "n"}]
        if len(sides) != 2 or sides[0] == sides[1]:
            return True
    return False


def _tables(shape: Shape) -> tuple[str, ...]:
    found: list[str] = []
    common: set[str] = set()
    tokens = shape.tokens
    for number, token in enumerate(tokens[1:], 1):
        before = tokens[number - 1]
        if token.shape == "n" and (before.text in _FROM or (before.text == "," and _in_from(shape, number))):
            found.append(token.text)
        if token.text == "AS" and before.shape == "n" and number + 1 < len(tokens) and tokens[number + 1].text == "(":
            common.add(before.text)
        if token.text == "EXISTS" and number + 1 < len(tokens) and tokens[number + 1].shape == "n":
            found.append(tokens[number + 1].text)
    return tuple(dict.fromkeys(name for name in found if name not in common))


def _in_from(shape: Shape, number: int) -> bool:
    """Whether a comma stands between tables: `FROM a, b`, `FROM a x, b y`."""
    for token in reversed(shape.tokens[max(number - 12, 0) : number]):
        if token.text == "FROM":
            return True
        if token.shape not in {"n", ",", "AS"}:
            return False
    return False
