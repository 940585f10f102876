"""Lab 6.1: write custom guardrails. What each function is to return says its page, docs/labs/guardrails.md."""

from __future__ import annotations

from genai_guard import Pipeline
from genai_guard.guards import BlockedPatterns, Guard


def ticket_numbers() -> Guard:
    """1. A guard that replaces the numbers of tickets, `TCK-` and digits, by `[TICKET]`."""
    raise NotImplementedError("task 1")


def no_promises() -> Guard:
    """2. A guard that blocks a reply with a promise of money in it."""
    raise NotImplementedError("task 2")


def shouting() -> Guard:
    """3. A guard that flags texts that are mostly in capitals, with a score and a threshold."""
    raise NotImplementedError("task 3")


def support_pipeline() -> Pipeline:
    """4. The pipeline of a support bot."""
    raise NotImplementedError("task 4")


def streamed_ticket_numbers() -> BlockedPatterns:
    """5. What task 1 does, without holding a stream until its end."""
    raise NotImplementedError("task 5")


def cases() -> list[dict[str, object]]:
    """6. Policy tests of the pipeline: at least four texts to be found, and four that are harmless."""
    raise NotImplementedError("task 6")
