"""What is done about outages, in policy files."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from genai_guard import ConfigurationError, Pipeline
from genai_guard.policy import json_schema
from genai_guard.policy.forms import forms_of
from genai_guard.policy.shapes import entry_of
from genai_guard.resilience import (
    Breaker,
    Cache,
    Fallback,
    Resilience,
    Retry,
    SemanticCache,
    Target,
    Tiered,
    Timeout,
    is_transient,
)


def unsure(reply: Any) -> bool:
    return "not sure" in str(reply)


def embed(text: str) -> list[float]:
    return [float(len(text)), 1.0]


def canned(prompt: str, **_: Any) -> str:
    return "Please try again."


HERE = __name__
PARTS: list[tuple[dict[str, Any], Resilience]] = [
    ({}, Resilience()),
    ({"timeout": {"total_s": 30.0}}, Resilience(timeout=Timeout(30))),
    (
        {"timeout": {"attempt_s": 10.0, "first_token_s": 0.5}},
        Resilience(timeout=Timeout(attempt_s=10, first_token_s=0.5)),
    ),
    ({"retry": {}}, Resilience(retry=Retry())),
    (
        {
            "retry": {"attempts": 4, "first_wait_s": 0.1, "longest_wait_s": 5.0, "budget": 1.0, "budget_burst": 3}
            | {"when": "genai_guard.resilience.signs:is_transient"}
        },
        Resilience(
            retry=Retry(4, first_wait_s=0.1, longest_wait_s=5, budget=1, budget_burst=3, when=is_transient),
        ),
    ),
    (
        {"breaker": {"failure_rate": 0.9, "minimum_calls": 3, "window_s": 5.0, "open_s": 1.0, "probes": 2}},
        Resilience(breaker=Breaker(0.9, minimum_calls=3, window_s=5, open_s=1, probes=2)),
    ),
    (
        {"fallback": {"targets": [{"params": {"model": "large"}}], "on_block": True, "on_truncation": True}},
        Resilience(fallback=Fallback([{"model": "large"}], on_block=True, on_truncation=True)),
    ),
    (
        {"fallback": {"targets": [{"call": f"{HERE}:canned"}, {"params": {"n": None}, "name": "none"}]}},
        Resilience(fallback=Fallback([canned, Target({"n": None}, name="none")])),
    ),
    (
        {"tiers": {"targets": [{"params": {"model": "large", "stop": ["."]}}], "escalate": f"{HERE}:unsure"}},
        Resilience(tiers=Tiered([{"model": "large", "stop": ["."]}], escalate=unsure)),
    ),
    (
        {"cache": {"ttl_s": 60.0, "max_bytes": 1000, "version": "7"}},
        Resilience(cache=Cache(60, max_bytes=1000, version="7")),
    ),
    (
        {"semantic": {"embed": f"{HERE}:embed", "threshold": 0.9, "ttl_s": 60.0, "max_entries": 9, "version": "7"}},
        Resilience(semantic=SemanticCache(embed, threshold=0.9, ttl_s=60, max_entries=9, version="7")),
    ),
]


@pytest.mark.parametrize(("entry", "resilience"), PARTS)
def test_a_part_is_read_and_written(entry: dict[str, Any], resilience: Resilience) -> None:
    policy = {"version": 1, "resilience": entry}
    assert Pipeline.from_policy(policy) == Pipeline(resilience=resilience)
    assert Pipeline(resilience=resilience).policy() == policy


def test_a_function_may_be_left_open() -> None:
    policy = {"version": 1, "resilience": {"retry": {"when": None}, "cache": None}}
    Draft202012Validator(json_schema()).validate(policy)
    assert Pipeline.from_policy(policy).policy() == {"version": 1, "resilience": {"retry": {}}}


def test_no_resilience_is_none() -> None:
    assert Pipeline.from_policy({"version": 1, "resilience": None}).resilience is None
    assert Pipeline().policy() == {"version": 1}


def test_a_policy_says_what_is_done() -> None:
    resilience = {"retry": {"first_wait_s": 0}, "fallback": {"targets": [{"call": f"{HERE}:canned"}]}}

    def down(prompt: str, *, model: str = "small") -> str:
        raise ConnectionError

    outcome = Pipeline.from_policy({"version": 1, "resilience": resilience}).run(down, "Hello")
    assert (outcome.value, outcome.answered_by, outcome.attempts) == ("Please try again.", "canned", 4)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (30, ": must be a mapping, not 30"),
        ({"retri": {}}, '.retri: unknown field: did you mean "retry"?'),
        ({"sleep": "time:sleep"}, '.sleep: unknown field; there are "timeout", "retry"'),
        ({"timeout": 30}, ".timeout: must be a mapping, not 30"),
        ({"timeout": {}}, ".timeout: Timeout(): takes at least one of total_s, attempt_s and first_token_s"),
        ({"timeout": {"total_s": -1}}, ".timeout.total_s: Timeout(total_s=-1.0): takes seconds, more than zero"),
        ({"timeout": {"total_s": "30"}}, '.timeout.total_s: must be a number, not "30": take the quotes away'),
        ({"retry": {"attempts": 0}}, ".retry.attempts: Retry(attempts=0): takes a whole number, 1 or more"),
        ({"retry": {"attempts": 2.5}}, ".retry.attempts: must be a whole number"),
        ({"retry": {"budget": 2}}, ".retry.budget: Retry(budget=2.0): takes a share above 0 and up to 1, such as 0.5"),
        ({"retry": {"random": "random:random"}}, ".retry.random: unknown field"),
        ({"retry": {"when": "os:sep"}}, ".retry.when: Retry(when=...): takes a function of one exception"),
        ({"retry": {"when": "is_transient"}}, '.retry.when: must be an import reference such as "package.module:name"'),
        (
            {"tiers": {"targets": [{"params": {"a": 1}}], "escalate": None}},
            ".tiers.escalate: must be an import reference",
        ),
        ({"retry": {"when": "os:no_such"}}, ".retry.when: cannot be imported: there is no 'no_such' in os"),
        ({"breaker": {"failure_rate": 2}}, ".breaker.failure_rate: Breaker(failure_rate=2.0): takes a share"),
        ({"fallback": {}}, ".fallback.targets: is missing: it must be a list"),
        ({"fallback": {"targets": []}}, ".fallback.targets: Fallback(targets=...): takes at least one target"),
        (
            {"fallback": {"targets": [{}]}},
            ".fallback.targets: Fallback(targets=...): a target must differ from the call",
        ),
        ({"fallback": {"targets": [{"model": "x"}]}}, '.targets[0].model: unknown field; there are "params", "call", '),
        ({"fallback": {"targets": [{"params": ["x"]}]}}, ".targets[0].params: must be a mapping, not a list"),
        (
            {"fallback": {"targets": [{"call": "os:sep"}]}},
            ".targets[0].call: Target(call=...): takes a function, not str",
        ),
        ({"fallback": {"targets": [{"params": {"a": 1}}, {"params": {"a": 1}}]}}, "more than one target is named 'a'"),
        ({"tiers": {"targets": [{"params": {"a": 1}}]}}, ".tiers.escalate: is missing: it must be an import reference"),
        ({"cache": {"max_bytes": 0}}, ".cache.max_bytes: Cache(max_bytes=0): takes a whole number, 1 or more"),
        ({"semantic": {}}, ".semantic.embed: is missing: it must be an import reference"),
        ({"semantic": {"embed": f"{HERE}:embed", "threshold": 5}}, ".semantic.threshold: SemanticCache(threshold=5.0)"),
    ],
)
def test_a_mistake_is_named_with_its_field_and_the_remedy(entry: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Pipeline.from_policy({"version": 1, "resilience": entry})
    (line,) = str(raised.value).splitlines()
    assert line.startswith("policy: resilience")
    assert message in line


@pytest.mark.parametrize(
    ("resilience", "place"),
    [
        (Resilience(retry=Retry(when=lambda _: True)), "resilience.retry.when: <lambda>"),
        (Resilience(tiers=Tiered([{"a": 1}], escalate=lambda _: True)), "resilience.tiers.escalate: <lambda>"),
        (Resilience(fallback=Fallback([lambda prompt: "x"])), "resilience.fallback.targets[0].call: <lambda>"),
        (Resilience(clock=lambda: 0.0), "resilience.clock: <lambda>"),
        (Resilience(cache=Cache(clock=lambda: 0.0)), "resilience.cache.clock: <lambda>"),
        (Resilience(fallback=Fallback([{"stop": (".",)}])), "resilience.fallback.targets[0]: stop"),
    ],
)
def test_a_part_without_a_place_in_a_file_is_named(resilience: Resilience, place: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Pipeline(resilience=resilience).policy()
    assert str(raised.value) == f"{place} has no place in a policy file; build the pipeline in Python"


INNER = {"clock", "sleep", "asleep", "random", "wall_clock"}


@pytest.mark.parametrize("part", [Resilience, Timeout, Retry, Breaker, Fallback, Target, Tiered, Cache, SemanticCache])
def test_every_parameter_has_a_place_but_clocks_and_the_like(part: type) -> None:
    """A parameter that is added has one by itself, or needs a decision."""
    (form,) = forms_of(part)
    assert entry_of(form).words.keys() == inspect.signature(part).parameters.keys() - INNER
