"""Everything the library raises on its own account.

    GenAIGuardError
    ├ ConfigurationError   also a ValueError: something was built or wrapped wrongly
    ├ Rejected             the policy said no; expected, and never a defect
    │ ├ GuardBlocked
    │ ├ RateLimited
    │ ├ BudgetExceeded
    │ ├ UnpricedModel
    │ └ BreakerOpen        the target fails, and is left alone for a while
    ├ CallTimeout          also a TimeoutError: the model took too long
    └ ComponentFailed      a guard, store or other part broke; its cause is kept

Whatever the wrapped function raises passes through unchanged. No message holds a caller's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genai_guard.limits.refusals import Refusal
    from genai_guard.verdicts import Finding

__all__ = [
    "BreakerOpen",
    "BudgetExceeded",
    "CallTimeout",
    "ComponentFailed",
    "ConfigurationError",
    "GenAIGuardError",
    "GuardBlocked",
    "RateLimited",
    "Rejected",
    "UnpricedModel",
]


class GenAIGuardError(Exception):
    """Base of every error of this library."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a process pool, whatever the signature of `__init__`."""
        return _restore, (type(self), self.args, self.__dict__.copy())


class ConfigurationError(GenAIGuardError, ValueError):
    """Something was built or wrapped in a way that cannot work; the message names the remedy."""


class Rejected(GenAIGuardError):  # noqa: N818  the policy's answer, not an error of the program
    """The policy said no.

    Attributes:
        request_id: The rejected call, as it stands on its event; empty outside of a pipeline.
        http_status: What a web application would answer.
    """

    status = "rejected"
    http_status = 403
    request_id: str = ""


class GuardBlocked(Rejected):
    """A guard refused a text.

    Attributes:
        guard: Name of the guard.
        stage: `input` or `output`.
        findings: What it found, as spans; never the text itself.
    """

    status = "blocked"
    http_status = 400

    def __init__(self, guard: str, stage: str, findings: Sequence[Finding] = ()) -> None:
        self.guard = guard
        self.stage = stage
        self.findings = tuple(findings)
        rules = ", ".join(dict.fromkeys(finding.summary for finding in self.findings))
        super().__init__(f"{guard} blocked the {stage}" + (f": {rules}" if rules else ""))


class RateLimited(Rejected):
    """A limit is used up.

    Attributes:
        limit: Name of the limit that takes longest to clear.
        retry_after_s: Seconds until the same call would pass if nothing else happened; None if it never can.
        limits: Names of every limit that refused.
        details: What each of them refused, and its own time to wait.
    """

    status = "rate_limited"
    http_status = 429

    def __init__(
        self,
        limit: str,
        retry_after_s: float | None,
        limits: Sequence[str] = (),
        details: Sequence[Refusal] = (),
        *,
        reason: str = "",
    ) -> None:
        self.limit = limit
        self.retry_after_s = retry_after_s
        self.limits = tuple(limits) or (limit,)
        self.details = tuple(details)
        when = "the call is larger than the limit" if retry_after_s is None else f"retry after {retry_after_s:.3g} s"
        super().__init__(f"{' and '.join(self.limits)}: {reason or when}")


class BudgetExceeded(Rejected):
    """A budget is spent.

    Attributes:
        budget: Name of the budget.
        spent: What has been spent or is held, in the unit of the budget.
        cap: What may be spent, in the same unit.
        retry_after_s: Seconds until the same call would pass if nothing else happened; None if it never can, or if
            it is not known.
        limits: Names of every limit that refused.
        details: What each of them refused, and its own time to wait.
    """

    status = "budget_exceeded"
    http_status = 429

    def __init__(
        self,
        budget: str,
        spent: float,
        cap: float,
        *,
        retry_after_s: float | None = None,
        details: Sequence[Refusal] = (),
    ) -> None:
        self.budget = self.limit = budget
        self.spent = spent
        self.cap = cap
        self.retry_after_s = retry_after_s
        self.details = tuple(details)
        self.limits = tuple(refusal.limit for refusal in details) or (budget,)
        super().__init__(f"{budget}: {spent:g} of {cap:g} spent")


class UnpricedModel(Rejected):
    """No price is known of the model, and calls of such are not made; see `genai_guard.prices.Prices`.

    Attributes:
        model: Name of the model; empty if the call names none.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        which = f"the model {model[:128]!r}" if model else "a call that names no model"
        super().__init__(f"no price is known of {which}: add it to the prices, or choose another unknown_model")


class BreakerOpen(Rejected):
    """A circuit breaker lets no call through to a target that has been failing.

    Attributes:
        target: What was to be called: a model, the wrapped function, or a target of a fallback.
        retry_after_s: Seconds until it is tried again; 0 while that is being done.
    """

    status = "breaker_open"
    http_status = 503

    def __init__(self, target: str, retry_after_s: float) -> None:
        self.target = target
        self.retry_after_s = retry_after_s
        super().__init__(f"{target or 'the target'} has been failing: tried again in {retry_after_s:.3g} s")


class CallTimeout(GenAIGuardError, TimeoutError):  # noqa: N818
    """The wrapped function took longer than its `Timeout` allows.

    Attributes:
        bound: Which bound it was: `total_s`, `attempt_s` or `first_token_s`.
        seconds: What it allows.
        http_status: What a web application would answer.
    """

    http_status = 504

    def __init__(self, bound: str, seconds: float) -> None:
        self.bound = bound
        self.seconds = seconds
        super().__init__(f"the call took longer than {bound}={seconds:g}")


class ComponentFailed(GenAIGuardError):  # noqa: N818
    """A part of the pipeline broke, and its `on_error` says that the call must not go on.

    The part's own exception is the `__cause__`. Its text is not repeated here: it may quote a prompt.

    Attributes:
        component: Name of the part.
        stage: `input`, `limits`, `output` or another stage of the flow.
        http_status: What a web application would answer.
    """

    status = "component_failed"
    http_status = 503
    request_id: str = ""

    def __init__(self, component: str, stage: str, reason: str = "") -> None:
        self.component = component
        self.stage = stage
        super().__init__(f"{component} failed in stage {stage}" + (f": {reason}" if reason else ""))


def _restore(kind: type[GenAIGuardError], args: tuple[Any, ...], state: dict[str, Any]) -> GenAIGuardError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
