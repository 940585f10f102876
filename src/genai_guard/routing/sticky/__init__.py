"""Where it is kept which variant a unit has got, so that it keeps it when shares, coverage or conditions change."""

from genai_guard.routing.sticky.base import StickyKey, StickyStore
from genai_guard.routing.sticky.memory import MemoryStickyStore
from genai_guard.routing.sticky.redis import RedisStickyStore
from genai_guard.routing.sticky.sqlite import SqliteStickyStore
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
