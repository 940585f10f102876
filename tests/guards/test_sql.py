"""`SQL`: statements, what they would do, and pieces that break out of a value."""

from __future__ import annotations

import builtins
import pickle
import re
from typing import Any

import pytest

from doubling import grows_faster
from genai_guard import ConfigurationError
from genai_guard.guards import SQL
from genai_guard.guards.base import Context, ContextGuard
from genai_guard.guards.sql_parsed import parser_of
from genai_guard.messages import Part
from genai_guard.verdicts import Action, Verdict
from guards.sql_texts import FALSE_ALARMS, MISSED, NEGATIVES, POSITIVES, READS

DIALECTS = [None, "postgres"]


def rules(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in verdict.findings]


@pytest.mark.parametrize(("text", "rule"), POSITIVES)
def test_what_is_not_allowed_is_found(text: str, rule: str) -> None:
    verdict = SQL().check(text)
    assert verdict.blocked
    assert rule in rules(verdict)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", NEGATIVES)
def test_prose_code_and_queries_pass(text: str, dialect: Any) -> None:
    assert SQL(dialect=dialect).check(text) == Verdict(Action.ALLOW, text, (), "sql")


@pytest.mark.parametrize("text", READS)
def test_queries_are_found_where_nothing_is_allowed(text: str) -> None:
    assert rules(SQL(allow=()).check(text)) == ["sql.read"]
    assert SQL().check(text).action is Action.ALLOW


@pytest.mark.parametrize(
    "text", [text for text in NEGATIVES if not re.search(r"(?i)\bselect\b.*\bfrom\b|\bwith\b", text)]
)
def test_prose_is_no_query_either(text: str) -> None:
    assert SQL(allow=()).check(text).action is Action.ALLOW


@pytest.mark.parametrize("text", MISSED)
def test_what_is_known_to_be_missed(text: str) -> None:
    assert SQL().check(text).action is Action.ALLOW


@pytest.mark.parametrize("text", FALSE_ALARMS)
def test_what_is_known_to_be_a_false_alarm(text: str) -> None:
    assert SQL().check(text).blocked


@pytest.mark.parametrize("dialect", DIALECTS)
def test_destructive_statements_are_named_whatever_is_allowed(dialect: Any) -> None:
    guard = SQL(["read", "write", "ddl", "admin"], dialect=dialect)
    assert rules(guard.check("DROP TABLE t; DELETE FROM t; UPDATE t SET a = 1 WHERE b = 2;")) == [
        "sql.drop",
        "sql.delete_without_where",
    ]
    assert rules(SQL(guard.allow, destructive=False).check("DROP TABLE t; DELETE FROM t")) == []


def test_the_finding_spans_the_statement() -> None:
    text = "First SELECT a FROM b; then DELETE FROM c WHERE d = 'x;y'; done"
    (finding,) = SQL().check(text).findings
    assert (finding.of(text), finding.category) == ("DELETE FROM c WHERE d = 'x;y';", "SQL")


def test_redact_replaces_the_statement() -> None:
    assert SQL(action="redact").check("Run DROP TABLE t; now").text == "Run [SQL] now"
    assert SQL(action="redact").check('{"q": "DROP TABLE t"}').text == '{"q": "[SQL]"}'
    assert SQL(action="redact", mode="shadow").check("DROP TABLE t;").text == "DROP TABLE t;"


def test_arguments_of_a_tool_are_read_string_by_string() -> None:
    part = Part('{"q": "delete from t", "n": 1', "assistant", "arguments")
    (found, _) = SQL().check_part(part, Context()).findings
    assert found.of(part.text) == "delete from t"


def test_a_string_with_escapes_is_read_as_what_it_says() -> None:
    text = r'{"q": "drop\u0020table\n\"users\""}'
    (found, _) = SQL().check(text).findings
    assert found.of(text) == r"drop\u0020table\n\"users\""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_only_listed_tables_may_be_touched(dialect: Any) -> None:
    guard = SQL(tables=["orders", "shop.items"], dialect=dialect)
    assert guard.check("SELECT * FROM Orders o JOIN shop.items i ON o.id = i.id").action is Action.ALLOW
    assert guard.check("WITH x AS (SELECT id FROM public.orders) SELECT * FROM x").action is Action.ALLOW
    assert rules(guard.check("SELECT * FROM orders, salaries WHERE 1 = 2")) == ["sql.tables"]
    assert rules(guard.check("SELECT id FROM orders WHERE id IN (SELECT id FROM items)")) == ["sql.tables"]


def test_injection_may_be_left_to_others() -> None:
    assert SQL(injection=False).check("x' OR '1'='1").action is Action.ALLOW


def test_no_detail_quotes_the_text() -> None:
    verdict = SQL(tables=["a"]).check("DELETE FROM secret_table WHERE secret = 'secret'")
    assert "secret" not in repr(verdict)


def test_a_dialect_finds_what_belongs_to_it() -> None:
    text = "SELECT * FROM `drop table x` WHERE a = 1"
    assert SQL(allow=(), dialect="mysql").check(text).findings[0].rule == "sql.read"


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"allow": ["reads"]}, "SQL(allow=...): 'reads' is not one of read, write, ddl, admin"),
        ({"allow": 3}, "SQL(allow=...) takes a list of words"),
        ({"tables": []}, "SQL(tables=[]) lets no statement pass"),
        ({"tables": [1]}, "SQL(tables=...) takes a list of words"),
        ({"dialect": "klingon"}, "SQL(dialect='klingon') is no dialect"),
        ({"action": "mask"}, "must be one of 'block', 'flag', 'redact'"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        SQL(**parameters)  # type: ignore[arg-type]


def test_a_missing_parser_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name == "sqlglot":
            raise ImportError(name)
        return real(name, *args)

    parser_of.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match=r"pip install 'genai_guard\[sql\]'"):
        SQL(dialect="postgres")


def test_it_is_a_value() -> None:
    guard = SQL(["read", "write"], tables=["a"])
    assert guard == pickle.loads(pickle.dumps(guard)) != SQL()
    assert hash(guard) == hash(SQL(("read", "write"), tables=("a",)))
    assert pickle.loads(pickle.dumps(guard)).check("DELETE FROM a WHERE b = 1").action is Action.ALLOW
    assert isinstance(guard, ContextGuard)


UNITS = [
    "select ", "select a from ", "'", "''", '"', "`", "$a$ ", "/*", "/**/", "--", ";", "drop table ", "x' or ", "1 or ", "(", "a.",
    "union ", "update t set a = 1 ", "```\n", "with x as (", "grant all, ", '{"', "insert into t (a, ", "delete from t\n", "a' ; ", "select a b ", "select a, ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_scanning_is_linear(unit: str) -> None:
    half = unit * (5_000 // len(unit))
    assert not grows_faster(SQL().check, half.__mul__)


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800" * 3, "{" * 5_000, "[" * 5_000 + "]" * 5_000, '{"a": "\\ud800"}', "select"]
)
def test_unusual_texts_pass(text: str) -> None:
    assert SQL().check(text).action is Action.ALLOW
