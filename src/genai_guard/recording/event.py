"""What is known about one call once it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from genai_guard.messages import ANONYMOUS, Caller, Part, Usage

if TYPE_CHECKING:
    from genai_guard.routing.experiment import Assignment
    from genai_guard.verdicts import Verdict

__all__ = ["Event"]


class Event(NamedTuple):
    """One call, whatever became of it. Exactly one is recorded for each.

    Attributes:
        time_s: Wall clock when the call began, in seconds since 1970.
        request_id: Identifier of the call.
        pipeline: Name of the pipeline.
        target: Qualified name of the wrapped function.
        status: `ok`, `blocked`, `rate_limited`, `budget_exceeded`, `breaker_open`, `component_failed`, `error` (the
            function raised), `timeout` (it raised a TimeoutError), `cancelled` or `abandoned` (the stream was not read
            to its end).
        error_type: Class name of what was raised; empty when nothing was.
        stage: Stage in which the call ended: `read`, `input`, `limits`, `call`, `stream`, `output` or `done`.
        caller: On whose behalf.
        model: Model that answered, or was asked.
        assignments: What each experiment assigned, with the name, version and hash of the prompt that goes with it.
        verdicts: What guards found, allowed calls excepted.
        usage: Tokens, of all times that the model was asked.
        cost_usd: Price of the call; None when the model has no price.
        latency_s: From the beginning to the end.
        model_s: The part of it spent in the wrapped function and its stream.
        first_token_s: From the beginning to the first released chunk; None unless streamed.
        inter_token_s: Mean wait for the model for each released chunk after the first; None with fewer than two. What
            the reader of the stream takes for itself is no part of it.
        queue_s: The part of `latency_s` spent waiting for room in a limit.
        streamed: Whether the reply was a stream.
        chunks: Chunks handed out.
        finish_reason: Why the model stopped.
        denied_by: Name of the limit that refused the call.
        shadow_denials: Names of the limits in shadow mode that would have refused it.
        settled: False when a reservation was left to expire.
        guard_usage: Tokens that guards spent on models of their own, which `usage` does not count; the cost does.
        attempts: Times that the model was called; 0 when it was not reached, or the reply was in the cache.
        retries: Those of them that repeat what failed; not the first ones of a fallback, nor those that ask for a better
            reply.
        answered_by: Name of the target of a fallback or tier that answered, or `cache`, in which case usage and cost
            are zero; empty for the call as it was made.
        request: The texts as the caller wrote them. Not redacted: may leave the process only through a `Redactor`.
        response: The texts as the model wrote them. Not redacted, as above.
    """

    time_s: float
    request_id: str
    pipeline: str = ""
    target: str = ""
    status: str = "ok"
    error_type: str = ""
    stage: str = "done"
    caller: Caller = ANONYMOUS
    model: str = ""
    assignments: tuple[Assignment, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    usage: Usage = Usage()
    cost_usd: float | None = None
    latency_s: float = 0.0
    model_s: float = 0.0
    first_token_s: float | None = None
    inter_token_s: float | None = None
    queue_s: float = 0.0
    streamed: bool = False
    chunks: int = 0
    finish_reason: str = ""
    denied_by: str = ""
    shadow_denials: tuple[str, ...] = ()
    settled: bool = True
    guard_usage: Usage = Usage()
    attempts: int = 0
    retries: int = 0
    answered_by: str = ""
    request: tuple[Part, ...] = ()
    response: tuple[Part, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the call went through."""
        return self.status == "ok"

    def __repr__(self) -> str:
        return f"<Event {self.request_id} {self.status} {self.latency_s * 1e3:.1f} ms>"
