"""Guards: what must not pass in a text, or must not pass unchanged."""

from genai_guard.guards.base import Guard, MatchingGuard, Meter, WholeGuard
from genai_guard.guards.blocked_patterns import BlockedPatterns
from genai_guard.guards.code import Code
from genai_guard.guards.custom import guard
from genai_guard.guards.language import Language
from genai_guard.guards.length import Length
from genai_guard.guards.names import NamedSpan, Names, Recogniser
from genai_guard.guards.names_presidio import PresidioRecogniser
from genai_guard.guards.names_spacy import SpacyRecogniser
from genai_guard.guards.pii import PII
from genai_guard.guards.pseudonyms.vault import Vault
from genai_guard.guards.refusal import Refusal
from genai_guard.guards.repetition import Repetition
from genai_guard.guards.secrets import Secrets
from genai_guard.guards.sql import SQL

__all__ = [
    "PII",
    "SQL",
    "BlockedPatterns",
    "Code",
    "Guard",
    "Language",
    "Length",
    "MatchingGuard",
    "Meter",
    "NamedSpan",
    "Names",
    "PresidioRecogniser",
    "Recogniser",
    "Refusal",
    "Repetition",
    "Secrets",
    "SpacyRecogniser",
    "Vault",
    "WholeGuard",
    "guard",
]
