"""Guards: what must not pass in a text, or must not pass unchanged."""

from genai_guard.guards.base import Guard, MatchingGuard, Meter, WholeGuard
from genai_guard.guards.blocked_patterns import BlockedPatterns
from genai_guard.guards.custom import guard
from genai_guard.guards.length import Length
from genai_guard.guards.pii import PII
from genai_guard.guards.pseudonyms.vault import Vault
from genai_guard.guards.secrets import Secrets

__all__ = [
    "PII",
    "BlockedPatterns",
    "Guard",
    "Length",
    "MatchingGuard",
    "Meter",
    "Secrets",
    "Vault",
    "WholeGuard",
    "guard",
]
