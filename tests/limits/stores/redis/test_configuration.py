"""A store that cannot work says so when it is built; none shows a password."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import redis
from redis import asyncio as aioredis

from genai_guard.errors import ConfigurationError
from genai_guard.limits import Limit, RateLimiter
from genai_guard.limits.stores.redis import AsyncRedisStore, RedisStore

URL = "redis://localhost:6379/0"


@pytest.mark.parametrize("kind", [RedisStore, AsyncRedisStore])
@pytest.mark.parametrize("url", [
    "", "localhost", "localhost:6379", "http://localhost:6379", "redis://", "redis://:6379", "redis://h:0", "redis://h:x",
    "redis://h:99999", "unix://", "redis//localhost", "redis://[::1",
])  # fmt: skip
def test_a_url_that_is_none_is_refused_with_one_that_would_be(kind: Any, url: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{kind.__name__}\(.*'redis://localhost:6379/0'"):
        kind(url)


@pytest.mark.parametrize(
    "url", [URL, "rediss://host", "valkey://host:1/2", "valkeys://host", "unix:///run/valkey.sock"]
)
def test_a_url_is_taken_and_no_connection_made(url: str) -> None:
    store = RedisStore(url)
    assert RateLimiter(Limit.requests(1, per="day"), store=store).limits[0].amount == 1
    assert repr(store).endswith(", up>")
    assert repr(AsyncRedisStore(url)).endswith(", up>")


@pytest.mark.parametrize("kind", [RedisStore, AsyncRedisStore])
def test_a_password_is_not_shown(kind: Any) -> None:
    store = kind("redis://user:hunter2@localhost:6379/0")
    assert repr(store) == f"<{kind.__name__} redis://localhost:6379/0, up>"
    with pytest.raises(ConfigurationError) as caught:
        kind("http://user:hunter2@localhost")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prefix", ""), ("prefix", "a{b}"), ("prefix", "a b"), ("prefix", 5), ("prefix", "x" * 65),
        ("timeout_s", 0), ("timeout_s", "1"), ("timeout_s", True), ("timeout_s", float("nan")), ("retry_s", -1),
        ("local_share", 0), ("local_share", 1.5), ("on_outage", "ignore"), ("failures", 0), ("failures", 1.5),
        ("max_unsent", 0),
    ],
)  # fmt: skip
def test_a_parameter_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"RedisStore\({name}=.*must be"):
        RedisStore(URL, **{name: value})


@pytest.mark.parametrize("wrong", [None, 5, object(), b"redis://localhost"])
def test_what_is_neither_url_nor_client_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="takes a URL"):
        RedisStore(wrong)


def test_a_client_of_the_other_kind_is_sent_to_the_other_store() -> None:
    with pytest.raises(ConfigurationError, match="give this client to AsyncRedisStore"):
        RedisStore(aioredis.Redis())
    with pytest.raises(ConfigurationError, match="give this client to RedisStore"):
        AsyncRedisStore(redis.Redis())


@pytest.mark.parametrize("timeouts", [{"socket_timeout": 5}, {"socket_timeout": None}, {"socket_connect_timeout": 1}])
def test_a_client_that_waits_longer_than_the_store_may_is_refused(timeouts: dict[str, Any]) -> None:
    short: dict[str, Any] = {"socket_timeout": 0.05, "socket_connect_timeout": 0.05}
    RedisStore(redis.Redis(**short))
    (name,) = timeouts
    with pytest.raises(ConfigurationError, match=rf"{name}=.*make it 0\.05"):
        RedisStore(redis.Redis(**{**short, **timeouts}))


def test_a_client_that_decodes_replies_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="decode_responses"):
        RedisStore(redis.Redis(decode_responses=True))


def test_a_rate_that_a_double_cannot_count_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="more than a century"):
        RateLimiter(Limit.requests(1, per="month", burst=10**6), store=RedisStore(URL))


def test_without_the_client_library_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from genai_guard.limits.stores.redis import RedisStore\n"
        "try:\n    RedisStore('redis://localhost')\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said == "ConfigurationError RedisStore needs the redis client: pip install 'genai_guard[redis]'\n"
