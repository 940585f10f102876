"""The rules of a policy, and those of the built-in guards without one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from genai_guard.commands.asking import seats_of
from genai_guard.commands.facts import RuleFacts, facts_of, sources_of
from genai_guard.commands.signs import signs_of
from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Guard, Side
from genai_guard.guards.pii import PII
from genai_guard.guards.prompt_injection import PromptInjection
from genai_guard.pipeline import Pipeline

__all__ = ["all_facts", "built_in"]

_SIDES: Final[tuple[Side, ...]] = ("input", "output")


def all_facts(pipeline: Pipeline) -> Iterator[tuple[Side, RuleFacts]]:
    """Yield what there is to say about each rule of either side."""
    for side in _SIDES:
        for seat in seats_of(pipeline, side):
            for source in sources_of(seat):
                yield side, facts_of(source)
            for facts in signs_of(seat):
                yield side, facts


def built_in() -> Pipeline:
    """Return a pipeline of all built-in rules: those of every guard that needs no parameter, and of all personal data."""
    from genai_guard import guards  # noqa: PLC0415  for this alone

    found: list[Guard] = [PII("ALL", threshold=0), PromptInjection()]
    for name in guards.__all__:
        kind = getattr(guards, name)
        if isinstance(kind, type) and kind is not PII and hasattr(kind, "kind") and hasattr(kind, "rules"):
            try:
                found.append(kind())
            except (ConfigurationError, TypeError):  # it needs to be told what to look for
                continue
    return Pipeline(input=found)
