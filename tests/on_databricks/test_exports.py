"""Policies as endpoints and model services: what they say, and that whatever they do not say is told."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, Limit, Pipeline, RateLimiter, Variant, Verdict
from genai_guard.databricks import Export, export_endpoint, export_model_service
from genai_guard.databricks.traffic import percentages
from genai_guard.guards import PII, BlockedPatterns, ContentSafety, Topics, When, guard
from genai_guard.policy.assembly import policy_form
from on_databricks.samples import POLICY, TARGETS

DEFAULT = {"default": "system.ai.llama@1"}


def told(export: Export) -> list[tuple[str, str, str]]:
    return [(each.extent, each.where, each.what) for each in export.leftovers]


def of_guards(*guards: Any, side: str = "input") -> tuple[dict[str, Any], list[str]]:
    """Return the guardrails of one side, and the guards of which nothing is there."""
    export = export_endpoint(Pipeline(output=guards) if side == "output" else Pipeline(input=guards), targets=DEFAULT)
    rails = export.config.get("ai_gateway", {}).get("guardrails", {}).get(side, {})
    return rails, [each.where for each in export.in_process]


def test_a_policy_becomes_the_body_of_the_request_that_creates_an_endpoint() -> None:
    config = export_endpoint(POLICY, targets=TARGETS, catalog="main", schema="ai").config
    openai = {
        "provider": "openai",
        "task": "llm/v1/chat",
        "openai_config": {"openai_api_key": "{{secrets/llm/openai}}"},
    }
    claude = {
        "provider": "anthropic",
        "name": "claude-sonnet-5",
        "task": "llm/v1/chat",
        "anthropic_config": {"anthropic_api_key": "{{secrets/llm/anthropic}}"},
    }
    assert config == {
        "name": "support-bot",
        "config": {
            "served_entities": [
                {"name": "control", "external_model": {**openai, "name": "gpt-5-mini"}},
                {"name": "treatment", "external_model": claude},
                {"name": "gpt-4-1", "external_model": {**openai, "name": "gpt-4.1"}},
            ],
            "traffic_config": {
                "routes": [
                    {"served_entity_name": "control", "traffic_percentage": 33},
                    {"served_entity_name": "treatment", "traffic_percentage": 67},
                    {"served_entity_name": "gpt-4-1", "traffic_percentage": 0},
                ]
            },
        },
        "ai_gateway": {
            "guardrails": {
                "input": {
                    "pii": {"behavior": "MASK"},
                    "invalid_keywords": ["acme", "globex corp"],
                    "valid_topics": ["billing"],
                },
                "output": {"pii": {"behavior": "BLOCK"}, "safety": True},
            },
            "rate_limits": [
                {"key": "endpoint", "renewal_period": "minute", "calls": 60, "tokens": 100_000},
                {"key": "user", "renewal_period": "minute", "calls": 10},
                {"key": "user", "principal": "ann@example.com", "renewal_period": "minute", "calls": 100},
            ],
            "inference_table_config": {
                "enabled": True,
                "catalog_name": "main",
                "schema_name": "ai",
                "table_name_prefix": "support-bot",
            },
            "usage_tracking_config": {"enabled": True},
            "fallback_config": {"enabled": True},
        },
    }


def test_what_an_endpoint_does_not_say_is_told() -> None:
    assert [each[1:] for each in told(export_endpoint(POLICY, targets=TARGETS, catalog="main", schema="ai"))] == [
        ("resilience.fallback", "when it falls back"),
        ("experiments models", "the split control 33.33 %, treatment 66.67 %"),
        ("experiments models", "by user"),
        ("experiments models control", "temperature"),
        ("input[0] length", "the guard"),
        ("input[1] pii", "entities"),
        ("input[1] pii", "labels such as [EMAIL]"),
        ("input[2] blocked_patterns", "1 regexes"),
        ("input[2] blocked_patterns", "where a keyword matches"),
        ("input[3] topics", "what a topic is"),
        ("output[0] pii", "entities"),
        ("output[1] content_safety", "what is unsafe"),
        ("limits[3] 1000 requests/hour", "the limit"),
        ("limits[4] $50/calendar day", "the limit"),
        ("limits", "how they are counted"),
        ("limits", "users"),
        ("prices", "prices of models"),
        ("resilience.timeout", "the timeout"),
        ("metrics.alerts", "alerts"),
        ("metrics", "what is measured"),
        ("metrics.log", "redaction"),
    ]


def test_a_model_service_has_limits_by_the_hour_and_no_guardrails() -> None:
    targets = {
        "control": "system.ai.llama",
        "treatment": "serving-endpoints/large",
        "gpt-4.1": "main.ai.openai/gpt-4.1",
    }
    export = export_model_service(POLICY, targets=targets, catalog="main", schema="ai")
    config = export.config["config"]
    assert [(each["key"][15:], each["renewal_period"][26:]) for each in config["rate_limits"]] == [
        ("SERVICE", "MINUTE"),
        ("USER_DEFAULT", "MINUTE"),
        ("USER", "MINUTE"),
        ("SERVICE", "HOUR"),
    ]
    assert [each["traffic_percentage"] for each in config["routing"]["destinations"]] == [33, 67]
    assert config["routing"]["fallback"]["destinations"] == [
        {
            "name": "gpt-4.1",
            "destination_type": "DESTINATION_TYPE_EXTERNAL_FOUNDATION_MODEL",
            "external_model_config": {
                "model_provider_service": "model-provider-services/main.ai.openai",
                "target": {"model": "gpt-4.1"},
            },
        }
    ]
    assert config["inference_table"] == {"parent": "schemas/main.ai", "table_name_prefix": "support_bot"}
    guards = [where for extent, where, what in told(export) if (extent, what) == ("missing", "the guard")]
    assert len(guards) == 6


def test_guards_that_cannot_be_expressed_stay_where_they_are() -> None:
    @guard
    def shouting(text: str) -> bool:
        return text.isupper()

    assert of_guards(
        PII(action="pseudonymize"),
        PII(action="flag", name="b"),
        BlockedPatterns(["x"], action="redact"),
        ContentSafety(action="flag"),
        Topics({"politics": ["senator"]}),
        PII(action="block", mode="shadow", name="c"),
        When(PII(action="block", name="d"), role="user"),
        shouting,
    ) == (
        {},
        [
            *("input[0] pii", "input[1] b", "input[2] blocked_patterns", "input[3] content_safety", "input[4] topics"),
            *("input[5] c", "input[6] d", "input[7] shouting"),
        ],
    )
    assert of_guards(Topics(allow={"a": ["b"]}), side="output") == ({}, ["output[0] topics"])


def test_of_two_guards_of_personal_data_the_stricter_one_is_there_and_it_is_told() -> None:
    export = export_endpoint(Pipeline(input=[PII("US_SSN", action="block"), PII(name="b")]), targets=DEFAULT)
    assert export.config["ai_gateway"]["guardrails"]["input"] == {"pii": {"behavior": "BLOCK"}}
    assert ("approximate", "input[1] b", "what is masked") in told(export)


def test_settings_of_a_guard_that_are_not_there_are_told_by_name_and_without_their_values() -> None:
    export = export_endpoint(Pipeline(input=[PII(allow=["ann@example.com"], threshold=0.6)]), targets=DEFAULT)
    assert ("approximate", "input[0] pii", "threshold, allow") in told(export)
    assert "ann@example.com" not in str(export)


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        (Limit.usd(5, per="minute"), "no budgets in money"),
        (Limit.input_tokens(5, per="minute"), "together"),
        (Limit.concurrent(5), "in flight"),
        (Limit.requests(5, per="hour"), "not by the hour"),
        (Limit.requests(5, per="minute", by="tenant"), "not by tenant"),
        (Limit.requests(5, per="minute", by=("user", "model")), "not by user and model"),
        (Limit.requests(5, per="minute", mode="shadow"), "only records"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_limits_that_the_gateway_does_not_count_are_told(limit: Limit, why: str) -> None:
    prices = {"small": (1.0, 1.0)} if limit.unit == "usd" else None
    export = export_endpoint(Pipeline(limiter=RateLimiter(limit), prices=prices), targets=DEFAULT)
    assert "ai_gateway" not in export.config
    assert why in next(each.why for each in export.leftovers if each.where.startswith("limits[0]"))


def test_of_two_limits_for_the_same_the_tighter_one_is_there() -> None:
    limiter = RateLimiter(Limit.requests(7, per="minute"), Limit.requests(9, per="minute", name="b", burst=1))
    export = export_endpoint(Pipeline(limiter=limiter), targets=DEFAULT)
    assert export.config["ai_gateway"]["rate_limits"] == [{"key": "endpoint", "renewal_period": "minute", "calls": 7}]
    assert ("approximate", "limits[1] b", "burst") in told(export)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any))
def test_percentages_add_up_and_none_is_off_by_one(listed: list[int]) -> None:
    weights = {str(at): weight for at, weight in enumerate(listed)}
    found = percentages(weights)
    assert sum(found.values()) == 100
    assert list(found) == list(weights)
    assert all(abs(found[name] - Fraction(100 * weights[name], sum(listed))) < 1 for name in weights)


def test_of_several_experiments_the_one_whose_entities_are_given_splits_the_traffic() -> None:
    router = ExperimentRouter(
        Experiment("prompts", Variant("x", params={"style": "short"}), Variant("y", params={"style": "long"})),
        Experiment("models", Variant("a", params={"model": "m"}), Variant("b"), by="request", coverage=0.5),
        Experiment("off", Variant("a"), Variant("b"), enabled=False),
    )
    targets = {"a": "main.ai.m@1", "b": "main.ai.n@1"}
    export = export_endpoint(Pipeline(router=router), targets=targets)
    routes = export.config["config"]["traffic_config"]["routes"]
    assert [each["traffic_percentage"] for each in routes] == [50, 50]
    assert told(export) == [
        ("missing", "experiments prompts", "the experiment"),
        ("missing", "experiments off", "the experiment"),
        ("missing", "experiments models", "coverage"),
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"targets": {}}, "a policy does not know what answers"),
        ({"targets": {"control": "system.ai.m"}}, "no entity for the variant 'treatment'"),
        ({"targets": {**TARGETS, "other": "system.ai.m"}}, "'other' is neither a variant nor a fallback"),
        ({"targets": TARGETS, "experiment": "tone"}, "there is models"),
        ({"targets": TARGETS, "name": "a b"}, "name: must consist of"),
        ({"targets": TARGETS, "catalog": "main"}, "needs both"),
        ({"targets": {**TARGETS, "control": "openai/gpt-5"}}, "openai/gpt-5@scope/key"),
        ({"targets": {**TARGETS, "control": "amazon-bedrock/nova@a/b"}}, "needs more than a key"),
        ({"targets": {**TARGETS, "control": "system.ai.m"}}, "external models of one task"),
        ({"targets": {**TARGETS, "control": {"entity": "m"}}}, "there is no such field"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        export_endpoint(POLICY, **options)


@pytest.mark.parametrize(
    "inner",
    [
        {"openai_config": {"openai_api_key_plaintext": "sk-1"}},
        {"openai_config": {"openai_api_key": "sk-1"}},
        {"amazon_bedrock_config": {"aws_access_key_id": "sk-1"}},
        {"google_cloud_vertex_ai_config": {"private_key": "sk-1"}},
        {"custom_provider_config": {"bearer_token_auth": {"token": "sk-1"}}},
        {"custom_provider_config": {"api_key_auth": {"key": "x-api-key", "value": "sk-1"}}},
    ],
    ids=lambda inner: next(iter(inner)),
)
def test_a_key_in_plain_text_is_refused_and_not_repeated(inner: dict[str, Any]) -> None:
    model = {"provider": "openai", "name": "m", "task": "llm/v1/chat", **inner}
    for target in ({"external_model": model}, {"entity_name": "main.ai.m", "environment_vars": {"API_TOKEN": "sk-1"}}):
        with pytest.raises(ConfigurationError, match="secret in plain text") as caught:
            export_endpoint({"version": 1}, targets={"default": target})
        assert "sk-1" not in str(caught.value)


def test_a_user_with_a_rate_of_their_own_has_all_limits_in_it() -> None:
    by_user: dict[str, Any] = {"per": "minute", "by": "user"}
    limiter = RateLimiter(
        Limit.requests(10, **by_user, overrides={"ann": 100, "bob": None}),
        Limit.requests(50, **by_user, name="ceiling"),
        Limit.tokens(1_000, **by_user, overrides={"bob": None}),
    )
    export = export_endpoint(Pipeline(limiter=limiter), targets=DEFAULT)
    assert export.config["ai_gateway"]["rate_limits"] == [
        {"key": "user", "renewal_period": "minute", "calls": 10, "tokens": 1_000},
        {"key": "user", "principal": "ann", "renewal_period": "minute", "calls": 50, "tokens": 1_000},
        {"key": "user", "principal": "bob", "renewal_period": "minute", "calls": 50},
    ]
    free = Pipeline(limiter=RateLimiter(Limit.requests(10, **by_user, overrides={"bob": None})))
    assert [each.what for each in export_endpoint(free, targets=DEFAULT).in_process] == ["an override without a limit"]


def test_a_log_without_texts_gets_no_inference_table() -> None:
    policy = {"version": 1, "metrics": {"log": {"path": "inference", "content": "none"}}}
    export = export_endpoint(policy, targets=DEFAULT, catalog="main", schema="ai")
    assert export.config["ai_gateway"] == {"usage_tracking_config": {"enabled": True}}
    assert ("missing", "metrics.log", "the log") in told(export)


FULL: dict[str, Any] = {
    **POLICY,
    "limiter": {"wait_s": 2},
    "upstream": [{"requests": 500, "per": "minute"}],
    "canary": {"experiment": "models", "canary": "treatment", "stages": [{"percent": 1}]},
    "router": {"attributes": {"plan": "text"}},
    "shadow": {"name": "other", "params": {"model": "other"}, "sample": 0.1},
    "unknown_model": "error",
    "expected_output_tokens": 99,
}


def test_no_section_of_a_policy_is_dropped_in_silence() -> None:
    export = export_endpoint(FULL, targets=TARGETS)
    said = str(export)
    words = {"upstream": "limiter: adapt", "limiter": "limiter: wait_s", "unknown_model": "prices", "input": "input[0]"}
    words |= {"output": "output[0]", "expected_output_tokens": "limits: how they are counted"}
    silent = {"version", "schema", "name"}
    for section in (each.name for each in policy_form().parameters if each.name not in silent):
        assert f"{words.get(section, section)}" in said, section


def test_a_custom_verdict_function_is_a_guard_that_stays() -> None:
    class Odd:
        name = "odd"

        def check(self, text: str, /) -> Verdict:
            raise NotImplementedError

    assert of_guards(Odd()) == ({}, ["input[0] odd"])
