"""Guards: what must not pass in a text, or must not pass unchanged."""

from genai_guard.guards.base import Classifier, Guard, MatchingGuard, Meter, WholeGuard
from genai_guard.guards.blocked_patterns import BlockedPatterns
from genai_guard.guards.classifiers import (
    LexicalClassifier,
    ModerationEndpoint,
    ProfanityClassifier,
    TransformersClassifier,
)
from genai_guard.guards.content_safety import ContentSafety
from genai_guard.guards.custom import guard
from genai_guard.guards.length import Length
from genai_guard.guards.names import NamedSpan, Names, Recogniser
from genai_guard.guards.names_presidio import PresidioRecogniser
from genai_guard.guards.names_spacy import SpacyRecogniser
from genai_guard.guards.pii import PII
from genai_guard.guards.pseudonyms.vault import Vault
from genai_guard.guards.secrets import Secrets

__all__ = [
    "PII",
    "BlockedPatterns",
    "Classifier",
    "ContentSafety",
    "Guard",
    "Length",
    "LexicalClassifier",
    "MatchingGuard",
    "Meter",
    "ModerationEndpoint",
    "NamedSpan",
    "Names",
    "PresidioRecogniser",
    "ProfanityClassifier",
    "Recogniser",
    "Secrets",
    "SpacyRecogniser",
    "TransformersClassifier",
    "Vault",
    "WholeGuard",
    "guard",
]
