"""Whether a configuration is one: names, types, words and ranges, of which the SDK of Databricks checks none.

A shape is a mapping of the fields that there are to what they hold: a type, a set of words, another shape, or a list of
one of these. Fields with an exclamation mark must be there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from genai_guard.databricks.entities import PROVIDERS
from genai_guard.errors import ConfigurationError
from genai_guard.policy.data import is_list

__all__ = ["ENDPOINT", "ENTITY_FIELDS", "MODEL_SERVICE", "MONITOR", "checked", "problems_of"]

_Shape: TypeAlias = Any
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")

_SIDE: Final = {
    "invalid_keywords": [str],
    "valid_topics": [str],
    "safety": bool,
    "pii": {"behavior": frozenset({"BLOCK", "MASK", "NONE"})},
}
_AI_GATEWAY: Final = {
    "guardrails": {"input": _SIDE, "output": _SIDE},
    "rate_limits": [
        {
            "renewal_period!": frozenset({"minute"}),
            "calls": int,
            "tokens": int,
            "key": frozenset({"endpoint", "user", "user_group", "service_principal"}),
            "principal": str,
        }
    ],
    "inference_table_config": {"enabled": bool, "catalog_name": str, "schema_name": str, "table_name_prefix": str},
    "usage_tracking_config": {"enabled": bool},
    "fallback_config": {"enabled!": bool},
}
_ENTITY: Final = {
    "name": str,
    "entity_name": str,
    "entity_version": str,
    "external_model": {
        "provider!": frozenset(PROVIDERS),
        "name!": str,
        "task!": str,
        **{f"{provider.replace('-', '_')}_config": dict for provider in PROVIDERS if provider != "custom"},
        "custom_provider_config": dict,
    },
    "environment_vars": dict,
    "instance_profile_arn": str,
    "workload_size": str,
    "workload_type": frozenset(
        {
            "CPU",
            "CPU_LARGE",
            "CPU_MEDIUM",
            "GPU_LARGE",
            "GPU_MEDIUM",
            "GPU_SMALL",
            "GPU_XLARGE",
            "GPU_XLARGE_8",
            "MULTIGPU_MEDIUM",
        }
    ),
    "scale_to_zero_enabled": bool,
    "burst_scaling_enabled": bool,
    "min_provisioned_concurrency": int,
    "max_provisioned_concurrency": int,
    "min_provisioned_throughput": int,
    "max_provisioned_throughput": int,
    "provisioned_model_units": int,
}
ENTITY_FIELDS: Final = frozenset(_ENTITY)
"""What can be set of a served entity."""

ENDPOINT: Final[_Shape] = {
    "name!": str,
    "config!": {
        "served_entities!": [_ENTITY],
        "traffic_config": {"routes": [{"served_entity_name!": str, "traffic_percentage!": int}]},
    },
    "ai_gateway": _AI_GATEWAY,
    "tags": [{"key!": str, "value": str}],
    "description": str,
}
"""A serving endpoint, as it is created."""

_DESTINATION: Final = {
    "name!": str,
    "destination_type!": frozenset(
        f"DESTINATION_TYPE_{kind}_FOUNDATION_MODEL" for kind in ("PAY_PER_TOKEN", "PROVISIONED_THROUGHPUT", "EXTERNAL")
    ),
    "pay_per_token_config": {"model!": str},
    "provisioned_throughput_config": {"model_serving_endpoint!": str},
    "external_model_config": {"model_provider_service!": str, "target!": {"model!": str, "native_api_types": [str]}},
    "traffic_percentage": int,
}
MODEL_SERVICE: Final[_Shape] = {
    "model_service_id!": str,
    "parent!": str,
    "comment": str,
    "config!": {
        "inference_table": {"parent!": str, "table_name_prefix": str},
        "rate_limits": [
            {
                "key!": frozenset(
                    f"RATE_LIMIT_KEY_{key}"
                    for key in ("USER", "USER_GROUP", "SERVICE_PRINCIPAL", "SERVICE", "USER_DEFAULT")
                ),
                "renewal_period!": frozenset(f"RATE_LIMIT_RENEWAL_PERIOD_{each}" for each in ("MINUTE", "HOUR")),
                "principal": str,
                "requests": int,
                "tokens": int,
            }
        ],
        "routing!": {"destinations!": [_DESTINATION], "fallback": {"destinations": [_DESTINATION]}},
    },
}
"""A model service of the Unity AI Gateway."""

_METRIC: Final = {
    "name!": str,
    "definition!": str,
    "input_columns!": [str],
    "output_data_type!": str,
    "type!": frozenset(f"CUSTOM_METRIC_TYPE_{each}" for each in ("AGGREGATE", "DERIVED", "DRIFT")),
}
MONITOR: Final[_Shape] = {
    "table_name!": str,
    "output_schema_name!": str,
    "assets_dir!": str,
    "baseline_table_name": str,
    "custom_metrics": [_METRIC],
    "slicing_exprs": [str],
    "inference_log!": {
        "problem_type!": frozenset({"PROBLEM_TYPE_CLASSIFICATION", "PROBLEM_TYPE_REGRESSION"}),
        "timestamp_col!": str,
        "granularities!": [str],
        "prediction_col!": str,
        "model_id_col!": str,
        "label_col": str,
        "prediction_proba_col": str,
    },
    "schedule": {"quartz_cron_expression!": str, "timezone_id!": str, "pause_status": str},
}
"""A quality monitor of an inference log."""


def checked(config: dict[str, Any], shape: _Shape, *, where: str) -> dict[str, Any]:
    """Return a configuration that is one.

    Raises:
        ConfigurationError: it is none; each problem is a line of the message. No value is repeated but numbers and names.
    """
    found = list(problems_of(config, shape))
    if found:
        raise ConfigurationError(
            "\n".join([f"{where} is not what Databricks takes:", *(f"  {each}" for each in found)])
        )
    return config


def problems_of(config: Mapping[str, Any], shape: _Shape) -> Iterator[str]:
    """Yield what is wrong with a configuration, each with its place."""
    shaped = list(_walk(config, shape, ""))
    yield from shaped
    if not shaped:
        for check in _RULES.get(id(shape), ()):
            yield from check(config)


def _walk(value: Any, shape: _Shape, path: str) -> Iterator[str]:
    if isinstance(shape, dict):
        yield from _fields(value, cast("dict[str, _Shape]", shape), path)
    elif is_list(shape):
        if not is_list(value) or not value:
            yield f"{path}: must be a list that is not empty"
            return
        for number, each in enumerate(value):
            yield from _walk(each, shape[0], f"{path}[{number}]")
    elif isinstance(shape, frozenset):
        if value not in shape:
            yield f"{path}: must be one of {', '.join(sorted(cast('frozenset[str]', shape)))}"
    elif shape is int:
        if type(value) is not int or value < 0:
            yield f"{path}: must be a whole number from 0 on"
    elif type(value) is not shape or value == "":
        yield f"{path}: must be a {shape.__name__}{' that is not empty' if shape is str else ''}"


def _fields(value: Any, shape: dict[str, _Shape], path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path or 'it'}: must be a mapping"
        return
    fields = {name.removesuffix("!"): inner for name, inner in shape.items()}
    given = cast("Mapping[str, Any]", value)
    dot = f"{path}." if path else ""
    for name in shape:
        if name.endswith("!") and name[:-1] not in given:
            yield f"{dot}{name[:-1]}: must be there"
    for name, inner in given.items():
        if name in fields:
            yield from _walk(inner, fields[name], f"{dot}{name}")
        else:
            yield f"{dot}{name}: there is no such field; there are {', '.join(fields)}"


def _endpoint(config: Mapping[str, Any]) -> Iterator[str]:
    if not _NAME.fullmatch(config["name"]):
        yield "name: must consist of letters, digits, dashes and underscores"
    entities = config["config"]["served_entities"]
    yield from _entities(entities)
    names = [each.get("name", "") for each in entities]
    routes = config["config"].get("traffic_config", {}).get("routes", ())
    yield from _sum_of("config.traffic_config.routes", [each["traffic_percentage"] for each in routes])
    for number, route in enumerate(routes):
        if route["served_entity_name"] not in names:
            yield f"config.traffic_config.routes[{number}].served_entity_name: is none of the served entities"
    gateway = config.get("ai_gateway", {})
    yield from _rates("ai_gateway.rate_limits", gateway.get("rate_limits", ()), "calls")
    table = gateway.get("inference_table_config", {})
    for name in ("catalog_name", "schema_name") if table.get("enabled") else ():
        if name not in table:
            yield f"ai_gateway.inference_table_config.{name}: must be there, as the table is enabled"


def _entities(entities: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names = [each.get("name", "") for each in entities]
    for number, each in enumerate(entities):
        where = f"config.served_entities[{number}]"
        if ("external_model" in each) == ("entity_name" in each):
            yield f"{where}: needs either external_model or entity_name"
        if not _NAME.fullmatch(names[number]) or names.count(names[number]) > 1:
            yield f"{where}.name: must be of letters, digits, dashes and underscores, and no other's"
    if len({each.get("external_model", {}).get("task") for each in entities}) > 1:
        yield "config.served_entities: all must be external models of one task, or none of them one"


def _service(config: Mapping[str, Any]) -> Iterator[str]:
    routing = config["config"]["routing"]
    primary = routing["destinations"]
    if len(primary) > 1 or "traffic_percentage" in primary[0]:
        yield from _sum_of("config.routing.destinations", [each.get("traffic_percentage", 0) for each in primary])
    for path, listed, most in (
        ("config.routing.destinations", primary, 10),
        ("config.routing.fallback.destinations", routing.get("fallback", {}).get("destinations", ()), 5),
    ):
        if len(listed) > most:
            yield f"{path}: at most {most} are allowed"
        for number, each in enumerate(listed):
            if sum(name.endswith("_config") for name in each) != 1:
                yield f"{path}[{number}]: needs the configuration of its destination_type, and no other"
    yield from _rates("config.rate_limits", config["config"].get("rate_limits", ()), "requests")


def _sum_of(path: str, shares: Sequence[int]) -> Iterator[str]:
    if shares and sum(shares) != 100:
        yield f"{path}: percentages add up to {sum(shares)}, not to 100"


def _rates(path: str, rates: Sequence[Mapping[str, Any]], calls: str) -> Iterator[str]:
    for number, each in enumerate(rates):
        if calls not in each and "tokens" not in each:
            yield f"{path}[{number}]: limits nothing: give {calls} or tokens"
        if each.get("key", "endpoint") == "endpoint" and "principal" in each:
            yield f"{path}[{number}].principal: is of no use with the key endpoint"


_RULES: Final[Mapping[int, Sequence[Callable[[Mapping[str, Any]], Iterator[str]]]]] = {
    id(ENDPOINT): (_endpoint,),
    id(MODEL_SERVICE): (_service,),
}
"""What a shape does not say, by the identity of the shape."""
