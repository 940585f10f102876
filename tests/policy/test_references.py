"""Objects of a program, named in a policy."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import Names, guard


@guard(action="flag")
def loud(text: str) -> bool:
    return text.isupper()


def recogniser(text: str) -> list[Any]:
    return []


def policy(entry: Any) -> dict[str, Any]:
    return {"version": 1, "input": [entry]}


def test_a_guard_of_your_own_is_named_by_its_module() -> None:
    assert Pipeline.from_policy(policy(f"{__name__}:loud")).input == (loud,)


def test_a_function_is_a_parameter_of_a_guard() -> None:
    made = Pipeline.from_policy(policy({"guard": "names", "recogniser": f"{__name__}:recogniser"}))
    assert made.input == (Names(recogniser),)
    assert made.policy()["input"][0]["recogniser"] == f"{__name__}:recogniser"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("no_such_module:thing", r"input\[0\]: cannot be imported: there is no module 'no_such_module'"),
        (f"{__name__}:nothing", r"input\[0\]: cannot be imported: there is no 'nothing' in"),
        (f"{__name__}:", "with a colon before the name"),
        (f"{__name__}:recogniser", r"input\[0\]: must name a guard"),
        ({"guard": "names", "recogniser": "spacy"}, r"input\[0\]\.recogniser: must be an import reference"),
        ({"guard": "names", "recogniser": 3}, r"input\[0\]\.recogniser: must be an import reference .*, not 3"),
    ],
)
def test_what_cannot_be_imported_is_named(entry: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline.from_policy(policy(entry))
