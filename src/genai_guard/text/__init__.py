"""Rules, gates, the scanner, exact streams, edits and token counts: the engine under every guard that matches text."""

from genai_guard.text.edits import Edit, JsonState, apply_edits, json_safe, merge_edits, original_span
from genai_guard.text.rules import Match, Rule, RuleFailed
from genai_guard.text.scanner import Scanner
from genai_guard.text.stream import Decided, HoldOverflow, ScanStream

__all__ = [
    "Decided",
    "Edit",
    "HoldOverflow",
    "JsonState",
    "Match",
    "Rule",
    "RuleFailed",
    "ScanStream",
    "Scanner",
    "apply_edits",
    "json_safe",
    "merge_edits",
    "original_span",
]
