"""A server for all tests here, and stores on it whose clock a test moves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from hashlib import sha1
from typing import Any

import pytest
import redis

from genai_guard.errors import Rejected
from genai_guard.limits import RateLimiter
from genai_guard.limits.stores.redis import RedisStore, links, scripts
from limits.books import Book, Clock
from limits.stores.servers import Server

UNHURRIED_S = 30.0  # a busy machine is no outage
CLOCK = b"clock of a test"

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("valkey"))
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture
def fragile(tmp_path: Any) -> Iterator[Server]:
    """A server for one test, to be ill-treated."""
    running = Server(tmp_path)
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with redis.Redis.from_url(server.url) as connection:
        yield connection


@pytest.fixture
def make_store(server: Server) -> Iterator[Callable[..., RedisStore]]:
    """Return stores that share nothing with those of other tests unless they have the same prefix."""
    made: list[RedisStore] = []

    def make(**options: Any) -> RedisStore:
        store = RedisStore(server.url, **{"prefix": f"p{next(_numbers)}", "timeout_s": UNHURRIED_S, **options})
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()


@pytest.fixture
def own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scripts read the time from a key of the test, instead of asking the server for it."""

    def timed(name: str) -> scripts.Script:
        text = scripts.script(name).text.replace("call('TIME')", f"cjson.decode(call('GET', '{CLOCK.decode()}'))")
        return scripts.Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())

    monkeypatch.setattr(links, "script", timed)


class TimedStore:
    """A store that tells the server the time of a test's clock before every request."""

    def __init__(self, store: RedisStore, client: Any, wall: Clock) -> None:
        self.store, self.client, self.wall = store, client, wall
        self.told = -1
        link: Any = store._link
        self.send, link.send = link.send, self.tell

    def tell(self, request: Any) -> Any:
        if self.told != self.wall.now:
            seconds, rest = divmod(self.wall.now // 1_000, 10**6)
            self.client.set(CLOCK, f"[{seconds},{rest}]")
            self.told = self.wall.now
        return self.send(request)

    def bind(self, *args: Any) -> Any:
        return self.store.bind(*args)


@pytest.fixture
def books(own_time: None, make_store: Callable[..., RedisStore], client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let books be kept on the server."""
    del own_time

    def make(_clock: Clock, wall: Clock) -> Any:
        return TimedStore(make_store(), client, wall)

    monkeypatch.setattr(Book, "make", staticmethod(make))


def count(limiter: RateLimiter, most: int = 40, **asked: Any) -> int:
    admitted = 0
    for _ in range(most):
        try:
            limiter.reserve(**asked)
        except Rejected:
            continue
        admitted += 1
    return admitted
