"""All signals, and the words of attacks that are looked for when they are spaced out or spelled with digits."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.injection.broader import BROADER
from genai_guard.guards.injection.extraction import EXTRACTION
from genai_guard.guards.injection.indirect import INDIRECT
from genai_guard.guards.injection.languages import LATIN
from genai_guard.guards.injection.override import OVERRIDE
from genai_guard.guards.injection.persona import PERSONA, PRESSURE
from genai_guard.guards.injection.scripts import SCRIPTS
from genai_guard.guards.injection.signal import Signal
from genai_guard.guards.injection.structure import STRUCTURE

__all__ = ["SIGNALS", "WORDS"]

SIGNALS: Final[tuple[Signal, ...]] = (
    *OVERRIDE,
    *PERSONA,
    *PRESSURE,
    *EXTRACTION,
    *STRUCTURE,
    *INDIRECT,
    *BROADER,
    *LATIN,
    *SCRIPTS,
)

WORDS: Final = frozenset(
    word.encode()
    for word in [
        "above",
        "admin",
        "all",
        "anything",
        "assistant",
        "bypass",
        "commands",
        "context",
        "developer",
        "directives",
        "disable",
        "disregard",
        "everything",
        "filter",
        "filters",
        "forget",
        "given",
        "guidelines",
        "hidden",
        "ignore",
        "initial",
        "instruction",
        "instructions",
        "jailbreak",
        "message",
        "mode",
        "model",
        "now",
        "override",
        "password",
        "policies",
        "previous",
        "print",
        "prior",
        "prompt",
        "prompts",
        "repeat",
        "restrictions",
        "reveal",
        "rules",
        "safety",
        "secret",
        "show",
        "system",
        "tell",
        "told",
        "unfiltered",
        "uncensored",
        "unrestricted",
        "without",
        "your",
        "alle",
        "anweisungen",
        "vergiss",
        "ignoriere",
        "vorherigen",
        "toutes",
        "oublie",
        "precedentes",
        "todas",
        "instrucciones",
        "olvida",
        "anteriores",
    ]
)
