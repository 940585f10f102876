"""What is limited: one rate, of one unit, for everybody together or for each user, tenant or other key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.limits.states.base import StateMachine
from genai_guard.limits.states.gcra import Gcra
from genai_guard.limits.states.ring import Ring
from genai_guard.verdicts import Mode, OnError

__all__ = ["UNITS", "Limit", "Per", "Unit"]

Unit: TypeAlias = Literal["requests", "tokens"]
Per: TypeAlias = Literal["second", "minute", "hour", "day"]

UNITS: Final[tuple[Unit, ...]] = ("requests", "tokens")

MAX_AMOUNT: Final = 10**12

_PERIOD_S: Final[Mapping[Per, int]] = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}

_MACHINES: Final[Mapping[Unit, Callable[[Limit], StateMachine[Any]]]] = {
    "requests": lambda limit: Gcra(limit.amount, limit.period_ns, limit.capacity),
    "tokens": lambda limit: Ring(limit.amount, limit.period_ns),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Limit:
    """At most `amount` units per period. Build one by `Limit.requests(...)` or `Limit.tokens(...)`.

    Args:
        unit: What is counted: `requests`, or `tokens`, which are input and output together.
        amount: How many, from 1 to 10**12.
        per: The period. It rolls: a `day` is any 24 hours, not a date.
        by: Whose calls are counted together: `user`, `tenant`, `session`, `model` or the name of a tag. Calls that
            do not carry it share one bucket, so leaving it out gains nothing. None counts all calls together.
        burst: Requests that may come at once after a quiet time; `amount` when None. See `Limit.requests`.
        mode: `shadow` evaluates the limit and names it on the ticket, and never refuses.
        on_error: What becomes of a call when the store of the limit fails.
        name: Name in errors, events and metrics; made of the other parameters, as in `10 requests/minute by user`,
            when empty.

    Raises:
        ConfigurationError: a parameter is of the wrong type or out of range, or contradicts another.
    """

    unit: Unit
    amount: int
    per: Per
    by: str | None = None
    burst: int | None = None
    mode: Mode = "enforce"
    on_error: OnError = "block"
    name: str = ""

    def __post_init__(self) -> None:
        self._one_of("unit", UNITS)
        self._one_of("per", tuple(_PERIOD_S))
        self._one_of("mode", ("enforce", "shadow"))
        self._one_of("on_error", ("block", "allow"))
        self._whole("amount")
        self._check_burst()
        self._check_by()
        if not _is_string(self.name):
            raise self._wrong("name", "must be a string")
        object.__setattr__(self, "name", self.name or self._default_name())

    @classmethod
    def requests(
        cls,
        amount: int,
        *,
        per: Per,
        by: str | None = None,
        burst: int | None = None,
        mode: Mode = "enforce",
        on_error: OnError = "block",
        name: str = "",
    ) -> Limit:
        """Limit how often calls are made: a steady rate of `amount` per period, and bursts.

        Calls are counted by GCRA (see `genai_guard.limits.Gcra`). On every interval of length t there are at most
        `burst + amount * t / period`. With the default burst a quiet hour may be followed by `amount` calls at once,
        and one period that begins then sees up to twice the amount. A burst of 1 spaces the calls evenly.
        A request once admitted is never given back.

        The parameters are those of `Limit`.
        """
        return cls(unit="requests", amount=amount, per=per, by=by, burst=burst, mode=mode, on_error=on_error, name=name)

    @classmethod
    def tokens(
        cls,
        amount: int,
        *,
        per: Per,
        by: str | None = None,
        mode: Mode = "enforce",
        on_error: OnError = "block",
        name: str = "",
    ) -> Limit:
        """Limit the tokens of a window that slides: on every interval of one period at most `amount`.

        A call reserves its estimate and settles by what it used (see `genai_guard.limits.Ring`). The bound holds
        while calls use no more than they reserved; what they use beyond it is a debt that holds up later calls.
        Tokens count for up to a twelfth of the period longer than it.

        The parameters are those of `Limit`. There is no `burst`: the window takes the whole amount at once.
        """
        return cls(unit="tokens", amount=amount, per=per, by=by, mode=mode, on_error=on_error, name=name)

    @property
    def period_ns(self) -> int:
        """Length of the period in nanoseconds."""
        return _PERIOD_S[self.per] * 10**9

    @property
    def capacity(self) -> int:
        """Most units that can be in use at once: the burst, or the amount."""
        return self.amount if self.burst is None else self.burst

    @property
    def machine(self) -> StateMachine[Any]:
        """The state machine that counts this limit."""
        return _MACHINES[self.unit](self)

    def __repr__(self) -> str:
        given = [(field.name, getattr(self, field.name)) for field in fields(self)[2:] if field.name != "name"]
        words = [f"{name}={value!r}" for name, value in given if value != _DEFAULTS.get(name)]
        if self.name != self._default_name():
            words.append(f"name={self.name!r}")
        return f"Limit.{self.unit}({self.amount}, {', '.join(words)})"

    def _default_name(self) -> str:
        unit = self.unit[:-1] if self.amount == 1 else self.unit
        return f"{self.amount} {unit}/{self.per}" + (f" by {self.by}" if self.by else "")

    def _one_of(self, name: str, allowed: tuple[str, ...]) -> None:
        if getattr(self, name) not in allowed:
            raise self._wrong(name, f"must be one of {', '.join(map(repr, allowed))}")

    def _whole(self, name: str) -> None:
        value = getattr(self, name)
        fits = isinstance(value, (int, float)) and 1 <= value <= MAX_AMOUNT
        if fits and type(value) is int:
            return
        instead = f", such as {value:.0f}" if fits else ""
        raise self._wrong(name, f"must be a whole number from 1 to 10**12{instead}")

    def _check_burst(self) -> None:
        if self.burst is None:
            return
        if self.unit != "requests":
            raise self._wrong("burst", f"only requests have a burst; the window of {self.unit} takes the whole amount")
        self._whole("burst")

    def _check_by(self) -> None:
        if self.by is None:
            return
        if not _is_string(self.by) or not self.by:
            raise self._wrong("by", "must be None, 'user', 'tenant', 'session', 'model' or the name of a tag")
        if self.by in UNITS:
            raise self._wrong("by", "is what a call costs, not whose call it is; choose another name for the tag")

    def _wrong(self, name: str, what: str) -> ConfigurationError:
        return ConfigurationError(f"Limit({name}={getattr(self, name)!r}): {what}")


def _is_string(value: object) -> bool:
    return isinstance(value, str)


_DEFAULTS: Final = {field.name: field.default for field in fields(Limit)}
