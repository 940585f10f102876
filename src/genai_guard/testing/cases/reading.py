"""From files to cases: `*.cases.yaml`, `.yml`, `.json`, `.toml` and `.jsonl`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path as FilePath
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError

from genai_guard.errors import ConfigurationError
from genai_guard.policy.data import is_list, is_mapping, plain
from genai_guard.policy.entries import nested
from genai_guard.policy.files import Document, Empty, Unreadable, parse, read, text_of
from genai_guard.policy.forms import Form
from genai_guard.policy.problems import Path, Problem, Problems, describe, quoted
from genai_guard.policy.references import PATTERN
from genai_guard.policy.shapes import entry_of
from genai_guard.testing.cases.case import NOWHERE, Case, Place
from genai_guard.testing.cases.making import Maker
from genai_guard.testing.cases.written import WrittenCases

__all__ = [
    "SUFFIXES",
    "adapter",
    "case_of",
    "find_case_files",
    "is_case_file",
    "is_reference",
    "load_cases",
    "read_cases",
]

SUFFIXES: Final = (".yaml", ".yml", ".json", ".jsonl", ".toml")
"""Ends of the names of cases files, behind `.cases`."""
_LEAST: Final = "a file of cases has at least one, such as {text: hello, expect: allow}"
_reference: Final = re.compile(PATTERN).fullmatch


def is_case_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file is one of cases, by its name: `pii.cases.yaml`."""
    return os.fspath(path).lower().endswith(tuple(f".cases{suffix}" for suffix in SUFFIXES))


def is_reference(policy: str) -> bool:
    """Whether a policy is a pipeline made in Python, `package.module:name`, and not a file."""
    return _reference(policy) is not None


def find_case_files(paths: Iterable[str | os.PathLike[str]]) -> tuple[FilePath, ...]:
    """Return files as they are, and of folders all the files of cases in them, by name.

    Raises:
        ConfigurationError: a path does not exist, or a folder has no file of cases.
    """
    found: dict[FilePath, None] = {}
    for path in map(FilePath, paths):
        if path.is_dir():
            inner = sorted(file for file in path.rglob("*.cases.*") if is_case_file(file) and file.is_file())
            if not inner:
                raise ConfigurationError(
                    f"{path}: has no file of cases: their names end in .cases.yaml or .cases.jsonl"
                )
            found.update(dict.fromkeys(inner))
        elif path.exists():
            found[path] = None
        else:
            raise ConfigurationError(f"{path}: there is no such file or folder")
    return tuple(found)


def load_cases(*paths: str | os.PathLike[str]) -> tuple[Case, ...]:
    """Read policy tests.

    Args:
        paths: Files of cases, or folders that hold some.

    Raises:
        ConfigurationError: a file cannot be read, or a case is wrong. The message has a line for each problem, with
            the file, its line, the field, and what would be right.
    """
    cases: list[Case] = []
    errors: list[str] = []
    for path in find_case_files(paths):
        try:
            cases += read_cases(path)
        except ConfigurationError as error:
            errors.append(str(error))
    if errors:
        raise ConfigurationError("\n".join(errors))
    return tuple(cases)


def read_cases(path: str | os.PathLike[str]) -> tuple[Case, ...]:
    """Read the policy tests of one file; otherwise like `load_cases`."""
    source = os.fspath(path)
    if not source.lower().endswith(SUFFIXES):
        raise ConfigurationError(f"{source}: the name of a file of cases ends in .cases{', .cases'.join(SUFFIXES)}")
    document = _read_lines(source) if source.lower().endswith(".jsonl") else _read(source)
    try:
        return tuple(_cases(document))
    except Problems as error:
        raise error.report(document.source, document.line_of) from None


def case_of(written: Mapping[str, Any]) -> Case:
    """Return a case that is written in Python, by the fields that it has in a file.

    Raises:
        ConfigurationError: a field is wrong, or nothing is said of what is expected; the message has all problems.
    """
    try:
        (case,) = _cases(Document("case", {"cases": [dict(written)]}, _nowhere))
    except Problems as error:
        inner = Problems(Problem(problem.path[2:], problem.text) for problem in error.problems)
        raise inner.report("case", _nowhere) from None
    return replace(case, place=NOWHERE)


def _read(source: str) -> Document:
    document = read(source, least=_LEAST)
    if not is_list(document.data):
        return document

    def line_of(path: Path) -> int | None:
        return document.line_of(path[1:])

    return document._replace(data={"cases": document.data}, line_of=line_of)


def _read_lines(source: str) -> Document:
    """Read a case from each line; the first may say what holds for all, having neither text nor messages."""
    faults: list[str] = []
    entries: list[tuple[int, Any]] = []
    for number, line in enumerate(_lines(source), 1):
        try:
            entries += [(number, parse(line, ".json")[0])] if line.strip() else []
        except Unreadable as error:
            faults += [fault._replace(line=number).at(source) for fault in error.faults]
        except RecursionError:
            faults.append(f"{source}:{number}: nested too deeply")
    if faults:
        raise ConfigurationError("\n".join(faults))
    number, first = entries[0]
    head: Mapping[str, Any] = {}
    if is_mapping(first) and not {"text", "messages"} & first.keys():
        head = first
        del entries[0]
    places = [place for place, _ in entries]
    data = {**head, "cases": [case for _, case in entries]}
    return Document(source, data, partial(_line_in, places=places, head=number))


def _lines(source: str) -> list[str]:
    try:
        return text_of(source).split("\n")
    except Empty:
        raise ConfigurationError(f"{source}: the file is empty: {_LEAST}") from None
    except Unreadable as error:
        raise ConfigurationError("\n".join(fault.at(source) for fault in error.faults)) from None


def _line_in(path: Path, *, places: Sequence[int], head: int) -> int:
    return places[path[1]] if len(path) > 1 and path[0] == "cases" and isinstance(path[1], int) else head


@cache
def adapter() -> TypeAdapter[WrittenCases]:
    """Return what validates a file of cases."""
    return TypeAdapter(cast("type[WrittenCases]", entry_of(Form.of(WrittenCases, keys={"schema": "$schema"}))))


def _written(data: Any) -> WrittenCases:
    if not is_mapping(data):
        raise Problems(
            [Problem((), f"a file of cases is a mapping with cases:, or a list of them, not {describe(data)}")]
        )
    try:
        return adapter().validate_python(plain(data))
    except ValidationError as error:
        raise nested(error.errors(include_url=False)[0]) from None


def _cases(document: Document) -> Iterator[Case]:
    written = _written(document.data)
    policy, problems = _policy(written.policy, document.source)
    maker = Maker(written, policy)
    cases: list[Case] = []
    for index, each in enumerate(written.cases):
        path: Path = ("cases", index)
        cases.append(maker.make(each, index, Place(document.source, document.line_of(path) or 0)))
        problems += [problem.below(path) for problem in maker.problems]
    if not cases:
        problems.append(Problem(("cases",), f"has no case: {_LEAST}"))
    if problems:
        raise Problems(problems)
    return iter(cases)


def _nowhere(path: Path) -> None:
    """What is written in Python has no lines."""
    del path


def _policy(policy: str, source: str) -> tuple[str, list[Problem]]:
    """Return what to load the policy from, whose path starts from the folder of the file of cases."""
    if not policy or is_reference(policy):
        return policy, []
    path = FilePath(source).parent / policy
    if not path.is_file():
        return policy, [Problem(("policy",), f"there is no file {quoted(str(path))}: its path starts from this file")]
    return str(path.resolve()), []
