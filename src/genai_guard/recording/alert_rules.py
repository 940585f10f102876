"""Alerts of a recorder as alerting rules of Prometheus, about the metrics of `PrometheusCollector`. Pure.

A rule asks the same question of the same counters, over all processes that Prometheus scrapes instead of one. It cannot
say how certain the answer is: where an alert has a `confidence`, its rule compares the plain shares. Budgets are of the
last hour, day or 30 days, not of those of the calendar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from genai_guard.recording.promql import FAILED, Counted, duration, labels_of

if TYPE_CHECKING:
    from genai_guard.recording.alerts import Alert
    from genai_guard.recording.recorder import MetricsRecorder

__all__ = ["alert_rules", "unwritten"]

_PERIODS_S: Final = {"hour": 3600.0, "day": 86_400.0, "month": 30 * 86_400.0}
_SLOWEST: Final = 0.01

_STATUSES: Final = {
    "errors": FAILED,
    "blocked": "blocked",
    "denied": "rate_limited|budget_exceeded",
    "cancelled": "cancelled|abandoned",
}
"""What is a share of calls, by their statuses."""

_COUNTERS: Final = {
    "calls": ("calls_total",),
    "tokens": ("tokens_total", 'type=~"input|output"'),
    "usd": ("cost_usd_total",),
    "guardrail_hits": ("guardrail_hits_total", 'mode!="shadow"'),
}
"""What is a sum: its counter, and which of them count."""


def alert_rules(recorder: MetricsRecorder, *, prefix: str = "genai_guard") -> dict[str, Any]:
    """Return a file of rules, ready to be written as YAML.

    Alerts in shadow mode, of classes of your own, and by `status` have none: see `unwritten`.

    Args:
        recorder: Whose alerts.
        prefix: As for `PrometheusCollector`.
    """
    rules = [_rule(alert, prefix) for alert in recorder.watched if _is_written(alert)]
    return {"groups": [{"name": "genai_guard", "rules": [*rules, _lost(prefix)]}]}


def unwritten(recorder: MetricsRecorder) -> tuple[str, ...]:
    """Return the names of the alerts that have no rule."""
    return tuple(alert.name for alert in recorder.watched if not _is_written(alert))


def _is_written(alert: Alert) -> bool:
    by_status = "status" in {*getattr(alert, "by", ()), *getattr(alert, "where", {})}  # most counters lack that label
    return alert.mode == "enforce" and type(alert).kind in _EXPRESSIONS and not by_status


def _rule(alert: Any, prefix: str) -> dict[str, Any]:
    rule = {"alert": alert.name, "expr": _EXPRESSIONS[alert.kind](alert, _counted(alert, prefix))}
    waits = {"for": getattr(alert, "for_s", 0.0), "keep_firing_for": getattr(alert, "keep_firing_s", 0.0)}
    rule |= {name: duration(seconds) for name, seconds in waits.items() if seconds}
    about = f"{alert.name}: {{{{ $value }}}}, the threshold is {alert.threshold:g}"
    return {**rule, "labels": {"severity": alert.severity}, "annotations": {"summary": about}}


def _lost(prefix: str) -> dict[str, Any]:
    return {
        "alert": f"{prefix}_dropped",
        "expr": f"{Counted(prefix, by=('sink',)).grown('dropped_total', 300)} > 0",
        "labels": {"severity": "warning"},
        "annotations": {"summary": "{{ $labels.sink }}: {{ $value }} events did not arrive in the last 5 minutes"},
    }


def _counted(alert: Any, prefix: str) -> Counted:
    by, where = getattr(alert, "by", ()), getattr(alert, "where", {})
    return Counted(prefix, labels_of(by), dict(zip(labels_of(tuple(where)), where.values(), strict=True)))


# --- one question each ------------------------------------------------------------------------------------------------


def _latency_p99(alert: Any, counted: Counted) -> str:
    slow, calls = _slow(counted, alert.slow_after_s, alert.window_s)
    return f"{slow} / {calls} > {_SLOWEST:g} and {slow} > 1 and {calls} >= {alert.min_calls}"


def _error_rate(alert: Any, counted: Counted) -> str:
    bad, calls = _failed(counted, "errors", alert.window_s)
    return f"{bad} / {calls} > {alert.above:g} and {calls} >= {alert.min_calls}"


def _budget(alert: Any, counted: Counted) -> str:
    window_s = _PERIODS_S[alert.per]
    spent = _sum(counted, "usd" if alert.usd is not None else "tokens", window_s)
    return f"{spent} >= {alert.threshold:.17g}"


def _guardrail_hits(alert: Any, counted: Counted) -> str:
    wanted = {"guard": alert.guard, "action": str(alert.action)}
    only = [f'{label}="{value}"' for label, value in wanted.items() if value]
    return f"{_sum(counted.matching(*only), 'guardrail_hits', alert.window_s)} >= {alert.at_least}"


def _missing_traffic(alert: Any, counted: Counted) -> str:
    return f"{_known(_sum(counted, 'calls', alert.window_s), counted)} < {alert.at_least}"


def _threshold(alert: Any, counted: Counted) -> str:
    sign, bound = (">", alert.above) if alert.below is None else ("<", alert.below)
    if alert.measure in _STATUSES:
        bad, calls = _failed(counted, alert.measure, alert.window_s)
        return f"({bad} or 0 * {calls}) / {calls} {sign} {bound:g} and {calls} >= {alert.min_calls}"
    amount = _sum(counted, alert.measure, alert.window_s)
    return f"{amount if sign == '>' else _known(amount, counted)} {sign} {bound:.17g}"


def _rate_of_change(alert: Any, counted: Counted) -> str:
    """Compare rates: per second, or for what calls are or have, per call."""
    sign, bound = (">", alert.above) if alert.below is None else ("<", alert.below)

    def rate(window_s: float, before_s: float) -> str:
        calls = _sum(counted, "calls", window_s, before_s=before_s)
        per = f"{window_s:.6g}" if alert.measure in {"calls", "tokens", "usd"} else calls
        if alert.measure in _STATUSES:
            amount = _failed(counted, alert.measure, window_s, before_s=before_s)[0]
        else:
            amount = _sum(counted, alert.measure, window_s, before_s=before_s)
        return f"{amount} / {per}"

    before = _sum(counted, "calls", alert.baseline_s, before_s=alert.window_s)
    now, then = rate(alert.window_s, 0.0), rate(alert.baseline_s, alert.window_s)
    return f"({now}) / ({then}) {sign} {bound:g} and {before} >= {alert.min_calls}"


def _burn_rate(alert: Any, counted: Counted) -> str:
    share = alert.burn * (1.0 - alert.slo)

    def bad(window_s: float) -> tuple[str, str]:
        if alert.slow_after_s is None:
            return _failed(counted, "errors", window_s)
        return _slow(counted, alert.slow_after_s, window_s)

    (long, calls), (short, calls_now) = bad(alert.window_s), bad(alert.short_window_s)
    return (
        f"{long} / {calls} / {1.0 - alert.slo:.6g} > {alert.burn:g} and {short} / {calls_now} > {share:.6g} "
        f"and {calls} >= {alert.min_calls}"
    )


_EXPRESSIONS: Final[Mapping[str, Callable[[Any, Counted], str]]] = {
    "latency_p99": _latency_p99,
    "error_rate": _error_rate,
    "budget": _budget,
    "guardrail_hits": _guardrail_hits,
    "missing_traffic": _missing_traffic,
    "threshold": _threshold,
    "rate_of_change": _rate_of_change,
    "burn_rate": _burn_rate,
}
"""By the kind of the alert."""


def _failed(counted: Counted, measure: str, window_s: float, *, before_s: float = 0.0) -> tuple[str, str]:
    """Return how many calls ended in one of the ways of a measure, and how many there were."""
    ended = counted.matching(f'status=~"{_STATUSES[measure]}"')
    return ended.grown("calls_total", window_s, before_s=before_s), _sum(counted, "calls", window_s, before_s=before_s)


def _slow(counted: Counted, bound_s: float, window_s: float) -> tuple[str, str]:
    """Return how many calls took longer than a duration, which is a bound of the histogram, and how many there were."""
    calls = counted.grown("latency_seconds_count", window_s)
    quick = counted.matching(f'le="{float(bound_s)}"').grown("latency_seconds_bucket", window_s)
    return f"({calls} - {quick})", calls


def _sum(counted: Counted, measure: str, window_s: float, *, before_s: float = 0.0) -> str:
    name, *only = _COUNTERS[measure]
    return counted.matching(*only).grown(name, window_s, before_s=before_s)


def _known(amount: str, counted: Counted) -> str:
    """Return an amount that is 0 where nothing was ever counted; what is kept apart must have been, to have a name."""
    return amount if counted.by else f"({amount} or vector(0))"
