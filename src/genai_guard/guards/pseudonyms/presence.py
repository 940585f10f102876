"""Whether a string stands in one of some texts already; cheap to ask often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["Presence"]

_FEW: Final = 16
_find_runs: Final = re.compile(r"[0-9a-z]+").findall


class Presence:
    """Knows what stands in some texts.

    The texts are looked at when it is first asked. From some questions on most are answered by the words of the
    string alone, so that many questions about a long text do not take quadratic time.
    """

    __slots__ = ("_asked", "_lower", "_runs", "_texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._lower: list[str] | None = None
        self._runs: frozenset[str] | None = None
        self._asked = 0

    def __call__(self, text: str, *, any_case: bool) -> bool:
        """Whether `text` stands in one of the texts, as it is written or in any case."""
        if self._lower is None:
            self._lower = [each.lower() for each in self._texts]
        self._asked += 1
        if self._asked > _FEW and not self._may_stand(text.lower(), self._lower):
            return False
        if any_case:
            return any(text.lower() in each for each in self._lower)
        return any(text in each for each in self._texts)

    def _may_stand(self, text: str, lower: Sequence[str]) -> bool:
        if self._runs is None:
            self._runs = frozenset(run for each in lower for run in _find_runs(each))
        inner = _find_runs(text)[1:-1]  # the outer ones may be parts of longer words
        return self._runs.issuperset(inner)
