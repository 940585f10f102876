from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import Action
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
