"""Connections of a store's own: no reply goes astray, none is shared with a child, and there are enough of them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

import pytest
import redis

from genai_guard.limits.stores.redis import AsyncRedisStore
from genai_guard.limits.stores.redis.connections import Connections
from genai_guard.limits.stores.redis.outage import Outage
from genai_guard.limits.stores.redis.shared import Call, Scan
from limits.stores.servers import Server


@pytest.fixture
def own(server: Server) -> Iterator[Connections]:
    pool: Any = redis.ConnectionPool.from_url(server.url, protocol=2, socket_timeout=5)
    connections = Connections(pool)
    yield connections
    connections.close()
    pool.close()


def test_a_reply_nobody_has_waited_for_is_not_read_by_the_next_command(
    own: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.run("PING")
    kind: Any = type(own._idle[0])
    with monkeypatch.context() as patch:
        patch.setattr(kind, "read_response", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            own.run("ECHO", "the first")
    assert own.run("ECHO", "the second") == b"the second"


def test_a_refusal_by_the_server_is_a_reply(own: Connections) -> None:
    with pytest.raises(redis.exceptions.NoScriptError):
        own.run("EVALSHA", "0" * 40, 0)
    assert len(own._idle) == 1
    assert own.run("PING") == b"PONG"


def test_a_server_that_has_hung_up_is_asked_anew_the_next_time(own: Connections) -> None:
    own.run("PING")
    first = own._idle.pop()
    own.run("PING")
    own._idle.append(first)
    own.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    own._idle.rotate()
    with pytest.raises(redis.exceptions.ConnectionError):
        own.run("PING")
    assert own.run("PING") == b"PONG"


def test_there_are_as_many_as_threads_at_once(own: Connections, server: Server) -> None:
    barrier = Barrier(120)

    def ask(number: int) -> Any:
        barrier.wait()
        return own.run("ECHO", number)

    with ThreadPoolExecutor(120) as threads:
        assert list(threads.map(ask, range(120))) == [b"%d" % number for number in range(120)]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_uses_none_of_its_parents(own: Connections) -> None:
    parent = own.run("CLIENT", "ID")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(own.run("CLIENT", "ID")).encode())
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert int(os.read(reading, 100)) != parent
    assert own.run("CLIENT", "ID") == parent


@pytest.mark.parametrize("request_", [Scan(b"*"), Call("look", [b"{p}:t"], [])], ids=["a scan", "a script"])
async def test_a_server_that_hangs_is_awaited_no_longer_than_said(fragile: Server, request_: Any) -> None:
    store = AsyncRedisStore(fragile.url, timeout_s=0.1)
    link: Any = store._link
    with suppress(Outage):  # of a busy machine
        await link.send(Scan(b"*"))
    fragile.stall()
    with pytest.raises(Outage, match="Timeout"):
        await asyncio.wait_for(link.send(request_), 10)
    fragile.go_on()
    await store.close()


def _interrupted(*_args: Any, **_options: Any) -> Any:
    raise KeyboardInterrupt
