"""What is limited: one amount, of one unit, for everybody together or for each user, tenant or other key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, cast, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.limits.buckets import bucket_of
from genai_guard.limits.calendars import Calendar, Per, check_timezone
from genai_guard.limits.states.base import StateMachine
from genai_guard.limits.states.gcra import Gcra
from genai_guard.limits.states.ledger import Ledger, OnExpiry
from genai_guard.limits.states.ring import Ring
from genai_guard.limits.states.slots import Slots
from genai_guard.limits.units import MAX_AMOUNT, MAX_USD, NANO, UNITS, Unit, money, written
from genai_guard.verdicts import Mode, OnError, OnOutage

__all__ = ["UNITS", "Limit", "Per", "Unit"]

Overrides = Mapping[str, int | None]

_PERIOD_S: Final[Mapping[Per, int]] = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "month": 30 * 86_400,
}
_NO_OVERRIDES: Final[Mapping[str, Any]] = FrozenDict()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Limit:
    """At most `amount` units per period, or at once. Build one by `Limit.requests(...)`, `Limit.tokens(...)` and so on.

    Args:
        unit: What is counted: `requests`; `input_tokens`, `output_tokens`, or `tokens`, which are both together;
            `usd`, which is money; or `concurrent`, which are calls in flight.
        amount: How many, from 1 to 10**12. None limits nobody but those whom `overrides` names.
        per: The period: `second`, `minute`, `hour`, `day` or `month`. It rolls, unless `calendar` is set: a `day` is
            any 24 hours, not a date, and a `month` any 30 days. Calls in flight have none.
        by: Whose calls are counted together: `user`, `tenant`, `session`, `model`, `variant` or the name of a tag. With
            several, each combination is counted by itself. Calls that do not carry it share one bucket, so leaving it
            out gains nothing. None counts all calls together.
        burst: Requests that may come at once after a quiet time; `amount` when None. See `Limit.requests`.
        calendar: Whether periods are those of the calendar: a `day` begins at midnight, a `month` on the first.
        timezone: Whose calendar, by its name in the IANA database, such as `Europe/Berlin`.
        overrides: Amounts for single values of the key: `{"u-42": 100}`. None is no limit.
        unless: Names of limits given before this one. It does not apply to calls for which one of them has an override.
        lease_s: How long a reservation of a budget, quota or call in flight stands that is neither settled nor extended.
            Longer than any call that is not streamed may take: only streams extend theirs.
        on_expiry: Whether what a budget or quota still holds is charged or released when its lease runs out.
        mode: `shadow` evaluates the limit and names it on the ticket, and never refuses.
        on_error: What becomes of a call when the store of the limit fails.
        on_outage: What becomes of calls while the server of a `RedisStore` cannot be reached: `deny`, `allow`, or `local`,
            which counts a share of the amount in this process. None: see there.
        name: Name in errors, events and metrics; made of the other parameters, as in `10 requests/minute by user`,
            when empty.

    Raises:
        ConfigurationError: a parameter is of the wrong type or out of range, or contradicts another.
    """

    unit: Unit
    amount: float | None
    per: Per | None = None
    by: str | Sequence[str] | None = None
    burst: int | None = None
    calendar: bool = False
    timezone: str = "UTC"
    overrides: Mapping[str, float | None] = _NO_OVERRIDES
    unless: str | Sequence[str] = ()
    lease_s: float = 600
    on_expiry: OnExpiry = "charge"
    mode: Mode = "enforce"
    on_error: OnError = "block"
    on_outage: OnOutage | None = None
    name: str = ""

    def __post_init__(self) -> None:
        self._one_of("unit", UNITS)
        self._check_period()
        self._one_of("on_expiry", get_args(OnExpiry))
        self._one_of("mode", ("enforce", "shadow"))
        self._one_of("on_error", ("block", "allow"))
        self._one_of("on_outage", (None, *get_args(OnOutage)))
        self._check_by()
        self._check_overrides()
        if self.amount is None:
            if not self.overrides:
                raise self._wrong("amount", "limits nobody without overrides=; must be a whole number from 1 to 10**12")
        else:
            self._check_amount("amount", self.amount)
        self._check_burst()
        self._check_unless()
        if isinstance(self.lease_s, bool) or not isinstance(self.lease_s, int | float) or not 0 < self.lease_s <= 10**6:
            raise self._wrong("lease_s", "must be a number of seconds above zero, at most 10**6")
        if not isinstance(self.name, str):
            raise self._wrong("name", "must be a string")
        object.__setattr__(self, "name", self.name or self._default_name())

    @classmethod
    def requests(
        cls,
        amount: int | None,
        *,
        per: Per,
        by: str | Sequence[str] | None = None,
        burst: int | None = None,
        calendar: bool = False,
        timezone: str = "UTC",
        overrides: Mapping[str, int | None] = _NO_OVERRIDES,
        unless: str | Sequence[str] = (),
        mode: Mode = "enforce",
        on_error: OnError = "block",
        on_outage: OnOutage | None = None,
        name: str = "",
    ) -> Limit:
        """Limit how often calls are made: a steady rate of `amount` per period, and bursts.

        Calls are counted by GCRA (see `genai_guard.limits.Gcra`). On every interval of length t there are at most
        `burst + amount * t / period`. With the default burst a quiet hour may be followed by `amount` calls at once,
        and one period that begins then sees up to twice the amount. A burst of 1 spaces the calls evenly.
        A request once admitted is never given back. With `calendar` there are at most `amount` in each period of the
        calendar, whenever they come, and there is no `burst`.

        The parameters are those of `Limit`.
        """
        return cls(**_given(locals(), "requests"))

    @classmethod
    def tokens(
        cls,
        amount: int | None,
        *,
        per: Per,
        by: str | Sequence[str] | None = None,
        calendar: bool = False,
        timezone: str = "UTC",
        overrides: Mapping[str, int | None] = _NO_OVERRIDES,
        unless: str | Sequence[str] = (),
        lease_s: float = 600,
        on_expiry: OnExpiry = "charge",
        mode: Mode = "enforce",
        on_error: OnError = "block",
        on_outage: OnOutage | None = None,
        name: str = "",
    ) -> Limit:
        """Limit the tokens, input and output together, of a window that slides, or of each period of the calendar.

        A call reserves its estimate and settles by what it used (see `genai_guard.limits.Ring`): on every interval of
        one period there are at most `amount`. The bound holds while calls use no more than they reserved; what they use
        beyond it is a debt that holds up later calls. Tokens count for up to a twelfth of the period longer than it.
        With `calendar` they are accounted for in periods that begin with those of the calendar (see
        `genai_guard.limits.Ledger`); `lease_s` and `on_expiry` matter there only.

        The parameters are those of `Limit`. There is no `burst`: the window takes the whole amount at once.
        """
        return cls(**_given(locals(), "tokens"))

    @classmethod
    def input_tokens(
        cls,
        amount: int | None,
        *,
        per: Per,
        by: str | Sequence[str] | None = None,
        calendar: bool = False,
        timezone: str = "UTC",
        overrides: Mapping[str, int | None] = _NO_OVERRIDES,
        unless: str | Sequence[str] = (),
        lease_s: float = 600,
        on_expiry: OnExpiry = "charge",
        mode: Mode = "enforce",
        on_error: OnError = "block",
        on_outage: OnOutage | None = None,
        name: str = "",
    ) -> Limit:
        """Limit the tokens of requests, those from the provider's cache included. Otherwise as `Limit.tokens`."""
        return cls(**_given(locals(), "input_tokens"))

    @classmethod
    def output_tokens(
        cls,
        amount: int | None,
        *,
        per: Per,
        by: str | Sequence[str] | None = None,
        calendar: bool = False,
        timezone: str = "UTC",
        overrides: Mapping[str, int | None] = _NO_OVERRIDES,
        unless: str | Sequence[str] = (),
        lease_s: float = 600,
        on_expiry: OnExpiry = "charge",
        mode: Mode = "enforce",
        on_error: OnError = "block",
        on_outage: OnOutage | None = None,
        name: str = "",
    ) -> Limit:
        """Limit the tokens of replies, reasoning included. Otherwise as `Limit.tokens`."""
        return cls(**_given(locals(), "output_tokens"))

    @classmethod
    def usd(
        cls,
        amount: float | None,
        *,
        per: Per,
        by: str | Sequence[str] | None = None,
        calendar: bool = True,
        timezone: str = "UTC",
        overrides: Mapping[str, float | None] = _NO_OVERRIDES,
        unless: str | Sequence[str] = (),
        lease_s: float = 600,
        on_expiry: OnExpiry = "charge",
        mode: Mode = "enforce",
        on_error: OnError = "block",
        on_outage: OnOutage | None = None,
        name: str = "",
    ) -> Limit:
        """Limit the money spent, in US dollars: a budget for each period of the calendar.

        What a call may cost is held until it is known what it did cost (see `genai_guard.limits.Ledger`). Without
        `calendar` the period rolls, and money is counted as `Limit.tokens` counts tokens. Amounts are kept to the
        nano-dollar; the most is a million dollars. A call refused by it raises `BudgetExceeded`.

        The parameters are those of `Limit`.
        """
        return cls(**_given(locals(), "usd"))

    @classmethod
    def concurrent(
        cls,
        amount: int | None,
        *,
        by: str | Sequence[str] | None = None,
        overrides: Mapping[str, int | None] = _NO_OVERRIDES,
        unless: str | Sequence[str] = (),
        lease_s: float = 600,
        mode: Mode = "enforce",
        on_error: OnError = "block",
        on_outage: OnOutage | None = None,
        name: str = "",
    ) -> Limit:
        """Limit the calls in flight: those reserved and not yet settled (see `genai_guard.limits.Slots`).

        A call that is neither settled nor extended for `lease_s` is taken for dead, and others may have its place: let
        that be longer than your calls take.

        The parameters are those of `Limit`.
        """
        return cls(**_given(locals(), "concurrent"))

    @property
    def period_ns(self) -> int:
        """Length of the period in nanoseconds, on average if it is the calendar's; 0 for calls in flight."""
        return _PERIOD_S[self.per] * 10**9 if self.per else 0

    @property
    def capacity(self) -> int:
        """Most units that can be in use at once: the burst, or the amount; money in nano-dollars; 0 without an amount."""
        return 0 if self.amount is None else self.machine.capacity

    @property
    def machine(self) -> StateMachine[Any]:
        """The state machine that counts this limit for those without an override."""
        return self._machine(self._units(0 if self.amount is None else self.amount))

    @property
    def machines(self) -> Mapping[Any, StateMachine[Any] | None]:
        """The state machine of each bucket that has an override; None for no limit."""
        by = self.by if isinstance(self.by, str) else ""
        return {
            bucket_of(by, value): None if amount is None else self._machine(self._units(amount))
            for value, amount in self.overrides.items()
        }

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes usage that of this limit. The amounts are not in it, nor the mode: they may change meanwhile."""
        given = "" if self.name == self._default_name() else self.name
        return (given, self.unit, self.per or "", self.by or "", self.calendar, self.timezone if self.calendar else "")

    def __repr__(self) -> str:
        defaults = _DEFAULTS | ({"calendar": True} if self.unit == "usd" else {})
        given = [(field.name, getattr(self, field.name)) for field in fields(self)[2:] if field.name != "name"]
        words = [f"{name}={_plain(value)!r}" for name, value in given if value != defaults.get(name)]
        if self.name != self._default_name():
            words.append(f"name={self.name!r}")
        return f"Limit.{self.unit}({', '.join([str(self.amount), *words])})"

    def _machine(self, units: int) -> StateMachine[Any]:
        lease_ns = round(self.lease_s * 10**9)
        if self.unit == "concurrent":
            return Slots(units, lease_ns)
        if self.calendar:
            calendar = Calendar(cast("Per", self.per), self.timezone)
            return Ledger(units, calendar, 0 if self.unit == "requests" else lease_ns, self.on_expiry)
        if self.unit == "requests":
            return Gcra(units or 1, self.period_ns, self.burst or units)
        return Ring(units, self.period_ns)

    def _units(self, amount: float) -> int:
        return money("amount", amount) if self.unit == "usd" else int(amount)

    def _default_name(self) -> str:
        period = f"/{'calendar ' * self.calendar}{self.per}" if self.per else ""
        zone = f" in {self.timezone}" if self.timezone != "UTC" else ""
        by = self.by if isinstance(self.by, str) else " and ".join(self.by or ())
        return written(self.unit, self.amount) + period + zone + (f" by {by}" if by else "")

    def _one_of(self, name: str, allowed: tuple[Any, ...]) -> None:
        if getattr(self, name) not in allowed:
            raise self._wrong(name, f"must be one of {', '.join(map(repr, allowed))}")

    def _check_period(self) -> None:
        if self.unit == "concurrent":
            for name in ("per", "calendar"):
                if getattr(self, name):
                    raise self._wrong(name, "calls in flight have no period")
        else:
            self._one_of("per", tuple(_PERIOD_S))
        if not isinstance(self.calendar, bool):
            raise self._wrong("calendar", "must be True or False")
        check_timezone(self.timezone)
        if self.timezone != "UTC" and not self.calendar:
            raise self._wrong("timezone", "matters only with calendar=True")

    def _check_amount(self, name: str, value: object) -> None:
        if self.unit == "usd":
            if isinstance(value, int | float) and not isinstance(value, bool) and 1 / NANO <= value <= MAX_USD:
                return
            raise ConfigurationError(f"Limit({name}={value!r}): must be a number of dollars above zero, at most 10**6")
        fits = isinstance(value, int | float) and 1 <= value <= MAX_AMOUNT
        if fits and type(value) is int:
            return
        instead = f", such as {value:.0f}" if fits else ""
        raise ConfigurationError(f"Limit({name}={value!r}): must be a whole number from 1 to 10**12{instead}")

    def _check_burst(self) -> None:
        if self.burst is None:
            return
        if self.unit != "requests":
            raise self._wrong("burst", f"only requests have a burst; {self.unit} may be used all at once")
        if self.calendar:
            raise self._wrong("burst", "periods of the calendar take the whole amount at once")
        self._check_amount("burst", self.burst)

    def _check_by(self) -> None:
        names = (self.by,) if self.by is None or isinstance(self.by, str) else self.by
        if not isinstance(names, Sequence) or not names:
            raise self._wrong(
                "by", "must be None, 'user', 'tenant', 'session', 'model' or the name of a tag, or several"
            )
        if names == (None,):
            return
        for name in names:
            if not isinstance(name, str) or not name:
                raise self._wrong("by", "must be None, 'user', 'tenant', 'session', 'model' or the name of a tag")
            if name in UNITS:
                raise self._wrong("by", "is what a call costs, not whose call it is; choose another name for the tag")
        if len(set(names)) < len(names):
            raise self._wrong("by", "names a key twice")
        object.__setattr__(self, "by", names[0] if len(names) == 1 else tuple(names))

    def _check_overrides(self) -> None:
        if not isinstance(self.overrides, Mapping):
            raise self._wrong("overrides", "must map values of the key to amounts, such as {'u-42': 100}")
        if self.overrides and not isinstance(self.by, str):
            raise self._wrong("overrides", "need one key that has the values: by='user', say")
        for value, amount in self.overrides.items():
            if not isinstance(value, str) or not value:
                raise self._wrong("overrides", "must map strings that are not empty to amounts")
            if amount is not None:
                self._check_amount("overrides", amount)
        object.__setattr__(self, "overrides", FrozenDict(self.overrides))

    def _check_unless(self) -> None:
        names = (self.unless,) if isinstance(self.unless, str) else self.unless
        if not isinstance(names, Sequence) or not all(isinstance(name, str) and name for name in names):
            raise self._wrong("unless", "must be the name of another limit, or several")
        object.__setattr__(self, "unless", tuple(names))

    def _wrong(self, name: str, what: str) -> ConfigurationError:
        return ConfigurationError(f"Limit({name}={getattr(self, name)!r}): {what}")


def _given(parameters: dict[str, Any], unit: Unit) -> dict[str, Any]:
    return {"unit": unit, **{name: value for name, value in parameters.items() if name != "cls"}}


def _plain(value: Any) -> Any:
    return dict(cast("FrozenDict[str, Any]", value)) if isinstance(value, FrozenDict) else value


_DEFAULTS: Final[dict[str, Any]] = {field.name: field.default for field in fields(Limit)}
