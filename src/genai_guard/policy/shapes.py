"""From the types of parameters to what a policy may hold: pydantic types, and words for people."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import cache, reduce
from pathlib import Path as FilePath
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, cast, get_args, get_origin

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import to_jsonable_python

from genai_guard.environment import FromEnv
from genai_guard.guards.base import Classifier, Guard
from genai_guard.limits import Store
from genai_guard.policy.data import is_mapping
from genai_guard.policy.entries import Entry, nested
from genai_guard.policy.forms import REQUIRED, Form, Parameter, forms_of
from genai_guard.policy.problems import Problem, Problems, describe, listed, quoted, suggestion
from genai_guard.policy.references import PATTERN, imported, is_referable
from genai_guard.policy.secrets import SECRET_WORDS, secret_type
from genai_guard.recording import AlertSink, Log, Sink
from genai_guard.recording.feedback import FeedbackStore
from genai_guard.routing.sticky import StickyStore
from genai_guard.verdicts import Action

__all__ = ["OPEN_KINDS", "OPEN_MARK", "Shape", "entry_of", "is_writable", "open_shape", "shape_of"]


class Shape(NamedTuple):
    """What a policy may hold for a parameter.

    Attributes:
        type: For pydantic.
        words: For people: `a whole number`.
    """

    type: Any
    words: str


def shape_of(annotation: Any) -> Shape | None:
    """Return how values of a type are written; None if they have no place in a policy, such as functions."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, args = get_origin(annotation) or annotation, get_args(annotation)
    if origin is Annotated:
        return shape_of(args[0])
    if FromEnv in args:
        return Shape(secret_type(is_optional=NoneType in args), SECRET_WORDS)
    if origin in {Union, UnionType}:
        return _either(args)
    if origin is Literal:
        return _one_of(args)
    return _class(origin, args) if isinstance(origin, type) else None


@cache
def entry_of(form: Form) -> type[Entry]:
    """Return the pydantic model of a form. Parameters that have no place in a policy are not in it."""
    fields: dict[str, Any] = {}
    words: dict[str, str] = {}
    key, word = form.tag
    if word:
        usual: Any = word if form.is_usual else ...
        fields["tag"] = (Literal[word], Field(usual, alias=key, description=f"Which {key}."))
        words[key] = quoted(word)
    for index, parameter in enumerate(form.parameters):
        shape = _parameter(form, parameter)
        if shape is not None:
            fields[f"field_{index}"] = (shape.type, _field(parameter))
            words[parameter.key] = shape.words
    entry = create_model(form.name, __base__=Entry, __doc__=form.description, **fields)
    entry.form, entry.words = form, words
    return entry


def is_writable(form: Form) -> bool:
    """Whether all that the part needs has a place in a policy; a guard made from a function needs the function."""
    return all(each.key in entry_of(form).words for each in form.parameters if each.default is REQUIRED)


def _parameter(form: Form, parameter: Parameter) -> Shape | None:
    if parameter.is_inner:
        return None
    actions: AbstractSet[Action] = getattr(form.build, "allowed_actions", frozenset())
    if parameter.name == "action" and actions:
        return _one_of([action for action in Action if action in actions])
    shape = shape_of(parameter.annotation)
    if shape is not None or not is_referable(parameter.annotation):
        return shape
    is_optional = NoneType in get_args(parameter.annotation)
    return Shape(_REFERENCE | None if is_optional else _REFERENCE, 'an import reference such as "package.module:name"')


def _field(parameter: Parameter) -> Any:
    description = parameter.description or None
    if parameter.default is REQUIRED:
        return Field(alias=parameter.key, description=description)
    default = to_jsonable_python(parameter.default, fallback=lambda _: None)
    return Field(default, alias=parameter.key, description=description)


def _either(members: Iterable[Any]) -> Shape | None:
    """Leave out the members that have no place in a policy, and join those that are sets of words.

    A mapping is read as a part wherever it can be one: plain arguments, which may stand for it in Python, cannot be told
    from it.
    """
    if any(isinstance(member, type) and _is_part(member) for member in members):
        members = [member for member in members if (get_origin(member) or member) is not Mapping]
    members = list(members)
    if Log in members and Sink in members:
        members = [member for member in members if member not in {Log, Sink}]
        shapes = [_log_or_sink()]
    else:
        shapes = []
    shapes += [shape for member in members if member is not NoneType and (shape := shape_of(member))]
    if not shapes:
        return None
    literals = [word for shape in shapes if get_origin(shape.type) is Literal for word in get_args(shape.type)]
    others = [shape for shape in shapes if get_origin(shape.type) is not Literal]
    shapes = [*([_one_of(dict.fromkeys(literals))] if literals else []), *others]
    types = list(dict.fromkeys(shape.type for shape in shapes)) + [NoneType] * (NoneType in members)
    return Shape(_union(types), " or ".join(dict.fromkeys(shape.words for shape in shapes)))


