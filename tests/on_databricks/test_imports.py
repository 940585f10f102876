"""Endpoints as policies, and what is lost on the way: nothing of what a policy can say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from genai_guard import ConfigurationError
from genai_guard.databricks import export_endpoint, import_endpoint
from genai_guard.databricks.changes import changes_of
from genai_guard.policy import load
from on_databricks.samples import POLICY, TARGETS, endpoints


@settings(max_examples=15)  # and a hundred beside the packages of Databricks
@given(endpoints())
def test_an_endpoint_survives_the_way_to_a_policy_and_back(endpoint: dict[str, Any]) -> None:
    found = import_endpoint(endpoint)
    again = export_endpoint(found.policy, **found.options)
    assert list(changes_of(endpoint, again.config)) == []
    assert [each for each in found.leftovers if each.extent == "missing"] == []


def test_a_policy_comes_back_as_far_as_an_endpoint_holds_it() -> None:
    export = export_endpoint(POLICY, targets=TARGETS, catalog="main", schema="ai")
    found = import_endpoint(export.config)
    assert found.policy["input"] == [
        {"guard": "pii", "action": "mask"},
        {"guard": "blocked_patterns", "keywords": ["acme", "globex corp"]},
        {"guard": "topics", "allow": {"billing": ["billing"]}},
    ]
    assert found.policy["limits"][2]["overrides"] == {"ann@example.com": 100}
    assert [each["weight"] for each in found.policy["experiments"][0]["variants"]] == [33, 67]
    assert found.policy["resilience"] == {
        "fallback": {"targets": [{"params": {"model": "gpt-4.1"}, "name": "gpt-4-1"}]}
    }
    assert load(found.policy).policy() == found.policy


def test_what_a_workspace_adds_is_no_setting_and_what_a_policy_cannot_say_is_told(tmp_path: Path) -> None:
    (tmp_path / "endpoint.json").write_text(json.dumps(WORKSPACE), encoding="utf-8")
    found = import_endpoint(tmp_path / "endpoint.json")
    assert [each.where for each in found.leftovers if each.extent == "missing"] == [
        "tags",
        "route_optimized",
        "config.auto_capture_config",
        "served_entities idle",
        "ai_gateway.guardrails.output.valid_topics",
        "ai_gateway.rate_limits[0]",
        "ai_gateway.rate_limits[1].calls",
    ]
    assert found.policy == {"version": 1, "name": "bot", "metrics": {}}
    assert list(found.targets) == ["main"]


WORKSPACE: dict[str, Any] = {
    "id": "1",
    "name": "bot",
    "creator": "ann@example.com",
    "state": {"ready": "READY"},
    "tags": [{"key": "team", "value": "x"}],
    "route_optimized": True,
    "config": {
        "config_version": 3,
        "auto_capture_config": {"catalog_name": "main"},
        "served_entities": [
            {"name": "main", "entity_name": "main.ai.m", "creator": "ann@example.com", "state": {}},
            {"name": "idle", "entity_name": "main.ai.n"},
        ],
        "traffic_config": {"routes": [{"served_entity_name": "main", "traffic_percentage": 100}]},
    },
    "ai_gateway": {
        "guardrails": {"output": {"valid_topics": ["x"], "pii": {"behavior": "NONE"}, "safety": False}},
        "rate_limits": [
            {"key": "user_group", "principal": "staff", "calls": 5, "renewal_period": "minute"},
            {"calls": 0, "renewal_period": "minute"},
        ],
        "inference_table_config": {"enabled": False},
        "usage_tracking_config": {"enabled": True},
    },
}


def test_routes_that_go_by_the_served_model_are_those_of_its_entity() -> None:
    routes = [{"served_model_name": "main", "traffic_percentage": 100}]
    core = {**WORKSPACE["config"], "served_models": [{"name": "main"}], "traffic_config": {"routes": routes}}
    found = import_endpoint({**WORKSPACE, "config": core})
    both = {"routes": [{**routes[0], "served_entity_name": "main"}]}
    assert found.targets == import_endpoint({**WORKSPACE, "config": {**core, "traffic_config": both}}).targets
    assert list(found.targets) == ["main"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "name: must be there"),
        ({"config": {}}, "config: must be there"),
        ({"config": {"served_entities": [{"name": "a"}]}}, "needs either external_model or entity_name"),
        ({"ai_gateway": {"guardrails": {"input": {"pii": {"behavior": "mask"}}}}}, "one of BLOCK, MASK, NONE"),
        ({"ai_gateway": {"rate_limits": [{"calls": 1, "renewal_period": "hour"}]}}, "one of minute"),
        (
            {"ai_gateway": {"rate_limits": [{"calls": 1, "renewal_period": "minute", "key": "usr"}]}},
            "key: must be one of",
        ),
        ({"ai_gateway": {"rate_limits": [{"renewal_period": "minute"}]}}, "limits nothing"),
        ({"ai_gateway": {"inference_table_config": {"enabled": True}}}, "catalog_name: must be there"),
        ({"ai_gateway": {"guards": {}}}, "there is no such field"),
        ({"ai_gateway": 5}, "ai_gateway: must be a mapping"),
        ({"config": {**WORKSPACE["config"], "traffic_config": 5}}, "traffic_config: must be a mapping"),
    ],
    ids=str,
)
def test_a_configuration_that_the_sdk_would_take_without_a_word_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        import_endpoint({**WORKSPACE, **change})


def test_a_user_with_a_rate_of_their_own_is_free_of_what_it_does_not_say() -> None:
    rates = [
        {"key": "user", "calls": 10, "tokens": 1_000, "renewal_period": "minute"},
        {"key": "user", "principal": "ann", "calls": 100, "renewal_period": "minute"},
    ]
    found = import_endpoint({**WORKSPACE, "ai_gateway": {"rate_limits": rates}})
    assert [each["overrides"] for each in found.policy["limits"]] == [{"ann": 100}, {"ann": None}]


def test_percentages_must_add_up() -> None:
    routes = [{"served_entity_name": "main", "traffic_percentage": 150}]
    config = {**WORKSPACE["config"], "traffic_config": {"routes": routes}}
    with pytest.raises(ConfigurationError, match="add up to 150, not to 100"):
        import_endpoint({**WORKSPACE, "config": config})


@pytest.mark.parametrize("given_", [5, None, ["a"], "missing.json"])
def test_what_is_no_endpoint_is_refused(given_: object) -> None:
    with pytest.raises(ConfigurationError, match=r"takes an endpoint|cannot be read"):
        import_endpoint(given_)
