"""Guards: what must not pass in a text, or must not pass unchanged."""

from genai_guard.guards.base import Guard, MatchingGuard, Meter, WholeGuard
from genai_guard.guards.blocked_patterns import BlockedPatterns
from genai_guard.guards.custom import guard
from genai_guard.guards.json_schema import JSONSchema
from genai_guard.guards.length import Length
from genai_guard.guards.names import NamedSpan, Names, Recogniser
from genai_guard.guards.names_presidio import PresidioRecogniser
from genai_guard.guards.names_spacy import SpacyRecogniser
from genai_guard.guards.pii import PII
from genai_guard.guards.pseudonyms.vault import Vault
from genai_guard.guards.pydantic_model import PydanticModel
from genai_guard.guards.secrets import Secrets
from genai_guard.guards.tool_calls import ToolCalls
from genai_guard.guards.tools.arguments import ToolArgument
from genai_guard.guards.tools.flows import ToolFlow

__all__ = [
    "PII",
    "BlockedPatterns",
    "Guard",
    "JSONSchema",
    "Length",
    "MatchingGuard",
    "Meter",
    "NamedSpan",
    "Names",
    "PresidioRecogniser",
    "PydanticModel",
    "Recogniser",
    "Secrets",
    "SpacyRecogniser",
    "ToolArgument",
    "ToolCalls",
    "ToolFlow",
    "Vault",
    "WholeGuard",
    "guard",
]
