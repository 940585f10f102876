"""Lab 6.1, solved."""

from __future__ import annotations

import re

from genai_guard import Pipeline
from genai_guard.guards import PII, BlockedPatterns, Guard, Length, guard

_TICKET = re.compile(r"\bTCK-\d+\b")
_PROMISE = re.compile(r"\bwe(?: will| shall|'ll) (?:refund|pay|reimburse|compensate)\b|\bmoney back\b", re.IGNORECASE)


def ticket_numbers() -> Guard:
    """Spans, each with the label to put in its place."""

    @guard(action="redact")
    def tickets(text: str) -> list[tuple[int, int, str]]:
        return [(*match.span(), "TICKET") for match in _TICKET.finditer(text)]

    return tickets


def no_promises() -> Guard:
    """Yes or no; a guard that says nothing else blocks."""

    @guard
    def promises(text: str) -> bool:
        return _PROMISE.search(text) is not None

    return promises


def shouting() -> Guard:
    """A score from 0 to 1. Short texts are in capitals for other reasons: abbreviations, for one."""

    @guard(action="flag", threshold=0.7)
    def capitals(text: str) -> float:
        letters = [char for char in text if char.isalpha()]
        return sum(map(str.isupper, letters)) / len(letters) if len(letters) >= 10 else 0.0

    return capitals


def support_pipeline() -> Pipeline:
    """What is refused without a look comes first: it is cheapest."""
    return Pipeline(
        name="support",
        input=[Length(max_chars=2_000), PII(action="redact"), ticket_numbers(), shouting()],
        output=[PII(action="redact", allow=["help@shop.example"]), no_promises()],
    )


def streamed_ticket_numbers() -> BlockedPatterns:
    """A pattern tells how long a match can be, a function does not: only a pattern can let a stream go on."""
    return BlockedPatterns(regexes=[r"\bTCK-\d{1,12}\b"], action="redact", category="TICKET")


def cases() -> list[dict[str, object]]:
    """What is harmless is as like what is not as it can be."""
    return [
        {"text": "What became of TCK-4711?", "expect": "redact", "redacted": "What became of [TICKET]?"},
        {"text": "I am jo.harper@example.com", "expect": "redact"},
        {"text": "WHY DOES NOBODY ANSWER ME", "expect": "flag"},
        {"text": "Take it back, and we will refund you.", "side": "output", "expect": "block"},
        {"text": "What is a ticket number for?", "expect": "allow"},
        {"text": "The form asks for a TCK number. Which?", "expect": "allow"},
        {"text": "Does NASA have an FAQ?", "expect": "allow"},
        {"text": "Whether we refund you is decided by a colleague.", "side": "output", "expect": "allow"},
    ]
