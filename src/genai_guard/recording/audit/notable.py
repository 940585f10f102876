"""What of a call belongs into an audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from genai_guard.recording.audit.chain import Draft
from genai_guard.recording.event import Event
from genai_guard.recording.redaction import is_response
from genai_guard.verdicts import Action, Verdict

if TYPE_CHECKING:
    from genai_guard.messages import Caller

__all__ = ["drafts_of", "is_notable", "subject_of"]

_KINDS: Final = {
    Action.BLOCK: "block",
    Action.ERROR: "guard_failure",
    **{action: "redaction" for action in Action if action.edits},
}
_OVERRIDE: Final = "override"


def is_notable(event: Event) -> bool:
    """Whether a call was blocked, changed or given a variant by hand, or a guard broke. Verdicts in shadow mode did nothing."""
    for verdict in event.verdicts:
        if verdict.action in _KINDS and verdict.mode == "enforce":
            return True
    for given in event.assignments:  # noqa: SIM110  twice as quick as any(), for every call
        if given.reason == _OVERRIDE:
            return True
    return False


def drafts_of(event: Event) -> Iterator[Draft]:
    """Yield what is recorded of a call that came out of a `Redactor`: one draft for each kind of happening."""
    subject = subject_of(event.caller)
    call = {"request_id": event.request_id, "pipeline": event.pipeline, "target": event.target, "status": event.status}
    verdicts: dict[str, list[Verdict]] = {}
    for verdict in event.verdicts:
        if verdict.action in _KINDS and verdict.mode == "enforce":
            verdicts.setdefault(_KINDS[verdict.action], []).append(verdict)
    for kind, those in verdicts.items():
        yield Draft(kind, event.time_s, {**call, "guards": [_verdict(each) for each in those]}, subject)
    if overrides := _overrides(event):
        yield Draft("override", event.time_s, {**call, "assignments": overrides}, subject)


def subject_of(caller: Caller) -> dict[str, Any]:
    """Return all that says on whose behalf a call was made; empty for nobody."""
    named = {
        "user": caller.user,
        "session": caller.session,
        "tenant": caller.tenant,
        "client_request_id": caller.request_id,
    }
    subject: dict[str, Any] = {name: value for name, value in named.items() if value}
    if caller.tags:
        subject["tags"] = {name: str(value) for name, value in caller.tags.items()}
    return subject


def _verdict(verdict: Verdict) -> dict[str, Any]:
    rules = Counter((finding.rule, is_response(finding.where)) for finding in verdict.findings)
    values: dict[str, Any] = {"guard": verdict.guard, "action": str(verdict.action)}
    if verdict.error:
        values["error"] = verdict.error
    values["findings"] = [
        {"rule": rule, "side": "response" if in_response else "request", "count": count}
        for (rule, in_response), count in sorted(rules.items())
    ]
    return values


def _overrides(event: Event) -> Sequence[dict[str, str]]:
    return [
        {"experiment": each.experiment, "variant": each.variant}
        for each in event.assignments
        if each.reason == _OVERRIDE
    ]
