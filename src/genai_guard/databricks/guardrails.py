"""Guards as guardrails of the AI Gateway, which has four: personal data, keywords, safety and topics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from genai_guard.databricks.parts import kind_of, place_of, unsaid
from genai_guard.databricks.values import Notes
from genai_guard.guards import PII, BlockedPatterns, ContentSafety, Guard, Topics
from genai_guard.guards.seat import Seat
from genai_guard.pipeline import Pipeline
from genai_guard.verdicts import Action

__all__ = ["guardrails_of", "no_guardrails"]

_Side: TypeAlias = dict[str, Any]
_Write: TypeAlias = Callable[[Any, str, str, _Side, Notes], None]

_FOUR: Final = "the gateway guards against personal data, keywords, unsafe content and other topics, and nothing else"
_WHY: Final[Mapping[str, str]] = {
    "code": "the gateway does not look for code",
    "custom": "a function of yours runs in your process",
    "judge": "the gateway asks no model of yours about a text",
    "length": "the gateway does not measure texts; a rate limit of tokens counts all calls of a minute",
    "prompt_injection": "the gateway has no guardrail against injected instructions",
    "pydantic_model": "the gateway does not check structured output",
    "json_schema": "the gateway does not check structured output",
    "secrets": "the gateway's personal data has no credentials in it",
    "tool_calls": "the gateway does not judge calls of tools",
}
_BLOCKS: Final = "the gateway blocks what it finds: a text that is to go on would not"
_ITS_OWN: Final = "the gateway has settings of its own, which are not these"
_NEVER_SAID: Final = ("name", "action", "batches", "beside_call", "blocking", "check_every_chars", "timeout_s")
"""What is said already, or is about how a guard runs here."""


def guardrails_of(pipeline: Pipeline, notes: Notes) -> dict[str, Any]:
    """Return `guardrails` of `ai_gateway`; empty without one that can be expressed."""
    sides = {"input": _side("input", pipeline.input, notes), "output": _side("output", pipeline.output, notes)}
    return {name: side for name, side in sides.items() if side}


def no_guardrails(pipeline: Pipeline, notes: Notes, why: str) -> None:
    """Note that no guard goes where there are no guardrails."""
    for side, guards in (("input", pipeline.input), ("output", pipeline.output)):
        for number, guard in enumerate(guards):
            notes.miss(place_of(side, number, Seat.of(guard)), "the guard", why)


def _side(side: str, guards: Sequence[Guard], notes: Notes) -> _Side:
    found: _Side = {}
    for number, given in enumerate(guards):
        seat = Seat.of(given)
        _guard(seat, side, place_of(side, number, seat), found, notes)
    return found


def _guard(seat: Seat, side: str, where: str, found: _Side, notes: Notes) -> None:
    if seat.mode == "shadow":
        notes.miss(where, "the guard", "it only records, and the gateway enforces all that it has")
    elif seat.conditions:
        notes.miss(where, "the guard", "it is asked under a condition, and the gateway asks always")
    else:
        if seat.escalations:
            notes.miss(where, "blocking after repeated findings", "the gateway counts none")
        write = next((each for kind, each in _WRITERS.items() if isinstance(seat.guard, kind)), None)
        if write is None:
            notes.miss(where, "the guard", _WHY.get(kind_of(seat.guard), _FOUR))
        else:
            write(seat.guard, side, where, found, notes)


def _pii(guard: PII, _side: str, where: str, found: _Side, notes: Notes) -> None:
    if guard.action in {Action.FLAG, Action.HASH, Action.PSEUDONYMIZE}:
        notes.miss(where, f"action {guard.action}", "the gateway blocks personal data or masks it")
        return
    behavior = "BLOCK" if guard.action is Action.BLOCK else "MASK"
    earlier = found.get("pii", {}).get("behavior", behavior)
    if earlier != behavior:
        notes.differ(where, "what is masked", "another guard blocks, and the gateway does one of both: it blocks")
        behavior = "BLOCK"
    found["pii"] = {"behavior": behavior}
    notes.differ(where, "entities", "the gateway looks for kinds of its own; ours are not told to it")
    if guard.action is Action.REDACT:
        notes.differ(where, "labels such as [EMAIL]", "the gateway masks in a form of its own")
    _rest(guard, where, ("entities",), notes)


def _keywords(guard: BlockedPatterns, _side: str, where: str, found: _Side, notes: Notes) -> None:
    if guard.action is not Action.BLOCK:
        notes.miss(where, f"action {guard.action}", _BLOCKS)
        return
    if guard.regexes:
        notes.miss(where, f"{len(guard.regexes)} regexes", "the gateway knows keywords alone")
    words = [word for rule in guard.rules for word in rule.keywords]
    if words:
        found["invalid_keywords"] = list(dict.fromkeys([*found.get("invalid_keywords", ()), *words]))
        notes.differ(where, "where a keyword matches", "the gateway does not say whether in words and disguises too")
        _rest(guard, where, ("keywords", "keywords_file", "regexes"), notes)


def _safety(guard: ContentSafety, _side: str, where: str, found: _Side, notes: Notes) -> None:
    if guard.action is not Action.BLOCK:
        notes.miss(where, f"action {guard.action}", _BLOCKS)
        return
    found["safety"] = True
    notes.differ(where, "what is unsafe", "a model of the gateway decides, by categories of its own")
    _rest(guard, where, (), notes)


def _topics(guard: Topics, side: str, where: str, found: _Side, notes: Notes) -> None:
    if guard.action is not Action.BLOCK:
        notes.miss(where, f"action {guard.action}", _BLOCKS)
        return
    if guard.deny:
        notes.miss(where, f"{len(guard.deny)} denied topics", "the gateway takes a list of those that are allowed")
    if guard.allow and side == "output":
        notes.miss(where, "allowed topics", "the gateway judges the topic of requests")
    elif guard.allow:
        topics = list(guard.allow)
        if "valid_topics" in found:
            topics = [topic for topic in found["valid_topics"] if topic in guard.allow] or topics
            notes.differ(where, "two lists of topics", "the gateway has one: what both allow, or else this one")
        found["valid_topics"] = topics
        notes.differ(where, "what a topic is", "a model of the gateway goes by its name; keywords are not told to it")
        _rest(guard, where, ("allow", "deny"), notes)


def _rest(guard: Guard, where: str, said: Iterable[str], notes: Notes) -> None:
    names = unsaid(guard, (*said, *_NEVER_SAID))
    if names:
        notes.differ(where, ", ".join(names), _ITS_OWN)


_WRITERS: Final[Mapping[type, _Write]] = {
    PII: _pii,
    BlockedPatterns: _keywords,
    ContentSafety: _safety,
    Topics: _topics,
}
