"""What there is to say about the signs of an injection, which are no rules of their guard: it adds their weights up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from genai_guard.commands.facts import RuleFacts, conditions_of, kind_of, members_of
from genai_guard.guards.prompt_injection import PromptInjection

if TYPE_CHECKING:
    from genai_guard.guards.injection.signal import Signal
    from genai_guard.guards.seat import Seat

__all__ = ["signs_of"]


def signs_of(seat: Seat) -> Iterator[RuleFacts]:
    """Yield each sign of an injection that a guard looks for, or one that it is made of."""
    for guard in members_of(seat.guard):
        if isinstance(guard, PromptInjection):
            from genai_guard.guards.injection.catalogue import SIGNALS  # noqa: PLC0415  for policies that have the guard

            yield from (_pattern(seat, guard, signal) for signal in SIGNALS)
            yield _faked_turns(seat, guard)


def _pattern(seat: Seat, guard: PromptInjection, signal: Signal) -> RuleFacts:
    checks: list[str] = []
    if signal.elsewhere != signal.rule.score:
        checks.append(f"its score is {signal.elsewhere:g} in documents and results of tools")
    if signal.is_order:
        checks.append('counts in full as an order only, not after "they", "may" or "how do I"')
    name = signal.rule.id.rpartition(".")[2]
    looks_for = f"a sign of an injection: {_words(name)}, of the family {_words(signal.family)}"
    return _facts(seat, guard, signal.rule.id, signal.rule.score, looks_for, *checks, words=signal.rule.words)


def _faked_turns(seat: Seat, guard: PromptInjection) -> RuleFacts:
    from genai_guard.guards.injection.scoring import FAKED_TURNS, MANY_TURNS  # noqa: PLC0415  as above

    most, heaviest = MANY_TURNS[0]
    weights = ", ".join(f"{weight:g} from {turns} on" for turns, weight in reversed(MANY_TURNS))
    looks_for = f"many faked turns of a conversation, {most} of them for the highest score"
    return _facts(seat, guard, FAKED_TURNS, heaviest, looks_for, f"its score is {weights}")


def _facts(
    seat: Seat,
    guard: PromptInjection,
    rule: str,
    score: float,
    looks_for: str,
    *checks: str,
    words: tuple[str, ...] = (),
) -> RuleFacts:
    needed = (
        "of a family the heaviest sign counts, and families add up: a text needs "
        f"{guard.threshold:g}, a document {guard.document_threshold:g}, a result of a tool {guard.tool_threshold:g}"
    )
    return RuleFacts(
        rule=rule,
        category="PROMPT_INJECTION",
        guard=seat.name,
        kind=kind_of(guard),
        action=seat.action.value,
        mode=seat.mode,
        score=score,
        needed=None,
        looks_for=looks_for,
        checks=(*checks, needed),
        words=words,
        conditions=conditions_of(seat),
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
