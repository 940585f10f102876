"""Where it is kept which variant a unit has got, so that it keeps it when shares, coverage or conditions change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genai_guard.routing.sticky.base import StickyKey, StickyStore
from genai_guard.routing.sticky.memory import MemoryStickyStore
from genai_guard.routing.sticky.redis import RedisStickyStore
from genai_guard.routing.sticky.sqlite import SqliteStickyStore

if TYPE_CHECKING:
    from genai_guard.routing.sticky.steady import Steady, StickyHealth

__all__ = [
    "MemoryStickyStore",
    "RedisStickyStore",
    "SqliteStickyStore",
    "Steady",
    "StickyHealth",
    "StickyKey",
    "StickyStore",
]


if not TYPE_CHECKING:  # else every misspelt name would be one

    def __getattr__(name: str) -> object:
        """Load what waits for stores that are down when there is a store."""
        if name not in {"Steady", "StickyHealth"}:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from genai_guard.routing.sticky import steady  # noqa: PLC0415  asyncio comes with it

        return getattr(steady, name)
