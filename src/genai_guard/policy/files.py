"""Policy files, and others of their formats: from bytes to plain data, and from a field back to its line."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.policy.positions import json_clashes, json_offsets, line_finder, toml_offsets
from genai_guard.policy.problems import Path, quoted, suggestion, written

__all__ = ["FORMATS", "Document", "Empty", "Fault", "LineOf", "Unreadable", "parse", "read", "text_of"]

LineOf: TypeAlias = Callable[[Path], int | None]


class Document(NamedTuple):
    """A policy as it was written.

    Attributes:
        source: Name of the file, for messages.
        data: Mappings, lists, texts, numbers, booleans and None, and whatever else its format knows, such as dates.
        line_of: Tells the line of a field, from 1; None where it is not known.
    """

    source: str
    data: Any
    line_of: LineOf


class Fault(NamedTuple):
    """A place where a text does not follow the rules of its format. Lines and columns count from 1; 0 is unknown."""

    text: str
    line: int = 0
    column: int = 0

    def at(self, source: str) -> str:
        """Return the line of a message."""
        place = [source, *[str(number) for number in (self.line, self.column) if number]]
        return f"{':'.join(place)}: {self.text}"


class Unreadable(Exception):  # noqa: N818  what a parser raises; `read` knows the file and makes the error of it
    """A text does not follow the rules of its format."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__(*faults)


class Empty(Unreadable):
    """There is nothing in the file, comments aside."""


def read(path: str | os.PathLike[str], *, least: str = "a policy has at least a version, which is 1") -> Document:
    """Read a policy file, or another of its formats.

    Args:
        path: The file.
        least: What such a file has at least, to say of an empty one.

    Raises:
        ConfigurationError: it cannot be read; the message has the file and, where there is one, the line.
    """
    source = os.fspath(path)
    try:
        data, line_of = parse(text_of(source), FilePath(source).suffix)
    except Empty:
        raise ConfigurationError(f"{_shown(source)}: the file is empty: {least}") from None
    except Unreadable as error:
        faults = sorted(error.faults, key=lambda fault: (fault.line, fault.column))
        raise ConfigurationError("\n".join(fault.at(_shown(source)) for fault in faults)) from None
    except RecursionError:
        raise ConfigurationError(f"{source}: nested too deeply") from None
    return Document(source, data, line_of)


def parse(text: str, suffix: str) -> tuple[Any, LineOf]:
    """Return the data of a text, and a function that tells the lines of its fields.

    Args:
        text: The text.
        suffix: End of the name of its file, which tells its format: `.yaml`, `.yml`, `.toml` or `.json`.

    Raises:
        Unreadable: it does not follow the rules of its format.
    """
    parser = _PARSERS.get(suffix.lower())
    if parser is None:
        raise Unreadable(Fault("the name of a policy file ends in .yaml, .yml, .toml or .json, which tells its format"))
    return parser(text)


def text_of(source: str) -> str:
    """Return the text of a file.

    Raises:
        Empty: there is none.
        Unreadable: it cannot be read, or is not UTF-8.
    """
    try:
        content = FilePath(source).read_bytes()
    except FileNotFoundError:
        raise Unreadable(Fault(f"there is no such file{_neighbour(source)}")) from None
    except IsADirectoryError:
        raise Unreadable(Fault("is a directory: name the policy file in it")) from None
    except (OSError, ValueError) as error:  # a ValueError is a NUL in the name
        raise Unreadable(Fault(f"cannot be read: {getattr(error, 'strerror', None) or 'not a file name'}")) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        raise Unreadable(Fault("is not UTF-8 text: save it in that encoding", line)) from None
    if not text.strip():
        raise Empty
    return text


def _neighbour(source: str) -> str:
    """Suggest a file of the same folder."""
    if "\n" in source:
        return ": from_policy takes the path of a file or a mapping, not the text of a policy"
    path = FilePath(source)
    try:
        return suggestion(path.name, [each.name for each in path.parent.iterdir()])
    except OSError:
        return ""


def _shown(source: str) -> str:
    return source if source.isprintable() else quoted(source)


def _parse_json(text: str) -> tuple[Any, LineOf]:
    repeats = False

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        made = dict(pairs)
        repeats = repeats or len(made) < len(pairs)
        return made

    try:
        data = json.loads(text, object_pairs_hook=mapping)
    except json.JSONDecodeError as error:
        raise Unreadable(Fault(f"is not valid JSON: {error.msg}", error.lineno, error.colno)) from None
    except ValueError:
        raise Unreadable(_TOO_LONG) from None
    if repeats:
        raise Unreadable(*_repeated(text))
    return data, line_finder(text, lambda: json_offsets(text))


def _repeated(text: str) -> Iterator[Fault]:
    for path, first, second in json_clashes(text):
        once = text.count("\n", 0, first) + 1
        yield Fault(f"{written(path)}: is here twice, first in line {once}: keep one", text.count("\n", 0, second) + 1)


def _parse_toml(text: str) -> tuple[Any, LineOf]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", place)] or [text.count("\n") + 1]
        raise Unreadable(Fault(f"is not valid TOML: {reason}", *numbers[:2])) from None
    except ValueError:
        raise Unreadable(_TOO_LONG) from None
    return data, line_finder(text, lambda: toml_offsets(text))


def _parse_yaml(text: str) -> tuple[Any, LineOf]:
    try:
        from genai_guard.policy.yaml_files import parse_yaml  # noqa: PLC0415  needs an extra
    except ModuleNotFoundError:
        raise Unreadable(Fault("reading YAML needs an extra: pip install 'genai_guard[yaml]'")) from None
    return parse_yaml(text)


_TOO_LONG: Final = Fault("a number in it has thousands of digits")
_PARSERS: Final[Mapping[str, Callable[[str], tuple[Any, LineOf]]]] = {
    ".json": _parse_json,
    ".toml": _parse_toml,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
}
FORMATS: Final = frozenset(_PARSERS)
"""Ends of the names of files that can be read."""
