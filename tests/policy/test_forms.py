"""How the form of a part is read off its signature and docstring."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from genai_guard import Limit
from genai_guard.errors import ConfigurationError
from genai_guard.policy.docstrings import arguments, summary
from genai_guard.policy.entries import nested
from genai_guard.policy.forms import REQUIRED, Form
from genai_guard.policy.problems import written
from genai_guard.policy.shapes import entry_of, is_writable, shape_of


@dataclass(frozen=True)
class Base:
    """Have a name.

    Args:
        name: What it is called.
    """

    kind: ClassVar[str] = "base"
    name: str = ""


@dataclass(frozen=True)
class Part(Base):
    """Do something.

    In two paragraphs, of which
    the second has two lines.

        indented = as_it_is

    Args:
        size: How large it is,
            in metres.
        words: Which: those.

    Raises:
        ConfigurationError: it is too large.
    """

    size: int = 1
    words: Sequence[str] = field(default_factory=lambda: ("a",), kw_only=True)
    choice: Literal["x", "y"] | None = field(default=None, kw_only=True)
    either: str | Sequence[int] = field(default="", kw_only=True)
    call: Callable[[], None] | None = field(default=None, kw_only=True)
    raw: bytes = field(default=b"", kw_only=True)
    sleep: Callable[[float], None] | None = field(default=None, kw_only=True, compare=False, repr=False)
    _state: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        if self.size > 9:
            raise ConfigurationError(f"Part(size={self.size}) is too large")
        if self.either == "bad":
            raise ConfigurationError("Part('n'): either: column 1: is no word")


@dataclass(frozen=True)
class Spread:
    """Take any number of words."""

    words: tuple[str, ...]

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)


@dataclass(frozen=True)
class NeedsBytes:
    """Need what no policy can hold."""

    raw: bytes


class Late:
    """Take any number of whole numbers."""

    def __init__(self, *limits: int, rest: int = 3) -> None:
        self.limits = limits
        self._rest = rest


def built(form: Form, values: Mapping[str, Any]) -> Any:
    return TypeAdapter(entry_of(form)).validate_python(values)


def problems(form: Form, values: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(entry_of(form)).validate_python(values)
    return {written(path): text for path, text in nested(raised.value.errors()[0]).problems}


def test_the_parameters_of_a_part_come_before_those_it_inherits() -> None:
    names = [parameter.name for parameter in Form.of(Part).parameters]
    assert names == ["size", "words", "choice", "either", "call", "raw", "sleep", "name"]


def test_defaults_are_those_of_the_part() -> None:
    defaults = {parameter.name: parameter.default for parameter in Form.of(Part).parameters}
    assert defaults.pop("words") == ("a",)
    assert defaults == {"size": 1, "choice": None, "either": "", "call": None, "raw": b"", "sleep": None, "name": ""}
    assert Form.of(NeedsBytes).parameters[0].default is REQUIRED


def test_descriptions_are_those_of_the_docstring() -> None:
    assert arguments(Part) == {
        "name": "What it is called.",
        "size": "How large it is, in metres.",
        "words": "Which: those.",
    }
    assert summary(Part) == (
        "Do something.\n\nIn two paragraphs, of which the second has two lines.\n\n    indented = as_it_is"
    )


def test_descriptions_call_parameters_what_a_policy_calls_them() -> None:
    form = Form.of(Limit.requests, keys={"amount": "requests"})
    burst = next(parameter for parameter in form.parameters if parameter.key == "burst")
    assert "`requests` when None" in burst.description
    assert "`burst + requests * t / period`" in form.description


def test_the_signature_that_a_dataclass_gives_itself_is_no_docstring() -> None:
    @dataclass
    class Silent:
        size: int

    assert (summary(Silent), arguments(Silent)) == ("", {})


def test_a_part_is_built_out_of_its_mapping() -> None:
    assert built(Form.of(Part), {"size": 3, "words": ["b"], "name": "n"}) == Part("n", 3, words=("b",))
    assert built(Form.of(Part), {}) == Part()
    assert built(Form.of(Part), {"either": "x"}) == Part(either="x")
    assert built(Form.of(Part), {"either": [1, 2.0]}) == Part(either=(1, 2))


def test_a_part_that_spreads_its_parameter_takes_a_list() -> None:
    assert built(Form.of(Spread), {"words": ["a", "b"]}) == Spread("a", "b")
    assert built(Form.of(Spread), {}) == Spread()


def test_a_part_that_is_no_dataclass_spreads_its_parameter_alike() -> None:
    late = built(Form.of(Late), {"limits": [1, 2.0]})
    assert (late.limits, late._rest) == ((1, 2), 3)


def test_a_function_is_named_by_its_module() -> None:
    assert built(Form.of(Part), {"call": "time:sleep"}).call is time.sleep
    assert set(problems(Form.of(Part), {"call": "f"})) == {"call"}


def test_parameters_without_a_place_in_a_policy_are_unknown_fields() -> None:
    assert problems(Form.of(Part), {"raw": "f"})["raw"].startswith("unknown field")
    assert problems(Form.of(Part), {"sleep": "time:sleep"})["sleep"].startswith("unknown field")
    assert problems(Form.of(Part), {"_state": 1})["_state"].startswith("unknown field")


@pytest.mark.parametrize(
    ("values", "path", "text"),
    [
        ({"either": 3}, "either", "must be text or a list, not 3: put it in quotes"),
        ({"either": [1, "x"]}, "either[1]", 'must be a whole number, not "x"'),
        ({"choice": "z"}, "choice", 'must be one of "x", "y", not "z"'),
        ({"choice": ["x"]}, "choice", 'must be one of "x", "y", not a list'),
        ({"words": {"a": 1}}, "words", "must be a list, not a mapping"),
        ({"size": 10}, "size", "Part(size=10) is too large"),
        ({"either": "bad"}, "either", "Part('n'): either: column 1: is no word"),
        ({"size": None}, "size", "must be a whole number, not nothing"),
        (3, "", "must be a mapping, not 3"),
    ],
)
def test_a_mistake_has_one_message(values: object, path: str, text: str) -> None:
    assert problems(Form.of(Part), values) == {path: text}


def test_a_part_that_needs_what_no_policy_holds_has_no_place_in_a_policy() -> None:
    assert not is_writable(Form.of(NeedsBytes))
    assert is_writable(Form.of(Part))


@pytest.mark.parametrize("annotation", [Callable[[str], bool], bytes, type, Callable[[], int] | None, tuple[str, int]])
def test_some_types_have_no_place_in_a_policy(annotation: Any) -> None:
    assert shape_of(annotation) is None