def _log_or_sink() -> Shape:
    """What is written where a log may stand, or any sink: a sink has a key that says so."""

    def tell(value: Any) -> str:
        return "sink" if isinstance(value, str) or (is_mapping(value) and "sink" in value) else "log"

    log, sink = shape_of(Log), shape_of(Sink)
    assert log is not None  # noqa: S101  there is one of each
    assert sink is not None  # noqa: S101
    tagged: list[Any] = [Annotated[shape.type, Tag(tag)] for tag, shape in (("log", log), ("sink", sink))]
    return Shape(Annotated[_union(tagged), Discriminator(tell)], log.words)


def _union(types: Iterable[Any]) -> Any:
    return reduce(lambda union, member: union | member, types)


def _one_of(words: Iterable[Any]) -> Shape:
    values = tuple(word.value if isinstance(word, Enum) else word for word in words)
    kind: Any = Literal[values]
    if any(isinstance(value, int) for value in values):
        kind = Annotated[kind, BeforeValidator(_no_boolean)]
    return Shape(kind, quoted(values[0]) if len(values) == 1 else f"one of {listed(values)}")


def _is_part(kind: type) -> bool:
    return kind in OPEN_KINDS or bool(forms_of(kind))


def _class(kind: Any, args: tuple[Any, ...]) -> Shape | None:
    if _is_part(kind):
        return _open(kind) if kind in OPEN_KINDS else _part(forms_of(kind))
    if issubclass(kind, Enum):
        return _one_of(kind)
    if kind is FilePath or kind is os.PathLike:
        return _SCALARS[str]
    if issubclass(kind, Mapping) and args:
        value = shape_of(args[1])
        return Shape(GenericAlias(dict, (str, value.type)), "a mapping") if value else None
    if issubclass(kind, Iterable) and args and (kind is not tuple or args[1:] == (Ellipsis,)):
        item = shape_of(args[0])
        container = AfterValidator(_CONTAINERS.get(cast("type", kind), tuple))
        return Shape(Annotated[GenericAlias(list, (item.type,)), container], "a list") if item else None
    return None


@cache
def open_shape(kind: type) -> Shape:
    """Return how one of `OPEN_KINDS` is written. They hold each other, so this is looked up when there is one to read."""
    shape = _part(forms_of(kind))
    assert shape is not None  # noqa: S101  there are some of each
    return shape


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(open_shape(kind).type)


@cache
def _open(kind: type) -> Shape:
    """What is a mapping, or the import reference of an object of the user's."""
    name, is_one, words = OPEN_KINDS[kind]

    def read(value: Any) -> Any:
        if isinstance(value, str) and ":" in value:
            part = imported(value)
            if not is_one(part):
                raise Problems([Problem((), f"must name a {name}; {quoted(value)} is {type(part).__name__}")])
            return part
        try:
            return _adapter(kind).validate_python(value)
        except ValidationError as error:
            raise nested(error.errors(include_url=False)[0]) from None

    mark = WithJsonSchema({OPEN_MARK: kind.__name__})
    return Shape(Annotated[Any, BeforeValidator(read), mark], words)


def _part(forms: Sequence[Form]) -> Shape | None:
    """A mapping that becomes a part; where there are several kinds, one of its keys tells which."""
    forms = [form for form in forms if is_writable(form)]
    if not forms:
        return None
    if forms[0].tag == ("", ""):
        return Shape(entry_of(forms[0]), "a mapping")
    check, words = _check_word(forms) if forms[0].tag[1] else _check_key(forms)
    if len(forms) == 1:
        return Shape(Annotated[entry_of(forms[0]), BeforeValidator(check)], words)
    members = [Annotated[entry_of(form), Tag("=".join(form.tag))] for form in forms]
    return Shape(Annotated[_union(members), Discriminator(_tag_finder(forms)), BeforeValidator(check)], words)


def _tag_finder(forms: Iterable[Form]) -> Callable[[Any], str]:
    """Return what tells the kind of a mapping that has been checked."""
    tags = {form.tag: "=".join(form.tag) for form in forms}

    def find(value: Mapping[str, Any]) -> str:
        return next(text for (key, word), text in tags.items() if key in value and word in {"", value[key]})

    return find


