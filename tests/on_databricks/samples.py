"""A policy that uses much of what there is, what answers for its variants, and endpoints as workspaces have them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

__all__ = ["POLICY", "TARGETS", "endpoints"]

POLICY: dict[str, Any] = {
    "version": 1,
    "name": "support-bot",
    "input": [
        {"guard": "length", "max_tokens": 4_000},
        {"guard": "pii", "action": "redact"},
        {"guard": "blocked_patterns", "keywords": ["acme", "globex corp"], "regexes": ["x+y"]},
        {"guard": "topics", "allow": {"billing": ["invoice"]}},
    ],
    "output": [{"guard": "pii", "action": "block"}, {"guard": "content_safety"}],
    "limits": [
        {"requests": 60, "per": "minute"},
        {"tokens": 100_000, "per": "minute"},
        {"requests": 10, "per": "minute", "by": "user", "overrides": {"ann@example.com": 100}},
        {"requests": 1_000, "per": "hour"},
        {"usd": 50, "per": "day"},
    ],
    "experiments": [
        {
            "name": "models",
            "variants": [
                {"name": "control", "weight": 1, "params": {"model": "small", "temperature": 0}},
                {"name": "treatment", "weight": 2, "params": {"model": "large"}},
            ],
        }
    ],
    "prices": {"small": {"input_usd": 0.15, "output_usd": 0.6}},
    "metrics": {"alerts": [{"alert": "latency_p99", "above_ms": 500}], "log": {"path": "inference"}},
    "resilience": {"fallback": {"targets": [{"params": {"model": "gpt-4.1"}}]}, "timeout": {"total_s": 30}},
}
TARGETS = {
    "control": "openai/gpt-5-mini@llm/openai",
    "treatment": "anthropic/claude-sonnet-5@llm/anthropic",
    "gpt-4.1": "openai/gpt-4.1@llm/openai",
}

WORDS = st.text("abcxyzäß ", min_size=1, max_size=9).map(str.strip).filter(bool)
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,9}", fullmatch=True)
SIDES = st.fixed_dictionaries(
    {},
    optional={
        "pii": st.sampled_from(["BLOCK", "MASK"]).map(lambda each: {"behavior": each}),
        "invalid_keywords": st.lists(WORDS, min_size=1, max_size=4, unique_by=lambda word: " ".join(word.split())),
        "safety": st.just(value=True),
    },
)
TOPICS = st.fixed_dictionaries({}, optional={"valid_topics": st.lists(WORDS, min_size=1, max_size=3, unique=True)})
COUNTS = st.fixed_dictionaries({"calls": st.integers(1, 10**9)}, optional={"tokens": st.integers(1, 10**9)})
TABLES = st.fixed_dictionaries(
    {"enabled": st.just(value=True), "catalog_name": NAMES, "schema_name": NAMES, "table_name_prefix": NAMES}
)


@st.composite
def endpoints(draw: st.DrawFn) -> dict[str, Any]:
    """Return an endpoint that a policy can say all of."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    cuts = sorted(draw(st.lists(st.integers(1, 99), min_size=len(names) - 1, max_size=len(names) - 1, unique=True)))
    shares = [end - start for start, end in zip([0, *cuts], [*cuts, 100], strict=True)]
    spare = draw(st.lists(NAMES.filter(lambda name: name not in names), max_size=2, unique=True))
    gateway = _gateway(draw, has_spare=bool(spare))
    return {
        "name": draw(NAMES),
        "config": {
            "served_entities": [
                {"name": name, "entity_name": f"main.ai.m{at}"} for at, name in enumerate(names + spare)
            ],
            "traffic_config": {
                "routes": [
                    {"served_entity_name": name, "traffic_percentage": share}
                    for name, share in zip(names + spare, shares + [0] * len(spare), strict=True)
                ]
            },
        },
        **({"ai_gateway": gateway} if gateway else {}),
    }


def _gateway(draw: st.DrawFn, *, has_spare: bool) -> dict[str, Any]:
    rails = {"input": {**draw(SIDES), **draw(TOPICS)}, "output": draw(SIDES)}
    principals = draw(st.lists(NAMES, max_size=2, unique=True))
    rates = [{"key": "endpoint", "renewal_period": "minute", **each} for each in draw(st.lists(COUNTS, max_size=1))]
    for principal in ["", *principals] if principals else []:
        named = {"principal": principal} if principal else {}
        rates.append({"key": "user", **named, "renewal_period": "minute", **draw(COUNTS)})
    table = draw(st.none() | TABLES)
    settings = {
        "guardrails": {side: rail for side, rail in rails.items() if rail},
        "rate_limits": rates,
        "inference_table_config": table,
        "usage_tracking_config": {"enabled": True} if table or draw(st.booleans()) else None,
        "fallback_config": {"enabled": True} if has_spare else None,
    }
    return {name: setting for name, setting in settings.items() if setting}
