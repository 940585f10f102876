"""A condition as a function: everything that does not depend on the caller is worked out once.

A function takes attributes by name, and returns True, False, or None where that cannot be known because a value is missing
or is not of its kind. `and`, `or` and `not` are those of SQL: what is known decides if it can, and None stays None otherwise.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from genai_guard.routing.conditions.tree import AllOf, AnyOf, Comparison, Has, Node, Not
from genai_guard.routing.conditions.values import READERS, Reader, bool_of, text_of

__all__ = ["Truth", "compiled"]

Values: TypeAlias = Mapping[str, Any]
"""Attributes by name; None or an empty text is no value."""
Truth: TypeAlias = Callable[[Values], bool | None]

_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": operator.contains,
}


def compiled(node: Node) -> Truth:
    """Return a condition as a function of the attributes."""
    match node:
        case Has(name):
            return _present(name)
        case Comparison():
            return _tested(node)
        case Not(inner):
            return _opposite(compiled(inner))
        case AllOf(nodes):
            return _decided([compiled(each) for each in nodes], by=False)
        case AnyOf(nodes):
            return _decided([compiled(each) for each in nodes], by=True)


def _present(name: str) -> Truth:
    def present(values: Values) -> bool:
        value = values.get(name)
        return value is not None and value != ""

    return present


def _tested(test: Comparison) -> Truth:
    name, read = test.name, READERS[test.read_as]
    if isinstance(test.value, tuple):
        among = frozenset(map(read, test.value))
        if test.read_as == "text" and test.operator == "in":
            return _one_of(name, among)
        return _member(name, read, among, inside=test.operator == "in")
    if test.read_as == "bool":
        return _true(name) if (test.operator == "==") is test.value else _opposite(_true(name))
    if test.operator == "==" and test.read_as == "text":
        return _equal(name, test.value)
    return _compared(name, read, _OPERATORS[test.operator], read(test.value))


def _true(name: str) -> Truth:
    def true(values: Values) -> bool | None:
        return bool_of(values.get(name))

    return true


def _equal(name: str, wanted: Any) -> Truth:
    def equal(values: Values) -> bool | None:
        value = values.get(name)
        if type(value) is not str:
            value = text_of(value)
        return value == wanted if value else None

    return equal


def _one_of(name: str, among: frozenset[Any]) -> Truth:
    def one_of(values: Values) -> bool | None:
        value = values.get(name)
        if type(value) is not str:
            value = text_of(value)
        return value in among if value else None

    return one_of


def _compared(name: str, read: Reader, compare: Callable[[Any, Any], bool], wanted: Any) -> Truth:
    def compared(values: Values) -> bool | None:
        value = read(values.get(name))
        return None if value is None else compare(value, wanted)

    return compared


def _member(name: str, read: Reader, among: frozenset[Any], *, inside: bool) -> Truth:
    def member(values: Values) -> bool | None:
        value = read(values.get(name))
        return None if value is None else (value in among) is inside

    return member


def _opposite(truth: Truth) -> Truth:
    def opposite(values: Values) -> bool | None:
        holds = truth(values)
        return None if holds is None else not holds

    return opposite


def _decided(truths: list[Truth], *, by: bool) -> Truth:
    """`and` is decided by one that is false, and `or` by one that is true."""
    otherwise = not by
    if len(truths) == 2:
        return _decided_by_two(*truths, by=by)

    def decided(values: Values) -> bool | None:
        known: bool | None = otherwise
        for truth in truths:
            holds = truth(values)
            if holds is not otherwise:
                if holds is by:
                    return by
                known = None
        return known

    return decided


def _decided_by_two(first: Truth, second: Truth, *, by: bool) -> Truth:
    """The same without a loop, which takes as long as one of them."""
    otherwise = not by

    def decided(values: Values) -> bool | None:
        one = first(values)
        if one is by:
            return by
        other = second(values)
        if other is by:
            return by
        return otherwise if one is otherwise and other is otherwise else None

    return decided
