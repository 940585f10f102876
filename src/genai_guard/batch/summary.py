"""A verdict as a row of a table."""

from __future__ import annotations

from typing import NamedTuple

from genai_guard.verdicts import Action, Verdict

__all__ = ["Summary", "summary_of"]


class Summary(NamedTuple):
    """What a table keeps of a verdict: plain values, and nothing of the text but what is left of it.

    Attributes:
        action: What was done.
        text: The text to go on with; None if it must not go on.
        findings: How much was found.
        rules: The rules that found it, each once, in the order of the text.
        categories: What was found, each once.
        error: Class name of what a guard raised; None unless one broke.
    """

    action: str
    text: str | None
    findings: int
    rules: list[str]
    categories: list[str]
    error: str | None


def summary_of(verdict: Verdict) -> Summary:
    """Return what a table keeps of a verdict."""
    says_no = verdict.action in {Action.BLOCK, Action.ERROR}
    return Summary(
        verdict.action.value,
        None if says_no else verdict.text,
        len(verdict.findings),
        list(dict.fromkeys(finding.rule for finding in verdict.findings)),
        list(dict.fromkeys(finding.category for finding in verdict.findings)),
        verdict.error or None,
    )
