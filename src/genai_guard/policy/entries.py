"""What every pydantic model of a policy does: build the part it describes, or say what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, cast

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import ErrorDetails

from genai_guard.errors import ConfigurationError
from genai_guard.policy.data import is_list, is_mapping
from genai_guard.policy.forms import Form
from genai_guard.policy.problems import Path, Problem, Problems, describe, listed, quoted, suggestion, written

__all__ = ["Entry", "nested"]

_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "nothing",
}
_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]*)?([eE][-+]?[0-9]+)?")


def nested(detail: ErrorDetails) -> Problems:
    """Return what was raised inside of a validator."""
    error = detail.get("ctx", {}).get("error")
    return error if isinstance(error, Problems) else Problems([Problem((), str(error))])


class Entry(BaseModel):
    """A mapping in a policy. Validating one gives the part itself, not a model of it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    form: ClassVar[Form]
    words: ClassVar[Mapping[str, str]]
    """What each field takes, for people."""

    @model_validator(mode="wrap")
    @classmethod
    def _build(cls, data: Any, handler: ModelWrapValidatorHandler[Entry]) -> Any:
        try:
            entry = handler(data)
        except ValidationError as error:
            raise Problems(_explain(error, data, cls)) from None
        fields = type(entry).model_fields
        values = {cast("str", fields[name].alias): getattr(entry, name) for name in entry.model_fields_set}
        try:
            return cls.form.make(values)
        except ConfigurationError as error:
            raise Problems([Problem(_field(str(error), cls.form, values), str(error))]) from None


def _field(message: str, form: Form, values: Mapping[str, Any]) -> Path:
    """Return the field that a part complains about: its messages name parameters as in `per=`, the wrong one first.

    Where a parameter has a syntax of its own, they say `Part(...): parameter: what is wrong`.
    """
    keys = {parameter.name: parameter.key for parameter in form.parameters if parameter.key in values}
    named = (keys.get(name) for name in re.findall(r"\w+(?==)|(?<=\): )\w+(?=: )", message))
    return next(((key,) for key in named if key), ())


def _explain(error: ValidationError, data: Any, entry: type[Entry]) -> Iterator[Problem]:
    """Translate what pydantic says, whose words are for programmers."""
    misfits: dict[Path, list[ErrorDetails]] = {}
    outdone: set[Path] = set()
    for detail in error.errors(include_url=False):
        loc = detail["loc"]
        path, value = _follow(data, loc)
        if detail["type"] == "value_error":
            yield from (problem.below(path) for problem in nested(detail).problems)
        elif detail["type"] == "extra_forbidden":
            known = list(entry.words)
            yield Problem(path, f"unknown field{suggestion(path[-1], known) or f'; there are {listed(known)}'}")
        elif detail["type"] == "missing":
            yield Problem(loc, f"is missing: it must be {entry.words[str(loc[-1])]}")
        else:
            # What is left of `loc` begins with the member of a union. One that the value fitted for a while is meant.
            deeper, _ = _follow(value, loc[len(path) + 1 :])
            if deeper:
                outdone.add(path)
            misfits.setdefault(path + deeper, []).append(detail)
    for path, details in misfits.items():
        if path not in outdone:
            yield Problem(path, _misfit(details, secret=written(path).endswith("_key")))


def _follow(data: Any, loc: Path) -> tuple[Path, Any]:
    """Return as much of `loc` as leads through `data`, and where it leads."""
    for length, step in enumerate(loc):
        if not _has(data, step):
            return loc[:length], data
        data = data[step]
    return loc, data


def _has(data: Any, step: str | int) -> bool:
    return step in data if is_mapping(data) else is_list(data) and step in range(len(data))


def _misfit(details: Sequence[ErrorDetails], *, secret: bool) -> str:
    """Say what a value must be and, unless it is secret, what it is. Several details are the members of a union."""
    kinds, value = {detail["type"] for detail in details}, details[0]["input"]
    words = [word for detail in details for word in _allowed(detail)]
    wanted = [_EXPECTED[detail["type"]] for detail in details if detail["type"] in _EXPECTED]
    if words:
        wanted.append(f"{'one of ' if len(words) > 1 else ''}{', '.join(words)}")
    if not wanted:
        return details[0]["msg"]
    given = "" if secret else f", not {describe(value)}{_remedy(kinds, value, words)}"
    return f"must be {' or '.join(dict.fromkeys(wanted))}{given}"


def _allowed(detail: ErrorDetails) -> list[str]:
    expected = detail.get("ctx", {}).get("expected", "") if detail["type"] == "literal_error" else ""
    return [quoted(word) for word in re.findall(r"'([^']*)'", expected)] or ([expected] if expected else [])


def _remedy(kinds: set[str], value: Any, words: Iterable[str]) -> str:
    if isinstance(value, str) and not kinds.isdisjoint({"int_type", "float_type"}) and _NUMBER.fullmatch(value):
        return ": take the quotes away"
    if isinstance(value, bool | int | float) and "string_type" in kinds:
        return ": put it in quotes"
    if isinstance(value, str) and "list_type" in kinds:
        return f": write [{quoted(value)}]"
    return suggestion(value, [word.strip('"') for word in words]) if isinstance(value, str) else ""
