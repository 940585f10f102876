"""A dict that stays as it was built."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from genai_guard.frozen import FrozenDict

MODEL: FrozenDict[str, Any] = FrozenDict(model="small", stop=["\n"])

CHANGES: dict[str, Callable[[Any], object]] = {
    "set": lambda it: it.__setitem__("model", "large"),
    "delete": lambda it: it.__delitem__("model"),
    "merge": lambda it: it.__ior__({"model": "large"}),
    "clear": lambda it: it.clear(),
    "pop": lambda it: it.pop("model"),
    "popitem": lambda it: it.popitem(),
    "setdefault": lambda it: it.setdefault("top_p", 1),
    "update": lambda it: it.update(model="large"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_changes_it(change: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match="read-only"):
        change(MODEL)
    assert MODEL == {"model": "small", "stop": ["\n"]}


@pytest.mark.parametrize("copied", [copy.copy(MODEL), copy.deepcopy(MODEL), pickle.loads(pickle.dumps(MODEL))])
def test_its_copies_are_equal_and_read_only(copied: object) -> None:
    assert copied == MODEL
    assert type(copied) is FrozenDict


def test_it_is_a_dict_to_json_and_to_keyword_arguments() -> None:
    assert json.loads(json.dumps(MODEL)) == MODEL
    assert dict(**MODEL, prompt="hi")["model"] == "small"


def test_equal_ones_have_one_hash_whatever_they_hold() -> None:
    assert hash(MODEL) == hash(FrozenDict(stop=["\n"], model="small"))