def _check_word(forms: Sequence[Form]) -> tuple[Callable[[Any], Any], str]:
    """Return the check of mappings whose kind is a word: `{guard: pii}`."""
    key, known = forms[0].tag[0], [form.tag[1] for form in forms]
    words = f"a mapping such as {{{key}: {next((word for word in ('pii', 'redis', 'learned') if word in known), known[0])}}}"

    def check(value: Any) -> Any:
        if not is_mapping(value):
            raise Problems([Problem((), f"must be {words}, not {describe(value)}")])
        if key not in value and forms[0].is_usual:
            return {key: known[0], **value}
        if key not in value:
            missing = Problem((), f"has no {quoted(key)}, which must be one of {listed(known)}")
            raise Problems([_misspelt(value, [key]) or missing])
        if value[key] not in known:
            wrong = f"must be one of {listed(known)}, not {describe(value[key])}"
            raise Problems([Problem((key,), wrong + suggestion(value[key], known))])
        return value

    return check, words


def _check_key(forms: Sequence[Form]) -> tuple[Callable[[Any], Any], str]:
    """Return the check of mappings whose kind is told by a key: `{requests: 60, per: minute}`."""
    known = [form.tag[0] for form in forms]
    words = f"a mapping with one of {listed(known)}"

    def check(value: Any) -> Any:
        if not is_mapping(value):
            raise Problems([Problem((), f"must be {words}, not {describe(value)}")])
        present = [key for key in known if key in value]
        if not present:
            raise Problems([_misspelt(value, known) or Problem((), f"has none of {listed(known)}")])
        if len(present) > 1:
            raise Problems([Problem((present[1],), f"{' and '.join(present)} are limited apart: make it two entries")])
        return value

    return check, words


def _misspelt(value: Iterable[str], known: list[str]) -> Problem | None:
    near = ((key, suggestion(key, known)) for key in value)
    return next((Problem((key,), f"unknown field{question}") for key, question in near if question), None)


def _whole(value: Any) -> Any:
    """To JSON, and to its schema, 50.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _no_boolean(value: Any) -> Any:
    """To Python, and so to pydantic, true is one of 0 and 1."""
    if isinstance(value, bool):
        raise Problems([Problem((), f"must be a number, not {describe(value)}")])
    return value


def _is_guard(part: object) -> bool:
    return isinstance(part, Guard)


def _is_store(part: object) -> bool:
    return callable(getattr(part, "bind", None)) and not isinstance(part, type)


def _is_sticky_store(part: object) -> bool:
    return isinstance(part, StickyStore) and not isinstance(part, type)


def _is_alert_sink(part: object) -> bool:
    return isinstance(part, AlertSink)


def _is_sink(part: object) -> bool:
    return isinstance(part, Sink | Log) and not isinstance(part, type)


def _is_feedback_store(part: object) -> bool:
    return isinstance(part, FeedbackStore) and not isinstance(part, type)


def _is_classifier(part: object) -> bool:
    return callable(getattr(part, "classify", None)) and not isinstance(part, type)


OPEN_MARK: Final = "x-part"
"""Stands in a JSON Schema, with the name of a kind, for the schema of that."""
OPEN_KINDS: Final[Mapping[type, tuple[str, Callable[[object], bool], str]]] = {
    Guard: ("guard", _is_guard, "a mapping such as {guard: pii}"),
    Store: ("store", _is_store, "a mapping such as {kind: redis}"),
    StickyStore: ("sticky store", _is_sticky_store, "a mapping such as {kind: redis}"),
    AlertSink: ("sink of alerts", _is_alert_sink, "a mapping such as {sink: slack}"),
    Sink: ("sink of events", _is_sink, "a mapping such as {sink: structlog}"),
    Classifier: ("classifier", _is_classifier, "a mapping such as {kind: learned}"),
    FeedbackStore: ("store of feedback", _is_feedback_store, "a mapping such as {kind: sqlite}"),
}
"""Parts that may be the user's own, and that hold others of their kind: name, what makes one, and words for people."""
_REFERENCE: Final[Any] = Annotated[
    Any, BeforeValidator(imported), WithJsonSchema({"type": "string", "pattern": PATTERN})
]
_CONTAINERS: Final[Mapping[type, type]] = {list: list, set: frozenset, frozenset: frozenset, AbstractSet: frozenset}
_SCALARS: Final[Mapping[Any, Shape]] = {
    str: Shape(str, "text"),
    int: Shape(Annotated[int, BeforeValidator(_whole)], "a whole number"),
    float: Shape(float, "a number"),
    bool: Shape(bool, "true or false"),
    Any: Shape(Any, "anything"),
    object: Shape(Any, "anything"),
}
