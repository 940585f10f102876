"""A condition as a function: everything that does not depend on the caller is worked out once.

A function returns True, False, or None where that cannot be known because a value is missing or is not of its kind.
`and`, `or` and `not` are those of SQL: what is known decides if it can, and None stays None otherwise.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

from genai_guard.routing.conditions.tree import AllOf, AnyOf, Comparison, Has, Node, Not
from genai_guard.routing.conditions.values import READERS, Reader, bool_of, text_of

__all__ = ["Getter", "Truth", "compiled"]

S = TypeVar("S")
Getter: TypeAlias = Callable[[S], Any]
"""Returns the value of one attribute; None or an empty text when there is none."""
Truth: TypeAlias = Callable[[S], bool | None]

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


def compiled(node: Node, getter: Callable[[str], Getter[S]]) -> Truth[S]:
    """Return a condition as a function.

    Args:
        node: The condition.
        getter: Returns what gets the value of the attribute of that name.
    """
    match node:
        case Has(name):
            return _present(getter(name))
        case Comparison():
            return _tested(node, getter(node.name))
        case Not(inner):
            return _opposite(compiled(inner, getter))
        case AllOf(nodes):
            return _decided([compiled(each, getter) for each in nodes], by=False)
        case AnyOf(nodes):
            return _decided([compiled(each, getter) for each in nodes], by=True)


def _present(get: Getter[S]) -> Truth[S]:
    def present(source: S) -> bool:
        value = get(source)
        return value is not None and value != ""

    return present


def _tested(test: Comparison, get: Getter[S]) -> Truth[S]:
    read = READERS[test.read_as]
    if isinstance(test.value, tuple):
        among = frozenset(map(read, test.value))
        if test.read_as == "text" and test.operator == "in":
            return _one_of(get, among)
        return _member(get, read, among, inside=test.operator == "in")
    if test.read_as == "bool":
        return _true(get) if (test.operator == "==") is test.value else _opposite(_true(get))
    if test.operator == "==" and test.read_as == "text":
        return _equal(get, test.value)
    return _compared(get, read, _OPERATORS[test.operator], read(test.value))


def _true(get: Getter[S]) -> Truth[S]:
    def true(source: S) -> bool | None:
        return bool_of(get(source))

    return true


def _equal(get: Getter[S], wanted: Any) -> Truth[S]:
    def equal(source: S) -> bool | None:
        value = get(source)
        if type(value) is not str:
            value = text_of(value)
        return value == wanted if value else None

    return equal


def _one_of(get: Getter[S], among: frozenset[Any]) -> Truth[S]:
    def one_of(source: S) -> bool | None:
        value = get(source)
        if type(value) is not str:
            value = text_of(value)
        return value in among if value else None

    return one_of


def _compared(get: Getter[S], read: Reader, compare: Callable[[Any, Any], bool], wanted: Any) -> Truth[S]:
    def compared(source: S) -> bool | None:
        value = read(get(source))
        return None if value is None else compare(value, wanted)

    return compared


def _member(get: Getter[S], read: Reader, among: frozenset[Any], *, inside: bool) -> Truth[S]:
    def member(source: S) -> bool | None:
        value = read(get(source))
        return None if value is None else (value in among) is inside

    return member


def _opposite(truth: Truth[S]) -> Truth[S]:
    def opposite(source: S) -> bool | None:
        holds = truth(source)
        return None if holds is None else not holds

    return opposite


def _decided(truths: list[Truth[S]], *, by: bool) -> Truth[S]:
    """`and` is decided by one that is false, and `or` by one that is true."""
    otherwise = not by
    if len(truths) == 2:
        return _decided_by_two(*truths, by=by)

    def decided(source: S) -> bool | None:
        known: bool | None = otherwise
        for truth in truths:
            holds = truth(source)
            if holds is not otherwise:
                if holds is by:
                    return by
                known = None
        return known

    return decided


def _decided_by_two(first: Truth[S], second: Truth[S], *, by: bool) -> Truth[S]:
    """The same without a loop, which takes as long as one of them."""
    otherwise = not by

    def decided(source: S) -> bool | None:
        one = first(source)
        if one is by:
            return by
        other = second(source)
        if other is by:
            return by
        return otherwise if one is otherwise and other is otherwise else None

    return decided
