"""Variants in memory."""

from __future__ import annotations

from threading import Lock
from typing import Final, final

from genai_guard.errors import ConfigurationError
from genai_guard.routing.sticky.base import StickyKey

__all__ = ["MemoryStickyStore"]


@final
class MemoryStickyStore:
    """Keeps variants in memory, for one process, until it ends.

    Args:
        max_units: Most variants that are kept. Of more, the ones that were set first are forgotten, and those units are
            assigned anew.

    Raises:
        ConfigurationError: `max_units` is no whole number above zero.
    """

    def __init__(self, *, max_units: int = 100_000) -> None:
        if type(max_units) is not int or max_units < 1:
            raise ConfigurationError(f"MemoryStickyStore(max_units={max_units!r}): must be a whole number above zero")
        self.max_units: Final = max_units
        self._lock: Final = Lock()
        self._variants: Final[dict[StickyKey, str]] = {}

    def get(self, key: StickyKey, /) -> str:
        """Return the name of the variant that was set; empty when none is known."""
        return self._variants.get(key, "")

    def set(self, key: StickyKey, variant: str, /) -> None:
        """Keep the name of a variant, in place of what was kept before."""
        with self._lock:
            self._variants[key] = variant
            if len(self._variants) > self.max_units:
                del self._variants[next(iter(self._variants))]

    def __len__(self) -> int:
        return len(self._variants)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<MemoryStickyStore {len(self)} of {self.max_units} units>"
