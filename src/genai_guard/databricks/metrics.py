"""Custom metrics of monitors: SQL over an exported inference log that says what drift and snapshots say here.

A definition is a template of Jinja over one expression of Spark SQL: `{{prediction_col}}` and the like are filled in by
the monitor, and drift metrics compare `{{current_df}}` with `{{base_df}}`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from genai_guard.recording.alerts import Alert
from genai_guard.recording.series import ERRORS

__all__ = ["TEXT_METRICS", "metrics_of"]

_PROMPT: Final = (
    "element_at(filter(from_json(get_json_object(request, '$.messages'), "
    "'array<struct<role:string,content:string>>'), m -> m.role = 'user'), -1).content"
)
"""What the user said last: `Call.prompt`."""

_REPLY: Final = (
    "array_join(transform(filter(from_json(get_json_object(response, '$.messages'), "
    "'array<struct<role:string,content:string,kind:string>>'), "
    "m -> coalesce(m.kind, 'text') IN ('text', 'refusal')), m -> m.content), '\\n')"
)
"""What the model said: `Call.reply`."""

_WEIGHT: Final = "1 / sampling_fraction"
_REACHED: Final = "model_ms <> 0"
_STATUSES: Final[Mapping[str, str]] = {
    "error_rate": f"status IN ({', '.join(map(repr, sorted(ERRORS)))})",
    "block_rate": "status = 'blocked'",
    "denial_rate": "status IN ('rate_limited', 'budget_exceeded')",
}
_PLAIN: Final[Mapping[str, str]] = {
    "calls": f"sum({_WEIGHT})",
    **{name: f"sum(if({when}, {_WEIGHT}, 0)) / sum({_WEIGHT})" for name, when in _STATUSES.items()},
    "cost_usd_sum": f"sum(cost_usd * ({_WEIGHT}))",
    "tokens_sum": f"sum((input_tokens + output_tokens) * ({_WEIGHT}))",
    "model_latency_ms_avg": f"avg(if({_REACHED}, latency_ms, NULL))",
    "model_latency_ms_p95": f"percentile_approx(if({_REACHED}, latency_ms, NULL), 0.95)",
}
TEXT_METRICS: Final[Mapping[str, str]] = {
    "prompt_chars_avg": f"avg(nullif(length({_PROMPT}), 0))",
    "reply_chars_avg": f"avg(nullif(length({_REPLY}), 0))",
}
"""Means of what drift watches under the same names, without `_avg`."""

_TYPES: Final = "CUSTOM_METRIC_TYPE_"


def metrics_of(guards: Iterable[str], alerts: Iterable[Alert], *, texts: bool) -> list[dict[str, Any]]:
    """Return the aggregate metrics of a policy, and how each differs from the window before or the baseline.

    Args:
        guards: Names of guards whose rates of findings are computed: `pii_hit_rate` for `pii`.
        alerts: Alerts whose thresholds of latency are counted exactly: `slow_500ms_rate`.
        texts: Whether rows have texts.
    """
    found = {**_PLAIN, **(TEXT_METRICS if texts else {}), **dict(_hits(guards)), **dict(_slow(alerts))}
    return [
        *(_metric(name, definition, "AGGREGATE") for name, definition in found.items()),
        *(_metric(f"{name}_delta", f"{{{{current_df}}}}.{name} - {{{{base_df}}}}.{name}", "DRIFT") for name in found),
    ]


def _hits(guards: Iterable[str]) -> Iterator[tuple[str, str]]:
    taken: Counter[str] = Counter()
    for guard in dict.fromkeys(guards):
        column = _column(guard)
        taken[column] += 1
        if taken[column] > 1:  # names that differ in what a column cannot hold
            column = f"{column}_{taken[column]}"
        quoted = guard.replace("\\", "\\\\").replace("'", "\\'")
        found = f"exists(verdicts, v -> v.guard = '{quoted}' AND v.action NOT IN ('allow', 'error'))"
        yield f"{column}_hit_rate", f"sum(if({found}, {_WEIGHT}, 0)) / sum({_WEIGHT})"


def _slow(alerts: Iterable[Alert]) -> Iterator[tuple[str, str]]:
    for seconds in sorted({alert.slow_after_s for alert in alerts if alert.slow_after_s is not None}):
        ms = seconds * 1e3
        slow = f"sum(if(latency_ms > {ms:.15g}, {_WEIGHT}, 0)) / sum({_WEIGHT})"
        yield f"slow_{_column(f'{ms:.15g}')}ms_rate", slow


def _column(name: str) -> str:
    return "".join(each if each.isascii() and each.isalnum() else "_" for each in name).strip("_") or "guard"


def _metric(name: str, definition: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "definition": definition,
        "input_columns": [":table"],
        "output_data_type": json.dumps({"metadata": {}, "name": name, "nullable": True, "type": "double"}),
        "type": f"{_TYPES}{kind}",
    }
