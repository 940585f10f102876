"""Structured replies: reading JSON strictly, repairing it where nothing is lost, and telling what is wrong with it."""

from genai_guard.guards.structured.reading import MAX_DEPTH, NotJson, read_json
from genai_guard.guards.structured.repair import Repair, Repaired, repair_json

__all__ = ["MAX_DEPTH", "NotJson", "Repair", "Repaired", "read_json", "repair_json"]
