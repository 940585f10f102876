from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from genai_guard.errors import ConfigurationError
from genai_guard.guards import PydanticModel
from genai_guard.guards.base import Context, ContextGuard
from genai_guard.messages import Part
from genai_guard.verdicts import Action
from guards.json_schema_texts import INVALID, MODELS, VALID
from guards.pydantic_model_texts import BROKEN, LAX, Booking, Even

GUARDS = {name: PydanticModel(model, strict=True) for name, model in MODELS.items()}


@pytest.mark.parametrize(("name", "reply"), VALID)
def test_a_valid_reply_passes_as_an_instance(name: str, reply: str) -> None:
    verdict = GUARDS[name].check(reply)
    assert verdict.action in {Action.ALLOW, Action.REDACT}
    assert type(verdict.value) is MODELS[name]
    assert verdict.value == MODELS[name].model_validate_json(verdict.text)


@pytest.mark.parametrize(("name", "reply"), INVALID)
def test_an_invalid_reply_is_blocked_and_the_model_is_told_why(name: str, reply: str) -> None:
    verdict = GUARDS[name].check(reply)
    assert verdict.action is Action.BLOCK
    assert verdict.value is None
    assert {finding.category for finding in verdict.findings} == {"JSON_INVALID"}
    assert "\n- " in verdict.feedback


@pytest.mark.parametrize("reply", LAX)
def test_how_strict_a_model_is_can_be_said(reply: str) -> None:
    assert PydanticModel(Booking).check(reply).value == Booking(guest="Ada Lovelace", nights=2, arrives=3, leaves=5)
    assert PydanticModel(Booking, strict=True).check(reply).action is Action.BLOCK


@pytest.mark.parametrize("reply", BROKEN)
def test_the_rules_of_a_model_are_kept(reply: str) -> None:
    assert PydanticModel(Booking).check(reply).action is Action.BLOCK


def test_what_a_validator_says_goes_to_the_model_and_nowhere_else() -> None:
    verdict = PydanticModel(Booking).check(BROKEN[0])
    assert "/guest Value error, Ada is one name only" in verdict.feedback
    assert [found.detail for found in verdict.findings] == ["/guest fails value_error"]
    assert "Ada" not in repr(verdict)


def test_names_of_the_reply_are_in_no_finding() -> None:
    guard = PydanticModel(dict[str, int])
    verdict = guard.check('{"bob@example.com": "x"}')
    assert verdict.findings[0].detail == "/* fails int_parsing"
    assert "/bob@example.com " in verdict.feedback


@dataclass
class Point:
    x: int
    y: int = 0


class Raises(BaseModel):
    x: int

    def model_post_init(self, context: Any) -> None:
        raise RuntimeError("out of order")


@pytest.mark.parametrize(
    ("model", "reply", "value"),
    [
        (list[Booking], "[]", []),
        (Point, '{"x": 1}', Point(1)),
        (dict[str, list[int]], '{"a": [1]}', {"a": [1]}),
        (Even, "4", 4),
        (int | None, "null", None),
        (str, '"a"', "a"),
    ],
)
def test_any_type_that_pydantic_takes_is_a_model(model: Any, reply: str, value: object) -> None:
    verdict = PydanticModel(model).check(reply)
    assert (verdict.action, verdict.value) == (Action.ALLOW, value)


def test_an_error_of_a_model_is_an_error_of_the_guard() -> None:
    with pytest.raises(RuntimeError, match="out of order"):
        PydanticModel(Raises).check('{"x": 1}')


@pytest.mark.parametrize("reply", ['{"x": 1, "x": 2}', '{"x": 1, "y": NaN}', '{"x": 1'])
def test_json_is_read_strictly(reply: str) -> None:
    assert PydanticModel(Point).check(reply).action is Action.BLOCK


def test_a_repaired_reply_edits_and_has_its_value() -> None:
    verdict = PydanticModel(Point).check("```json\n{'x': 1,}\n```")
    assert (verdict.action, verdict.text, verdict.value) == (Action.REDACT, '{"x": 1}', Point(1))
    assert {found.category for found in verdict.findings} == {"JSON_REPAIRED"}


def test_a_refusal_of_the_model_is_no_reply() -> None:
    guard = PydanticModel(str)
    assert isinstance(guard, ContextGuard)
    assert guard.check_part(Part('"no"', "assistant", "refusal"), Context("output")).action is Action.BLOCK
    assert guard.check_part(Part('"no"', "assistant"), Context("output")).value == "no"


class Unknown:
    pass


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (None, "takes a model or a type, not NoneType"),
        ("Booking", "takes a model or a type, not str"),
        (len, "takes a model or a type, not builtin_function_or_method"),
        (lambda text: text, "takes a model or a type, not function"),
        ({"type": "object"}, "takes a model or a type, not dict"),
        (Unknown, "pydantic cannot validate Unknown: Unable to generate"),
        (Point(7), "pydantic cannot validate a Point$"),
        (list["Nowhere"], "pydantic cannot validate a GenericAlias: name 'Nowhere' is not defined"),  # type: ignore[name-defined]  # noqa: F821
    ],
)
def test_what_is_no_model_is_refused_when_the_guard_is_built(model: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        PydanticModel(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strict": "yes"}, "strict='yes'"),
        ({"max_reasks": 1.0}, "max_reasks=1.0"),
        ({"action": "mask"}, "action='mask'"),
    ],
)
def test_parameters_that_cannot_work_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        PydanticModel(Point, **arguments)


def test_a_guard_is_a_value() -> None:
    guard = PydanticModel(Booking, max_reasks=1)
    again = pickle.loads(pickle.dumps(guard))
    assert again == guard
    assert hash(again) == hash(guard)
    assert again.check(LAX[0]).value == guard.check(LAX[0]).value
    assert guard != PydanticModel(Point, max_reasks=1)
