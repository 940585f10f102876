from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import Action, ConfigurationError
from genai_guard.testing.cases import Case, case_of, find_case_files, load_cases

GOOD = """\
source: mail
cases:
  - name: an address
    text: Write to bob@example.com now
    expect: redact
    category: EMAIL
    spans: [bob@example.com]
    redacted: Write to [EMAIL] now
  - text: hello there
    expect: allow
"""
TOML = """\
source = "mail"
[[cases]]
name = "an address"
text = "Write to bob@example.com now"
expect = "redact"
category = "EMAIL"
spans = ["bob@example.com"]
redacted = "Write to [EMAIL] now"
[[cases]]
text = "hello there"
expect = "allow"
"""
ENTRIES = [
    {
        "name": "an address",
        "text": "Write to bob@example.com now",
        "expect": "redact",
        "category": "EMAIL",
        "spans": ["bob@example.com"],
        "redacted": "Write to [EMAIL] now",
    },
    {"text": "hello there", "expect": "allow"},
]


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


def comparable(cases: tuple[Case, ...]) -> list[Any]:
    return [(case.name, case.text, case.source, case.expect, case.side) for case in cases]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.cases.toml", TOML),
        ("x.cases.json", json.dumps({"source": "mail", "cases": ENTRIES})),
        ("x.cases.jsonl", "\n".join(json.dumps(each) for each in [{"source": "mail"}, *ENTRIES])),
    ],
)
def test_every_format_says_the_same(tmp_path: Path, name: str, text: str) -> None:
    yaml = load_cases(write(tmp_path, "x.cases.yaml", GOOD))
    assert comparable(load_cases(write(tmp_path, name, text))) == comparable(yaml)


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("x.cases.yaml", GOOD, [3, 9]),
        ("x.cases.toml", TOML, [2, 9]),
        ("x.cases.json", json.dumps({"cases": ENTRIES}, indent=1), [3, 13]),
        ("x.cases.jsonl", "\n".join(["", *map(json.dumps, ENTRIES), ""]), [2, 3]),
    ],
)
def test_a_case_knows_its_line(tmp_path: Path, name: str, text: str, lines: list[int]) -> None:
    cases = load_cases(write(tmp_path, name, text))
    assert [case.place.line for case in cases] == lines
    assert str(cases[0].place) == f"{tmp_path / name}:{lines[0]}"


def test_a_file_may_be_no_more_than_a_list(tmp_path: Path) -> None:
    cases = load_cases(write(tmp_path, "x.cases.yaml", "- {text: hello, expect: allow}\n- {text: x, expect: block}\n"))
    assert [(case.name, case.place.line) for case in cases] == [("hello", 1), ("x", 2)]


def test_a_folder_stands_for_the_files_of_cases_in_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner", "b.cases.jsonl", '{"text": "b", "expect": "allow"}')
    write(tmp_path, "a.cases.yaml", "- {text: a, expect: allow}")
    write(tmp_path, "other.yaml", "nothing: of interest")
    assert [case.text for case in load_cases(tmp_path)] == ["a", "b"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a.cases.yaml", "- {text: a, expect: allow}")
    assert find_case_files([path, tmp_path]) == (path,)


def test_the_head_says_what_holds_for_all(tmp_path: Path) -> None:
    head = "side: output\nguard: pii\nexpect: block\ntags: [t]\ncaller: {user: u-1}\nothers: true\n"
    text = (
        f"{head}cases:\n  - text: a\n  - {{text: b, expect: allow, side: input, guard: x, tags: [], others: false}}\n"
    )
    first, second = load_cases(write(tmp_path, "a.cases.yaml", text))
    assert (first.side, first.guard, first.tags, first.caller.user) == ("output", "pii", ("t",), "u-1")
    assert (first.expect.actions, first.expect.others) == (frozenset({Action.BLOCK}), True)
    assert (second.side, second.guard, second.tags, second.expect.others) == ("input", "x", (), False)


def test_the_policy_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    write(tmp_path, "p.yaml", "version: 1\n")
    path = write(tmp_path, "a.cases.yaml", "policy: p.yaml\ncases: [{text: a, expect: allow}]")
    assert load_cases(path)[0].policy == str(tmp_path / "p.yaml")


def test_the_policy_may_be_made_in_python(tmp_path: Path) -> None:
    path = write(tmp_path, "a.cases.yaml", "policy: my.guards:pipeline\ncases: [{text: a, expect: allow}]")
    assert load_cases(path)[0].policy == "my.guards:pipeline"


# --- what a case says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "actions"),
    [
        ("block", {Action.BLOCK}),
        (["redact", "mask"], {Action.REDACT, Action.MASK}),
        ({"not": "block"}, set(Action) - {Action.BLOCK}),
    ],
)
def test_an_action_may_be_one_of_some_or_not_one(written: Any, actions: set[Action]) -> None:
    assert case_of({"text": "x", "expect": written}).expect.actions == frozenset(actions)


