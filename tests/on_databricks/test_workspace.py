"""Exports applied by the SDK itself to a workspace's API on this machine: exactly what is sent, and what of failures is said."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.databricks import (
    Export,
    WorkspaceError,
    apply,
    bundle,
    data_quality_monitor,
    diff,
    export_endpoint,
    export_model_service,
    export_monitors,
)
from on_databricks.recorder import Recorder, recorder
from on_databricks.samples import POLICY, TARGETS

pytest.importorskip("databricks.sdk", reason="needs the extra databricks: nox -s databricks")

TOKEN = "dapi-of-nobody"
ENDPOINT = "/api/2.0/serving-endpoints/support-bot"


@pytest.fixture
def there() -> Iterator[Recorder]:
    with recorder() as found:
        yield found


@pytest.fixture
def workspace(there: Recorder) -> Any:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config

    config = Config(host=there.url, token=TOKEN, auth_type="pat", retry_timeout_seconds=1)
    return WorkspaceClient(config=config)


@pytest.fixture
def export() -> Export:
    return export_endpoint(POLICY, targets=TARGETS, catalog="main", schema="ai")


def existing(export: Export) -> dict[str, Any]:
    """Return an endpoint as a workspace tells of it, with what it adds itself."""
    there: dict[str, Any] = {"id": "1", "state": {"ready": "READY"}, **deepcopy(dict(export.config))}
    for entity in there["config"]["served_entities"]:
        entity.update(creator="ann@example.com", creation_timestamp=1, scale_to_zero_enabled=True)
    there["config"]["config_version"] = 1
    there["ai_gateway"]["guardrails"]["input"]["safety"] = False
    return there


def test_an_endpoint_that_is_not_there_is_created_by_one_request(
    export: Export, workspace: Any, there: Recorder
) -> None:
    there.answers["POST", "/api/2.0/serving-endpoints"] = (200, {"name": "support-bot"})
    done = apply(export, workspace)
    body = {**export.config, "config": {"name": "support-bot", **export.config["config"]}}
    assert there.asked == [("GET", ENDPOINT, None), ("POST", "/api/2.0/serving-endpoints", body)]
    assert [step.action for step in done.steps] == ["create serving endpoint support-bot"]


def test_nothing_is_changed_in_an_endpoint_that_is_as_it_should_be(
    export: Export, workspace: Any, there: Recorder
) -> None:
    there.answers["GET", ENDPOINT] = (200, existing(export))
    assert str(apply(export, workspace)) == "nothing to change"
    assert there.changes == []


def test_what_differs_is_told_and_then_changed_part_by_part(export: Export, workspace: Any, there: Recorder) -> None:
    before = existing(export)
    before["config"]["traffic_config"]["routes"][0]["traffic_percentage"] = 50
    before["config"]["traffic_config"]["routes"][1]["traffic_percentage"] = 50
    before["ai_gateway"]["rate_limits"][0]["calls"] = 30
    before["ai_gateway"]["guardrails"]["output"]["valid_topics"] = ["x"]
    there.answers["GET", ENDPOINT] = (200, before)
    assert str(diff(export, workspace)).splitlines() == [
        "update config of serving endpoint support-bot",
        "  ~ config.traffic_config.routes[control].traffic_percentage: 50 -> 33",
        "  ~ config.traffic_config.routes[treatment].traffic_percentage: 50 -> 67",
        "update ai_gateway of serving endpoint support-bot",
        "  - ai_gateway.guardrails.output.valid_topics: ['x']",
        "  ~ ai_gateway.rate_limits[endpoint minute].calls: 30 -> 60",
    ]
    assert there.changes == []
    for what in ("config", "ai-gateway"):
        there.answers["PUT", f"{ENDPOINT}/{what}"] = (200, {"name": "support-bot"})
    apply(export, workspace)
    assert there.changes == [
        ("PUT", f"{ENDPOINT}/config", export.config["config"]),
        ("PUT", f"{ENDPOINT}/ai-gateway", export.config["ai_gateway"]),
    ]


def test_what_is_set_there_alone_of_a_model_stays_when_the_traffic_changes(workspace: Any, there: Recorder) -> None:
    targets = {"default": "main.ai.small@2"}
    export = export_endpoint({"version": 1, "name": "support-bot"}, targets=targets)
    size = {"workload_size": "Small", "scale_to_zero_enabled": True, "environment_vars": {"LEVEL": "of-nobody"}}
    facts = {"creator": "ann@example.com", "state": {"deployment": "DEPLOYMENT_READY"}}
    entity = {"name": "default", "entity_name": "main.ai.small", "entity_version": "1", **size}
    routes = [{"served_model_name": "default", "traffic_percentage": 100}]
    core = {"served_entities": [{**entity, **facts}], "traffic_config": {"routes": routes}}
    there.answers["GET", ENDPOINT] = (200, {"name": "support-bot", "config": core})
    there.answers["PUT", f"{ENDPOINT}/config"] = (200, {"name": "support-bot"})
    assert str(apply(export, workspace)).splitlines()[1:] == [
        "  ~ config.served_entities[default].entity_version: 1 -> 2"
    ]
    assert there.changes[0][2]["served_entities"] == [{**entity, "entity_version": "2"}]


def test_an_entity_that_is_there_alone_goes(export: Export, workspace: Any, there: Recorder) -> None:
    before = existing(export)
    before["config"]["served_entities"].append({"name": "old", "entity_name": "main.ai.old", "entity_version": "1"})
    there.answers["GET", ENDPOINT] = (200, before)
    assert str(diff(export, workspace)).splitlines() == [
        "update config of serving endpoint support-bot",
        "  - config.served_entities[old].entity_name: main.ai.old",
        "  - config.served_entities[old].entity_version: 1",
        "  - config.served_entities[old].name: old",
    ]


def test_an_update_that_is_under_way_is_what_is_there(export: Export, workspace: Any, there: Recorder) -> None:
    before = existing(export)
    before["pending_config"] = before["config"]
    before["config"] = {"served_entities": [], "traffic_config": {"routes": []}}
    there.answers["GET", ENDPOINT] = (200, before)
    assert diff(export, workspace).steps == ()


def test_a_secret_in_an_endpoint_is_not_shown(export: Export, workspace: Any, there: Recorder) -> None:
    before = existing(export)
    entity = before["config"]["served_entities"][0]
    entity["external_model"]["openai_config"] = {"openai_api_key": "sk-of-nobody"}
    there.answers["GET", ENDPOINT] = (200, before)
    said = str(diff(export, workspace))
    assert "openai_api_key: *** -> {{secrets/llm/openai}}" in said
    assert "sk-of-nobody" not in said


def test_a_monitor_is_made_through_the_api_of_data_quality(workspace: Any, there: Recorder) -> None:
    export = export_monitors(POLICY, table="main.ai.calls")
    there.answers["GET", "/api/2.1/unity-catalog/tables/main.ai.calls"] = (200, {"table_id": "t-1"})
    there.answers["GET", "/api/2.1/unity-catalog/schemas/main.ai"] = (200, {"schema_id": "s-1"})
    there.answers["POST", "/api/data-quality/v1/monitors"] = (200, {})
    apply(export, workspace)
    ((method, path, body),) = there.changes
    assert (method, path, body["object_type"], body["object_id"]) == (
        *("POST", "/api/data-quality/v1/monitors"),
        *("table", "t-1"),
    )
    assert body["data_profiling_config"]["inference_log"] == {
        "problem_type": "INFERENCE_PROBLEM_TYPE_CLASSIFICATION",
        "timestamp_column": "request_time",
        "granularities": ["AGGREGATION_GRANULARITY_1_DAY"],
        "prediction_column": "status",
        "model_id_column": "variant",
    }
    there.answers["GET", "/api/data-quality/v1/monitors/table/t-1"] = (200, body)
    assert diff(export, workspace).steps == ()
    changed = export_monitors(POLICY, table="main.ai.calls", granularities=["1 hour"])
    there.answers["PATCH", "/api/data-quality/v1/monitors/table/t-1"] = (200, {})
    apply(changed, workspace)
    assert there.asked[-1][1].endswith("?update_mask=data_profiling_config.inference_log")


def test_a_model_service_is_created_and_replaced(workspace: Any, there: Recorder) -> None:
    policy = {"version": 1, "name": "bot", "limits": [{"requests": 5, "per": "hour"}]}
    export = export_model_service(policy, targets={"default": "system.ai.llama"}, catalog="main", schema="ai")
    there.answers["POST", "/api/2.1/unity-catalog/model-services"] = (200, {})
    apply(export, workspace)
    query = "model_service_id=bot&parent=schemas%2Fmain.ai"
    body = {"config": export.config["config"]}
    assert there.changes == [("POST", f"/api/2.1/unity-catalog/model-services?{query}", body)]
    service = "/api/2.1/unity-catalog/model-services/main.ai.bot"
    limits = [{**export.config["config"]["rate_limits"][0], "requests": 4}]
    there.answers["GET", service] = (200, {"config": {**export.config["config"], "rate_limits": limits}})
    there.answers["PATCH", service] = (200, {})
    assert "requests: 4 -> 5" in str(apply(export, workspace))
    assert there.asked[-1] == ("PATCH", f"{service}?update_mask=config", body)


def test_what_a_policy_has_no_more_goes_from_a_service_and_a_monitor(workspace: Any, there: Recorder) -> None:
    policy: dict[str, Any] = {"version": 1, "name": "bot"}
    service = export_model_service(policy, targets={"default": "system.ai.llama"}, catalog="main", schema="ai")
    table, limits = {"parent": "schemas/main.ai"}, [{"key": "RATE_LIMIT_KEY_SERVICE", "requests": 4}]
    before = {**service.config["config"], "inference_table": table, "rate_limits": limits}
    there.answers["GET", "/api/2.1/unity-catalog/model-services/main.ai.bot"] = (200, {"config": before})
    assert [each.path for each in diff(service, workspace).steps[0].changes] == [
        "config.inference_table.parent",
        "config.rate_limits[RATE_LIMIT_KEY_SERVICE].key",
        "config.rate_limits[RATE_LIMIT_KEY_SERVICE].requests",
    ]
    there.answers["GET", "/api/2.1/unity-catalog/tables/main.ai.calls"] = (200, {"table_id": "t-1"})
    there.answers["GET", "/api/2.1/unity-catalog/schemas/main.ai"] = (200, {"schema_id": "s-1"})
    names = {"table_id": "t-1", "output_schema_id": "s-1"}
    sliced = data_quality_monitor(export_monitors(policy, table="main.ai.calls"), **names)
    there.answers["GET", "/api/data-quality/v1/monitors/table/t-1"] = (200, sliced)
    there.answers["PATCH", "/api/data-quality/v1/monitors/table/t-1"] = (200, {})
    apply(export_monitors(policy, table="main.ai.calls", slices=()), workspace)
    assert there.asked[-1][1].endswith("?update_mask=data_profiling_config.slicing_exprs")


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (401, "UNAUTHENTICATED", "sign in anew"),
        (403, "PERMISSION_DENIED", "lacks a permission"),
        (404, "RESOURCE_DOES_NOT_EXIST", "is not there"),
        (409, "ABORTED", "somebody else"),
        (429, "REQUEST_LIMIT_EXCEEDED", "too often"),
        (500, "INTERNAL_ERROR", "may have happened or not"),
        (503, "TEMPORARILY_UNAVAILABLE", "may have happened or not"),
    ],
)
@pytest.mark.usefixtures("half_done")
def test_a_workspace_that_fails_half_way_is_told_without_what_it_said(
    status: int, code: str, hint: str, export: Export, request: pytest.FixtureRequest
) -> None:
    there: Recorder = request.getfixturevalue("there")
    said = {"error_code": code, "message": f"the key sk-1 and the token {TOKEN} were not taken"}
    there.answers["PUT", f"{ENDPOINT}/ai-gateway"] = (status, said)
    with pytest.raises(WorkspaceError, match=hint) as caught:
        apply(export, request.getfixturevalue("workspace"))
    error = caught.value
    assert error.action == "update ai_gateway of serving endpoint support-bot"
    assert (error.http_status, error.error_code) == (status, code)
    assert error.done == ("update config of serving endpoint support-bot",)
    assert "done before: update config of serving endpoint support-bot" in str(error)
    shown = "".join(traceback.format_exception(error)) + repr(vars(error))
    assert "sk-1" not in shown
    assert TOKEN not in shown
    assert error.__cause__ is error.__context__ is None


@pytest.fixture
def half_done(export: Export, there: Recorder) -> None:
    """Let there be an endpoint that differs in its traffic and its gateway."""
    before = existing(export)
    before["config"]["traffic_config"]["routes"] = []
    before["ai_gateway"] = {}
    there.answers["GET", ENDPOINT] = (200, before)
    there.answers["PUT", f"{ENDPOINT}/config"] = (200, {"name": "support-bot"})


@pytest.mark.usefixtures("half_done")
def test_an_answer_that_cannot_be_read_is_told(export: Export, workspace: Any, there: Recorder) -> None:
    there.answers["PUT", f"{ENDPOINT}/config"] = (200, {})
    with pytest.raises(WorkspaceError, match="has most likely happened") as caught:
        apply(export, workspace)
    assert caught.value.__context__ is None


def test_a_workspace_that_does_not_let_look_is_told_and_nothing_was_changed(
    export: Export, workspace: Any, there: Recorder
) -> None:
    there.answers["GET", ENDPOINT] = (403, {"error_code": "PERMISSION_DENIED", "message": TOKEN})
    with pytest.raises(WorkspaceError, match="look up serving endpoint support-bot: 403 PERMISSION_DENIED") as caught:
        apply(export, workspace)
    assert str(caught.value).endswith("nothing was changed before")
    assert there.changes == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_workspace_that_is_not_there_is_told(export: Export) -> None:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config

    with recorder() as gone:
        config = Config(host=gone.url, token=TOKEN, auth_type="pat", retry_timeout_seconds=1)
        workspace = WorkspaceClient(config=config)
    with pytest.raises(WorkspaceError, match="no answer in time") as caught:
        diff(export, workspace)
    assert caught.value.http_status is None


def test_a_workspace_that_hangs_is_told_in_the_time_that_its_client_has(export: Export) -> None:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config

    with recorder() as there:
        config = Config(host=there.url, token=TOKEN, auth_type="pat", retry_timeout_seconds=1, http_timeout_seconds=0.2)
        workspace = WorkspaceClient(config=config)
        there.answers["POST", "/api/2.0/serving-endpoints"] = (200, {"name": "support-bot"})
        there.hangs_at = "POST"
        begun = time.monotonic()
        with pytest.raises(WorkspaceError, match="create serving endpoint support-bot: no answer: no answer in time"):
            apply(export, workspace)
        assert time.monotonic() - begun < 20


def test_a_bundle_is_deployed_by_others(export: Export, workspace: Any) -> None:
    with pytest.raises(ConfigurationError, match="databricks bundle deploy"):
        apply(bundle(export), workspace)


def test_what_the_sdk_would_drop_is_not_sent(export: Export, workspace: Any, there: Recorder) -> None:
    export.config["config"]["served_entities"][0]["new_field"] = 1  # as a newer Databricks may have
    with pytest.raises(ConfigurationError, match=r"served_entities\[control\]\.new_field: use a newer one"):
        apply(export, workspace)
    assert there.asked == []
