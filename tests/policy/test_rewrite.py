"""Numbers are changed where they stand, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.policy.files import parse
from genai_guard.policy.problems import Path
from genai_guard.policy.rewrite import rewrite, to_set

THRESHOLD: Path = ("input", 0, "threshold")
NESTED: Path = ("input", 0, "thresholds", "EMAIL")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("input:\n  - guard: pii # a\n    threshold: 0.80  # b\n", "input:\n  - guard: pii # a\n    threshold: 0.7  # b\n"),
        ("input: [{guard: pii, threshold: .5}]", "input: [{guard: pii, threshold: 0.7}]"),
        ("input:\n- threshold: 1\n  guard: pii\n", "input:\n- threshold: 0.7\n  guard: pii\n"),
        ('{"input": [{"guard": "pii", "threshold": 0.8}]}', '{"input": [{"guard": "pii", "threshold": 0.7}]}'),
        ("input:\r\n  - guard: pii\r\n    threshold: 0.8\r\n", "input:\r\n  - guard: pii\r\n    threshold: 0.7\r\n"),
        ("input:\n  - guard: pii # a\n    x: 1\n", "input:\n  - guard: pii # a\n    threshold: 0.7\n    x: 1\n"),
        ("input:\n  - guard: pii", "input:\n  - guard: pii\n    threshold: 0.7"),
        ("input:\r\n  -  guard: pii\r\n", "input:\r\n  -  guard: pii\r\n     threshold: 0.7\r\n"),
        ("input: [{guard: pii}]", "input: [{guard: pii, threshold: 0.7}]"),
        ("input:\n  - note: |\n      long\n    guard: pii\n", "input:\n  - note: |\n      long\n    guard: pii\n    threshold: 0.7\n"),
    ],
)  # fmt: skip
def test_yaml_keeps_all_but_the_number(before: str, after: str) -> None:
    assert rewrite(before, ".yaml", {THRESHOLD: 0.7}) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"input": [{"guard":"pii","threshold":8e-1}]}', '{"input": [{"guard":"pii","threshold":0.7}]}'),
        ('{"input": [{"threshold" : 1 , "x":2}]}', '{"input": [{"threshold" : 0.7 , "x":2}]}'),
        ('{"input": [{"guard": "pii"}]}', '{"input": [{"guard": "pii", "threshold": 0.7}]}'),
        ('{"input": [\n  {\n    "guard": "pii"\n  }\n]}', '{"input": [\n  {\n    "guard": "pii",\n    "threshold": 0.7\n  }\n]}'),
    ],
)  # fmt: skip
def test_json_keeps_all_but_the_number(before: str, after: str) -> None:
    assert rewrite(before, ".json", {THRESHOLD: 0.7}) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[[input]]\nguard = "pii" # a\nthreshold = 0.80 # b\n', '[[input]]\nguard = "pii" # a\nthreshold = 0.7 # b\n'),
        ('input = [{guard = "pii", threshold=1_0.5}]', 'input = [{guard = "pii", threshold=0.7}]'),
        ('[[input]]\nguard = "pii" # a\n[x]\n', '[[input]]\nguard = "pii" # a\nthreshold = 0.7\n[x]\n'),
        ('input = [{guard = "pii"}]', 'input = [{guard = "pii", threshold = 0.7}]'),
        ("[[input]]\nguard = 'p=i'", "[[input]]\nguard = 'p=i'\nthreshold = 0.7"),
    ],
)
def test_toml_keeps_all_but_the_number(before: str, after: str) -> None:
    assert rewrite(before, ".toml", {THRESHOLD: 0.7}) == after


@pytest.mark.parametrize(
    ("suffix", "before", "after"),
    [
        (".yaml", "input:\n  - guard: pii\n    thresholds: {EMAIL: 0.5, X: 1}\n", "input:\n  - guard: pii\n    thresholds: {EMAIL: 0.7, X: 1}\n"),
        (".yaml", "input:\n  - guard: pii\n", "input:\n  - guard: pii\n    thresholds: {EMAIL: 0.7}\n"),
        (".json", '{"input": [{"guard": "pii"}]}', '{"input": [{"guard": "pii", "thresholds": {"EMAIL": 0.7}}]}'),
        (".toml", '[[input]]\nguard = "pii"\n[input.thresholds]\nEMAIL = 0.5\n', '[[input]]\nguard = "pii"\n[input.thresholds]\nEMAIL = 0.7\n'),
        (".toml", '[[input]]\nguard = "pii"\n', '[[input]]\nguard = "pii"\nthresholds = {EMAIL = 0.7}\n'),
    ],
)  # fmt: skip
def test_a_number_in_a_mapping_is_changed_or_put_there(suffix: str, before: str, after: str) -> None:
    assert rewrite(before, suffix, {NESTED: 0.7}) == after


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_key_that_is_no_word_is_put_in_quotes(suffix: str) -> None:
    new = rewrite('{"input": [{"guard": "pii"}]}', suffix, {("input", 0, "thresholds", 'a: "b"'): 0.7})
    assert parse(new, suffix)[0] == {"input": [{"guard": "pii", "thresholds": {'a: "b"': 0.7}}]}


def test_several_numbers_are_changed_at_once() -> None:
    new = rewrite("input:\n  - guard: pii\n", ".yaml", {THRESHOLD: 0.7, NESTED: 0.2, (*NESTED[:-1], "IBAN"): 1.0})
    assert parse(new, ".yaml")[0]["input"] == [
        {"guard": "pii", "threshold": 0.7, "thresholds": {"EMAIL": 0.2, "IBAN": 1}}
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x: &a {guard: pii, threshold: 0.5}\ninput: [*a]\n",
        "x: &t 0.5\ninput: [{guard: pii, threshold: *t}]\n",
        "x: &a {threshold: 0.5}\ninput: [{<<: *a, guard: pii}]\n",
        "input: []\n",
        "input: [pii]\n",
        "output: [{guard: pii}]\n",
        "input: [{guard: {a: b}}]\n",
        "input: [",
        "- 1",
    ],
)
def test_what_cannot_be_changed_alone_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        rewrite(text, ".yaml", {THRESHOLD: 0.7})
    assert str(caught.value) == (
        "input[0].threshold cannot be changed in the file without changing something else: set it by hand\n"
        "  input[0].threshold: 0.7"
    )


def test_the_values_to_set_are_listed() -> None:
    assert to_set({THRESHOLD: 0.7, NESTED: 0.5}) == "  input[0].threshold: 0.7\n  input[0].thresholds.EMAIL: 0.5"


GUARDS = st.lists(
    st.dictionaries(
        st.sampled_from(["guard", "threshold", "x", "thresholds", "a b", "é"]),
        st.text("ab#:{}[]'\" \n", max_size=6)
        | st.floats(0, 1)
        | st.booleans()
        | st.lists(st.integers(0, 9), max_size=2),
        min_size=1,
    ),
    min_size=1,
    max_size=3,
)


@given(GUARDS, st.data(), st.sampled_from([None, 1, 4]))
def test_what_comes_out_says_the_same_but_for_the_number(guards: list[Any], data: st.DataObject, indent: Any) -> None:
    text = json.dumps({"input": guards}, indent=indent, ensure_ascii=False)
    index = data.draw(st.integers(0, len(guards) - 1))
    for suffix in (".json", ".yaml"):
        try:
            new = rewrite(text, suffix, {("input", index, "threshold"): 0.25})
        except ConfigurationError:
            continue
        expected = [{**guard, **({"threshold": 0.25} if at == index else {})} for at, guard in enumerate(guards)]
        assert parse(new, suffix)[0] == {"input": expected}
