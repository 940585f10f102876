"""Google-style docstrings, taken apart: the descriptions in the JSON Schema are those of the reference."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, Final

__all__ = ["arguments", "summary"]

_HEADING: Final = re.compile(r"[A-Z][A-Za-z ]+:")
_ARGUMENT: Final = re.compile(r"\*{0,2}(\w+):(?: (.*))?")
_LISTS: Final = {"Args:", "Attributes:"}


def summary(part: Any) -> str:
    """Return the text before the first section, paragraphs and indented blocks as they are."""
    lines: list[str] = []
    for line in _lines(part):
        if _HEADING.fullmatch(line):
            break
        lines.append(line)
    paragraphs = "\n".join(lines).strip().split("\n\n")
    return "\n\n".join(each if each.startswith(" ") else each.replace("\n", " ") for each in paragraphs)


def arguments(part: Callable[..., Any]) -> dict[str, str]:
    """Return what the docstring of a function or class says about each parameter; a class inherits from its bases."""
    found: dict[str, str] = {}
    for owner in reversed(part.__mro__ if isinstance(part, type) else (part,)):
        found.update(_arguments(owner))
    return found


def _arguments(part: Any) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    inside, name = False, ""
    for line in _lines(part):
        if line and not line.startswith(" "):
            inside = line in _LISTS
        elif inside and (match := _ARGUMENT.fullmatch(line[4:])) and not line.startswith("     "):
            name = match[1]
            found[name] = [match[2] or ""]
        elif inside and name:
            found[name].append(line.strip())
    return {name: " ".join(filter(None, lines)) for name, lines in found.items()}


def _lines(part: Any) -> list[str]:
    """A class without a docstring has none: neither that of its base, nor the signature that a dataclass puts there."""
    doc = vars(part).get("__doc__") if isinstance(part, type) else part.__doc__
    if not doc or (isinstance(part, type) and doc.startswith(f"{part.__name__}(")):
        return []
    return inspect.cleandoc(doc).splitlines()
