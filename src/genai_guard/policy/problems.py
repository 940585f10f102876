"""What is wrong with a policy: where, and what would be right."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time
from typing import Final, NamedTuple, TypeAlias

from genai_guard.errors import ConfigurationError

__all__ = ["Path", "Problem", "Problems", "describe", "listed", "quoted", "suggestion", "written"]

Path: TypeAlias = tuple[str | int, ...]
"""The way to a field: keys of mappings and indices of lists."""

_MOST: Final = 100  # problems in one message
_LONGEST: Final = 40  # characters of a value that are quoted
_PLAIN_KEY: Final = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_-]*")
_KINDS: Final[Sequence[tuple[type | tuple[type, ...], str]]] = (
    (Mapping, "a mapping"),
    ((list, tuple), "a list"),
    ((date, time), "a date or time"),
)


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes:
        path: The field.
        text: What is wrong with it, and the remedy.
    """

    path: Path
    text: str

    def below(self, path: Path) -> Problem:
        """Return the problem as seen from further up."""
        return Problem((*path, *self.path), self.text)


class Problems(ValueError):  # noqa: N818  a list of them, which pydantic collects as one error
    """Everything that is wrong with one part of a policy."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problems")

    def report(self, source: str, line_of: Callable[[Path], int | None]) -> ConfigurationError:
        """Return the error for the user: one problem a line, in the order of the file.

        Args:
            source: Name of the file.
            line_of: Tells the line of a field, from 1; None where it is not known.
        """
        placed = [(line_of(problem.path), problem) for problem in dict.fromkeys(self.problems)]
        placed.sort(key=lambda pair: pair[0] or 0)
        lines = [_line(source, line, problem) for line, problem in placed[:_MOST]]
        if len(placed) > _MOST:
            lines.append(f"{source}: and {len(placed) - _MOST} more")
        return ConfigurationError("\n".join(lines))


def written(path: Path) -> str:
    """Return a path as people write it: `limits[2].per`, `prices["gpt-4.1"].input_usd`."""
    out = ""
    for step in path:
        if isinstance(step, int):
            out += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            out += f".{step}" if out else step
        else:
            out += f"[{quoted(step)}]"
    return out


def describe(value: object) -> str:
    """Return a short value as it is written, and of others what kind of value they are."""
    type_name = type(value).__name__
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        return quoted(value)
    kinds = (words for types, words in _KINDS if isinstance(value, types))
    return next(kinds, f"an object of type {type_name}")


def quoted(value: object) -> str:
    """Return a configuration word in quotes, or a number as it is, cut off where it gets long."""
    text = str(value)
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return json.dumps(short, ensure_ascii=not short.isprintable()) if isinstance(value, str) else short


def listed(words: Iterable[object]) -> str:
    """Return words in quotes, with commas."""
    return ", ".join(map(quoted, words))


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return a question for a misspelt word, or nothing: `: did you mean "limits"?`."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f": did you mean {quoted(near[0])}?" if near else ""


def _line(source: str, line: int | None, problem: Problem) -> str:
    place = f"{source}:{line}" if line else source
    return f"{place}: {written(problem.path)}: {problem.text}" if problem.path else f"{place}: {problem.text}"
