"""Secrets are named in a policy by an environment variable, and stand neither in what is written nor in messages."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, Limit, Pipeline, RateLimiter, Variant
from genai_guard.environment import FromEnv, env
from genai_guard.guards import PII, BlockedPatterns, Names, Secrets
from genai_guard.limits.stores.redis import RedisStore
from genai_guard.resilience import Fallback, Resilience

SECRET = "hunter2"
KEY = {"env": "HASH_KEY"}


def hashing(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "input": [{"guard": "pii", "action": "hash", **fields}]}


def stored(server: Any) -> dict[str, Any]:
    store = {"kind": "redis", "server": server}
    return {"version": 1, "limits": [{"requests": 5, "per": "day"}], "limiter": {"store": store}}


def refusal(policy: Any) -> str:
    with pytest.raises(ConfigurationError) as raised:
        Pipeline.from_policy(policy)
    assert SECRET not in str(raised.value)
    return str(raised.value).removeprefix("policy: ")


@pytest.mark.parametrize("policy", [hashing(hash_key=KEY), stored({"env": "LIMITS_URL"})], ids=["key", "url"])
def test_a_variable_goes_in_and_comes_out(policy: dict[str, Any]) -> None:
    written = Pipeline.from_policy(policy).policy()
    assert written == policy
    assert Pipeline.from_policy(written) == Pipeline.from_policy(policy)
    assert SECRET not in json.dumps(written)


def test_the_text_of_the_variable_is_what_is_used() -> None:
    guard = Pipeline.from_policy(hashing(hash_key=KEY)).input[0]
    assert guard == PII(action="hash", hash_key="hunter2-hunter2-hunter2")


def test_a_variable_that_was_cleared_since_is_still_written(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline.from_policy(hashing(hash_key=KEY))
    monkeypatch.delenv("HASH_KEY")
    assert pipeline.policy() == hashing(hash_key=KEY)
    assert "is not set" in refusal(pipeline.policy())


def test_a_pipeline_made_in_python_names_its_variables() -> None:
    guards = [PII(action="hash", hash_key=env("HASH_KEY")), Secrets(action="hash", hash_key=env("HASH_KEY"))]
    written = Pipeline(input=guards).policy()
    assert [entry["hash_key"] for entry in written["input"]] == [KEY, KEY]
    assert Pipeline.from_policy(written).input == tuple(guards)


def recogniser(text: str) -> list[Any]:
    return []


def router(**params: Any) -> ExperimentRouter:
    return ExperimentRouter(Experiment("a", Variant("x", params=params)))


def limiter(url: str) -> RateLimiter:
    return RateLimiter(Limit.requests(5, per="day"), store=RedisStore(url))


@pytest.mark.parametrize(
    ("pipeline", "place"),
    [
        (Pipeline(input=[PII(action="hash", hash_key=SECRET * 3)]), "input[0].hash_key"),
        (Pipeline(input=[PII(action="hash", hash_key=SECRET.encode() * 3)]), "input[0].hash_key"),
        (Pipeline(output=[Secrets(action="hash", hash_key=SECRET * 3)]), "output[0].hash_key"),
        (Pipeline(output=[Names(recogniser, action="hash", hash_key=SECRET * 3)]), "output[0].hash_key"),
        (Pipeline(limiter=limiter(f"redis://:{SECRET}@localhost")), "limiter.store.server"),
        (Pipeline(limiter=limiter(f"redis://localhost/0?password={SECRET}")), "limiter.store.server"),
        (Pipeline(router=router(api_key=SECRET)), "experiments[0].variants[0].params.api_key"),
        (
            Pipeline(router=router(extra={"Authorization": SECRET})),
            "experiments[0].variants[0].params.extra.Authorization",
        ),
        (
            Pipeline(resilience=Resilience(fallback=Fallback([{"base_url": f"https://u:{SECRET}@h/v1"}]))),
            "resilience.fallback.targets[0].params.base_url",
        ),
    ],
)
def test_a_secret_is_not_written_and_the_remedy_is_named(pipeline: Pipeline, place: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        pipeline.policy()
    assert str(raised.value).startswith(f"{place}: is a secret, and stands in no policy file: ")
    assert "{env: NAME}" in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "params",
    [
        {"max_tokens": 5},
        {"prompt_cache_key": "a"},
        {"stop": "secretary"},
        {"base_url": "https://host:8443/v1?api-version=2"},
    ],
)
def test_what_is_no_secret_is_written(params: dict[str, Any]) -> None:
    written = Pipeline(router=router(**params)).policy()
    assert written["experiments"][0]["variants"][0]["params"] == params


def test_a_pattern_that_looks_for_secrets_is_none() -> None:
    patterns = BlockedPatterns(["redis://user:password@host"], regexes=[r"https://[^:]+:[^@]+@"])
    assert Pipeline.from_policy(Pipeline(input=[patterns]).policy()).input == (patterns,)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            hashing(hash_key=12345),
            "input[0].hash_key: must be text, or {env: NAME} for what an environment variable holds",
        ),
        (hashing(hash_key={"env": "NO_SUCH"}), "input[0].hash_key.env: the environment variable NO_SUCH is not set"),
        (hashing(hash_key={"env": "EMPTY"}), "input[0].hash_key.env: the environment variable EMPTY is empty"),
        (
            hashing(hash_key={"env": SECRET + "!"}),
            "input[0].hash_key.env: must be the name of an environment variable, such",
        ),
        (hashing(hash_key={"evn": SECRET}), "input[0].hash_key: must be text, or {env: NAME}"),
        (hashing(hash_key={"env": "HASH_KEY", "x": SECRET}), "input[0].hash_key: must be text, or {env: NAME}"),
        (hashing(hash_key={"env": "SHORT"}), "input[0].hash_key: PII(hash_key=...) must be at least 16 bytes long"),
        (stored({"env": "SHORT"}), "limiter.store.server: RedisStore(server=env('SHORT')): must be such as 'redis://"),
        (
            stored(f"redis://:{SECRET}@h:6379/0"),
            "limiter.store.server: is a URL with a password in it: put it into an env",
        ),
        (stored(f"redis://h/0?password={SECRET}"), "limiter.store.server: is a URL with a password in it"),
        (stored(f"redis://[{SECRET}@h"), "limiter.store.server: is a URL with a password in it"),
        (stored([SECRET]), "limiter.store.server: must be text, or {env: NAME}"),
    ],
)
def test_a_mistake_is_named_without_the_secret(
    policy: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("SHORT", SECRET)
    assert refusal(policy).startswith(message)


def test_the_text_of_a_variable_does_not_show_itself() -> None:
    text = env("HASH_KEY")
    for same in (text, pickle.loads(pickle.dumps(text)), copy.deepcopy(text)):
        assert (repr(same), same == "hunter2-hunter2-hunter2", same.variable) == ("env('HASH_KEY')", True, "HASH_KEY")
    assert SECRET not in repr([text])
    assert isinstance(text, FromEnv)


@pytest.mark.parametrize("name", ["", "A B", "1A", "A\n", None, 3])
def test_a_variable_has_a_name(name: Any) -> None:
    with pytest.raises(ConfigurationError, match="takes the name of an environment variable"):
        env(name)


PASSWORDS = st.text(st.characters(min_codepoint=48, max_codepoint=122), min_size=1, max_size=12).map(
    lambda p: f"q{p}z9"
)


@given(PASSWORDS, st.sampled_from(["redis://:{}@h", "rediss://u:{}@h:1/2", "redis://h?password={}", "unix://u:{}@/s"]))
def test_a_url_with_a_password_neither_loads_nor_shows(password: str, form: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Pipeline.from_policy(stored(form.format(password)))
    assert password not in str(raised.value)
