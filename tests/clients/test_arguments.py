from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from genai_guard.clients.arguments import dump, load, load_partial, reparse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


class Order(BaseModel):
    name: str
    count: int


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=3))
def test_unedited_arguments_come_back_as_they_were(value: dict[str, Any]) -> None:
    assert load(dump(value), value) == value


def test_letters_of_every_script_stand_as_themselves() -> None:
    assert dump({"name": "Zoë 山"}) == '{"name": "Zoë 山"}'


def test_what_json_does_not_know_is_written_as_text() -> None:
    assert dump({"of": frozenset()}) == '{"of": "frozenset()"}'


@pytest.mark.parametrize(
    ("edited", "value"),
    [
        ('{"card": [CARD]}', {"card": "[CARD]"}),
        ('{"card": [CARD], "n": 1}', {"card": "[CARD]", "n": 1}),
        ('{"cards": [[CARD], [CARD_2]]}', {"cards": ["[CARD]", "[CARD_2]"]}),
        ('{"card": ************1111}', {"card": "************1111"}),
        ('{"card": <CARD>, "ok": true}', {"card": "<CARD>", "ok": True}),
        ('{"card": -[CARD]}', {"card": "-[CARD]"}),
        ('{"card": 9f86d081}', {"card": "9f86d081"}),
        (
            '{"flags": [true], "none": [null], "text": "[CARD]: 1"}',
            {"flags": [True], "none": [None], "text": "[CARD]: 1"},
        ),
    ],
)
def test_an_edited_number_becomes_a_string(edited: str, value: object) -> None:
    assert load(edited, {}) == value


@pytest.mark.parametrize("edited", ['{"a": "b', '{"a"', "", '["a"]', "1", '{"a": b c}'])
def test_what_is_no_object_any_more_is_an_error_that_does_not_quote_it(edited: str) -> None:
    with pytest.raises(ValueError, match="the edited arguments are") as caught:
        load(edited, {})
    assert caught.value.__cause__ is None
    assert getattr(caught.value, "doc", "") == ""


def test_a_list_stays_a_list() -> None:
    assert load("[1, [CARD]]", [1, 2]) == [1, "[CARD]"]


@given(st.text(alphabet='"\\[]{}:,a1 ', max_size=40))
def test_no_text_breaks_the_repair(text: str) -> None:
    try:
        assert isinstance(load(text, {}), dict)
    except ValueError:
        assert not isinstance(load_partial(text), str)


def test_broken_strings_take_linear_work() -> None:
    with pytest.raises(ValueError, match="the edited arguments are"):
        load('"\\' * 200_000, {})


@pytest.mark.parametrize(
    ("text", "value"),
    [("", {}), ('{"a": "b', {"a": "b"}), ('{"a": [1, 2', {"a": [1, 2]}), ('{"card": [CARD], "b', {"card": "[CARD]"})],
)
def test_json_is_read_while_it_grows(text: str, value: object) -> None:
    assert load_partial(text) == value


def test_a_structured_output_is_built_again() -> None:
    assert reparse(Order(name="bob", count=1), '{"name": "[NAME]", "count": 1}') == Order(name="[NAME]", count=1)
    assert reparse({"name": "bob"}, '{"name": "[NAME]"}') == {"name": "[NAME]"}


@pytest.mark.parametrize("text", ['{"name": "bob", "count": "[CARD]"}', "no JSON", "[1]", None])
def test_a_structured_output_that_no_longer_fits_is_dropped(text: object) -> None:
    assert reparse(Order(name="bob", count=1), text) is None


def test_a_structured_output_of_unknown_make_is_dropped() -> None:
    @dataclass
    class Made:
        name: str

    assert reparse(Made("bob"), json.dumps({"name": "[NAME]"})) is None
