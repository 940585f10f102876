"""One labelled text, and the words that its labels are written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["HARM", "INJECTION", "KINDS", "LABELS", "SPLITS", "TASKS", "Example", "Split", "Task"]

Task = Literal["injection", "harm"]
Split = Literal["train", "test"]

TASKS: Final[tuple[Task, ...]] = ("injection", "harm")
SPLITS: Final[tuple[Split, ...]] = ("test", "train")
"""What is tested on comes first: it is kept whole where training nearly holds the same."""
INJECTION: Final = frozenset({"direct", "jailbreak", "extraction", "indirect", "obfuscated"})
"""`obfuscated` is said beside one of the others, never alone."""
HARM: Final = frozenset({"hate", "harassment", "sexual", "violence", "self_harm", "illicit"})
LABELS: Final = {"injection": INJECTION, "harm": HARM}

KINDS: Final = frozenset(
    {
        "attack", "harmful",
        "chat", "code", "news", "role_play", "security_question", "medical_question", "fiction", "customer_mail",
        "translation", "system_prompt", "trigger_words", "tool_result", "document", "prompt_talk", "quoted_attack",
        "school", "counselling", "sex_education", "law", "history", "science", "counter_speech", "idiom", "game",
        "abuse_report", "review", "business", "log", "data", "support_ticket", "obfuscated_harmless",
    }
)  # fmt: skip
"""What sort of text it is: `attack` and `harmful` for what is to be found, the others for what is not."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text, what is to be found in it, and where it comes from.

    Args:
        text: As a user, a document or a tool would hand it over.
        labels: What is to be found; none in a harmless text.
        source: Which list, grammar or package it comes from. A source is all of one split.
        kind: Which sort of text it is, one of `KINDS`; rates of false alarms are published for each.
        language: Two letters.
        split: `train` or `test`.
        place: Where such a text stands: `prompt`, `document` or `tool_result`.
        licence: Of the source, as SPDX writes it.
        made_of: Of a mixture, the sources of the texts in it, that which gave it its labels first.
    """

    text: str
    labels: frozenset[str]
    source: str
    kind: str
    language: str
    split: Split
    place: str
    licence: str
    made_of: tuple[str, ...] = ()
