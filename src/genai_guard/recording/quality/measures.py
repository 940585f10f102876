"""How good replies are, as far as a program can tell from their words. Every one of these is a proxy.

What each says, and what it does not, is told with it. None of them knows whether a reply is true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context
from genai_guard.guards.groundedness import Groundedness
from genai_guard.guards.refusal import Refusal
from genai_guard.guards.repetition import Repetition
from genai_guard.messages import Request
from genai_guard.recording.drift.calls import Call
from genai_guard.recording.drift.features import Feature, words_of

__all__ = ["QUALITY", "distinct_n", "guard_score", "is_refusal"]


def distinct_n(text: str, n: int) -> float | None:
    """Return the share of runs of `n` words that are different ones, from 0 to 1; None of a text with fewer words.

    Dull and looping replies are low. So are long ones: compare replies of about one length. Source: Li et al., A
    Diversity-Promoting Objective Function for Neural Conversation Models, NAACL 2016.
    """
    words = words_of(text)
    runs = list(zip(*(words[at:] for at in range(n)), strict=False))
    return len(set(runs)) / len(runs) if runs else None


def is_refusal(call: Call) -> bool | None:
    """Return whether the reply says no, as the guard `Refusal` sees it; None without a reply."""
    guard, context = _refusal(), Context("output")
    spoken = [part for part in call.response if part.kind in {"text", "refusal"} and part.text]
    return any(guard.check_part(part, context).findings for part in spoken) if spoken else None


def is_repetitive(call: Call) -> bool | None:
    """Return whether the reply runs in circles, as the guard `Repetition` sees it; None without a reply."""
    return bool(_repetition().check(call.reply).findings) if call.reply else None


def groundedness(call: Call) -> float | None:
    """Return the share of sentences whose words are in the sources that the request holds; see `Groundedness`.

    None without sources. Of several texts of a reply the least.
    """
    guard = _groundedness()
    context = Context("output", Request(call.request))
    shares = [guard.support(part, context) for part in call.response]
    return min((share for share in shares if share is not None), default=None)


def guard_score(guard: str, *, name: str = "") -> Feature:
    """Return the feature that is the highest score a guard gave what it found in a call: of a `Judge` how surely it fails.

    0 where it found nothing: what a judge thought of a text that it let pass is not recorded. None where it failed.

    Args:
        guard: Name of the guard, as verdicts have it.
        name: Name of the feature; `judge_score` for the guard `judge` unless said.

    Raises:
        ConfigurationError: the name is none.
    """
    if not isinstance(guard, str) or not guard:
        raise ConfigurationError("guard_score(guard) takes the name of a guard, as its verdicts have it")

    def read(call: Call) -> float | None:
        own = [each for each in call.verdicts if each.get("guard") == guard]
        if any(each.get("error") for each in own):
            return None
        findings: Sequence[Mapping[str, Any]] = [found for each in own for found in each.get("findings") or ()]
        return max((float(found["score"]) for found in findings), default=0.0)

    return Feature(name or f"{guard}_score", read, needs_text=False)


@cache
def _refusal() -> Refusal:
    return Refusal()


@cache
def _repetition() -> Repetition:
    return Repetition(action="flag")


@cache
def _groundedness() -> Groundedness:
    return Groundedness()


QUALITY: Final[Mapping[str, Feature]] = {
    each.name: each
    for each in (
        Feature("distinct_1", lambda call: distinct_n(call.reply, 1)),
        Feature("distinct_2", lambda call: distinct_n(call.reply, 2)),
        Feature("repetition", is_repetitive, kind="label"),
        Feature("refusal", is_refusal, kind="label"),
        Feature("groundedness", groundedness),
        guard_score("judge"),
    )
}
"""Measures of quality by name; `judge_score` is of a guard called `judge`."""
