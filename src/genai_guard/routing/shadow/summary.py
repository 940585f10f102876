"""What copies came to: a value for each, and their sums."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from genai_guard.recording.event import Event

__all__ = ["Difference", "ShadowResult", "ShadowSummary", "Tally"]


class ShadowResult(NamedTuple):
    """One call, its copy, and how they compare.

    Attributes:
        shadow: Name of the shadow.
        call: Event of the call, with its texts. Not redacted: for this process alone.
        copy: Event of its copy, with the same request id; its reply only, for the same reason.
        values: What was compared, by name; empty unless the status of the copy is `ok`.
    """

    shadow: str
    call: Event
    copy: Event
    values: Mapping[str, float]

    def __repr__(self) -> str:
        return f"<ShadowResult {self.call.request_id} {self.shadow}: {self.copy.status}>"


@dataclass(frozen=True, slots=True)
class Difference:
    """What one comparison came to.

    Attributes:
        count: Number of values.
        mean: Their mean; None when there are none.
        sd: Their standard deviation; None below two.
    """

    count: int = 0
    mean: float | None = None
    sd: float | None = None

    @property
    def stderr(self) -> float | None:
        """Standard error of the mean. Twice that to either side is an interval of about 95 %, if there are many values."""
        return None if self.sd is None else self.sd / math.sqrt(self.count)


@dataclass(frozen=True, slots=True)
class ShadowSummary:
    """What came of all copies so far. Prints as a table.

    Attributes:
        name: Name of the shadow.
        copies: Copies that are over.
        running: Copies that are being made, those included that are past their deadline and cannot be stopped.
        statuses: Copies by status; those of events, see `Event.status`.
        dropped: Copies that were not made, by reason: `busy` (as many as allowed were being made), `closed`,
            `no_event_loop`, or the class of what was raised.
        failures: What the comparer, `on_result` and the recorder raised, by name and class.
        differences: What was compared, by name, over the copies with the status `ok`.
    """

    name: str
    copies: int = 0
    running: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict[str, int])
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    failures: Mapping[str, int] = field(default_factory=dict[str, int])
    differences: Mapping[str, Difference] = field(default_factory=dict[str, Difference])

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        of = f" ({_listed(self.statuses)})" if self.statuses else ""
        yield f"shadow {self.name}: {self.copies:,} {'copy' if self.copies == 1 else 'copies'}{of}, {self.running} running"
        for title, counts in (("dropped", self.dropped), ("failures", self.failures)):
            if counts:
                yield f"{title}: {_listed(counts)}"
        if self.differences:
            width = max(len(name) for name in self.differences)
            yield f"{'':<{width}}  {'mean':>10}  {'std. error':>10}  {'copies':>10}"
            for name, each in self.differences.items():
                yield f"{name:<{width}}  {_short(each.mean):>10}  {_short(each.stderr):>10}  {each.count:>10,}"


class Tally:
    """Counts what copies come to, for many threads."""

    __slots__ = ("_dropped", "_failures", "_lock", "_moments", "_statuses")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget everything."""
        self._lock = Lock()
        self._statuses: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._moments: dict[str, tuple[int, float, float]] = {}

    def over(self, status: str, values: Mapping[str, float]) -> None:
        """Count a copy that is over."""
        with self._lock:
            _count(self._statuses, status)
            for name, value in values.items():
                self._moments[name] = _with(self._moments.get(name, (0, 0.0, 0.0)), value)

    def drop(self, reason: str) -> None:
        """Count a copy that was not made."""
        with self._lock:
            _count(self._dropped, reason)

    def fail(self, what: str, error: BaseException) -> None:
        """Count what somebody else's function raised."""
        with self._lock:
            _count(self._failures, f"{what}.{type(error).__name__}")

    def summary(self, name: str, *, running: int) -> ShadowSummary:
        """Return the sums."""
        with self._lock:
            return ShadowSummary(
                name=name,
                copies=sum(self._statuses.values()),
                running=running,
                statuses=dict(self._statuses),
                dropped=dict(self._dropped),
                failures=dict(self._failures),
                differences={name: _difference(*moments) for name, moments in self._moments.items()},
            )


def _with(moments: tuple[int, float, float], value: float) -> tuple[int, float, float]:
    """Add a value to a count, a mean and a sum of squared deviations (Welford 1962)."""
    count, mean, squares = moments
    count += 1
    step = value - mean
    mean += step / count
    return count, mean, squares + step * (value - mean)


def _difference(count: int, mean: float, squares: float) -> Difference:
    return Difference(count, mean, math.sqrt(max(squares, 0.0) / (count - 1)) if count > 1 else None)


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
