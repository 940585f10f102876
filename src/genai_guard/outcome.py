"""What becomes of one call: `Call` while it runs, `Outcome` for the caller, `Event` for the recorder."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from genai_guard.effects import Smuggled
from genai_guard.errors import ComponentFailed, Rejected
from genai_guard.limits.charges import Ending
from genai_guard.limits.ticket import Ticket
from genai_guard.messages import ANONYMOUS, Caller, Part, Reply, Request, Usage
from genai_guard.recording.event import Event

if TYPE_CHECKING:
    from genai_guard.beside import Beside
    from genai_guard.guards.judgement import Judgement, Spent
    from genai_guard.guards.pseudonyms.calls import CallVault
    from genai_guard.plan import Plan
    from genai_guard.recording.telemetry.tracing import Spanned
    from genai_guard.relay import Source
    from genai_guard.routing import Assignment
    from genai_guard.routing.prompts import Prompt
    from genai_guard.routing.shadow.copies import Copy
    from genai_guard.verdicts import Verdict

__all__ = ["NO_USAGE", "Abandoned", "Call", "Outcome", "Timings", "estimate_tokens"]

R_co = TypeVar("R_co", covariant=True)

_NOTHING: Final = Request(())
_NO_TICKET: Final = Ticket()
NO_USAGE: Final = Usage()
_ANSWERING: Final = frozenset({"stream", "output", "done"})
"""Stages in which the model has begun to answer."""

_event: Final[Callable[[tuple[Any, ...]], Event]] = partial(tuple.__new__, Event)  # pyright: ignore[reportUnknownMemberType]  typeshed's `tuple.__new__` is generic
_usage: Final[Callable[[tuple[Any, ...]], Usage]] = partial(tuple.__new__, Usage)  # pyright: ignore[reportUnknownMemberType]  as above
"""They make a tuple of all its fields in half the time of a call."""


class Abandoned(BaseException):
    """The consumer of a stream went away."""


class Timings(NamedTuple):
    """Where the time of a call went, in seconds.

    Attributes:
        total_s: From the beginning to the end, or until now.
        model_s: In the wrapped function and its stream.
        first_token_s: From the beginning to the first released chunk; None unless streamed.
        queue_s: Waiting for room in a limit.
    """

    total_s: float
    model_s: float
    first_token_s: float | None
    queue_s: float = 0.0

    @property
    def overhead_s(self) -> float:
        """What the pipeline took, waiting for a slow consumer of a stream included."""
        return self.total_s - self.model_s - self.queue_s


class Call:
    """The state of one call. Only its flow changes it."""

    __slots__ = (
        "answered_by", "asked", "assignments", "attempts", "beside", "caller", "chunk_model_s", "chunks", "copy", "denied_by", "earlier", "ended", "error_type", "expected", "finish_reason", "first_token_model_s", "first_token_s", "heard", "input_tokens", "model", "model_s", "output_size", "paid_usd", "parsed", "plan", "prompts", "queue_s", "reported", "request", "request_id", "response", "retries", "settled", "source", "span", "spent", "stage", "started", "status", "ticket", "time_s", "told", "vault", "verdicts",
    )  # fmt: skip

    paid_usd: float
    """Price of what `earlier` counts; not there before that is."""
    expected: int
    """Tokens reserved for the reply; not there before `ticket` is."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.started = plan.now()
        self.time_s = time.time()
        self.verdicts: list[Verdict] = []
        self.answered_by = ""
        self.asked = ""
        self.assignments: tuple[Assignment, ...] = ()
        self.attempts = 0
        self.beside: Beside | None = None
        self.caller: Caller = ANONYMOUS
        self.chunks = 0
        self.chunk_model_s = 0.0  # `model_s` when the latest of them was released
        self.copy: Copy | None = None
        self.denied_by = ""
        self.earlier: Usage | None = None
        self.ended = 0.0
        self.error_type = ""
        self.finish_reason = ""
        self.first_token_s: float | None = None
        self.first_token_model_s = 0.0  # `model_s` at that time
        self.heard = False  # by the limits of the provider: what ended the last attempt
        self.input_tokens = 0
        self.model = ""
        self.model_s = 0.0
        self.output_size = 0
        self.parsed: Any = None
        self.queue_s = 0.0
        self.prompts: tuple[Prompt, ...] = ()
        self.reported: Usage | None = None
        self.request: Request = _NOTHING
        self.request_id = ""
        self.response: tuple[Part, ...] = ()
        self.retries = 0
        self.settled = True
        self.source: Source | None = None
        self.span: Spanned | None = None
        self.spent: tuple[Spent, ...] = ()
        self.stage = "read"
        self.status = "ok"
        self.ticket: Ticket | None = None
        self.told: tuple[Part, ...] = ()
        self.vault: CallVault | None = None

    def unit(self) -> Caller:
        """Return the caller with the request id of this call, for experiments that go by the request."""
        return self.caller if self.caller.request_id else replace(self.caller, request_id=self.request_id)

    def answered(self, reply: Reply) -> None:
        """Take what the reply says of itself."""
        if reply.usage is not None:
            self.reported = reply.usage
        if reply.model:
            self.model = reply.model
        if reply.finish_reason:
            self.finish_reason = reply.finish_reason

    def judged(self, judgement: Judgement) -> None:
        """Take what guards said, made of the texts, and spent."""
        self.verdicts += judgement.verdicts
        self.reckon(judgement)

    def reckon(self, judgement: Judgement) -> None:
        """Take what guards made of the texts, and spent."""
        if judgement.spent:
            self.spent += tuple(judgement.spent)
        if judgement.value is not None:
            self.parsed = judgement.value

    def failed(self, error: BaseException) -> None:
        """Take what ended the call."""
        if isinstance(error, Smuggled):
            error = error.original
        if isinstance(error, Rejected | ComponentFailed):
            self.status = error.status
            error.request_id = error.request_id or self.request_id
        elif isinstance(error, Abandoned | GeneratorExit):
            self.status = "abandoned"
            return
        elif not isinstance(error, Exception):
            self.status = "cancelled"
        else:
            self.status = "timeout" if "Timeout" in type(error).__name__ else "error"
        self.error_type = type(error).__name__

    def again(self, *, answered: bool = True) -> None:
        """Get ready to ask the model once more; `answered` unless it did not come to an answer."""
        if answered:
            usage, paid_usd = self.usage, 0.0 if self.earlier is None else self.paid_usd
            self.earlier = usage if self.earlier is None else self.earlier.plus(usage)
            usd = self.cost_usd(usage, spent=False) if self.plan.prices else None
            self.paid_usd = paid_usd if usd is None else paid_usd + usd
        self.reported, self.output_size = None, 0

    @property
    def guard_usage(self) -> Usage:
        """Tokens that guards spent on models of their own."""
        return reduce(Usage.plus, (usage for _, usage in self.spent)) if self.spent else NO_USAGE

    @property
    def usage(self) -> Usage:
        """Tokens of the last time that the model was asked: as reported, else estimated from the lengths of the texts."""
        if self.reported is not None:
            return self.reported
        # `estimate_tokens` written out: every call comes by here.
        return _usage((self.input_tokens, (self.output_size + 3) >> 2, 0, 0, True, 0))

    @property
    def queued_s(self) -> float:
        """Seconds spent waiting for room in limits, of all times that the model was asked."""
        return self.queue_s + (self.ticket or _NO_TICKET).waited_s

    @property
    def restores(self) -> bool:
        """Whether stand-ins in the reply have to be turned back."""
        return self.vault is not None and self.vault.restores

    @property
    def answering(self) -> bool:
        """Whether the model has begun to answer."""
        return self.stage in _ANSWERING

    @property
    def ending(self) -> Ending:
        """How the call ended, for limits."""
        return Ending(
            self.status,
            self.stage,
            self.answering,
            self.model_s > 0,
            self.usage,
            self.reported is not None,
            self.error_type,
        )

    def cost_usd(self, usage: Usage, *, spent: bool = True) -> float | None:
        """Return the price of the call, with that of models that guards asked if `spent`; None where none is known."""
        prices = self.plan.prices
        others = self.spent if spent else ()
        asked = [(self.model, self.asked, usage), *((model, "", spent) for model, spent in others)]
        known = [(prices.of_call(answered, named), usage) for answered, named, usage in asked]
        costs = [price.cost_usd(usage) for price, usage in known if price is not None]
        return sum(costs) if costs else None

    def event(self, usage: Usage) -> Event:
        """Return what the recorder is told; `usage` is that of the last time that the model was asked."""
        plan, ticket = self.plan, self.ticket or _NO_TICKET
        cost_usd = self.cost_usd(usage) if plan.prices else None
        if self.earlier is not None:
            usage = self.earlier.plus(usage)
            cost_usd = self.paid_usd + (cost_usd or 0.0) if self.paid_usd else cost_usd
        return _event(
            (
                self.time_s,
                self.request_id,
                plan.pipeline,
                plan.name,
                self.status,
                self.error_type,
                self.stage,
                self.caller,
                self.model,
                self.assignments,
                tuple(self.verdicts),
                usage,
                cost_usd,
                self.ended - self.started,
                self.model_s,
                self.first_token_s,
                None if self.chunks < 2 else (self.chunk_model_s - self.first_token_model_s) / (self.chunks - 1),
                self.queue_s + ticket.waited_s,
                self.source is not None,
                self.chunks,
                self.finish_reason,
                self.denied_by,
                ticket.shadow_denials,
                self.settled,
                self.guard_usage if self.spent else NO_USAGE,
                self.attempts,
                self.retries,
                self.answered_by,
                self.request.parts if plan.wants_text else (),
                self.response if plan.wants_text else (),
            )
        )


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R_co]):
    """The value of a call and how it came about.

    For a stream the value is the guarded stream, and everything else is what is known so far.

    Attributes:
        value: What the wrapped function returned, guarded. Not part of the `repr`.
    """

    value: R_co = field(repr=False)
    _call: Call = field(repr=False)

    @property
    def request_id(self) -> str:
        """Identifier of the call, as it stands on its event."""
        return self._call.request_id

    @property
    def status(self) -> str:
        """`ok`, or how the call ended; see `Event.status`."""
        return self._call.status

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What guards found, plain allowances excepted. Their `text` is empty."""
        return tuple(self._call.verdicts)

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """What each experiment assigned."""
        return self._call.assignments

    @property
    def assignment(self) -> Assignment | None:
        """What the first experiment assigned; None without a router."""
        return self._call.assignments[0] if self._call.assignments else None

    @property
    def usage(self) -> Usage:
        """Tokens as the provider counted them, else estimated (`usage.estimated`); of all times that it was asked."""
        earlier, usage = self._call.earlier, self._call.usage
        return usage if earlier is None else earlier.plus(usage)

    @property
    def guard_usage(self) -> Usage:
        """Tokens that guards spent on models of their own, such as those of a `Judge`."""
        return self._call.guard_usage

    @property
    def attempts(self) -> int:
        """Times that the model was called."""
        return self._call.attempts

    @property
    def answered_by(self) -> str:
        """Name of the target that answered, or `cache`; empty for the call as it was made."""
        return self._call.answered_by

    @property
    def parsed(self) -> Any:
        """What a guard made of the reply: of `JSONSchema` the JSON value, of `PydanticModel` the object; else None."""
        return self._call.parsed

    @property
    def model(self) -> str:
        """Model that answered, or was asked."""
        return self._call.model

    @property
    def finish_reason(self) -> str:
        """Why the model stopped, in the provider's own word."""
        return self._call.finish_reason

    @property
    def timings(self) -> Timings:
        """Where the time went."""
        call = self._call
        total_s = (call.ended or call.plan.now()) - call.started
        return Timings(total_s, call.model_s, call.first_token_s, call.queued_s)

    def __repr__(self) -> str:
        found = ", ".join(f"{verdict.guard}: {verdict.action}" for verdict in self.verdicts) or "nothing found"
        return f"<Outcome {self.request_id} {self.status}, {found}, {self.timings.total_s * 1e3:.1f} ms>"


def new_request_id() -> str:
    """Return an identifier that no two calls share: random for the process, and counted in it."""
    return f"{_prefix}{next(_numbers):010x}"


def _begin_ids() -> None:
    global _prefix  # noqa: PLW0603  a forked child needs another
    _prefix = os.urandom(11).hex()


_numbers: Final = itertools.count(1)
_prefix = ""
_begin_ids()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_ids)


def estimate_tokens(size_bytes: int) -> int:
    """Return a rough count of tokens for a text of so many UTF-8 bytes: one for each four."""
    return (size_bytes + 3) >> 2
