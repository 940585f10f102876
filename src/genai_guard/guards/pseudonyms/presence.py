"""Whether a string stands in one of some texts already; cheap to ask often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["Presence"]

_find_runs: Final = re.compile(r"[0-9a-z]+").findall


class Presence:
    """Knows what stands in some texts.

    The texts are looked at when it is first asked. Most questions are answered by the words of the string alone.
    """

    __slots__ = ("_lower", "_runs", "_texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._lower: list[str] | None = None
        self._runs: frozenset[str] = frozenset()

    def __call__(self, text: str, *, any_case: bool) -> bool:
        """Whether `text` stands in one of the texts, as it is written or in any case."""
        lower = self._lower
        if lower is None:
            lower = self._lower = [each.lower() for each in self._texts]
            self._runs = frozenset(run for each in lower for run in _find_runs(each))
        inner = _find_runs(text.lower())[1:-1]  # the outer ones may be parts of longer words
        if not self._runs.issuperset(inner):
            return False
        return any(text.lower() in each for each in lower) if any_case else any(text in each for each in self._texts)
