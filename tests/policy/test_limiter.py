"""Where limits are kept, what a limiter is told beside them, and what the provider allows, in policy files."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Limit, Pipeline, RateLimiter
from genai_guard.environment import env
from genai_guard.limits import Adaptive, MemoryStore, SqliteStore, Store
from genai_guard.limits.stores.leased import LeasedStore
from genai_guard.limits.stores.redis import AsyncRedisStore, RedisStore
from genai_guard.policy.forms import LimiterOptions, forms_of
from genai_guard.policy.shapes import entry_of

LIMITS = [{"requests": 5, "per": "minute"}]
STORE = MemoryStore()
SERVER = {"env": "LIMITS_URL"}


def policy(limiter: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"version": 1, "limits": LIMITS, "limiter": limiter, **sections}


def limiter_of(pipeline: Pipeline) -> RateLimiter:
    assert pipeline.limiter is not None
    return pipeline.limiter


STORES: list[tuple[dict[str, Any], type]] = [
    ({"kind": "memory", "max_keys": 9, "when_full": "share"}, MemoryStore),
    ({"kind": "redis", "server": SERVER}, RedisStore),
    ({"kind": "redis", "server": "unix:///run/valkey.sock?db=2"}, RedisStore),
    (
        {"kind": "redis", "server": SERVER, "prefix": "p", "timeout_s": 0.1, "on_outage": "deny", "local_share": 0.25}
        | {"failures": 5, "retry_s": 2.0, "max_unsent": 10},
        RedisStore,
    ),
    ({"kind": "async_redis", "server": SERVER, "retry_s": 3.0}, AsyncRedisStore),
    ({"kind": "leased", "store": {"kind": "redis", "server": SERVER}, "share": 0.02, "hold_s": 2.5}, LeasedStore),
]


@pytest.mark.parametrize(("entry", "kind"), STORES)
def test_a_store_is_read_and_written(entry: dict[str, Any], kind: type) -> None:
    pipeline = Pipeline.from_policy(policy({"store": entry}))
    assert type(limiter_of(pipeline).store) is kind
    assert pipeline.policy() == policy({"store": entry})
    assert Pipeline.from_policy(pipeline.policy()).policy() == pipeline.policy()


def test_how_calls_wait_and_what_ends_a_stream_is_read_and_written() -> None:
    entry = {"wait_s": 2.5, "max_waiting": 7, "on_overrun": "stop"}
    pipeline = Pipeline.from_policy(policy(entry))
    limiter = limiter_of(pipeline)
    assert (limiter.wait_s, limiter.max_waiting, limiter.on_overrun) == (2.5, 7, "stop")
    assert pipeline.policy() == policy(entry)
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


def test_a_file_of_usage_is_read_and_written(tmp_path: Path) -> None:
    entry = {"kind": "sqlite", "path": str(tmp_path / "usage"), "timeout_s": 0.2, "synchronous": "full"}
    pipeline = Pipeline.from_policy(policy({"store": entry}))
    store = limiter_of(pipeline).store
    assert isinstance(store, SqliteStore)
    assert (store.path, store.timeout_s, store.synchronous) == (entry["path"], 0.2, "full")
    assert pipeline.policy() == policy({"store": entry})
    limiter_of(pipeline).reserve()
    assert limiter_of(Pipeline.from_policy(pipeline.policy())).peek()[0].remaining == 4


def test_the_parameters_of_a_store_arrive() -> None:
    entry = {"kind": "redis", "server": SERVER, "local_share": 0.25, "failures": 5}
    store = limiter_of(Pipeline.from_policy(policy({"store": entry}))).store
    assert isinstance(store, RedisStore)
    assert (store.local_share, store.failures, store.prefix) == (0.25, 5, "genai_guard")
    assert repr(store) == "<RedisStore redis://127.0.0.1:1/0, up>"


def test_a_store_of_ones_own_is_named_by_its_module() -> None:
    pipeline = Pipeline.from_policy(policy({"store": f"{__name__}:STORE"}))
    assert limiter_of(pipeline).store is STORE
    assert pipeline.policy() == policy({"store": f"{__name__}:STORE"})


def test_a_store_of_ones_own_may_be_leased_from() -> None:
    pipeline = Pipeline.from_policy(policy({"store": {"kind": "leased", "store": f"{__name__}:STORE"}}))
    store = limiter_of(pipeline).store
    assert isinstance(store, LeasedStore)
    assert store.store is STORE


def test_memory_is_left_out_where_nothing_is_said_of_it() -> None:
    for given in ({}, {"store": None}, {"store": {"kind": "memory"}}):
        assert Pipeline.from_policy(policy(given)).policy() == {"version": 1, "limits": LIMITS}


def test_pipelines_made_in_python_say_what_their_limiter_is_told() -> None:
    limiter = RateLimiter(
        Limit.requests(5, per="minute"),
        store=RedisStore(env("LIMITS_URL"), prefix="p"),
        adapt=Adaptive(Limit.requests(9, per="minute"), max_keys=3),
        max_waiting=7,
    )
    store = {"kind": "redis", "server": SERVER, "prefix": "p"}
    adapt = {"limits": [{"requests": 9, "per": "minute"}], "max_keys": 3}
    assert Pipeline(limiter=limiter).policy() == policy({"store": store, "adapt": adapt, "max_waiting": 7})


def test_limits_of_the_provider_alone_are_a_section() -> None:
    upstream = [{"requests": 9, "per": "minute"}]
    pipeline = Pipeline.from_policy(policy({"adapt": {"limits": upstream}}))
    assert pipeline.policy() == {"version": 1, "limits": LIMITS, "upstream": upstream}
    assert pipeline == Pipeline.from_policy(pipeline.policy())


def test_a_client_has_no_place_in_a_file() -> None:
    import redis

    client = redis.Redis(socket_timeout=0.05, socket_connect_timeout=0.05)
    pipeline = Pipeline(limiter=RateLimiter(Limit.requests(5, per="day"), store=RedisStore(client)))
    with pytest.raises(ConfigurationError, match=r"^limiter\.store\.server: Redis has no place in a policy file"):
        pipeline.policy()


def test_a_store_of_ones_own_that_no_policy_named_has_no_place_in_a_file() -> None:
    class Mine:
        def bind(self, *args: Any) -> Any:
            return MemoryStore().bind(*args)

    with pytest.raises(ConfigurationError, match=r"^limiter\.store: Mine has no place in a policy file"):
        Pipeline(limiter=RateLimiter(Limit.requests(5, per="day"), store=Mine())).policy()


UPSTREAM = {"upstream": LIMITS}
MISTAKES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"store": {"kind": "redsi"}},
        {},
        'store.kind: must be one of "memory", "sqlite", "redis", "async_redis", "leased", ',
    ),
    ({"store": {"kind": "redsi"}}, {}, 'not "redsi": did you mean "redis"?'),
    ({"store": {"server": "redis://h"}}, {}, 'store: has no "kind", which must be one of "memory"'),
    ({"store": "redis"}, {}, 'store: must be a mapping such as {kind: redis}, not "redis"'),
    ({"store": "os:sep"}, {}, 'store: must name a store; "os:sep" is str'),
    ({"store": "genai_guard.limits:MemoryStore"}, {}, "store: must name a store"),
    ({"store": "no_such_module:store"}, {}, "store: cannot be imported: there is no module 'no_such_module'"),
    ({"store": {"kind": "redis"}}, {}, "store.server: is missing: it must be text, or {env: NAME}"),
    (
        {"store": {"kind": "redis", "server": "http://h"}},
        {},
        "store.server: RedisStore(server='http://h'): must be such",
    ),
    (
        {"store": {"kind": "redis", "server": SERVER, "timeout_s": 0}},
        {},
        "store.timeout_s: RedisStore(timeout_s=0.0): ",
    ),
    ({"store": {"kind": "redis", "server": SERVER, "url": 1}}, {}, "store.url: unknown field"),
    ({"store": {"kind": "redis", "server": SERVER, "on_outage": "wait"}}, {}, 'store.on_outage: must be one of "deny"'),
    (
        {"store": {"kind": "sqlite", "path": "/no/such/folder/u"}},
        {},
        "store.path: SqliteStore(path='/no/such/folder/u')",
    ),
    ({"store": {"kind": "memory", "max_keys": 0}}, {}, "store.max_keys: MemoryStore(max_keys=0): "),
    ({"store": {"kind": "memory", "clock": 0}}, {}, "store.clock: unknown field"),
    ({"store": {"kind": "leased", "store": {"kind": "leased"}}}, {}, "store.store.store: is missing"),
    ({"store": {"kind": "leased", "store": {"kind": "memory"}, "share": 3}}, {}, "store.share: LeasedStore(share=3.0)"),
    (
        {"store": {"kind": "leased", "store": {"kind": "sqlite", "path": "/no/such/folder/u"}}},
        {},
        "store: SqliteStore(path=",
    ),
    (
        {"store": {"kind": "leased", "store": {"kind": "memory"}}},
        {"limits": [{"concurrent": 3}]},
        "store: LeasedStore: '3 calls at once': calls in flight cannot be leased",
    ),
    ({"max_waiting": 0}, {}, "max_waiting: RateLimiter(max_waiting=0): "),
    ({"wait_s": -1}, {}, "wait_s: RateLimiter(wait_s=-1.0): must be a number of seconds from 0 to 10**6, or None"),
    ({"on_overrun": "tear"}, {}, 'on_overrun: must be one of "debt", "stop", not "tear"'),
    ({"max_waitin": 1}, {}, 'max_waitin: unknown field: did you mean "max_waiting"?'),
    ({"adapt": {}}, {}, "adapt: Adaptive(): takes at least one limit"),
    (
        {"adapt": {"limits": [{"usd": 5, "per": "day"}]}},
        {},
        "adapt: Adaptive('$5/calendar day'): takes limits of requests",
    ),
    ({"adapt": {"limits": LIMITS, "max_keys": 0}}, {}, "adapt.max_keys: Adaptive(max_keys=0): "),
    ({"adapt": {"limits": LIMITS}}, UPSTREAM, "adapt: stands beside upstream, which says the same: keep one of them"),
    ({"max_waiting": 5}, {"limits": []}, ": needs limits beside it: add the limits of your own callers"),
]


@pytest.mark.parametrize(("limiter", "sections", "message"), MISTAKES)
def test_a_mistake_is_named_with_its_field_and_the_remedy(
    limiter: dict[str, Any], sections: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Pipeline.from_policy(policy(limiter) | sections)
    (line,) = str(raised.value).splitlines()
    assert line.startswith("policy: limiter")
    assert message in line


def test_what_a_store_says_of_limits_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "version: 1\nlimits:\n- {requests: 5, per: day}\nlimiter:\n  max_waiting: 3\n  store:\n    kind: sqlite\n"
        "    path: /no/such/folder/u\n"
    )
    with pytest.raises(ConfigurationError) as raised:
        Pipeline.from_policy(path)
    assert str(raised.value).startswith(f"{path}:8: limiter.store.path: ")


CLOCKS = {"clock", "wall_clock", "now"}


@pytest.mark.parametrize(
    "part", [RateLimiter, Adaptive, MemoryStore, SqliteStore, RedisStore, AsyncRedisStore, LeasedStore]
)
def test_every_parameter_has_a_place_but_clocks(part: Callable[..., Any]) -> None:
    """A parameter that is added has one by itself, or needs a decision."""
    kind: Any = LimiterOptions if part is RateLimiter else part
    forms = [*forms_of(LimiterOptions), *forms_of(Adaptive), *forms_of(Store)]
    form = next(form for form in forms if form.build is kind)
    elsewhere = {"limits"} if part is RateLimiter else set()
    assert entry_of(form).words.keys() - {"kind"} == inspect.signature(part).parameters.keys() - CLOCKS - elsewhere
