"""Ceilings of a fleet: what the provider says to one process holds for all that meet on a server."""

from __future__ import annotations

from genai_guard import Limit
from genai_guard.limits import Adaptive
from genai_guard.limits.stores.redis import RedisStore
from limits.stores.redis.conftest import UNHURRIED_S
from limits.stores.servers import Server
from limits.test_adaptive import SlowDown


def process(server: Server) -> Adaptive:
    store = RedisStore(server.url, prefix="ceilings", timeout_s=UNHURRIED_S)
    return Adaptive(Limit.requests(100, per="minute", by="model"), store=store, share_every_s=60)


def test_a_fleet_obeys_what_one_of_it_hears(server: Server) -> None:
    one, *others = (process(server) for _ in range(3))
    one.hear(SlowDown(retry_after="600"), model="big")
    for each in (one, *others):
        assert each.hearsay is not None
        each.hearsay.look()
    for other in others:
        assert other.ceilings(model="big")[0].amount == 70
        assert 500 < other.ceilings(model="big")[0].paused_s <= 600
    assert one.hearsay is not None
    one.hearsay.close()
