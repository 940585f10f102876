"""What a pipeline raises, as an answer of the web: problem details (RFC 9457). Pure: an error in, a value out.

No answer holds a caller's text, and none says more of the inside than which rule or limit it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, cast

from genai_guard.errors import CallTimeout, ComponentFailed, ConfigurationError, GenAIGuardError, GuardBlocked, Rejected
from genai_guard.frozen import FrozenDict

__all__ = ["PROBLEM_TYPE", "Problem", "Problems", "error_in"]

PROBLEM_TYPE: Final = "application/problem+json"

_NOTHING: Final[Mapping[str, Any]] = FrozenDict()
_TITLES: Final[Mapping[str, str]] = {
    "blocked": "A guard refused it",
    "rate_limited": "Too much at once",
    "budget_exceeded": "The budget is spent",
    "breaker_open": "The model is not available",
    "component_failed": "A part of the service failed",
    "timeout": "The model took too long",
    "rejected": "The policy refused it",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that says why there is no other.

    Attributes:
        status: Status of HTTP.
        type: What kind of problem it is, as a URI.
        title: The same for people.
        detail: What it was this time; empty when there is no more to say.
        members: What programs may want to know besides.
        headers: Headers of the answer, in lower case, the type of its body among them.
    """

    status: int
    type: str
    title: str
    detail: str = ""
    members: Mapping[str, Any] = _NOTHING
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": PROBLEM_TYPE})

    def as_dict(self) -> dict[str, Any]:
        """Return the members of the JSON object."""
        given = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail, **self.members}
        return {name: value for name, value in given.items() if value not in ("", None)}

    @property
    def retry_after_s(self) -> int | None:
        """What `Retry-After` says, in seconds; None if it is not there."""
        seconds: int | None = self.members.get("retry_after_s")
        return seconds

    def body(self) -> bytes:
        """Return the JSON of it."""
        return json.dumps(self.as_dict(), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Problems:
    """Which answer goes with what a pipeline raises.

    Without `statuses` it is the `http_status` of the error: 400 for `GuardBlocked`, 429 for `RateLimited` and
    `BudgetExceeded`, whose money comes back with the next period, 503 for `BreakerOpen` and `ComponentFailed`, 504 for
    `CallTimeout`.

    Args:
        statuses: Other statuses by class of error, such as `{BudgetExceeded: 402, GuardBlocked: 422}`. A class stands
            for those derived from it as well.
        type_prefix: What the types of problems begin with; yours may lead to pages about them.
        reveals_rules: Whether an answer names the guard and its rules. Who tries to get round them learns from that.

    Raises:
        ConfigurationError: something other than an error of this library has a status, or a status is not one of 400 to 599.
    """

    statuses: Mapping[type[Exception], int] = field(default_factory=FrozenDict[type[Exception], int])
    type_prefix: str = "urn:genai-guard:"
    reveals_rules: bool = True

    def __post_init__(self) -> None:
        for kind, status in self.statuses.items():
            if not (isinstance(kind, type) and issubclass(kind, GenAIGuardError)):
                raise ConfigurationError(f"Problems(statuses=...): {kind!r} is no class of genai_guard.errors")
            if type(status) is not int or not 400 <= status <= 599:
                raise ConfigurationError(f"Problems(statuses=...): {status!r} of {kind.__name__} is none of 400 to 599")

    def of(self, error: BaseException) -> Problem | None:
        """Return the answer to an error; None for what is no answer: defects, and what the model raises."""
        if not isinstance(error, Rejected | ComponentFailed | CallTimeout):
            return None
        kind: str = getattr(error, "status", "timeout")
        members = {"request_id": getattr(error, "request_id", "")}
        headers = {"content-type": PROBLEM_TYPE}
        detail = ""
        if isinstance(error, GuardBlocked):
            members["stage"] = error.stage
            if self.reveals_rules:
                detail = str(error)
                members |= _rules(error)
        elif limit := getattr(error, "limit", ""):
            members |= {"limit": limit, "limits": list(getattr(error, "limits", ()))}
        wait_s: float | None = getattr(error, "retry_after_s", None)
        if wait_s is not None:
            seconds = max(1, math.ceil(wait_s))
            members["retry_after_s"] = seconds
            headers["retry-after"] = str(seconds)
            detail = f"Try again in {seconds} s."
        return self.problem(
            self._status(error), kind, _TITLES.get(kind, _TITLES["rejected"]), detail, members=members, headers=headers
        )

    def broken(self) -> Problem:
        """Return what ends a stream that broke for a reason that is nobody's business."""
        return self.problem(500, "broken", "The answer broke off")

    def problem(
        self,
        status: int,
        kind: str,
        title: str = "",
        detail: str = "",
        *,
        members: Mapping[str, Any] = _NOTHING,
        headers: Mapping[str, str] | None = None,
    ) -> Problem:
        """Return a problem of a kind, whose words are put together by underscores."""
        uri = self.type_prefix + kind.replace("_", "-")
        shown = {"content-type": PROBLEM_TYPE} if headers is None else headers
        return Problem(status, uri, title or HTTPStatus(status).phrase, detail, members, shown)

    def _status(self, error: GenAIGuardError) -> int:
        """Return the status of the class that is nearest to that of the error."""
        for kind in type(error).__mro__:
            if (status := self.statuses.get(kind)) is not None:
                return status
        status = getattr(error, "http_status", 500)
        return int(status)


def error_in(error: BaseException, *, behind: bool = False) -> GenAIGuardError | None:
    """Return the error of a pipeline, out of the groups that frameworks raise.

    Args:
        error: What was raised.
        behind: Whether to look at causes too. Frameworks that fail to answer an error, because an answer has begun,
            raise another one from it.
    """
    if isinstance(error, Rejected | ComponentFailed | CallTimeout):
        return error
    inner: tuple[BaseException | None, ...] = ()
    if isinstance(error, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", error).exceptions
    if behind:
        inner = (*inner, error.__cause__)
    return next((found for each in inner if each is not None and (found := error_in(each, behind=behind))), None)


def _rules(error: GuardBlocked) -> dict[str, Any]:
    rules = list(dict.fromkeys(finding.rule for finding in error.findings))
    categories = list(dict.fromkeys(finding.category for finding in error.findings))
    return {"guard": error.guard, "rules": rules, "categories": categories}
