"""Repairs of what is nearly JSON: nothing is lost, nothing is made up, and hostile texts take no longer than others."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard.guards.structured import MAX_DEPTH, NotJson, read_json, repair_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
TREES = st.recursive(
    st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(), SCALARS, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PIECES = st.sampled_from(
    [*'{}[]:,"\\', "'", '"a"', "'b'", "1", "-2.50", "true", "None", " ", "\n", "//", "/*", "*/", "#", "```", "x", '\\"']
)


def whole(value: Any) -> bool:
    try:
        return bool(json.dumps(value, ensure_ascii=False).encode() or True)
    except UnicodeEncodeError:  # half a surrogate pair, which is no JSON
        return False


class Damage:
    """Writes JSON the way models do: with commas, comments, literals and prose that are not its own."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw

    def write(self, value: Any) -> str:
        if isinstance(value, dict):
            return self._items(
                "{}", [f"{self.write(key)}{self.gap()}:{self.write(each)}" for key, each in value.items()]
            )
        if isinstance(value, list):
            return self._items("[]", [self.write(each) for each in value])
        if isinstance(value, str):
            return self._string(value)
        if value is None or isinstance(value, bool):
            return str(self.draw(st.sampled_from([json.dumps(value), repr(value)])))
        return json.dumps(value)

    def gap(self) -> str:
        return str(self.draw(st.sampled_from(["", " ", "\n", "/* a, ] */", "// x }\n", "# 'y'\n"])))

    def _items(self, marks: str, items: list[str]) -> str:
        comma = self.draw(st.sampled_from(["", ","])) if items else ""
        return marks[0] + self.gap() + f"{self.gap()},{self.gap()}".join(items) + comma + self.gap() + marks[1]

    def _string(self, value: str) -> str:
        kind = self.draw(st.integers(0, 2))
        text = json.dumps(value, ensure_ascii=kind == 0)
        if kind == 1:
            return text.replace("\\n", "\n").replace("\\t", "\t") if "\\\\" not in text else text
        if kind == 2:
            inside = text[1:-1].replace('\\"', '"').replace("'", "\\'") if "\\\\" not in text else ""
            return f"'{inside}'" if inside or not value else text
        return text


@st.composite
def damaged(draw: Callable[[Any], Any]) -> tuple[Any, str]:
    value = draw(TREES.filter(whole))
    return value, Damage(draw).write(value)


@given(damaged(), st.sampled_from(["{}", "```json\n{}\n```", "Here it is:\n{}\nDone.", "\ufeff{}", "<a>{}</a>"]))
def test_a_repaired_value_is_the_one_that_was_meant(case: tuple[Any, str], around: str) -> None:
    value, text = case
    text = around.replace("{}", text) if around != "{}" else text
    try:
        assert read_json(text) == value
    except NotJson:
        repaired = repair_json(text)
        assert repaired is not None
        assert read_json(repaired.text) == value


@given(VALUES.filter(whole), st.sampled_from([None, 1]), st.booleans())
def test_valid_json_is_read_as_it_stands_and_repairing_it_changes_nothing(
    value: Any, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read_json(text) == value
    repaired = repair_json(text)
    assert repaired is not None
    assert repaired == (text, ())


@given(st.lists(PIECES, max_size=14).map("".join))
@example("{'a':'b',\"c\":1}")
@example('"a\\\nb"')
@example('["a"] "b"')
@example("[1]//]")
def test_other_readers_that_take_the_text_take_it_the_same_way(text: str) -> None:
    repaired = repair_json(text)
    if repaired is None:
        return
    try:
        value = read_json(repaired.text)
    except NotJson:
        return
    for read in (lambda text: json.loads(text, strict=False), ast.literal_eval):
        try:
            other = read(text.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        assert other == value or not isinstance(other, dict | list | str)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_a_repaired_text_is_the_old_one_with_its_repairs(text: str) -> None:
    repaired = repair_json(text)
    if repaired is None:
        return
    after, at = "", 0
    for repair in repaired.repairs:
        assert repair.start >= at
        after += text[at : repair.start] + repair.text
        at = repair.end
    assert (after + text[at:]).strip() == repaired.text.strip()


@pytest.mark.parametrize(
    ("text", "repaired", "kinds"),
    [
        ('{"a":1,}', '{"a":1}', "comma before a closing bracket"),
        ("[1,2,[3,],]", "[1,2,[3]]", "comma before a closing bracket (2 times)"),
        ("[True, False, None]", "[true, false, null]", "Python literal (3 times)"),
        ("{'a': 'b \"c\" \\'d\\''}", '{"a": "b \\"c\\" \'d\'"}', "single quotes (2 times)"),
        ("['\\u00e9\\n']", '["\\u00e9\\n"]', "single quotes"),
        ('["a\r\nb\x00"]', '["a\\r\\nb\\u0000"]', "control character in a string (3 times)"),
        ("[1 // one\n]", "[1 \n]", "comment"),
        ("[1, /* one */ 2]", "[1,  2]", "comment"),
        ("\ufeff[1]", "[1]", "byte order mark"),
        ("```json\n[1]\n```", "[1]", "fence"),
        ("```\n'x'\n```", '"x"', "single quotes, fence"),
        ("Yes: [1.50]!", "[1.50]", "text around the value"),
        ('[see] {x} it is {"a": 1}', '{"a": 1}', "text around the value"),
        ("True", "true", "Python literal"),
    ],
)
def test_what_is_repaired_is_told(text: str, repaired: str, kinds: str) -> None:
    found = repair_json(text)
    assert found is not None
    assert found.text.strip() == repaired
    assert sorted(found.summary.split(", ")) == sorted(kinds.split(", "))
    assert text.strip() not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "no", "[", "{", '"', "'", "]", "}", ",", "[1", '{"a": 1', '{"a": "b', '{"a": [1, 2', '{"a":}'),
        *("{a: 1}", "[1 2]", "[,]", "[1,,2]", "[1,,]", '{"a" 1}', '{"a":1 "b":2}', "{'a':'it's'}", "[.5]", "[+1]"),
        *("[01]", "[1.]", "[0x1]", "[NaN]", "[Infinity]", "[undefined]", "(1, 2)", "[1] [2]", "[1]\n{}", "[1], 2"),
        *('a "b": [1]', '[1], "b": 2}', "[1, 2] 3", "true [1]", "[[1, 2]", "{[1]", "[1] and [2", '{"a": "b" "c"}'),
        *(
            "['a\nb']",
            "['\\x41']",
            "['a\\/b']",
            "[1] // [2]",
            "# {}\n[1]",
            "[1 /* ]",
            "[u'a']",
            "[b'a']",
            '["a" + "b"]',
            "{1: 2}",
        ),
        *('["a\\\nb"]', "[TRUE]", "[true1]", "[1.2.3]", "{'a', 'b'}", "[...]", '{"a": ...}', "[1, ...]"),
    ],
)
def test_what_could_lose_something_is_not_repaired(text: str) -> None:
    assert repair_json(text) is None


