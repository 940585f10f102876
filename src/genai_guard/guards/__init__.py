"""Guards: what must not pass in a text, or must not pass unchanged.

Names are imported from their modules when they are first asked for: nobody waits for the tables of guards that are not used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `genai_guard`
if TYPE_CHECKING:
    from genai_guard.guards.base import Classifier, Context, ContextGuard, Guard, MatchingGuard, Meter, WholeGuard
    from genai_guard.guards.blocked_patterns import BlockedPatterns
    from genai_guard.guards.classifiers import (
        Cascade,
        LearnedClassifier,
        LexicalClassifier,
        ModerationEndpoint,
        OnnxClassifier,
        OpenAIModeration,
        ProfanityClassifier,
        TransformersClassifier,
    )
    from genai_guard.guards.classifiers.judged import JudgeClassifier
    from genai_guard.guards.code import Code
    from genai_guard.guards.combinators import AllOf, AnyOf, Unless, all_of, any_of, unless
    from genai_guard.guards.conditions import When, when
    from genai_guard.guards.content_safety import ContentSafety
    from genai_guard.guards.custom import guard
    from genai_guard.guards.escalation import Escalate, escalate
    from genai_guard.guards.groundedness import Groundedness
    from genai_guard.guards.invisible_text import InvisibleText
    from genai_guard.guards.json_schema import JSONSchema
    from genai_guard.guards.judge import Judge, JudgeFailed
    from genai_guard.guards.language import Language
    from genai_guard.guards.length import Length
    from genai_guard.guards.links import Links
    from genai_guard.guards.media import Media
    from genai_guard.guards.names import NamedSpan, Names, Recogniser
    from genai_guard.guards.names_presidio import PresidioRecogniser
    from genai_guard.guards.names_spacy import SpacyRecogniser
    from genai_guard.guards.pii import PII
    from genai_guard.guards.prompt_injection import PromptInjection
    from genai_guard.guards.pseudonyms.vault import Vault
    from genai_guard.guards.pydantic_model import PydanticModel
    from genai_guard.guards.refusal import Refusal
    from genai_guard.guards.relevance import Relevance
    from genai_guard.guards.repetition import Repetition
    from genai_guard.guards.rubrics import RUBRICS, Rubric
    from genai_guard.guards.secrets import Secrets
    from genai_guard.guards.sql import SQL
    from genai_guard.guards.system_prompt_leak import SystemPromptLeak
    from genai_guard.guards.tallies import MemoryTally, SqliteTally, Tally
    from genai_guard.guards.tool_calls import ToolCalls
    from genai_guard.guards.tools.arguments import ToolArgument
    from genai_guard.guards.tools.flows import ToolFlow
    from genai_guard.guards.topics import Topics

__all__ = [
    "PII",
    "RUBRICS",
    "SQL",
    "AllOf",
    "AnyOf",
    "BlockedPatterns",
    "Cascade",
    "Classifier",
    "Code",
    "ContentSafety",
    "Context",
    "ContextGuard",
    "Escalate",
    "Groundedness",
    "Guard",
    "InvisibleText",
    "JSONSchema",
    "Judge",
    "JudgeClassifier",
    "JudgeFailed",
    "Language",
    "LearnedClassifier",
    "Length",
    "LexicalClassifier",
    "Links",
    "MatchingGuard",
    "Media",
    "MemoryTally",
    "Meter",
    "ModerationEndpoint",
    "NamedSpan",
    "Names",
    "OnnxClassifier",
    "OpenAIModeration",
    "PresidioRecogniser",
    "ProfanityClassifier",
    "PromptInjection",
    "PydanticModel",
    "Recogniser",
    "Refusal",
    "Relevance",
    "Repetition",
    "Rubric",
    "Secrets",
    "SpacyRecogniser",
    "SqliteTally",
    "SystemPromptLeak",
    "Tally",
    "ToolArgument",
    "ToolCalls",
    "ToolFlow",
    "Topics",
    "TransformersClassifier",
    "Unless",
    "Vault",
    "When",
    "WholeGuard",
    "all_of",
    "any_of",
    "escalate",
    "guard",
    "unless",
    "when",
]

_HOMES = {
    "Classifier": "base",
    "Context": "base",
    "ContextGuard": "base",
    "Guard": "base",
    "MatchingGuard": "base",
    "Meter": "base",
    "WholeGuard": "base",
    "BlockedPatterns": "blocked_patterns",
    "Cascade": "classifiers",
    "JudgeClassifier": "classifiers.judged",
    "LearnedClassifier": "classifiers",
    "LexicalClassifier": "classifiers",
    "ModerationEndpoint": "classifiers",
    "OnnxClassifier": "classifiers",
    "OpenAIModeration": "classifiers",
    "ProfanityClassifier": "classifiers",
    "TransformersClassifier": "classifiers",
    "Code": "code",
    "AllOf": "combinators",
    "AnyOf": "combinators",
    "Unless": "combinators",
    "all_of": "combinators",
    "any_of": "combinators",
    "unless": "combinators",
    "When": "conditions",
    "when": "conditions",
    "ContentSafety": "content_safety",
    "guard": "custom",
    "Escalate": "escalation",
    "escalate": "escalation",
    "Groundedness": "groundedness",
    "InvisibleText": "invisible_text",
    "JSONSchema": "json_schema",
    "Judge": "judge",
    "JudgeFailed": "judge",
    "Language": "language",
    "Length": "length",
    "Media": "media",
    "Links": "links",
    "NamedSpan": "names",
    "Names": "names",
    "Recogniser": "names",
    "PresidioRecogniser": "names_presidio",
    "SpacyRecogniser": "names_spacy",
    "PII": "pii",
    "PromptInjection": "prompt_injection",
    "Vault": "pseudonyms.vault",
    "PydanticModel": "pydantic_model",
    "Refusal": "refusal",
    "Relevance": "relevance",
    "Repetition": "repetition",
    "RUBRICS": "rubrics",
    "Rubric": "rubrics",
    "Secrets": "secrets",
    "SQL": "sql",
    "SystemPromptLeak": "system_prompt_leak",
    "MemoryTally": "tallies",
    "SqliteTally": "tallies",
    "Tally": "tallies",
    "ToolCalls": "tool_calls",
    "ToolArgument": "tools.arguments",
    "ToolFlow": "tools.flows",
    "Topics": "topics",
}


if not TYPE_CHECKING:  # else every misspelt name would be one

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(__import__(f"{__name__}.{_HOMES[name]}", fromlist=[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
