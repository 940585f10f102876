"""Names of tools, with `*` for any characters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, cast

from genai_guard.errors import ConfigurationError

__all__ = ["Names", "names_of"]


class Names:
    """Tells whether a name is among some patterns.

    Args:
        patterns: Names, with `*` for any characters, none included.
        ignore_case: Whether letters of both cases are equal.
    """

    __slots__ = ("_patterns", "_plain")

    def __init__(self, patterns: Iterable[str], *, ignore_case: bool = False) -> None:
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        names = tuple(patterns)
        self._plain: Final = frozenset(names)
        self._patterns: Final = [
            (each, re.compile(re.sub(r"(?:\\\*)+", "(?s:.*)", re.escape(each)), flags).fullmatch)
            for each in names
            if ignore_case or "*" in each
        ]

    def match(self, name: str) -> str | None:
        """Return the first pattern that a name fits; None if it fits none."""
        if name in self._plain:
            return name
        return next((each for each, fits in self._patterns if fits(name)), None)


def names_of(where: str, values: object) -> tuple[str, ...]:
    """Return names that a guard is given, as a tuple.

    Raises:
        ConfigurationError: they are no list of names.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"{where} takes a list of names of tools, not {type(values).__name__}")
    names = tuple(cast("Iterable[object]", values))
    for number, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise ConfigurationError(
                f"{where}: item {number} is no name of a tool; write one, such as 'search' or 'crm_*'"
            )
        if name.count("*") > 3:
            raise ConfigurationError(f"{where}: item {number} has more than three *; write it with fewer")
    return cast("tuple[str, ...]", names)
