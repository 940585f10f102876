"""A policy as a serving endpoint with its AI Gateway."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from genai_guard.databricks.beside import beside
from genai_guard.databricks.checking import ENDPOINT, checked
from genai_guard.databricks.entities import Target, served_entity
from genai_guard.databricks.guardrails import guardrails_of
from genai_guard.databricks.parts import pipeline_of
from genai_guard.databricks.rates import Rate, rates_of
from genai_guard.databricks.traffic import Split, slug, split_of
from genai_guard.databricks.values import Export, Notes
from genai_guard.errors import ConfigurationError
from genai_guard.pipeline import Pipeline
from genai_guard.recording import MetricsRecorder

__all__ = ["export_endpoint"]


def export_endpoint(
    policy: str | os.PathLike[str] | Mapping[str, Any] | Pipeline,
    *,
    targets: Mapping[str, Target],
    name: str = "",
    experiment: str = "",
    catalog: str = "",
    schema: str = "",
    table_prefix: str = "",
) -> Export:
    """Return a policy as the configuration of a serving endpoint: the body of the request that creates it.

    Whatever of the policy it does not say stands in `leftovers`, part by part.

    Args:
        policy: A policy file, a policy as a mapping, or a pipeline.
        targets: What answers, by the name of the variant or of the fallback's target; `default` without an experiment.
            `openai/gpt-5-mini@scope/key` is a model of a provider whose key is in a secret scope, `system.ai.llama@1` a
            version of a model in Unity Catalog; or a served entity as the API has it.
        name: Of the endpoint; that of the pipeline when empty.
        experiment: Which experiment splits the traffic; the first that has all its variants in `targets` when empty.
        catalog: Catalog of Unity Catalog for the inference table; none is kept without it.
        schema: Schema for it.
        table_prefix: Beginning of its name; that of the endpoint when empty.

    Raises:
        ConfigurationError: the policy is wrong, an entity is missing or wrong, or a secret stands in plain text.
    """
    pipeline, notes = pipeline_of(policy), Notes()
    if bool(catalog) != bool(schema):
        raise ConfigurationError("catalog=... and schema=...: an inference table needs both")
    named = name or slug(pipeline.name)
    split = split_of(pipeline, targets, notes, experiment=experiment)
    gateway: dict[str, Any] = {
        "guardrails": guardrails_of(pipeline, notes),
        "rate_limits": [_rate(rate) for rate in rates_of(pipeline, notes, periods=("minute",))],
        "inference_table_config": _table(catalog, schema, table_prefix or slug(named))
        if beside(pipeline, notes, with_table=bool(catalog))
        else {},
        "usage_tracking_config": {"enabled": True} if isinstance(pipeline.recorder, MetricsRecorder) else {},
        "fallback_config": {"enabled": True} if split.fallbacks or _falls_back(pipeline, split) else {},
    }
    gateway = {key: value for key, value in gateway.items() if value}
    config = {"name": named, "config": _core(split, targets), **({"ai_gateway": gateway} if gateway else {})}
    return Export("endpoint", named, checked(config, ENDPOINT, where="the endpoint"), tuple(notes))


def _core(split: Split, targets: Mapping[str, Target]) -> dict[str, Any]:
    shares = {**split.shares, **dict.fromkeys(split.fallbacks, 0)}
    routes = [{"served_entity_name": slug(name), "traffic_percentage": share} for name, share in shares.items()]
    return {
        "served_entities": [served_entity(name, targets[name]) for name in shares],
        "traffic_config": {"routes": routes},
    }


def _falls_back(pipeline: Pipeline, split: Split) -> bool:
    """Whether a fallback is one of the variants."""
    fallback = None if pipeline.resilience is None else pipeline.resilience.fallback
    return fallback is not None and any(getattr(target, "name", "") in split.shares for target in fallback.targets)


def _rate(rate: Rate) -> dict[str, Any]:
    counts = {"calls": rate.requests, "tokens": rate.tokens}
    return {
        "key": "user" if rate.by_user else "endpoint",
        **({"principal": rate.principal} if rate.principal else {}),
        "renewal_period": "minute",
        **{name: count for name, count in counts.items() if count is not None},
    }


def _table(catalog: str, schema: str, prefix: str) -> dict[str, Any]:
    return {"enabled": True, "catalog_name": catalog, "schema_name": schema, "table_name_prefix": prefix}
