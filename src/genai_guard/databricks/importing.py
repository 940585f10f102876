"""A serving endpoint as a policy: the way back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from genai_guard.databricks.checking import ENDPOINT, problems_of
from genai_guard.databricks.traffic import routes_of
from genai_guard.databricks.values import Imported, Notes
from genai_guard.errors import ConfigurationError
from genai_guard.policy import dump, load
from genai_guard.policy.data import is_list

__all__ = ["import_endpoint"]

_Mapping = Mapping[str, Any]

_FACTS: Final = frozenset(
    {"id", "creator", "creation_timestamp", "last_updated_timestamp", "state", "permission_level", "endpoint_url", "task",
     "data_plane_info", "config_version", "foundation_model"}
)  # fmt: skip
"""What a workspace tells of an endpoint, and nobody sets."""

_ELSEWHERE: Final[Mapping[str, str]] = {
    "auto_capture_config": "inference tables of the first generation are not enabled any more: use those of ai_gateway",
    "budget_policy_id": "who is billed is not said by a policy",
    "description": "a policy has no description",
    "email_notifications": "a policy notifies of alerts, and not of deployments",
    "pending_config": "it is not in effect yet",
    "rate_limits": "rate limits of the endpoint itself are deprecated: those of ai_gateway are taken over",
    "route_optimized": "a policy makes no routes of a network",
    "served_models": "served models are deprecated: served entities are taken over",
    "tags": "a policy has no tags of resources",
    "telemetry_config": "telemetry of the endpoint stays with it",
}
_KEPT: Final = frozenset({"name", "config", "ai_gateway"})
_CONFIG: Final = frozenset({"name", "served_entities", "traffic_config"})
_UNKNOWN: Final = "no field that is known here"
_NO_LOG: Final = "a folder of this process, named after the table"


def import_endpoint(endpoint: object) -> Imported:
    """Return the policy that does what an endpoint does, as far as one can.

    The traffic becomes an experiment by request whose variants set `model`; an entity without traffic becomes a target of
    a fallback; guardrails become guards, rate limits become limits, the inference table a log and usage tracking metrics.
    `export_endpoint(imported.policy, **imported.options)` makes the endpoint again, without what stands in `leftovers`.

    Args:
        endpoint: What `workspace.serving_endpoints.get(name)` returns, the same as a mapping, or the path of a JSON file
            that holds it.

    Raises:
        ConfigurationError: it is no endpoint, or its configuration contradicts itself.
    """
    given, notes = _given(endpoint), Notes()
    known = _known(given, notes)
    found = list(problems_of(known, ENDPOINT))
    if found:
        raise ConfigurationError("\n".join(["the endpoint cannot be taken over:", *(f"  {each}" for each in found)]))
    gateway = known.get("ai_gateway", {})
    table = gateway.get("inference_table_config", {})
    traffic, targets = _traffic(known, notes)
    sections = {
        "version": 1,
        "name": known["name"],
        "input": _guards("input", gateway, notes),
        "output": _guards("output", gateway, notes),
        "limits": _limits(gateway.get("rate_limits", ()), notes),
        **traffic,
        **_metrics(known["name"], gateway, notes),
    }
    policy = dump(load({name: value for name, value in sections.items() if value != []}))
    enabled = bool(table.get("enabled"))
    places = {
        "catalog": table.get("catalog_name", "") if enabled else "",
        "schema": table.get("schema_name", "") if enabled else "",
        "table_prefix": table.get("table_name_prefix", "") if enabled else "",
    }
    return Imported(known["name"], policy, targets, **places, leftovers=tuple(notes))


def _given(endpoint: object) -> _Mapping:
    if isinstance(endpoint, str | os.PathLike):
        path = Path(cast("str | os.PathLike[str]", endpoint))
        try:
            endpoint = json.loads(path.read_bytes())
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
        except ValueError:
            raise ConfigurationError(f"{path}: is no JSON") from None
    as_dict: Callable[[], Any] | None = getattr(endpoint, "as_dict", None)
    given = as_dict() if callable(as_dict) else endpoint
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"import_endpoint(endpoint): takes an endpoint of the SDK, a mapping or a JSON file, not {type(given).__name__}"
        )
    return cast("_Mapping", given)


def _known(given: _Mapping, notes: Notes) -> dict[str, Any]:
    """Return what a policy can say something of; note what else was set."""
    _leave("", given, _KEPT, notes)
    known = {name: value for name, value in given.items() if name in _KEPT and value}
    config = known.get("config")
    if isinstance(config, Mapping):
        core = cast("_Mapping", config)
        _leave("config.", core, _CONFIG, notes)
        known["config"] = {name: value for name, value in core.items() if name in _CONFIG - {"name"} and value}
        if routes := routes_of(known["config"]):
            known["config"]["traffic_config"] = {**core["traffic_config"], "routes": routes}
        entities = known["config"].get("served_entities", ())
        if is_list(entities) and entities:
            known["config"]["served_entities"] = [_settable(each) for each in entities]
    return known


def _leave(path: str, given: _Mapping, kept: frozenset[str], notes: Notes) -> None:
    for name, value in given.items():
        if name not in kept and name not in _FACTS and value:
            notes.miss(f"{path}{name}", "the setting", _ELSEWHERE.get(name, _UNKNOWN))


def _settable(entity: Any) -> Any:
    if not isinstance(entity, Mapping):
        return entity
    return {name: value for name, value in cast("_Mapping", entity).items() if name not in _FACTS}


# --- traffic ----------------------------------------------------------------------------------------------------------


def _traffic(known: _Mapping, notes: Notes) -> tuple[dict[str, Any], dict[str, _Mapping]]:
    """Return the sections about traffic, and the entities by name."""
    entities: Mapping[str, _Mapping] = {each["name"]: each for each in known["config"]["served_entities"]}
    routes = known["config"].get("traffic_config", {}).get("routes", ())
    shares = {each["served_entity_name"]: each["traffic_percentage"] for each in routes} or dict.fromkeys(entities, 100)
    if sum(shares.values()) != 100:
        raise ConfigurationError(
            "the endpoint cannot be taken over:\n  config.traffic_config.routes: say who gets what"
        )
    falls_back = known.get("ai_gateway", {}).get("fallback_config", {}).get("enabled", False)
    answering = {name: share for name, share in shares.items() if share}
    spare = [name for name in entities if not shares.get(name, 0)]
    if not falls_back:
        for name in spare:
            notes.miss(f"served_entities {name}", "the entity", "it has no traffic, and nothing falls back to it")
        spare = []
    elif not spare:
        notes.miss(
            "ai_gateway.fallback_config", "fallbacks", "every entity has traffic of its own: name one as a target"
        )
    sections = {**_experiment(known["name"], answering, entities), **_fallback(spare, entities)}
    if sections:
        notes.differ("served_entities", "models", "the function that is wrapped needs a parameter model, and the keys")
    return sections, {name: _nameless(entities[name]) for name in (*answering, *spare)}


def _nameless(entity: _Mapping) -> dict[str, Any]:
    return {name: value for name, value in entity.items() if name != "name"}


def _experiment(name: str, answering: Mapping[str, int], entities: Mapping[str, _Mapping]) -> dict[str, Any]:
    if len(answering) < 2:
        return {}
    variants = [
        {"name": each, "weight": share, "params": {"model": _model(entities[each])}}
        for each, share in answering.items()
    ]
    return {"experiments": [{"name": f"{name}-traffic", "by": "request", "variants": variants}]}


def _fallback(spare: Sequence[str], entities: Mapping[str, _Mapping]) -> dict[str, Any]:
    if not spare:
        return {}
    targets = [{"params": {"model": _model(entities[name])}, "name": name} for name in spare]
    return {"resilience": {"fallback": {"targets": targets}}}


def _model(entity: _Mapping) -> str:
    external = entity.get("external_model")
    return str(external["name"] if external else entity["entity_name"])


# --- guards, limits, metrics ------------------------------------------------------------------------------------------


def _guards(side: str, gateway: _Mapping, notes: Notes) -> list[dict[str, Any]]:
    rails: _Mapping = gateway.get("guardrails", {}).get(side, {})
    where, found = f"ai_gateway.guardrails.{side}", list[dict[str, Any]]()
    behavior = rails.get("pii", {}).get("behavior", "NONE")
    if behavior != "NONE":
        found.append({"guard": "pii", "action": "block" if behavior == "BLOCK" else "mask"})
        notes.differ(f"{where}.pii", "kinds of personal data", "PII looks for its own; name entities to be exact")
    if rails.get("invalid_keywords"):
        found.append({"guard": "blocked_patterns", "keywords": list(rails["invalid_keywords"])})
        notes.differ(
            f"{where}.invalid_keywords", "where they match", "BlockedPatterns matches whole words, disguised too"
        )
    if rails.get("safety"):
        found.append({"guard": "content_safety"})
        notes.differ(f"{where}.safety", "what is unsafe", "ContentSafety has other categories, and a small model")
    topics = rails.get("valid_topics")
    if topics and side == "input":
        found.append({"guard": "topics", "allow": {topic: [topic] for topic in topics}})
        notes.differ(f"{where}.valid_topics", "what a topic is", "Topics goes by keywords: give it more than the names")
    elif topics:
        notes.miss(f"{where}.valid_topics", "topics of replies", "the gateway judges the topic of requests")
    return found


def _limits(rates: Sequence[_Mapping], notes: Notes) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for number, rate in enumerate(rates):
        where, key, principal = (
            f"ai_gateway.rate_limits[{number}]",
            rate.get("key", "endpoint"),
            rate.get("principal", ""),
        )
        if key not in {"endpoint", "user"}:
            notes.miss(where, f"the limit by {key}", "callers have users and tags, and no groups or service principals")
            continue
        for field, unit in (("calls", "requests"), ("tokens", "tokens")):
            if rate.get(field) == 0:
                notes.miss(
                    f"{where}.{field}", "a limit of 0", "a limit is at least 1: switch calls off where they are made"
                )
            elif field in rate:
                _limit(found.setdefault((unit, key), {unit: None}), unit, key, principal, rate[field])
    _exempt(rates, found)
    if found:
        notes.differ(
            "ai_gateway.rate_limits", "how they are counted", "by rolling minutes, and users by caller(user=...)"
        )
    return [{**each, "per": "minute"} for each in found.values()]


def _exempt(rates: Sequence[_Mapping], found: Mapping[tuple[str, str], dict[str, Any]]) -> None:
    """Override with nothing what each user has and a user with a rate of their own has not: it takes the place of all."""
    for rate in rates:
        for field, unit in (("calls", "requests"), ("tokens", "tokens")):
            entry = found.get((unit, "user"))
            if entry and entry[unit] and rate.get("key") == "user" and rate.get("principal") and field not in rate:
                entry.setdefault("overrides", {}).setdefault(rate["principal"], None)


def _limit(entry: dict[str, Any], unit: str, key: str, principal: str, amount: int) -> None:
    if key == "user":
        entry["by"] = "user"
    if principal:
        overrides = entry.setdefault("overrides", {})
        overrides[principal] = min(amount, overrides.get(principal, amount))
    else:
        entry[unit] = amount if entry[unit] is None else min(amount, entry[unit])


def _metrics(name: str, gateway: _Mapping, notes: Notes) -> dict[str, Any]:
    table = gateway.get("inference_table_config", {})
    if table.get("enabled"):
        notes.differ("ai_gateway.inference_table_config", "where rows are kept", _NO_LOG)
        if not gateway.get("usage_tracking_config", {}).get("enabled"):
            notes.differ("ai_gateway.usage_tracking_config", "that it is off", "a log is one of metrics, which count")
        return {"metrics": {"log": {"path": table.get("table_name_prefix") or name}}}
    return {"metrics": {}} if gateway.get("usage_tracking_config", {}).get("enabled") else {}
