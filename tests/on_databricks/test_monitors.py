"""Monitors: their columns are those of an exported log, and their metrics are those of the policy."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.databricks import data_quality_monitor, export_endpoint, export_monitors
from genai_guard.recording.logs import LOG_COLUMNS
from on_databricks.samples import POLICY, TARGETS

COLUMNS = {column.name for column in LOG_COLUMNS}
SQL = {
    *(
        "NULL",
        "NOT",
        "IN",
        "AND",
        "array",
        "array_join",
        "avg",
        "coalesce",
        "element_at",
        "exists",
        "filter",
        "from_json",
    ),
    *("get_json_object", "if", "length", "m", "nullif", "percentile_approx", "sum", "transform", "v"),
    *("action", "content", "guard", "kind", "role"),  # fields of columns
}


def metrics(**options: Any) -> dict[str, dict[str, Any]]:
    return {
        each["name"]: each
        for each in export_monitors(POLICY, table="main.ai.calls", **options).config["custom_metrics"]
    }


def test_every_column_that_a_monitor_names_is_one_of_an_exported_log() -> None:
    log = export_monitors(POLICY, table="main.ai.calls").config["inference_log"]
    assert {log["timestamp_col"], log["prediction_col"], log["model_id_col"]} <= COLUMNS
    for metric in metrics().values():
        if metric["type"].endswith("AGGREGATE"):
            words = set(re.findall(r"[A-Za-z_]+", re.sub(r"'[^']*'", "", metric["definition"])))
            assert words - SQL <= COLUMNS, metric["name"]


def test_each_guard_has_its_rate_each_threshold_its_count_and_each_figure_its_drift() -> None:
    found = metrics()
    assert {
        "pii_hit_rate",
        "content_safety_hit_rate",
        "slow_500ms_rate",
        "error_rate",
        "prompt_chars_avg",
    } <= found.keys()
    plain = [name for name, each in found.items() if each["type"] == "CUSTOM_METRIC_TYPE_AGGREGATE"]
    assert [*found] == [*plain, *(f"{name}_delta" for name in plain)]
    assert found["error_rate_delta"]["definition"] == "{{current_df}}.error_rate - {{base_df}}.error_rate"
    assert json.loads(found["calls"]["output_data_type"])["type"] == "double"


def test_guards_whose_names_make_one_column_have_a_rate_each() -> None:
    named = [{"guard": "pii", "name": name} for name in ("a-b", "a b")]
    export = export_monitors({"version": 1, "input": named}, table="main.ai.calls")
    found = {each["name"]: each["definition"] for each in export.config["custom_metrics"]}
    assert ("'a-b'" in found["a_b_hit_rate"], "'a b'" in found["a_b_2_hit_rate"]) == (True, True)


def test_a_log_without_texts_has_no_metrics_of_texts() -> None:
    export = export_monitors({"version": 1, "metrics": {"log": {"path": "x", "content": "none"}}}, table="a.b.c")
    assert not any("chars" in each["name"] for each in export.config["custom_metrics"])
    assert export.config["inference_log"]["model_id_col"] == "model"


@pytest.mark.parametrize(
    "options",
    [{"table": "calls"}, {"table": "a.b.c", "granularities": ["2 days"]}, {"table": "a.b.c", "output_schema": "a"}],
)
def test_what_no_monitor_can_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"must be catalog\.schema|is none of 5 minutes"):
        export_monitors(POLICY, **options)


def test_only_a_monitor_becomes_one_of_data_quality() -> None:
    with pytest.raises(ConfigurationError, match="takes one of monitors, not of endpoint"):
        data_quality_monitor(export_endpoint(POLICY, targets=TARGETS), table_id="t", output_schema_id="s")