@pytest.mark.parametrize("depth", [1, MAX_DEPTH])
def test_nesting_is_read_to_its_bound(depth: int) -> None:
    text = "[" * depth + "]" * depth
    assert json.dumps(read_json(text)) == text
    assert repair_json(f"{text},") is None
    assert repair_json(f"x {text}") is not None


@pytest.mark.parametrize("mark", ["[", "{", '{"a":'])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
def test_deeper_nesting_is_refused_and_breaks_nothing(mark: str, depth: int) -> None:
    close = "]" if mark == "[" else "}"
    for text in (mark * depth + close * depth, mark * depth):
        with pytest.raises(NotJson):
            read_json(text)
        assert repair_json(text) is None


def test_brackets_in_strings_are_no_nesting() -> None:
    assert read_json('["' + "[" * 1000 + '\\"", "]"]') == ["[" * 1000 + '"', "]"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"a":1,"a":1}', "duplicate_key"),
        ('[{"b":{"a":1,"a":2}}]', "duplicate_key"),
        ("[NaN]", "constant"),
        ("-Infinity", "constant"),
        ("1e400", "number"),
        ("-1e400", "number"),
        ("9" * 5000, "number"),
        ('"\\ud800"', "surrogate"),
        ('{"\\udc00": 1}', "surrogate"),
        ('"\ud800"', "surrogate"),
        ("[" * 101 + "]" * 101, "depth"),
        ("[1,]", "syntax"),
        ("", "syntax"),
    ],
)
def test_what_readers_take_differently_is_no_json(text: str, rule: str) -> None:
    with pytest.raises(NotJson) as caught:
        read_json(text)
    assert caught.value.rule == rule


def test_an_error_repeats_nothing_of_the_text() -> None:
    for text in ('{"private": words}', '{"private":1,"private":2}', "private"):
        with pytest.raises(NotJson) as caught:
            read_json(text)
        assert "private" not in str(caught.value)


def test_whole_numbers_and_pairs_of_surrogates_are_kept() -> None:
    assert read_json(f"[{10**400}]") == [10**400]
    assert read_json('"\\ud83d\\ude00"') == "\U0001f600"


HOSTILE = [
    *("[", "{", "]", "}", '"', "'", "\\", ",", "[[", "[{", "{[", "[//\n", "[/*", "[/**/", "[#\n", "/*", "```\n"),
    *("```json\n", "\n```", '["', "['", "[1,", "[1],", '{"a":', "{'a':", "[a ", "{a} ", "[] ", "'a' ", "1 ", "\n \n"),
    *('"\\"', "'\\'", "[True,", '"\n', "\ufeff", "-", "1e", "0.", "[x]{y}"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_reading_and_repairing_are_linear(unit: str) -> None:
    half = unit * (40_000 // len(unit))

    def run(text: str) -> None:
        repair_json(text)
        with suppress(NotJson):
            read_json(text)

    assert not grows_faster(run, half.__mul__)
    assert not grows_faster(run, lambda times: f"[{half * times}]")
