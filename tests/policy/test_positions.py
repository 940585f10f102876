"""Where fields stand in JSON and TOML texts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.policy.positions import json_clashes, json_offsets, line_finder, toml_offsets
from genai_guard.policy.problems import Path

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document, and the way to it."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield from places(each, (*path, step))


@given(VALUES, st.sampled_from([None, 1]))
def test_every_field_of_a_json_text_is_found_where_it_is_written(data: Any, indent: int | None) -> None:
    text = json.dumps(data, indent=indent)
    offsets = json_offsets(text)
    assert offsets.keys() == {path for path, _ in places(data)}
    for path, value in places(data):
        written = path[-1] if path and isinstance(path[-1], str) else value
        assert text.startswith(json.dumps(written, indent=indent)[:1], offsets[path])
        if not isinstance(written, dict | list):
            assert text.startswith(json.dumps(written), offsets[path])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=6))
def test_a_repeated_key_is_found_once_for_each_time_it_comes_back(pairs: list[tuple[str, int]]) -> None:
    text = "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}"
    assert len(json_clashes(text)) == len(pairs) - len(dict(pairs))


def test_keys_inside_of_a_repeated_key_do_not_count_as_repeated() -> None:
    text = '{"a": {"x": 1},\n "a": {"x": 2}}'
    assert [(clash.path, text[clash.second :].splitlines()[0]) for clash in json_clashes(text)] == [
        (("a",), '"a": {"x": 2}}')
    ]


TOML = '''\
# a comment with "quotes", [brackets] and = signs
title = "x # not a comment"
ratio = 1.5
day = 1979-05-27 07:32:00
'quoted key' = 1
"es\\u0063aped" = 2
a.b.c = 3
a . "d" = 4
text = """
[not.a.table]
key = "value" """
raw = \'\'\'
'it' = 1\'\'\'
list = [
  1.25, # one
  [2, 3], { x = 1, y.z = [4] },
]

[table]
one = 1

[table.inner]
two = 2

[[rows]]
name = "first"

  [[rows.cells]]
  value = 1
  [[rows.cells]]
  value = 2
  [rows.cells.style]
  bold = true

[[rows]]
name = "second"
[[rows.cells]]
value = 3
'''


def test_every_field_of_a_toml_text_is_found() -> None:
    assert toml_offsets(TOML).keys() == {path for path, _ in places(tomllib.loads(TOML)) if path}


@pytest.mark.parametrize(
    ("path", "beginning"),
    [
        (("title",), "title ="),
        (("ratio",), "ratio ="),
        (("quoted key",), "'quoted key'"),
        (("escaped",), '"es'),
        (("a", "b", "c"), "a.b.c"),
        (("a", "d"), 'a . "d"'),
        (("raw",), "raw ="),
        (("list", 0), "1.25"),
        (("list", 1, 1), "3]"),
        (("list", 2, "y", "z"), "z = [4]"),
        (("list", 2, "y", "z", 0), "4]"),
        (("table",), "[table]"),
        (("table", "inner", "two"), "two ="),
        (("rows",), '[[rows]]\nname = "first"'),
        (("rows", 0, "cells", 1), "[[rows.cells]]\n  value = 2"),
        (("rows", 0, "cells", 1, "style", "bold"), "bold ="),
        (("rows", 1), '[[rows]]\nname = "second"'),
        (("rows", 1, "cells", 0, "value"), "value = 3"),
    ],
)
def test_a_field_of_a_toml_text_is_found_where_it_is_written(path: Path, beginning: str) -> None:
    assert TOML[toml_offsets(TOML)[path] :].startswith(beginning)


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text() | st.integers(0, 9) | st.booleans(), max_size=3)))
def test_any_key_and_text_of_toml_is_taken_apart_as_its_parser_does(data: dict[str, list[Any]]) -> None:
    text = "".join(f"{toml_string(key)} = [\n{','.join(map(toml_value, values))}]\n" for key, values in data.items())
    assert tomllib.loads(text) == data
    assert toml_offsets(text).keys() == {path for path, _ in places(data) if path}


def toml_string(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" if not char.isalnum() else char for char in text) + '"'


def toml_value(value: object) -> str:
    return toml_string(value) if isinstance(value, str) else str(value).lower()


def test_lines_count_from_one() -> None:
    line_of = line_finder("a\nb\r\n\nc", lambda: {("a",): 0, ("b",): 2, ("c",): 6})
    assert [line_of(("a",)), line_of(("b",)), line_of(("c",))] == [1, 2, 4]


def test_a_field_that_is_not_there_has_the_line_of_what_it_belongs_to() -> None:
    line_of = line_finder("\n\nlimits", lambda: {(): 0, ("limits",): 2})
    assert line_of(("limits", 3, "per")) == 3
    assert line_of(("version",)) is None


def test_nothing_is_located_before_it_is_asked_for() -> None:
    asked: list[str] = []

    def offsets() -> dict[Path, int]:
        asked.append("once")
        return {("a",): 0}

    line_of = line_finder("", offsets)
    assert asked == []
    line_of(("a",))
    line_of(("b",))
    assert asked == ["once"]
