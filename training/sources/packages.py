"""Files of data in installed packages, read without importing them: what they depend on need not be there."""

from __future__ import annotations

import ast
import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from training.examples import Example, Split, Task

__all__ = [
    "PackageSource", "below", "literals", "missing", "read_csv", "read_json", "read_jsonl", "read_lines", "read_text",
    "read_yaml", "rows",
]  # fmt: skip

_SHORTEST: Final = 3
_UNKNOWN: Final = "JUNIPER-7"


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Rows that a package ships, and what this project makes of them.

    Args:
        name: Under which name its rows go.
        package: What to install.
        licence: Of the rows, as far as the package says.
        task: What they are for.
        split: Whether they are for training or for testing.
        read: Yields texts, labels, kind, language and place.
    """

    name: str
    package: str
    licence: str
    task: Task
    split: Split
    read: Callable[[], Iterator[tuple[str, frozenset[str], str, str, str]]]

    def examples(self) -> Iterator[Example]:
        """Yield its rows as examples; those with next to no text are left out."""
        for text, labels, kind, language, place in self.read():
            if len(text.strip()) >= _SHORTEST:
                yield Example(text.strip(), labels, self.name, kind, language, self.split, place, self.licence)


def rows(
    texts: Iterator[str], label: str = "", *, kind: str = "", language: str = "en", place: str = "prompt"
) -> Iterator[tuple[str, frozenset[str], str, str, str]]:
    """Yield texts with what holds for all of them."""
    labels = frozenset(name for name in label.split("+") if name)
    for text in texts:
        yield text, labels, kind or ("attack" if labels else "chat"), language, place


def missing(package: str) -> bool:
    """Whether a package is not installed."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return True
    return False


def _located(package: str, name: str) -> Path:
    """Return where a file, or a folder, of an installed package is."""
    return Path(str(distribution(package).locate_file(name)))


def read_text(package: str, name: str) -> str:
    """Return the text of a file of an installed package."""
    return _located(package, name).read_text("utf-8", errors="replace")


def read_json(package: str, name: str) -> Any:
    """Return what a JSON file of a package says."""
    return json.loads(read_text(package, name))


def read_jsonl(package: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file with a JSON object on each line."""
    for line in read_text(package, name).splitlines():
        if line.strip():
            yield json.loads(line)


def read_lines(package: str, name: str) -> Iterator[str]:
    """Yield the lines of a file that are not empty."""
    for line in read_text(package, name).splitlines():
        if line.strip():
            yield line.strip()


def read_yaml(package: str, name: str) -> Any:
    """Return what a YAML file of a package says; what it includes from other files counts as nothing."""
    import yaml  # an extra, asked for only where such a package is

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Knows one tag more than the safe one."""

    Loader.add_constructor("!include", lambda *_: None)
    return yaml.load(read_text(package, name), Loader=Loader)  # noqa: S506  (made from the safe one)


def below(package: str, folder: str, pattern: str) -> list[str]:
    """Return the names of the files below a folder of a package that match a pattern, in order."""
    root = _located(package, ".")
    return sorted(str(path.relative_to(root)) for path in _located(package, folder).glob(pattern))


def read_csv(package: str, name: str, *, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Yield the rows of a table; lines of comment are left out."""
    lines = (line for line in read_text(package, name).splitlines(keepends=True) if not line.startswith("#"))
    yield from csv.DictReader(io.StringIO("".join(lines)), delimiter=delimiter)


def literals(package: str, name: str, variable: str) -> Iterator[Any]:
    """Yield what a module of a package assigns to a name, as far as that is written out; the module is not run."""
    for node in ast.walk(ast.parse(read_text(package, name))):
        if isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id == variable for at in node.targets):
            yield _constants(node.value)


def _constants(node: ast.expr) -> Any:
    """Evaluate what is written out; anything else becomes None."""
    match node:
        case ast.Constant():
            return node.value
        case ast.List() | ast.Tuple():
            return [_constants(item) for item in node.elts]
        case ast.Dict():
            return {
                _constants(key): _constants(value)
                for key, value in zip(node.keys, node.values, strict=True)
                if key is not None
            }
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return "".join(str(_constants(side) or _UNKNOWN) for side in (left, right))
        case ast.JoinedStr():
            return "".join(str(_constants(part) or _UNKNOWN) for part in node.values)
        case _:
            return None
