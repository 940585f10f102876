"""Files of cases that are wrong: what is said of them, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.testing.cases import case_of, load_cases


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str, name: str = "x.cases.yaml") -> str:
    """Return what is said of a file, without its folder."""
    path = write(folder, name, text)
    with pytest.raises(ConfigurationError) as caught:
        load_cases(path)
    return str(caught.value).replace(f"{folder}/", "")


def problem(**fields: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        case_of({"text": "a b a", "expect": "block", **fields})
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.cases.yaml: the file is empty: a file of cases has at least one, such as {text: hello, expect: allow}"),
        ("# nothing\n", "x.cases.yaml: the file is empty: a file of cases has at least one"),
        ("cases: []", "x.cases.yaml:1: cases: has no case"),
        ("cases: [", "x.cases.yaml:1:9: is not valid YAML"),
        ("text", 'x.cases.yaml: a file of cases is a mapping with cases:, or a list of them, not "text"'),
        ("source: x", "cases: is missing: it must be a list"),
        ("cases: {a: 1}", "x.cases.yaml:1: cases: must be a list, not a mapping"),
        ("- {text: a, expect: block}\n- [a]", "x.cases.yaml:2: cases[1]: must be a mapping, not a list"),
        ("- text: a", "x.cases.yaml:1: cases[0]: says nothing of what is expected: add expect: allow, expect: block"),
        ("- expect: block", "x.cases.yaml:1: cases[0]: has no text: give it text: ..., or messages:"),
        ("- {txt: a, expect: block}", 'x.cases.yaml:1: cases[0].txt: unknown field: did you mean "text"?'),
        ("- {text: 1, expect: block}", "x.cases.yaml:1: cases[0].text: must be text, not 1: put it in quotes"),
        ("- text: a\n  expect: blok", 'x.cases.yaml:2: cases[0].expect: must be one of "allow", "flag"'),
        ("- text: a\n  expect: blok", 'not "blok": did you mean "block"?'),
        (
            "- text: a\n  expect: {nt: block}",
            "x.cases.yaml:2: cases[0].expect: must be an action, a list of actions, or",
        ),
        (
            "- {name: x, text: a, expect: block}\n- {name: x, text: b, expect: block}",
            'x.cases.yaml:2: cases[1].name: "x" is the name of cases[0] too: give each a name of its own',
        ),
        ("policy: p.yaml\ncases: [{text: a, expect: allow}]", "x.cases.yaml:1: policy: there is no file"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"spans": ["c"]}, 'case: spans[0]: "c" does not stand in the text: copy it from there'),
        ({"spans": ["A"]}, "it does in another case or with other spaces"),
        ({"spans": ["b", "b"]}, 'spans[1]: "b" stands there only 1 times'),
        ({"spans": [""]}, "spans[0]: is empty"),
        ({"spans": [[0, 9]]}, "spans[0]: [0, 9] is no span of a text of 5 characters"),
        ({"spans": [[3, 3]]}, "spans[0]: [3, 3] is no span"),
        ({"spans": [[1]]}, "spans[0]: takes two numbers, [start, end], not 1"),
        (
            {"spans": [{"start": 1}]},
            "spans[0]: takes either the characters themselves, text: ..., or both start: and end:",
        ),
        ({"spans": [{"text": "a", "where": "reply"}]}, 'spans[0]: "a" does not stand in the text reply'),
        ({"spans": [{"text": "a", "where": "x"}]}, 'where: "x" is no text of this case'),
        ({"spans": "a"}, 'spans: must be a list, not "a": write ["a"]'),
        ({"category": "A", "categories": ["B"]}, "categories: a case has a category or categories, not both"),
        ({"calls": 0}, "calls: must be 1 or more, not 0"),
        ({"every_s": -1}, "every_s: must be seconds, zero or more"),
        ({"redacted": "x"}, "redacted: nothing goes on from a text that is blocked"),
        ({"redacted_reply": "x"}, "redacted_reply: needs a reply:"),
        ({"fuzz": ["zerowidth"]}, 'fuzz: "zerowidth" is no evasion: did you mean "zero-width"?'),
        ({"name": "a\nb"}, "name: must be a line of characters that can be seen"),
        ({"reply": []}, "reply: is an empty list: write what the model answers"),
        ({"messages": []}, "messages: a case has a text or messages, not both"),
        ({"side": "output", "reply": "x"}, "reply: with side: output the text is the reply"),
        ({"side": "input", "limit": "x"}, "side: limit: is about a whole call"),
        ({"side": "in"}, 'side: must be one of "input", "output", not "in"'),
        ({"caller": {"user": 7}}, "caller.user: must be text, not 7: put it in quotes"),
    ],
)
def test_a_field_that_is_wrong_is_named(fields: dict[str, Any], message: str) -> None:
    assert message in problem(**fields)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            {"role": "usr", "content": "x"},
            'messages[0].role: must be one of "system", "developer", "user", "assistant", "tool"',
        ),
        ({"content": "x"}, "messages[0].role: must be one of"),
        ({"role": "user"}, "messages[0].content: is missing: it must be text"),
        ({"role": "user", "content": 1}, "messages[0].content: must be text, not 1"),
        ({"role": "assistant", "tool_calls": "x"}, "messages[0].tool_calls: must be a list of mappings"),
    ],
)
def test_a_message_that_is_wrong_is_named(message: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        case_of({"messages": [message], "expect": "block"})
    assert said in str(caught.value)


def test_a_reply_is_needed_for_guards_of_replies() -> None:
    with pytest.raises(ConfigurationError, match="reply: is missing"):
        case_of({"messages": [{"role": "user", "content": "x"}], "side": "output", "expect": "block"})


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, "- text: a\n- {text: b, expect: block, spans: [c]}\n- {text: c, expect: blok}")
    assert [line.split(" ")[0] for line in said.split("\n")] == [
        "x.cases.yaml:1:",
        "x.cases.yaml:2:",
        "x.cases.yaml:3:",
    ]


def test_all_files_that_are_wrong_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a.cases.yaml", "- text: a")
    write(tmp_path, "b.cases.json", "{")
    with pytest.raises(ConfigurationError) as caught:
        load_cases(tmp_path)
    assert "a.cases.yaml:1" in str(caught.value)
    assert "b.cases.json:1:2: is not valid JSON" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"text": "a", "expect": "allow"}\n{"text": ', "x.cases.jsonl:2:10: is not valid JSON"),
        ('{"text": "a", "text": "b"}', "x.cases.jsonl:1: text: is here twice"),
        ('{"text": "a"}\n\n{"text": "b"}', "x.cases.jsonl:3: cases[1]: says nothing of what is expected"),
        ('{"source": "mail"}', "x.cases.jsonl:1: cases: has no case"),
        (
            '{"sorce": "mail"}\n{"text": "a", "expect": "allow"}',
            'x.cases.jsonl:1: sorce: unknown field: did you mean "source"?',
        ),
        ("\n \n", "x.cases.jsonl: the file is empty"),
        ("[" * 100_000, "x.cases.jsonl:1: nested too deeply"),
        ("3", "x.cases.jsonl:1: cases[0]: must be a mapping, not 3"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    assert message in refused(tmp_path, text, "x.cases.jsonl")


def test_what_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.cases.jsonl"
    path.write_bytes(b'{"text": "\xff"}')
    with pytest.raises(ConfigurationError, match=r"x\.cases\.jsonl:1: is not UTF-8 text"):
        load_cases(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("nothing.cases.yaml", "there is no such file or folder"), (".", "has no file of cases: their names end in")],
)
def test_a_path_without_cases_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_cases(tmp_path / name)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"the name of a file of cases ends in \.cases\.yaml"):
        load_cases(write(tmp_path, "cases.txt", "x"))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["cases", "text", "expect", "spans", "messages", "role", "content", "reply"]), inner, max_size=4), max_leaves=12))  # fmt: skip
def test_no_data_makes_the_reader_fail_in_another_way(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    path = tmp_path_factory.mktemp("cases") / "x.cases.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    said = ""
    try:
        assert load_cases(path)
    except ConfigurationError as error:
        said = str(error)
    assert not said or "x.cases.json" in said
