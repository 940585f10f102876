from __future__ import annotations

from collections import UserDict
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, ConfigDict, PrivateAttr

from genai_guard.clients.duck import fields, get, put, remember, stored
from genai_guard.errors import ConfigurationError


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")
    text: str
    other: list[int] = []


class FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True)
    text: str
    other: list[int] = []


class PrivateModel(BaseModel):
    text: str
    other: list[int] = []
    _kept: str = PrivateAttr(default="kept")


class ComputedModel(BaseModel):
    stored_text: str
    other: list[int] = []

    @property
    def text(self) -> str:
        return self.stored_text


@dataclass
class Data:
    text: str
    other: list[int]


@dataclass(frozen=True, slots=True)
class FrozenData:
    text: str
    other: list[int]


class Pair(NamedTuple):
    text: str
    other: list[int]


class Slotted:
    __slots__ = ("other", "text")

    def __init__(self, text: str, other: list[int]) -> None:
        self.text = text
        self.other = other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slotted) and (self.text, self.other) == (other.text, other.other)

    __hash__ = None  # type: ignore[assignment]


@dataclass
class DataAndDict(dict[str, Any]):
    """As Hugging Face's types are: every value stands twice."""

    text: str
    other: list[int]

    def __post_init__(self) -> None:
        self.update(text=self.text, other=self.other)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        self[name] = value


SHAPES = [
    {"text": "a", "other": [1]},
    UserDict({"text": "a", "other": [1]}),
    SimpleNamespace(text="a", other=[1]),
    Model(text="a", other=[1]),
    FrozenModel(text="a", other=[1]),
    PrivateModel(text="a", other=[1]),
    Data("a", [1]),
    FrozenData("a", [1]),
    Pair("a", [1]),
    Slotted("a", [1]),
    DataAndDict("a", [1]),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_a_field_is_read_and_an_absent_one_has_its_default(shape: object) -> None:
    assert get(shape, "text") == "a"
    assert get(shape, "absent", 7) == 7
    assert dict(stored(shape))["text"] == "a"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_a_copy_has_the_same_type_and_shares_what_did_not_change(shape: Any) -> None:
    after = put(shape, text="b")

    assert type(after) is type(shape)
    assert (get(after, "text"), get(shape, "text")) == ("b", "a")
    assert get(after, "other") is get(shape, "other")
    assert after != shape


def test_an_immutable_mapping_becomes_a_dictionary() -> None:
    assert put(MappingProxyType({"text": "a"}), text="b") == {"text": "b"}


def test_extra_fields_of_a_model_are_fields() -> None:
    before = Model.model_validate({"text": "a", "reasoning": "r"})

    after = put(before, reasoning="s", text="b")

    assert get(before, "reasoning") == "r"
    assert after.model_dump() == {"text": "b", "reasoning": "s", "other": []}


def test_a_field_of_a_copied_model_that_was_not_set_is_set() -> None:
    after = put(Model(text="a"), other=[2])

    assert after.model_dump(exclude_unset=True) == {"text": "a", "other": [2]}
    assert after == Model(text="a").model_copy(update={"other": [2]})


def test_the_copy_of_a_model_does_not_share_its_bookkeeping() -> None:
    before = Model(text="a")
    after = put(before, text="b")

    after.new = 1
    after.other = [2]

    assert before.model_dump(exclude_unset=True) == {"text": "a"}


def test_private_attributes_of_a_model_are_kept() -> None:
    before = PrivateModel(text="a")
    before._kept = "changed"

    assert put(before, text="b")._kept == "changed"


def test_a_computed_field_of_a_model_is_read() -> None:
    assert get(ComputedModel(stored_text="a"), "text") == "a"


def test_what_stands_twice_is_changed_twice() -> None:
    after = put(DataAndDict("a", []), text="b")

    assert (after.text, after["text"]) == ("b", "b")


def test_a_computed_field_cannot_be_written_and_the_error_says_so_without_its_value() -> None:
    class Computed:
        @property
        def text(self) -> str:
            return "a"

    with pytest.raises(ConfigurationError, match=r"text of a .*Computed cannot be replaced: pass a reader") as caught:
        put(Computed(), text="private words")
    assert "private words" not in str(caught.value)


def test_fields_of_a_dictionary_are_the_dictionary() -> None:
    known = {"text": "a"}
    assert fields(known) is known


def test_types_are_remembered_in_bounded_memory() -> None:
    cache: dict[type, int] = {}
    for number in range(2_000):
        remember(cache, type(f"T{number}", (), {}), number)
    assert len(cache) <= 512
