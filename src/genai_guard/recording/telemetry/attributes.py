"""What a call says of itself on a span: names, numbers and classes, never a text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from genai_guard.recording.dimensions import variant
from genai_guard.recording.redaction import side_of
from genai_guard.recording.telemetry import names

if TYPE_CHECKING:
    from genai_guard.recording.event import Event
    from genai_guard.routing.experiment import Assignment
    from genai_guard.verdicts import Verdict

__all__ = ["Attributes", "at_end", "at_start", "error_type", "happenings"]

Attributes: TypeAlias = dict[str, str | bool | int | float | Sequence[str]]

_CALM: Final = frozenset({"ok", "abandoned"})
"""Statuses of calls in which nothing went wrong."""

_ANSWERED: Final = frozenset({"stream", "output", "done"})
"""Stages of calls whose model has begun to answer."""


def at_start(model: str, max_tokens: int | None, kwargs: Mapping[str, Any]) -> Attributes:
    """Return what is known of a request; samplers see it.

    Of its other arguments only numbers are taken: stop sequences and the like may hold what a user wrote.
    """
    found: Attributes = {}
    if model:
        found[names.REQUEST_MODEL] = model
    if max_tokens is not None:
        found[names.REQUEST_MAX_TOKENS] = max_tokens
    for argument, name in names.REQUEST_NUMBERS.items():
        value = kwargs.get(argument)
        if type(value) is int or type(value) is float:
            found[name] = value
    if kwargs.get("stream") is True:
        found[names.REQUEST_STREAM] = True
    return found


def at_end(event: Event) -> Attributes:
    """Return what is known of a call once it is over."""
    caller, usage = event.caller, event.usage
    found: Attributes = {
        names.PIPELINE: event.pipeline,
        names.TARGET: event.target,
        names.REQUEST_ID: event.request_id,
        names.STATUS: event.status,
        names.STAGE: event.stage,
        names.ATTEMPTS: event.attempts,
        names.MODEL_S: event.model_s,
    }
    known = {
        names.ERROR_TYPE: error_type(event),
        names.CONVERSATION: caller.session,
        names.TENANT: caller.tenant,
        names.RESPONSE_MODEL: event.model if event.stage in _ANSWERED else "",
        names.FINISH_REASONS: (event.finish_reason,) if event.finish_reason else (),
        names.ANSWERED_BY: event.answered_by,
        names.LIMIT: event.denied_by,
        names.LIMIT_WAIT: event.queue_s,
        names.LIMITS_IN_SHADOW: event.shadow_denials,
        names.VARIANT: variant(event),
        **_prompt(event),
        names.GUARDS: tuple(dict.fromkeys(verdict.guard for verdict in event.verdicts)),
    }
    found.update({name: value for name, value in known.items() if value})
    if event.first_token_s is not None:
        found[names.REQUEST_STREAM] = True
        found[names.FIRST_CHUNK] = event.first_token_s
    if event.cost_usd is not None:
        found[names.COST] = event.cost_usd
    if usage.input_tokens or usage.output_tokens:
        found.update(_tokens(event))
    return found


def happenings(event: Event) -> Iterator[tuple[str, Attributes]]:
    """Yield the events of a call: one for each experiment, then one for each guard that found something."""
    for assignment in event.assignments:
        yield names.FLAG_EVENT, _flag(assignment)
    for verdict in event.verdicts:
        yield names.GUARD_EVENT, _guard(verdict)


def error_type(event: Event) -> str:
    """Return what went wrong: a class, else the status; nothing if nothing did."""
    return "" if event.status in _CALM else event.error_type or event.status


def _tokens(event: Event) -> Attributes:
    usage = event.usage
    found: Attributes = {names.INPUT_TOKENS: usage.input_tokens, names.OUTPUT_TOKENS: usage.output_tokens}
    counts = {
        names.CACHE_READ_TOKENS: usage.cached_tokens,
        names.CACHE_WRITE_TOKENS: usage.cache_write_tokens,
        names.REASONING_TOKENS: usage.reasoning_tokens,
        names.ESTIMATED: usage.estimated,
    }
    found.update({name: count for name, count in counts.items() if count})
    return found


def _prompt(event: Event) -> dict[str, str]:
    """Return the prompt that an experiment gave, and which version of it."""
    for assignment in event.assignments:
        if (prompt := assignment.prompt) is not None:
            return {names.PROMPT_NAME: prompt.name, names.PROMPT_VERSION: prompt.version}
    return {}


def _flag(assignment: Assignment) -> Attributes:
    found: Attributes = {
        names.FLAG_KEY: assignment.experiment,
        names.FLAG_PROVIDER: names.SCOPE,
        names.FLAG_REASON: names.FLAG_REASONS.get(assignment.reason, "default"),
        names.EXPERIMENT_MODE: assignment.mode,
    }
    if assignment.variant:
        found[names.FLAG_VARIANT] = assignment.variant
    if assignment.config_version:
        found[names.FLAG_VERSION] = str(assignment.config_version)
    return found


def _guard(verdict: Verdict) -> Attributes:
    found: Attributes = {
        names.GUARD_NAME: verdict.guard,
        names.GUARD_ACTION: str(verdict.action),
        names.GUARD_MODE: verdict.mode,
        names.GUARD_FINDINGS: len(verdict.findings),
    }
    if verdict.findings:
        found[names.GUARD_SIDE] = side_of(verdict.findings[0].where)
        found[names.GUARD_CATEGORIES] = tuple(dict.fromkeys(finding.category for finding in verdict.findings))
    if verdict.error:
        found[names.ERROR_TYPE] = verdict.error
    return found
