"""A dashboard of Grafana about the metrics of `PrometheusCollector`, with the panels that a pipeline has a use for. Pure.

The JSON model is that of Grafana 10 and later (`schemaVersion` 39).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.promql import FAILED, Counted, labels_of
from genai_guard.recording.recorder import MetricsRecorder

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline

__all__ = ["dashboard"]

_SCHEMA: Final = 39
_WIDTH: Final = 24
_HEIGHT: Final = 8
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_COLOURS: Final = {"info": "blue", "warning": "orange", "critical": "red"}
_SHARES: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class _Panel:
    """One picture.

    Attributes:
        title: What it shows.
        unit: Unit of its values, as Grafana calls it.
        queries: Expressions, and how their lines are called.
        about: What one has to know to read it.
        lines: Thresholds of alerts and their severity.
        kind: Kind of the panel.
        width: How many of the 24 columns.
        stacked: Whether the lines add up.
    """

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    about: str = ""
    lines: tuple[tuple[float, str], ...] = ()
    kind: str = "timeseries"
    width: int = 12
    stacked: bool = False


def dashboard(pipeline: Pipeline, *, prefix: str = "genai_guard") -> dict[str, Any]:
    """Return the dashboard of a pipeline, ready to be written as JSON and imported.

    It has a variable for each dimension of the recorder, and thresholds where there are alerts.

    Args:
        pipeline: Whose guards, limits, experiments, prices and alerts.
        prefix: As for `PrometheusCollector`.

    Raises:
        ConfigurationError: the pipeline has no `MetricsRecorder`.
    """
    recorder = pipeline.recorder
    if not isinstance(recorder, MetricsRecorder):
        raise ConfigurationError(
            f"the pipeline {pipeline.name!r} measures nothing: give it a MetricsRecorder, or its policy `metrics: {{}}`"
        )
    labels = labels_of([name for name in recorder.dimensions if name != "status"])
    counted = Counted(prefix, matchers=tuple(f'{label}=~"${label}"' for label in labels))
    rows = [(title, panels) for title, panels in _rows(pipeline, recorder, counted, labels) if panels]
    return {
        "uid": f"{prefix}-{pipeline.name}"[:40],
        "title": f"genai_guard: {pipeline.name}",
        "tags": ["genai_guard"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_datasource(), *(_variable(label, prefix) for label in labels)]},
        "panels": list(_laid_out(rows)),
    }


def _rows(
    pipeline: Pipeline, recorder: MetricsRecorder, counted: Counted, labels: Sequence[str]
) -> Iterator[tuple[str, list[_Panel]]]:
    yield "Traffic", _traffic(recorder, counted)
    yield "Latency", _latency(recorder, counted)
    yield "Tokens and cost", _spending(counted)
    if pipeline.input or pipeline.output:
        yield "Guards", _guards(counted)
    if pipeline.limiter is not None:
        yield "Limits", _limits(counted)
    if pipeline.router is not None and "variant" in labels:
        yield "Variants", _variants(counted)
    yield "Recording", _recording(recorder, counted.prefix)


def _traffic(recorder: MetricsRecorder, counted: Counted) -> list[_Panel]:
    failed = counted.matching(f'status=~"{FAILED}"').rate("calls_total")
    return [
        _Panel("Calls", "reqps", ((counted.rate("calls_total", "status"), "{{status}}"),), stacked=True),
        _Panel(
            "Error rate", "percentunit", ((f"{failed} / {counted.rate('calls_total')}", "errors"),),
            "Calls in which something broke. What a guard or a limit refused is no error.",
            _thresholds(recorder, "error_rate"),
        ),
        _Panel(
            "Errors by type", "reqps", ((counted.rate("errors_total", "error_type"), "{{error_type}}"),),
            width=_WIDTH, stacked=True,
        ),
    ]  # fmt: skip


def _latency(recorder: MetricsRecorder, counted: Counted) -> list[_Panel]:
    limits = tuple((alert.slow_after_s, alert.severity) for alert in recorder.watched if alert.slow_after_s is not None)
    reached = "Calls that reached the model."
    return [
        _Panel("Latency", "s", _quantiles(counted, "latency_seconds"), reached, limits),
        _Panel("First token", "s", _quantiles(counted, "first_token_seconds"), "Streams, to the first chunk released."),
        _Panel("Between tokens", "s", _quantiles(counted, "inter_token_seconds"), "Streams, a mean of each."),
        _Panel("Model", "s", _quantiles(counted, "model_seconds"), "The part of the latency that the model took."),
        _Panel("Waiting for limits", "s", _quantiles(counted, "queue_seconds"), "Calls that did."),
        _Panel(
            "Overhead", "s", _quantiles(counted, "overhead_seconds"),
            "All the rest, of every call; for a stream the waiting for its reader too.",
        ),
    ]  # fmt: skip


def _spending(counted: Counted) -> list[_Panel]:
    return [
        _Panel(
            "Tokens", "short", ((counted.rate("tokens_total", "type"), "{{type}}"),),
            "A second. Cached tokens are among the input.",
        ),
        _Panel(
            "Cost an hour", "currencyUSD", ((f"3600 * {counted.rate('cost_usd_total')}", "dollars"),),
            "Calls of models with a price.",
        ),
    ]  # fmt: skip


def _guards(counted: Counted) -> list[_Panel]:
    enforced, shadow = counted.matching('mode!="shadow"'), counted.matching('mode="shadow"')
    name = "{{guard}} {{action}}"
    return [
        _Panel("Guardrail hits", "reqps", ((enforced.rate("guardrail_hits_total", "guard", "action"), name),)),
        _Panel("In shadow mode", "reqps", ((shadow.rate("guardrail_hits_total", "guard", "action"), name),)),
    ]


def _limits(counted: Counted) -> list[_Panel]:
    denied = counted.rate("denials_total", "limit")
    share = f"{counted.rate('denials_total')} / {counted.rate('calls_total')}"
    return [
        _Panel("Denials", "reqps", ((denied, "{{limit}}"),), stacked=True),
        _Panel("Denied share", "percentunit", ((share, "denied"),)),
    ]


def _variants(counted: Counted) -> list[_Panel]:
    failed = counted.matching(f'status=~"{FAILED}"').rate("calls_total", "variant")
    buckets = counted.rate("latency_seconds_bucket", "le", "variant")
    return [
        _Panel("Calls", "reqps", ((counted.rate("calls_total", "variant"), "{{variant}}"),), width=8),
        _Panel(
            "Error rate",
            "percentunit",
            ((f"{failed} / {counted.rate('calls_total', 'variant')}", "{{variant}}"),),
            width=8,
        ),
        _Panel("Latency, p95", "s", ((f"histogram_quantile(0.95, {buckets})", "{{variant}}"),), width=8),
    ]


def _recording(recorder: MetricsRecorder, prefix: str) -> list[_Panel]:
    all_of = Counted(prefix)
    lost = _Panel(
        "Dropped events",
        "reqps",
        ((all_of.rate("dropped_total", "sink"), "{{sink}}"),),
        "Calls go on; their events are lost.",
    )
    firing = _Panel("Alerts that fire", "short", ((f"{prefix}_alert_firing", "{{alert}}"),), kind="stat")
    return [firing, lost] if recorder.watched else [lost]


def _quantiles(counted: Counted, name: str) -> tuple[tuple[str, str], ...]:
    buckets = counted.rate(f"{name}_bucket", "le")
    return tuple((f"histogram_quantile({share}, {buckets})", f"p{share * 100:g}") for share in _SHARES)


def _thresholds(recorder: MetricsRecorder, kind: str) -> tuple[tuple[float, str], ...]:
    return tuple((alert.threshold, alert.severity) for alert in recorder.watched if type(alert).kind == kind)


# --- Grafana's model ----------------------------------------------------------------------------------------------------


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _variable(label: str, prefix: str) -> dict[str, Any]:
    return {
        "name": label,
        "label": label,
        "type": "query",
        "datasource": _DATASOURCE,
        "query": {"query": f"label_values({prefix}_calls_total, {label})", "refId": label},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _laid_out(rows: Sequence[tuple[str, Sequence[_Panel]]]) -> Iterator[dict[str, Any]]:
    """Yield the panels with their places: from left to right, row by row."""
    number = top = 0
    for title, panels in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": _at(0, top, _WIDTH, 1),
        }
        top += 1
        left = 0
        for panel in panels:
            if left + panel.width > _WIDTH:
                left, top = 0, top + _HEIGHT
            number += 1
            yield {"id": number, **_panel(panel), "gridPos": _at(left, top, panel.width, _HEIGHT)}
            left += panel.width
        top += _HEIGHT


def _at(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: _Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": _COLOURS[severity], "value": value} for value, severity in sorted(panel.lines)]
    custom: dict[str, Any] = {"thresholdsStyle": {"mode": "dashed" if panel.lines else "off"}}
    if panel.stacked:
        custom |= {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 20}
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "timeseries":
        defaults["custom"] = custom
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _DATASOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _options(panel),
        "targets": [
            {"refId": chr(65 + place), "datasource": _DATASOURCE, "expr": expression, "legendFormat": name}
            for place, (expression, name) in enumerate(panel.queries)
        ],
    }


def _options(panel: _Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "textMode": "value_and_name", "colorMode": "background"}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
