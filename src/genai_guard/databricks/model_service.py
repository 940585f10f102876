"""A policy as a model service of the Unity AI Gateway."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from genai_guard.databricks.beside import beside
from genai_guard.databricks.checking import MODEL_SERVICE, checked
from genai_guard.databricks.entities import Target, destination
from genai_guard.databricks.guardrails import no_guardrails
from genai_guard.databricks.parts import pipeline_of
from genai_guard.databricks.rates import Rate, rates_of
from genai_guard.databricks.traffic import Split, split_of
from genai_guard.databricks.values import Export, Notes
from genai_guard.errors import ConfigurationError
from genai_guard.pipeline import Pipeline

__all__ = ["export_model_service"]

_POLICIES = "guardrails of a model service are service policies, which are written in Unity Catalog and not here"


def export_model_service(
    policy: str | os.PathLike[str] | Mapping[str, Any] | Pipeline,
    *,
    targets: Mapping[str, Target],
    catalog: str,
    schema: str,
    name: str = "",
    experiment: str = "",
    table_prefix: str = "",
) -> Export:
    """Return a policy as a model service: destinations, their traffic, fallbacks, rate limits and inference table.

    It has limits by the hour besides those by the minute, and no guardrails: those are service policies.

    Args:
        policy: A policy file, a policy as a mapping, or a pipeline.
        targets: What answers, by the name of the variant or of the fallback's target; `default` without an experiment.
            `system.ai.llama` is a model that is paid by the token, `serving-endpoints/NAME` one with provisioned
            throughput, `catalog.schema.provider/gpt-5-mini` one of a model provider service; or a destination as the API
            has it.
        catalog: Catalog that the service is in, and its inference table.
        schema: Its schema.
        name: Of the service; that of the pipeline when empty, with `_` for what cannot be in it.
        experiment: Which experiment splits the traffic; the first that has all its variants in `targets` when empty.
        table_prefix: Beginning of the name of the inference table, which is kept if the policy has a log; that of the
            service when empty.

    Raises:
        ConfigurationError: the policy is wrong, or an entity is missing or wrong.
    """
    pipeline, notes = pipeline_of(policy), Notes()
    if not catalog or not schema:
        raise ConfigurationError("catalog=... and schema=...: a model service is in a schema of Unity Catalog")
    service = name or "".join(each if each.isascii() and each.isalnum() else "_" for each in pipeline.name)
    split = split_of(pipeline, targets, notes, experiment=experiment)
    parent = f"schemas/{catalog}.{schema}"
    no_guardrails(pipeline, notes, _POLICIES)
    rates = [_rate(rate) for rate in rates_of(pipeline, notes, periods=("minute", "hour"))]
    has_log = getattr(pipeline.recorder, "log", None) is not None or bool(table_prefix)
    table = {"parent": parent, "table_name_prefix": table_prefix or service}
    core: dict[str, Any] = {
        "inference_table": table if beside(pipeline, notes, with_table=has_log) else None,
        "rate_limits": rates,
        "routing": _routing(split, targets),
    }
    config = {
        "model_service_id": service,
        "parent": parent,
        "config": {key: value for key, value in core.items() if value},
    }
    return Export("model-service", service, checked(config, MODEL_SERVICE, where="the service"), tuple(notes))


def _routing(split: Split, targets: Mapping[str, Target]) -> dict[str, Any]:
    primary = {name: share for name, share in split.shares.items() if share}
    destinations = [
        {**destination(name, targets[name]), "traffic_percentage": share} for name, share in primary.items()
    ]
    fallbacks = [destination(name, targets[name]) for name in split.fallbacks]
    return {"destinations": destinations, **({"fallback": {"destinations": fallbacks}} if fallbacks else {})}


def _rate(rate: Rate) -> dict[str, Any]:
    key = "SERVICE" if not rate.by_user else "USER" if rate.principal else "USER_DEFAULT"
    counts = {"requests": rate.requests, "tokens": rate.tokens}
    return {
        "key": f"RATE_LIMIT_KEY_{key}",
        "renewal_period": f"RATE_LIMIT_RENEWAL_PERIOD_{rate.per.upper()}",
        **({"principal": rate.principal} if rate.principal else {}),
        **{name: count for name, count in counts.items() if count is not None},
    }
