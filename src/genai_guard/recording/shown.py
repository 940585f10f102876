"""The values of dimensions, as they may leave the process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from genai_guard.recording.dimensions import Key, is_name
from genai_guard.recording.redaction import Redactor

__all__ = ["ShownKeys"]

_MOST_KNOWN: Final = 4096


class ShownKeys:
    """Redacts what callers say (users, tenants, sessions, tags); names of models, variants and the like stay.

    What was seen before is not searched again.

    Args:
        dimensions: What stands in the keys.
    """

    __slots__ = ("_known", "_redactor", "_said")

    def __init__(self, dimensions: Iterable[str]) -> None:
        self._said = [place for place, name in enumerate(dimensions) if not is_name(name)]
        self._redactor = Redactor()
        self._known: dict[str, str] = {}

    def of(self, key: Key) -> Key:
        """Return a key as it may leave. Keys that looked different may look alike then."""
        if not self._said:
            return key
        values = list(key)
        for place in self._said:
            values[place] = self._shown(values[place])
        return tuple(values)

    def _shown(self, value: str) -> str:
        shown = self._known.get(value)
        if shown is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            shown = self._known[value] = self._redactor.words(value)
        return shown
