"""Guards: what must not pass in a text, or must not pass unchanged."""

from genai_guard.guards.base import Guard, MatchingGuard, Meter, WholeGuard
from genai_guard.guards.blocked_patterns import BlockedPatterns
from genai_guard.guards.custom import guard
from genai_guard.guards.length import Length
from genai_guard.guards.names import NamedSpan, Names, Recogniser
from genai_guard.guards.names_presidio import PresidioRecogniser
from genai_guard.guards.names_spacy import SpacyRecogniser
from genai_guard.guards.pii import PII
from genai_guard.guards.prompt_injection import PromptInjection
from genai_guard.guards.pseudonyms.vault import Vault
from genai_guard.guards.secrets import Secrets

__all__ = [
    "PII",
    "BlockedPatterns",
    "Guard",
    "Length",
    "MatchingGuard",
    "Meter",
    "NamedSpan",
    "Names",
    "PresidioRecogniser",
    "PromptInjection",
    "Recogniser",
    "Secrets",
    "SpacyRecogniser",
    "Vault",
    "WholeGuard",
    "guard",
]
