"""Where usage is kept: one file for each store."""

from genai_guard.limits.stores.base import Counts, Row, Store
from genai_guard.limits.stores.memory import MemoryStore

__all__ = ["Counts", "MemoryStore", "Row", "Store"]
