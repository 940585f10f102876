"""Usage in a file of SQLite, for the processes of one machine."""

from genai_guard.limits.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
