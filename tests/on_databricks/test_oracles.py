"""What is exported is what the packages of Databricks take: the SDK drops nothing of it, and bundles refuse nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from genai_guard import ConfigurationError
from genai_guard.databricks import (
    Export,
    bundle,
    data_quality_monitor,
    export_endpoint,
    export_model_service,
    export_monitors,
    import_endpoint,
    resources,
)
from genai_guard.databricks.bundle import RESOURCES
from genai_guard.databricks.changes import changes_of
from genai_guard.databricks.checking import ENDPOINT, MODEL_SERVICE, MONITOR
from genai_guard.databricks.monitors import GRANULARITIES
from on_databricks.samples import POLICY, TARGETS, endpoints

serving = pytest.importorskip("databricks.sdk.service.serving", reason="needs the extra databricks: nox -s databricks")
catalog = pytest.importorskip("databricks.sdk.service.catalog")
dataquality = pytest.importorskip("databricks.sdk.service.dataquality")
core = pytest.importorskip("databricks.bundles.core")


def same(kind: Any, config: Any) -> None:
    assert kind.from_dict(config).as_dict() == config


@settings(max_examples=100)
@given(endpoints())
def test_both_take_every_endpoint_as_it_is(endpoint: dict[str, Any]) -> None:
    found = import_endpoint(endpoint)
    export = export_endpoint(found.policy, **found.options)
    assert list(changes_of(endpoint, export.config)) == []
    same(serving.EndpointCoreConfigInput, {"name": export.name, **export.config["config"]})
    same(serving.AiGatewayConfig, export.config.get("ai_gateway", {}))
    same_bundle(export)


def same_bundle(export: Export) -> None:
    """Check that strict resources are made of it, which say the same."""
    made = resources(export)
    ((_, resource),) = getattr(made, RESOURCES[export.kind]).items()
    assert resource.as_dict() == export.config


def test_both_take_the_endpoint_of_a_policy() -> None:
    export = export_endpoint(POLICY, targets=TARGETS, catalog="main", schema="ai")
    same(serving.EndpointCoreConfigInput, {"name": export.name, **export.config["config"]})
    same(serving.AiGatewayConfig, export.config["ai_gateway"])
    same_bundle(export)


def test_both_take_a_model_service() -> None:
    targets = {
        "control": "system.ai.llama",
        "treatment": "serving-endpoints/large",
        "gpt-4.1": "main.ai.openai/gpt-4.1",
    }
    export = export_model_service(POLICY, targets=targets, catalog="main", schema="ai")
    same(catalog.ModelServiceConfig, export.config["config"])
    same_bundle(export)


def test_both_take_monitors() -> None:
    export = export_monitors(POLICY, table="main.ai.calls", baseline_table="main.ai.usual", granularities=GRANULARITIES)
    same(catalog.MonitorInferenceLog, export.config["inference_log"])
    for metric in export.config["custom_metrics"]:
        same(catalog.MonitorMetric, metric)
    same(dataquality.Monitor, data_quality_monitor(export, table_id="t-1", output_schema_id="s-1"))
    same_bundle(export)


def test_an_endpoint_of_the_sdk_is_imported_like_its_mapping() -> None:
    config = export_endpoint(POLICY, targets=TARGETS, catalog="main", schema="ai").config
    assert import_endpoint(serving.ServingEndpointDetailed.from_dict(config)) == import_endpoint(config)


def test_a_bundle_has_all_of_its_parts_as_resources() -> None:
    endpoint = export_endpoint(POLICY, targets=TARGETS)
    monitors = export_monitors(POLICY, table="main.ai.calls")
    made = resources(endpoint, monitors)
    assert list(made.model_serving_endpoints) == ["support_bot"]
    assert list(made.quality_monitors) == ["main_ai_calls"]
    assert bundle(endpoint, monitors).leftovers == (*endpoint.leftovers, *monitors.leftovers)


def test_what_strict_resources_refuse_is_told() -> None:
    endpoint = export_endpoint(POLICY, targets=TARGETS)
    endpoint.config["odd"] = 1  # type: ignore[index]  # a mapping that nobody but a test changes
    with pytest.raises(ConfigurationError, match=r"model_serving_endpoints\.support_bot: databricks-bundles refuses"):
        resources(endpoint)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (ENDPOINT["ai_gateway"], lambda: serving.AiGatewayConfig),
        (ENDPOINT["ai_gateway"]["rate_limits"][0], lambda: serving.AiGatewayRateLimit),
        (ENDPOINT["ai_gateway"]["inference_table_config"], lambda: serving.AiGatewayInferenceTableConfig),
        (ENDPOINT["ai_gateway"]["guardrails"]["input"], lambda: serving.AiGatewayGuardrailParameters),
        (ENDPOINT["config!"]["served_entities!"][0], lambda: serving.ServedEntityInput),
        (MODEL_SERVICE["config!"], lambda: catalog.ModelServiceConfig),
        (MODEL_SERVICE["config!"]["rate_limits"][0], lambda: catalog.RateLimit),
        (MONITOR["inference_log!"], lambda: catalog.MonitorInferenceLog),
        (MONITOR["custom_metrics"][0], lambda: catalog.MonitorMetric),
    ],
)
def test_our_own_check_knows_the_fields_that_the_sdk_knows(shape: dict[str, Any], kind: Any) -> None:
    fields = set(kind().__dataclass_fields__)
    assert {name.removesuffix("!") for name in shape} == fields


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (ENDPOINT["ai_gateway"]["rate_limits"][0]["key"], lambda: serving.AiGatewayRateLimitKey),
        (ENDPOINT["ai_gateway"]["guardrails"]["input"]["pii"]["behavior"], lambda: serving.AiGatewayGuardrailPiiBehaviorBehavior),
        (ENDPOINT["config!"]["served_entities!"][0]["external_model"]["provider!"], lambda: serving.ExternalModelProvider),
        (ENDPOINT["config!"]["served_entities!"][0]["workload_type"], lambda: serving.ServingModelWorkloadType),
        (MODEL_SERVICE["config!"]["rate_limits"][0]["key!"], lambda: catalog.RateLimitRateLimitKey),
        (MODEL_SERVICE["config!"]["rate_limits"][0]["renewal_period!"], lambda: catalog.RateLimitRateLimitRenewalPeriod),
        (MONITOR["custom_metrics"][0]["type!"], lambda: catalog.MonitorMetricType),
    ],
)  # fmt: skip
def test_our_own_check_knows_the_words_that_the_sdk_knows(words: frozenset[str], kind: Any) -> None:
    assert words == {each.value for each in kind()}
