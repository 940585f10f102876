"""The audit trail: who decided what, in a chain of signed records that shows every later change."""

from __future__ import annotations

from genai_guard.recording.audit.anchors import Anchor, read_anchors
from genai_guard.recording.audit.chain import Head
from genai_guard.recording.audit.keys import KeySource
from genai_guard.recording.audit.log import AuditLog
from genai_guard.recording.audit.verifying import Problem, Verification

__all__ = ["Anchor", "AuditLog", "Head", "KeySource", "Problem", "Verification", "read_anchors"]
