"""Any policy survives the way to a pipeline and back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from genai_guard import Pipeline
from genai_guard.guards.entities import ENTITIES
from genai_guard.policy import json_schema
from policy.parts import parts_of

VALIDATOR = Draft202012Validator(json_schema())

WORDS = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
PERIODS = st.sampled_from(["second", "minute", "hour", "day"])
MODES = st.sampled_from(["enforce", "shadow"])
AMOUNTS = st.integers(1, 10**9)
SHARES = st.floats(0, 1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
COMMON = {"mode": MODES, "on_error": st.sampled_from(["block", "allow"])}


def entry(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with some of its optional fields."""
    fixed = {key: value if isinstance(value, st.SearchStrategy) else st.just(value) for key, value in required.items()}
    return st.fixed_dictionaries(fixed, optional=optional)


def named(entries: st.SearchStrategy[dict[str, Any]], most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A list of entries with names that differ."""
    numbered = st.lists(entries, max_size=most)
    return numbered.map(lambda many: [{**each, "name": f"n{index}"} for index, each in enumerate(many)])


GUARDS = st.one_of(
    entry(
        {"guard": "pii"},
        entities=st.lists(st.sampled_from(sorted(ENTITIES)), min_size=1, unique=True),
        action=st.sampled_from(["flag", "redact", "mask", "hash", "block"]),
        **COMMON,
    ),
    entry({"guard": "length", "max_chars": AMOUNTS}, max_tokens=AMOUNTS, action=st.just("truncate"), **COMMON),
    entry({"guard": "blocked_patterns", "keywords": st.lists(WORDS, min_size=1, max_size=3)}, category=WORDS, **COMMON),
)
LIMITS = st.lists(
    st.one_of(
        entry({"requests": AMOUNTS, "per": PERIODS}, by=WORDS, burst=st.integers(1, 9), on_error=COMMON["on_error"]),
        entry({"tokens": AMOUNTS, "per": PERIODS}, by=WORDS, mode=MODES),
    ),
    max_size=3,
    unique_by=lambda limit: ("tokens" in limit, limit["per"]),
)
VARIANTS = named(entry({}, weight=st.integers(1, 99), params=st.dictionaries(WORDS.filter(str.isidentifier), JSON)), 3)
EXPERIMENTS = st.lists(
    entry(
        {"name": WORDS, "variants": VARIANTS.filter(bool), "mode": "shadow"},
        by=WORDS,
        coverage=SHARES,
        enabled=st.booleans(),
    ),
    max_size=2,
    unique_by=lambda experiment: experiment["name"],
)
MEASURES = st.sampled_from(["calls", "errors", "usd"])
ALERTS = named(
    st.one_of(
        entry({"alert": "latency_p99", "above_ms": st.floats(0.1, 1e6)}, min_calls=AMOUNTS),
        entry({"alert": "error_rate", "above": st.floats(0, 0.9)}, confidence=st.none() | st.floats(0.5, 0.99)),
        entry({"alert": "budget", "usd": st.floats(0.01, 1e6)}, per=st.sampled_from(["hour", "day", "month"])),
        entry({"alert": "guardrail_hits"}, at_least=AMOUNTS, cooldown_s=st.floats(0, 1e4)),
        entry({"alert": "threshold", "measure": MEASURES, "above": st.floats(0, 1)}, by=st.just(["model"])),
        entry({"alert": "rate_of_change", "measure": MEASURES, "below": st.floats(0.1, 1)}, for_s=st.floats(0, 1e4)),
        entry({"alert": "missing_traffic"}, at_least=AMOUNTS, where=st.just({"model": "large"})),
        entry({"alert": "burn_rate", "slo": st.floats(0.95, 0.9999)}, above_ms=st.floats(1, 1e4)),
    ),
    3,
)
NOTIFY = st.lists(
    st.one_of(
        entry({"sink": "slack", "webhook_url": st.just({"env": "HOOK_URL"})}, attempts=st.integers(1, 20)),
        entry({"sink": "webhook", "webhook_url": st.just({"env": "HOOK_URL"})}, timeout_s=st.floats(0.1, 60)),
        entry({"sink": "pagerduty", "routing_key": st.just({"env": "HOOK_URL"})}, source=WORDS),
        entry({"sink": "structlog"}, min_severity=st.sampled_from(["info", "warning", "critical"])),
    ),
    max_size=2,
)
SILENCES = st.lists(entry({"until": "2030-01-01T00:00:00Z"}, name=WORDS, labels=st.just({"model": "x"})), max_size=1)
SECONDS = st.floats(0.001, 60)
SHARED = {
    "server": st.sampled_from([{"env": "LIMITS_URL"}, "redis://127.0.0.1:1"]),
    "prefix": WORDS,
    "failures": AMOUNTS,
}
REDIS = entry(
    {"kind": st.sampled_from(["redis", "async_redis"]), **SHARED},
    on_outage=st.sampled_from(["deny", "allow", "local"]),
    local_share=st.floats(0.01, 1),
    timeout_s=SECONDS,
)
LEASED = entry(
    {"kind": "leased", "store": entry({"kind": "redis", **SHARED})}, share=st.floats(0.001, 0.5), hold_s=SECONDS
)
MEMORY = entry({"kind": "memory"}, max_keys=AMOUNTS, when_full=st.sampled_from(["deny", "share"]))
UPSTREAM = st.lists(entry({"requests": AMOUNTS, "per": PERIODS}, by=WORDS), min_size=1, max_size=2)
LIMITER = entry({}, store=MEMORY | REDIS | LEASED | st.none(), max_waiting=AMOUNTS)
FALLBACK = entry(
    {"targets": named(entry({"params": st.dictionaries(WORDS, JSON, min_size=1, max_size=2)}), 3).filter(bool)},
    on_block=st.booleans(),
    when=st.just("genai_guard.resilience:may_be_elsewhere"),
)
RESILIENCE = entry(
    {},
    timeout=entry({"total_s": SECONDS}, attempt_s=SECONDS, first_token_s=SECONDS) | st.none(),
    retry=entry({}, attempts=st.integers(1, 9), first_wait_s=SECONDS, budget=st.floats(0.01, 1)),
    breaker=entry({}, failure_rate=st.floats(0.01, 1), probes=st.integers(1, 9), open_s=SECONDS),
    fallback=FALLBACK,
    cache=entry({}, ttl_s=SECONDS, max_bytes=AMOUNTS, version=st.text()),
)
POLICIES = entry(
    {"version": 1},
    name=WORDS,
    input=named(GUARDS, 3),
    output=named(GUARDS, 2),
    limits=LIMITS,
    experiments=EXPERIMENTS,
    metrics=entry(
        {},
        alerts=ALERTS,
        log=entry({"path": WORDS}, fsync=st.booleans()),
        queue_size=AMOUNTS,
        notify=NOTIFY,
        silences=SILENCES,
    ),
    prices=st.dictionaries(
        st.text(), entry({"input_usd": st.floats(0, 99), "output_usd": st.integers(0, 99)}), max_size=2
    ),
    expected_output_tokens=st.integers(0, 10**6),
)
LIMITED = entry(
    {"version": 1, "limits": LIMITS.filter(bool), "limiter": LIMITER}, upstream=UPSTREAM, resilience=RESILIENCE
)


@given(POLICIES)
def test_the_policy_of_a_pipeline_builds_an_equal_one(policy: dict[str, Any]) -> None:
    pipeline = Pipeline.from_policy(policy)
    written = pipeline.policy()
    again = Pipeline.from_policy(json.loads(json.dumps(written)))
    assert parts_of(again) == parts_of(pipeline)
    assert again == pipeline or pipeline.router is not None
    assert again.policy() == written


@given(POLICIES)
def test_the_schema_accepts_what_loads_and_what_is_written(policy: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(policy)
    assert VALIDATOR.is_valid(Pipeline.from_policy(policy).policy())


@given(POLICIES, st.text())
def test_a_pipeline_and_that_of_its_policy_give_equal_verdicts(policy: dict[str, Any], text: str) -> None:
    pipeline = Pipeline.from_policy(policy)
    again = Pipeline.from_policy(pipeline.policy())
    assert again.scan_input(text) == pipeline.scan_input(text)
    assert again.scan_output(text) == pipeline.scan_output(text)


@given(POLICIES)
def test_nothing_that_is_written_could_be_left_out(policy: dict[str, Any]) -> None:
    written = Pipeline.from_policy(policy).policy()
    built = parts_of(Pipeline.from_policy(written))
    for key in written.keys() - {"version"}:
        assert parts_of(Pipeline.from_policy({k: v for k, v in written.items() if k != key})) != built


DEFAULTS: list[Any] = [None, 1_000]
DEFAULTS += [{"kind": "memory", **more} for more in ({}, {"max_keys": 10**6}, {"when_full": "deny"})]
DEFAULTS += [{"kind": "memory", "max_keys": 10**6, "when_full": "deny"}]


def is_leased(policy: dict[str, Any]) -> bool:
    return (policy["limiter"].get("store") or {}).get("kind") == "leased"


@given(LIMITED)
def test_where_limits_are_kept_survives_the_way(policy: dict[str, Any]) -> None:
    assume(not (is_leased(policy) and any(limit.get("mode") == "shadow" for limit in policy["limits"])))
    pipeline = Pipeline.from_policy(policy)
    written = pipeline.policy()
    again = Pipeline.from_policy(json.loads(json.dumps(written)))
    assert again == pipeline
    assert again.policy() == written
    VALIDATOR.validate(policy)
    VALIDATOR.validate(written)
    for option, value in policy["limiter"].items():
        assert (option in written.get("limiter", {})) == (value not in DEFAULTS)
