"""What is compared: a column, how it is summed up, and which direction is good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, SupportsFloat, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.routing.analysis.sources import Row

__all__ = ["Goal", "Metric", "Per", "number_in"]

Goal: TypeAlias = Literal["up", "down"]
Per: TypeAlias = Literal["call", "unit"]

_FAILED: Final = frozenset({"error", "timeout", "component_failed", "breaker_open"})
_LESS_IS_BETTER: Final = frozenset(
    {"attempts", "blocked", "error", "failed", "refusal", "retries", "timeout", "tokens", "toxicity"}
)
_LESS_ENDINGS: Final = ("_errors", "_ms", "_s", "_tokens", "_usd")


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing to compare.

    Of the inference log, every column with numbers or truth values is one (`latency_ms`, `cost_usd`, `output_tokens`,
    ...), and besides `error` (the call failed, or timed out), `blocked` and `tokens` (of input and output together). A
    truth value is 1 or 0. Rows without a value do not count.

    Args:
        name: Name of the column.
        goal: Whether more is better, `up`, or less, `down`. Unless said: less, for what ends with a unit of time, money
            or tokens, and for errors, failures and the like; else more.
        per: `call` compares the mean over calls; units with many calls weigh more, and their calls are not taken for
            independent. `unit` compares the sum of each unit; of truth values, whether there was any.
        ratio: Numerator and denominator, two columns: compared is the sum of the one divided by the sum of the other.
        quantile: Between 0 and 1: compared is this quantile over calls, not the mean; 0.95 is p95.
        cuped: What was known of each unit before it was exposed, to reduce the variance: a column, whose first value of
            a unit counts; or a mapping from unit to number.
        margin: How much worse is still not worse, in units of the metric: asks for non-inferiority.
        relative_margin: The same as a share of the control's value; 0.05 is 5 %.

    Raises:
        ConfigurationError: a value is not what it must be, or two do not go together.
    """

    name: str
    goal: Goal | None = field(default=None, kw_only=True)
    per: Per = field(default="call", kw_only=True)
    ratio: tuple[str, str] | None = field(default=None, kw_only=True)
    quantile: float | None = field(default=None, kw_only=True)
    cuped: str | Mapping[Any, float] | None = field(default=None, kw_only=True, hash=False)
    margin: float = field(default=0.0, kw_only=True)
    relative_margin: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        where = f"Metric({self.name!r})"
        if not isinstance(self.name, str) or not self.name:
            raise ConfigurationError("Metric(name) must be a non-empty text")
        if self.goal is None:
            less = self.name in _LESS_IS_BETTER or self.name.endswith(_LESS_ENDINGS)
            object.__setattr__(self, "goal", "down" if less else "up")
        _one_of(self.goal, ("up", "down"), f"{where}: goal")
        _one_of(self.per, ("call", "unit"), f"{where}: per")
        if self.quantile is not None and not (_is_number(self.quantile) and 0 < self.quantile < 1):
            raise ConfigurationError(f"{where}: quantile={self.quantile!r} must lie between 0 and 1; p95 is 0.95")
        if self.ratio is not None and not (len(self.ratio) == 2 and all(isinstance(name, str) for name in self.ratio)):
            raise ConfigurationError(f"{where}: ratio must be two columns, numerator and denominator")
        chosen = [self.ratio is not None, self.quantile is not None, self.per == "unit"]
        if sum(chosen) > 1:
            raise ConfigurationError(f"{where}: ratio, quantile and per='unit' exclude each other")
        if self.quantile is not None and self.cuped is not None:
            raise ConfigurationError(f"{where}: cuped reduces the variance of means and ratios, not of quantiles")
        _check_margins(self.margin, self.relative_margin, where)

    @property
    def label(self) -> str:
        """What is compared, for people: `p95 of latency_ms`."""
        if self.quantile is not None:
            return f"p{100 * self.quantile:g} of {self.name}"
        return f"{self.name} per unit" if self.per == "unit" else self.name

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it needs."""
        return self.ratio or (self.name,)


def number_in(row: Row, column: str) -> float | None:
    """Return the number in a column; None when the row has none.

    Raises:
        ConfigurationError: it is no number, or not a finite one.
    """
    value = row.get(column)
    if value is None:
        value = _derived(row, column)
        if value is None:
            return None
    if not isinstance(value, int | float):
        value = _from_scalar(value, column)
    number = float(value)
    if not math.isfinite(number):
        raise ConfigurationError(
            f"metric {column!r} has a value that is not finite; leave out what is missing, or None"
        )
    return number


def _derived(row: Row, column: str) -> float | None:
    """Return what the log says by other columns."""
    if column == "tokens" and "input_tokens" in row:
        return (row["input_tokens"] or 0) + (row["output_tokens"] or 0)
    if column in {"error", "blocked"} and isinstance(row.get("status"), str):
        return row["status"] in _FAILED if column == "error" else row["status"] == "blocked"
    return None


def _from_scalar(value: object, column: str) -> float:
    """Return the number of a type that is none of Python's, such as numpy's or Decimal."""
    if not isinstance(value, str | bytes) and isinstance(value, SupportsFloat):
        return float(value)
    raise ConfigurationError(f"metric {column!r} has a value that is no number, but {type(value).__name__}")


def _check_margins(margin: float, relative: float, where: str) -> None:
    for name, value in (("margin", margin), ("relative_margin", relative)):
        if not (_is_number(value) and value >= 0):
            raise ConfigurationError(f"{where}: {name}={value!r} must be a number, zero or more")
    if margin and relative:
        raise ConfigurationError(f"{where}: margin and relative_margin exclude each other")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _one_of(value: object, allowed: tuple[str, ...], where: str) -> None:
    if value not in allowed:
        raise ConfigurationError(f"{where}={value!r} must be {' or '.join(map(repr, allowed))}")
