"""What the learned scorer says of a text and of the documents in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from genai_guard.guards.classifiers.learned.classifier import built_in
from genai_guard.guards.injection.places import Place, documents_in
from genai_guard.verdicts import Finding

__all__ = ["learned_findings", "thresholds"]

_HEADS: Final[Mapping[Place, str]] = {
    "user": "injection", "document": "indirect_injection", "tool": "indirect_injection",
}  # fmt: skip


@cache
def thresholds(false_positives: float) -> Mapping[Place, float]:
    """Return from which probability on a text of each place counts.

    Raises:
        ConfigurationError: a share that was not measured, or no model.
    """
    least = built_in("injection").threshold
    return {place: least(head, false_positives=false_positives) for place, head in _HEADS.items()}


def learned_findings(text: str, place: Place, false_positives: float, *, name: str, kind: str) -> list[Finding]:
    """Return a finding for the text, and one for each document in a user's text, that scores high enough.

    Args:
        text: What to judge.
        place: Where it stands.
        false_positives: Share of harmless texts that may count.
        name: Of the guard.
        kind: Of the guard; first part of the rule's name.
    """
    least = thresholds(false_positives)
    findings: list[Finding] = []
    for where, start, end, stretch in _stretches(text, place):
        score = built_in("injection").score(stretch)[_HEADS[where]]
        if score >= least[where]:
            detail = built_in("injection").told(score, least[where])
            findings.append(
                Finding(f"{kind}.learned", "PROMPT_INJECTION", start, end, round(score, 3), name, detail=detail)
            )
    return findings


def _stretches(text: str, place: Place) -> Iterator[tuple[Place, int, int, str]]:
    """Yield what is to be judged: of a user's text each document by itself, and what is around them."""
    documents = documents_in(text) if place == "user" else ()
    if not documents:
        yield place, 0, len(text), text
        return
    around: list[str] = []
    at = 0
    for start, end in documents:
        around.append(text[at:start])
        at = max(at, end)
        yield "document", start, end, text[start:end]
    around.append(text[at:])
    yield place, 0, len(text), "\n".join(around)
