"""The dashboard of a pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from genai_guard import ConfigurationError, Pipeline
from genai_guard.recording import Alert, MetricsRecorder
from genai_guard.recording.dashboard import dashboard
from monitored import everything, expressions


def titles(model: dict[str, Any], kind: str = "row") -> list[str]:
    return [panel["title"] for panel in model["panels"] if panel["type"] == kind]


def test_every_expression_can_be_parsed() -> None:
    asked = expressions(dashboard(everything()))
    assert len(asked) > 20
    for each in asked:
        promql_parser.parse(each)


def test_panels_lie_beside_and_below_each_other_and_have_numbers_of_their_own() -> None:
    panels = dashboard(everything())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_there_is_a_row_for_each_part_that_the_pipeline_has() -> None:
    assert titles(dashboard(everything())) == [
        "Traffic", "Latency", "Tokens and cost", "Guards", "Limits", "Variants", "Recording"
    ]  # fmt: skip
    plain = dashboard(Pipeline(recorder=MetricsRecorder()))
    assert titles(plain) == ["Traffic", "Latency", "Tokens and cost", "Recording"]


def test_alerts_are_lines_in_the_pictures() -> None:
    recorder = MetricsRecorder(alerts=[Alert.error_rate(above=0.02), Alert.latency_p99(above_ms=700)])
    panels = {panel["title"]: panel for panel in dashboard(Pipeline(recorder=recorder))["panels"]}
    steps = {
        name: panels[name]["fieldConfig"]["defaults"]["thresholds"]["steps"][1:] for name in ("Error rate", "Latency")
    }
    assert steps == {
        "Error rate": [{"color": "red", "value": 0.02}],
        "Latency": [{"color": "orange", "value": 0.7}],
    }


def test_each_dimension_is_a_variable_that_every_panel_of_calls_goes_by() -> None:
    model = dashboard(Pipeline(recorder=MetricsRecorder(dimensions=("model", "plan-name"))))
    assert [each["name"] for each in model["templating"]["list"]] == ["datasource", "model", "plan_name"]
    of_calls = [
        target["expr"]
        for panel in model["panels"]
        for target in panel.get("targets", ())
        if "calls_total" in target["expr"]
    ]
    assert all('model=~"$model",plan_name=~"$plan_name"' in each for each in of_calls)


def test_a_pipeline_that_measures_nothing_has_none() -> None:
    with pytest.raises(ConfigurationError, match="measures nothing"):
        dashboard(Pipeline())


def test_grafana_reads_all_of_it() -> None:
    """Read it into the models that Grafana generates from its schemas, and write it again: what they lack is lost."""
    plugins.register_default_plugins()
    written = json.loads(json.dumps(dashboard(everything())))
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(written)))
    assert list(lost(written, read)) == []


def lost(written: Any, read: Any, place: str = "") -> Iterator[str]:
    """Yield the places at which something was written that is not read."""
    if isinstance(written, dict) and isinstance(read, dict):
        for name, value in written.items():
            yield from lost(value, read.get(name, ...), f"{place}.{name}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, (value, other) in enumerate(zip(written, read, strict=True)):
            yield from lost(value, other, f"{place}[{number}]")
    elif written != read:
        yield place
