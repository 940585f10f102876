"""`DriftMonitor`: watches calls as they are recorded, and acts when they are no longer what they were.

Rule 1: It is a sink. All it does happens on the thread of its sink, and no call waits for it.
Rule 2: Texts come redacted, and none is kept: only counts, numbers, and the words of the current window.
Rule 3: Looking again and again does not add up to false alarms: so many windows share one `alpha`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.recording.alerts.event import SEVERITIES, AlertEvent, Severity
from genai_guard.recording.drift.analyzing import against
from genai_guard.recording.drift.baseline import MAX_VALUES, Baseline, compared_by
from genai_guard.recording.drift.cells import Collector, Place, slices_of
from genai_guard.recording.drift.drifting import Rule, is_number, judged, must, without_empty
from genai_guard.recording.drift.features import Feature
from genai_guard.recording.drift.granularity import seconds_of, start_of
from genai_guard.recording.drift.metrics import DriftTable, finding
from genai_guard.recording.event import Event
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.rows import row
from genai_guard.recording.sketch import merge
from genai_guard.recording.worker import attempt

__all__ = ["DriftAction", "DriftEvent", "DriftMonitor"]

_KEPT_TABLES: Final = 100
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class DriftEvent(AlertEvent):
    """Calls have drifted, or no longer do. Whatever takes an `AlertEvent` takes it.

    Its `value` is the number of columns that drifted, its `threshold` 0.

    Attributes:
        table: What was found in the window.
    """

    table: DriftTable = field(kw_only=True)


DriftAction: TypeAlias = Callable[[DriftEvent], object]
"""What is done about drift: called when it begins and when it ends; `event.state` says which. An `AlertAction` is one."""


class DriftMonitor:
    """Compares window after window of calls with a baseline: `MetricsRecorder(sinks=[DriftMonitor(...)])`.

    A window is judged when the first call after it comes. When one drifts, `on_drift` is told once, with `state="firing"`;
    when one that could be judged does not, it is told `resolved`. Not in one process that forks: a child begins anew.

    The probability of any false alarm in `looks` windows in a row is `alpha` at most: each window is judged at
    `alpha / looks`, corrected for its number of tests, and it does not matter that all are compared with one baseline.

    Args:
        baseline: A `Baseline`, or the file of one; None to learn it from the first calls.
        features: Names and `Feature`s; those of the baseline when None, or all that work here without one.
        window: How long a window is: a number of calls, or a time such as `1 hour`.
        on_drift: Told of drift, on the thread of the monitor: see `HoldCanary`, `Together` and `AlertSink.send`, or write a
            function of one `DriftEvent`. What takes long, such as training, should be started there and not waited for.
        slices: By what calls are told apart, as for `drift`; a slice is compared with the same one of the baseline.
        alpha: Probability of any false alarm in `looks` windows.
        looks: Windows that share it.
        min_n: Values that both sides must have, as for `drift`.
        min_distance: What is closer is no drift, as for `drift`.
        psi_above: As for `drift`.
        learn: Calls that make the baseline where there is none.
        sample: Share of the calls that is looked at.
        name: Of the alert.
        severity: Of the alert.
        redact: How texts are redacted; `Redactor()` when None.
        max_values: Most values kept of a column, as for `drift`.

    Attributes:
        baseline: What is compared with now; None while it is learnt.
        watched: The features.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    kind: ClassVar[str] = "drift_monitor"

    def __init__(
        self,
        *,
        baseline: Baseline | str | os.PathLike[str] | None = None,
        features: Sequence[str | Feature] | None = None,
        window: int | str = 1_000,
        on_drift: DriftAction | None = None,
        slices: Sequence[str] = (),
        alpha: float = 0.05,
        looks: int = 100,
        min_n: int = 500,
        min_distance: float = 0.0,
        psi_above: float | None = None,
        learn: int = 2_000,
        sample: float = 1.0,
        name: str = "drift",
        severity: Severity = "warning",
        redact: Redactor | None = None,
        max_values: int = MAX_VALUES,
    ) -> None:
        rule = Rule(alpha=alpha, min_n=min_n, min_distance=min_distance, psi_above=psi_above)
        rule.check(where := "DriftMonitor")
        must(type(looks) is int and looks >= 1, where, "looks", "a whole number above 0")
        must(type(learn) is int and learn >= min_n, where, "learn", f"a whole number of at least min_n, {min_n}")
        must(on_drift is None or callable(on_drift), where, "on_drift", "a function of one DriftEvent")
        must(isinstance(name, str) and bool(name), where, "name", "a name")
        must(severity in SEVERITIES, where, "severity", f"one of {', '.join(map(repr, SEVERITIES))}")
        must(redact is None or isinstance(redact, Redactor), where, "redact", "a Redactor")
        must(is_number(sample) and 0 < sample <= 1, where, "sample", "a number above 0, and 1 at most")
        must(type(max_values) is int and max_values >= min_n, where, "max_values", "a whole number of at least min_n")
        self.slices: Final = (slices,) if isinstance(slices, str) else tuple(slices)
        known, chosen = compared_by(baseline, features, self.slices, max_values=max_values, where=where)
        self.given_baseline: Final = baseline
        self.baseline: Baseline | None = known
        self.features: Final = (features,) if isinstance(features, str) else features and tuple(features)
        self.watched: Final = chosen
        self.window: Final = window
        self.on_drift: Final = on_drift
        self.alpha: Final = alpha
        self.looks: Final = looks
        self.min_n: Final = min_n
        self.min_distance: Final = min_distance
        self.psi_above: Final = psi_above
        self.learn: Final = learn
        self.sample: Final = sample
        self.name: Final = name
        self.severity: Final[Severity] = severity
        self.redact: Final = redact
        self.max_values: Final = max_values
        self.wants_text: Final = any(each.needs_text for each in chosen)
        self._by = slices_of(self.slices, where=where)
        self._rule = Rule(alpha=alpha / looks, min_n=min_n, min_distance=min_distance, psi_above=psi_above)
        self._window_s, self._window_rows = _length(window, min_n)
        self._random = Random(0)  # noqa: S311  which calls are sampled is no secret
        self._tables: deque[DriftTable] = deque(maxlen=_KEPT_TABLES)
        self._failures: dict[str, int] = {}
        self._begin()

    @property
    def _granularity(self) -> str | None:
        return self.window if isinstance(self.window, str) else None

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._since_s: float | None = None
        self._new_window()

    def _new_window(self) -> None:
        self._window = Collector(self.watched, slices=self._by, limit=self.max_values)
        self._start_s: float | None = None

    @property
    def tables(self) -> tuple[DriftTable, ...]:
        """What was found in the last hundred windows, the latest last."""
        return tuple(self._tables)

    @property
    def drifting(self) -> bool:
        """Whether the last window that could be judged had drifted."""
        return self._since_s is not None

    @property
    def failures(self) -> Mapping[str, int]:
        """What went wrong: features by name and class of what they raised, `on_drift` by class."""
        found = dict(self._failures)
        merge(found, self._window.failures)
        return dict(sorted(found.items()))

    def rebase(self, baseline: Baseline | None = None) -> None:
        """Compare with another baseline from now on, after a change that was meant; None learns it from the next calls.

        What was collected of the current window is dropped, and an alarm that is on is over without being told.
        """
        self.baseline = baseline
        self._begin()

    def write(self, event: Event, /) -> None:
        """Take a redacted call, and judge the window before it if that is over."""
        if self._pid != os.getpid():
            self._begin()
        if self.sample < 1 and self._random.random() >= self.sample:
            return
        if self._is_over(event.time_s):
            self._judge(event.time_s)
        if self._start_s is None:
            self._start_s = event.time_s if self._window_s is None else start_of(event.time_s, self._window_s)
        self._window.add(row(event))

    def _is_over(self, time_s: float) -> bool:
        """Whether the window ends before a call; a baseline is learnt by number, whatever the window.

        A call may have begun a little before the window and end in it. One that began a whole window before it did so by
        a clock that was set back.
        """
        whole = self._window.cells.get(Place())
        rows = whole.rows if whole is not None else 0
        if self.baseline is None:
            return rows >= self.learn
        if self._window_s is None:
            return rows >= self._window_rows
        return self._start_s is not None and not -self._window_s <= time_s - self._start_s < self._window_s

    def _judge(self, now_s: float) -> None:
        """Compare the window with the baseline, or make it that, and begin the next."""
        window = self._window
        self._new_window()
        merge(self._failures, window.failures)
        if self.baseline is None:
            self.baseline = Baseline.collected(window)
            return
        rows = without_empty(judged(against(self.baseline, window, self._granularity), self._rule))
        table = DriftTable(rows, window.failures, {}, alpha=self._rule.alpha, min_n=self._rule.min_n)
        self._tables.append(table)
        self._follow(table, now_s)

    def _follow(self, table: DriftTable, now_s: float) -> None:
        """Tell of drift when it begins, and when it ends."""
        if table.drifted and self._since_s is None:
            self._since_s = now_s
            self._tell(table, "firing", now_s)
        elif not table.drifted and self._since_s is not None and any(each.verdict == "no drift" for each in table):
            self._tell(table, "resolved", self._since_s, now_s)
            self._since_s = None

    def _tell(
        self, table: DriftTable, state: Literal["firing", "resolved"], fired_s: float, resolved_s: float | None = None
    ) -> None:
        if self.on_drift is None:
            return
        event = DriftEvent(
            self.name, state, _message(table), float(len(table.drifted)), 0.0, self.severity, "enforce", fired_s,
            resolved_s, key=self.name, table=table,
        )  # fmt: skip
        raised: dict[str, int] = {}
        attempt("on_drift", raised, self.on_drift, event)
        merge(self._failures, {f"on_drift.{kind}": times for kind, times in raised.items()})

    def __repr__(self) -> str:
        return f"<DriftMonitor {self.name!r} of {len(self.watched)} features, {self.baseline!r}>"


def _message(table: DriftTable) -> str:
    """Return what drifted; names and numbers alone."""
    found = [finding(each) for each in table.drifted]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more if found else "no drift any more"


def _length(window: object, min_n: int) -> tuple[int | None, int]:
    """Return how long a window is, in seconds, or else in calls."""
    if isinstance(window, str):
        return seconds_of(window, where="DriftMonitor"), 0
    if isinstance(window, bool) or not isinstance(window, int) or window < min_n:
        raise ConfigurationError(
            f"DriftMonitor(window=...) must be a time such as '1 hour', or at least min_n calls, which is {min_n}"
        )
    return None, window