@pytest.mark.parametrize(
    ("spans", "places"),
    [
        (["b"], [(2, 3)]),
        (["a", "a"], [(0, 1), (4, 5)]),
        ([[0, 3]], [(0, 3)]),
        ([{"text": "b", "category": "X"}], [(2, 3)]),
        ([{"start": 2, "end": 5}], [(2, 5)]),
        ([], []),
    ],
)
def test_a_span_is_given_by_its_characters_or_its_place(spans: Any, places: list[tuple[int, int]]) -> None:
    case = case_of({"text": "a b a", "spans": spans})
    assert case.expect.spans is not None
    assert [(span.start, span.end) for span in case.expect.spans] == places


def test_a_span_of_a_conversation_says_where_it_is() -> None:
    messages = [
        {"role": "user", "content": "find bob"},
        {"role": "assistant", "tool_calls": [{"name": "search", "arguments": {"q": "bob"}}]},
        {"role": "tool", "content": "bob found"},
    ]
    where = ["messages[1].tool_calls[0].function.arguments", "messages[2].content", "reply"]
    spans = [{"text": "bob", "where": each} for each in where]
    case = case_of({"messages": messages, "reply": "bob!", "spans": spans})
    assert case.expect.spans is not None
    assert [(span.where, span.start) for span in case.expect.spans] == [
        ("messages[1].tool_calls[0].function.arguments", 7),
        ("messages[2].content", 0),
        ("response", 0),
    ]
    assert case.text == "bob found"


@pytest.mark.parametrize(
    ("fields", "side"),
    [
        ({}, "input"),
        ({"side": "output"}, "output"),
        ({"reply": "yes"}, ""),
        ({"calls": 3}, ""),
        ({"variant": "a"}, ""),
        ({"limit": "3 requests/minute"}, ""),
        ({"messages": [{"role": "user", "content": "hi"}], "text": None}, "input"),
    ],
)
def test_what_needs_a_whole_call_goes_through_one(fields: dict[str, Any], side: str) -> None:
    written = {"text": "hi", "expect": "allow", **fields}
    assert case_of({key: value for key, value in written.items() if value is not None}).side == side


def test_a_case_without_a_name_is_named_by_its_text(tmp_path: Path) -> None:
    long = "a text that goes on and on, further than anybody would read in a name"
    text = f"- {{text: hello, expect: allow}}\n- {{text: hello, expect: allow}}\n- {{text: '{long}', expect: allow}}\n- {{text: '', expect: allow}}"
    names = [case.name for case in load_cases(write(tmp_path, "a.cases.yaml", text))]
    assert names == ["hello", "hello (2)", "a text that goes on and on, further than...", "case 4"]


# --- what is refused --------------------------------------------------------------------------------------------------


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


@given(
    st.lists(
        st.fixed_dictionaries(
            {"text": st.text(max_size=40), "expect": st.sampled_from(["allow", "block", "redact"])},
            optional={
                "source": st.text(max_size=5),
                "skip": st.text(max_size=5),
                "tags": st.lists(st.text(max_size=5)),
            },
        ),
        min_size=1,
        max_size=8,
    )
)
def test_lines_of_json_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, entries: Any) -> None:
    path = tmp_path_factory.mktemp("cases") / "x.cases.jsonl"
    path.write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    cases = load_cases(path)
    assert [(case.text, case.source, case.skip, list(case.tags)) for case in cases] == [
        (each["text"], each.get("source", ""), each.get("skip", ""), each.get("tags", [])) for each in entries
    ]
    assert len({case.name for case in cases}) == len(cases)


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
