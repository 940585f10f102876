"""What a condition consists of, and how that is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["AllOf", "AnyOf", "Comparison", "Has", "Node", "Not", "Operator", "ReadAs", "Value", "tests", "written"]

ReadAs: TypeAlias = Literal["text", "number", "bool", "version"]
"""How an attribute is read before it is compared; a version is a text."""

Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "startswith", "endswith", "contains"]

Value: TypeAlias = "str | int | float | bool"


@dataclass(frozen=True, slots=True)
class Has:
    """An attribute has a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """An attribute compares so with a literal, or with a list of them."""

    name: str
    read_as: ReadAs
    operator: Operator
    value: Value | tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    node: Node


@dataclass(frozen=True, slots=True)
class AllOf:
    """Everything of it."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of it."""

    nodes: tuple[Node, ...]


Node: TypeAlias = "Has | Comparison | Not | AllOf | AnyOf"

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def tests(node: Node) -> Iterator[Has | Comparison]:
    """Return all that a condition asks, from left to right."""
    match node:
        case Not(inner):
            yield from tests(inner)
        case AllOf(nodes) | AnyOf(nodes):
            for each in nodes:
                yield from tests(each)
        case _:
            yield node


def written(node: Node) -> str:
    """Return the text of a condition: what it is parsed from again, with single spaces and as few brackets as do."""
    match node:
        case Has(name):
            return f"has({name})"
        case Comparison(name, "bool", "==", True):
            return name
        case Comparison(name, read_as, operator, value):
            subject = f"version({name})" if read_as == "version" else name
            return f"{subject} {operator} {_literal(value)}"
        case Not(inner):
            return f"not {_bracketed(inner, AllOf, AnyOf)}"
        case AllOf(nodes):
            return " and ".join(_bracketed(each, AllOf, AnyOf) for each in nodes)
        case AnyOf(nodes):
            return " or ".join(_bracketed(each, AnyOf) for each in nodes)


def _bracketed(node: Node, *kinds: type) -> str:
    return f"({written(node)})" if isinstance(node, kinds) else written(node)


def _literal(value: Value | tuple[Value, ...]) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(map(_escaped, value)) + '"'
    return repr(value)


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() or character > "\uffff" else f"\\u{ord(character):04x}"
