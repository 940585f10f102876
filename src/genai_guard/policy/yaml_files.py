"""Policy files in YAML, with the `yaml` extra.

Scalars are read by the core schema of YAML 1.2, as editors do, and not by that of YAML 1.1, where `no` is a boolean,
`22:30` the number 1350 and `010` the number 8. Only data is read: no tag builds an object.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from genai_guard.policy.files import Empty, Fault, LineOf, Unreadable
from genai_guard.policy.problems import Path, quoted

__all__ = ["Places", "parse_yaml", "places_of"]

_MOST_VALUES: Final = 1_000_000
_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = {
    "bool": (re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    "null": (re.compile(r"null|Null|NULL|~|"), ["n", "N", "~", ""]),
    "int": (re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), "-+0123456789"),
    "float": (re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), "-+.0123456789"),
    "merge": (re.compile(r"<<"), "<"),
}
_KNOWN: Final = {"str", "map", "seq", *_SCALARS}


def parse_yaml(text: str) -> tuple[Any, LineOf]:
    """Return the data of a YAML text, and a function that tells where its fields stand.

    Anchors, aliases and merge keys are resolved.

    Raises:
        Empty: there is nothing in it.
        Unreadable: it is not valid YAML, a mapping has a key twice, or one that is not text, a tag stands for
            something else than data, aliases make it refer to itself or grow beyond a million values, or there is
            more than one document.
    """
    try:
        loader: Any = _Loader(text)
        root: Node | None = loader.get_single_node()
        if root is None:
            raise Empty
        _Check(root)
        return loader.construct_document(root), lambda path: _line(root, path)
    except yaml.MarkedYAMLError as error:
        reason = f"is not valid YAML: {', '.join(filter(None, (error.context, error.problem)))}"
        raise Unreadable(_fault(reason, error.problem_mark or error.context_mark)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(Fault(f"is not valid YAML: {error.reason}", line)) from None
    except ValueError:
        raise Unreadable(Fault("a number in it has thousands of digits")) from None


# Not the C loader: it is fifteen times as fast, and brackets that nest deeply enough end the process.
class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  of the class, as PyYAML has it


_untyped: Any = _Loader
for _name, (_pattern, _first) in _SCALARS.items():
    _untyped.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern.pattern})\Z"), _first)


class _Check:
    """Refuses what YAML can say and a policy cannot. Each node is looked at once, however many aliases it has."""

    def __init__(self, root: Node) -> None:
        self._faults: list[Fault] = []
        self._sizes: dict[int, int] = {}
        size = self._visit(root)
        if size > _MOST_VALUES:
            self._faults.append(Fault(f"has {size:,} values once its aliases are resolved: far too many"))
        if self._faults:
            raise Unreadable(*self._faults)

    def _visit(self, node: Node) -> int:
        """Check a node and return how many values it stands for; 0 is for one that is still being visited."""
        known = self._sizes.get(id(node))
        if known is None:
            self._sizes[id(node)] = 0
            known = self._sizes[id(node)] = 1 + sum(map(self._visit, self._children(node)))
        elif known == 0:
            self._refuse(node, "contains itself by way of an alias")
        return known

    def _children(self, node: Node) -> list[Node]:
        name = node.tag.removeprefix(_TAG)
        if name not in _KNOWN:
            self._refuse(node, f"the tag {quoted(node.tag)} is refused: only data is read")
        elif name in _SCALARS and not (isinstance(node, ScalarNode) and _SCALARS[name][0].fullmatch(node.value)):
            self._refuse(node, f"the tag !!{name} does not fit what follows it")
        if isinstance(node, MappingNode):
            self._check_keys(node)
            return [value for _, value in node.value]
        return list(node.value) if isinstance(node, SequenceNode) else []

    def _check_keys(self, node: MappingNode) -> None:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode) or key.tag not in {f"{_TAG}str", f"{_TAG}merge"}:
                self._refuse(key, "a key must be text: put it in quotes")
            elif key.value in lines:
                self._refuse(key, f"{quoted(key.value)} is here twice, first in line {lines[key.value]}: keep one")
            else:
                lines[key.value] = key.start_mark.line + 1

    def _refuse(self, node: Node, reason: str) -> None:
        self._faults.append(_fault(reason, node.start_mark))


def _fault(reason: str, mark: yaml.Mark | None) -> Fault:
    return Fault(reason, mark.line + 1, mark.column + 1) if mark else Fault(reason)


def _line(node: Node, path: Path) -> int | None:
    """Return the line of a field, or else of the part of the policy that it belongs to."""
    line: int | None = None
    for step in path:
        found = _below(node, step)
        if found is None:
            break
        place, node = found
        line = place.start_mark.line + 1
    return line


def _below(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """Return the node to point at and that of the value. Merged keys stand before a mapping's own, which win."""
    if isinstance(node, SequenceNode) and isinstance(step, int):
        return (node.value[step], node.value[step]) if step < len(node.value) else None
    if not isinstance(node, MappingNode):
        return None
    return next(((key, value) for key, value in reversed(node.value) if key.value == step), None)


class Places(NamedTuple):
    """Where something stands in a text.

    Attributes:
        value: Where its value begins and ends.
        is_flow: Whether it is a mapping in braces.
        column: Column of the keys of a mapping.
        scalars: Where the values of a mapping end that are plain numbers or words, in order.
    """

    value: tuple[int, int]
    is_flow: bool
    column: int
    scalars: tuple[int, ...]


def places_of(text: str, path: Path) -> Places:
    """Return where a field of a YAML text stands, which `parse_yaml` has accepted.

    Raises:
        KeyError: there is no such field.
    """
    loader: Any = _Loader(text)
    node: Node = loader.get_single_node()
    for step in path:
        found = _below(node, step)
        if found is None:
            raise KeyError(step)
        _, node = found
    pairs: list[tuple[Node, Node]] = node.value if isinstance(node, MappingNode) else []
    # One in quotes ends where its mark says; a block of text does not end on the line that its mark says.
    scalars = [
        value.end_mark.index for _, value in pairs if isinstance(value, ScalarNode) and value.style not in {"|", ">"}
    ]
    column = pairs[0][0].start_mark.column if pairs else 0
    return Places(
        (node.start_mark.index, node.end_mark.index), bool(getattr(node, "flow_style", False)), column, tuple(scalars)
    )
