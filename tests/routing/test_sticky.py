"""Sticky stores: one table of cases for all, and that none of them can fail a call."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, Variant
from genai_guard.routing import Reason
from genai_guard.routing.sticky import (
    MemoryStickyStore,
    RedisStickyStore,
    SqliteStickyStore,
    Steady,
    StickyKey,
    StickyStore,
)
from limits.stores.servers import Server

ANN, BOB = StickyKey("checkout", 1, "ann"), StickyKey("checkout", 1, "bob")
UNHURRIED_S = 30.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no server for it")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("valkey"))
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Return stores of one kind that share what they keep, as far as that kind can."""
    made: list[Any] = []

    def build() -> Any:
        if request.param == "memory":
            return MemoryStickyStore()
        if request.param == "sqlite":
            made.append(SqliteStickyStore(tmp_path / "sticky.sqlite", timeout_s=UNHURRIED_S))
        else:
            url = request.getfixturevalue("server").url
            made.append(RedisStickyStore(url, prefix=tmp_path.name, timeout_s=UNHURRIED_S))
        return made[-1]

    yield build
    for store in made:
        store.close()


def test_a_variant_is_kept_for_its_unit_alone(make: Callable[[], Any]) -> None:
    store = make()
    assert isinstance(store, StickyStore)
    assert store.get(ANN) == ""
    store.set(ANN, "treatment")
    assert store.get(ANN) == "treatment"
    assert store.get(BOB) == store.get(ANN._replace(version=2)) == store.get(ANN._replace(experiment="other")) == ""


def test_a_variant_takes_the_place_of_the_one_before(make: Callable[[], Any]) -> None:
    store = make()
    store.set(ANN, "gone")
    store.set(ANN, "control")
    assert store.get(ANN) == "control"


@pytest.mark.parametrize("unit", ["\ud800", "\0", "x" * 100_000, "a:b", "é"])
def test_any_unit_is_kept(make: Callable[[], Any], unit: str) -> None:
    store = make()
    store.set(ANN._replace(unit=unit), "variant é")
    assert store.get(ANN._replace(unit=unit)) == "variant é"


def test_processes_share_what_they_keep(make: Callable[[], Any]) -> None:
    first, second = make(), make()
    first.set(ANN, "treatment")
    assert second.get(ANN) == ("" if isinstance(first, MemoryStickyStore) else "treatment")


def test_an_experiment_that_is_over_is_forgotten(make: Callable[[], Any]) -> None:
    store = make()
    if isinstance(store, MemoryStickyStore):
        pytest.skip("it forgets by itself")
    for key in (ANN, BOB, ANN._replace(version=2), ANN._replace(experiment="checkout-2")):
        store.set(key, "treatment")
    assert store.forget("checkout") == 3
    assert store.get(ANN) == ""
    assert store.get(ANN._replace(experiment="checkout-2")) == "treatment"


def test_a_prefix_is_no_pattern(server: Server) -> None:
    """What is removed is removed for good."""
    wide, other = (RedisStickyStore(server.url, prefix=each, timeout_s=UNHURRIED_S) for each in ("a[b]*", "ab-other"))
    for store in (wide, other):
        store.set(ANN, "treatment")
    assert wide.forget("checkout") == 1
    assert (wide.get(ANN), other.get(ANN)) == ("", "treatment")
    for store in (wide, other):
        store.close()


def test_no_identifier_of_a_unit_is_written_down(tmp_path: Path, server: Server) -> None:
    key = StickyKey("checkout", 1, "ann@acme.example")
    file, shared = SqliteStickyStore(tmp_path / "sticky.sqlite"), RedisStickyStore(server.url, timeout_s=UNHURRIED_S)
    for store in (file, shared):
        store.set(key, "control")
        store.close()
    assert b"acme" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    with shared._client as client:
        assert not client.keys("*acme*")
        assert 0 < client.ttl(client.keys("genai_guard:sticky:*")[0]) <= shared.ttl_s
    assert "acme" not in repr(key)


def test_memory_forgets_what_was_set_first() -> None:
    store = MemoryStickyStore(max_units=2)
    for unit in "abc":
        store.set(ANN._replace(unit=unit), "control")
    assert len(store) == 2
    assert store.get(ANN._replace(unit="a")) == ""
    assert store.get(ANN._replace(unit="c")) == "control"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_opens_the_file_anew(tmp_path: Path) -> None:
    store = SqliteStickyStore(tmp_path / "sticky.sqlite", timeout_s=UNHURRIED_S)
    store.set(ANN, "control")
    child = os.fork()
    if child == 0:
        try:
            store.set(BOB, "treatment")
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert store.get(BOB) == "treatment"
    store.close()


class Broken:
    """A store that fails as it is told."""

    def __init__(self, *, error: BaseException | None = None, answer: Any = "treatment") -> None:
        self.error = error
        self.answer = answer
        self.asked = 0

    def get(self, key: StickyKey, /) -> Any:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.answer

    def set(self, key: StickyKey, variant: str, /) -> None:
        self.get(key)


def test_a_store_that_fails_is_as_if_nothing_were_known() -> None:
    steady = Steady(Broken(error=RuntimeError("ann")))
    assert steady.get(ANN) == ""
    steady.set(ANN, "control")
    assert steady.get(ANN) == "control"  # from memory
    assert steady.health == ("failing", 2, 0, "RuntimeError")


def test_a_store_that_is_down_is_left_alone() -> None:
    store = Broken(error=OSError())
    steady = Steady(store, failures=2, retry_s=3600)
    for unit in "abcde":
        assert steady.get(ANN._replace(unit=unit)) == ""
    assert store.asked == 2
    assert steady.health == ("down", 2, 3, "OSError")


def test_and_asked_again_after_a_while() -> None:
    store = Broken(error=OSError())
    steady = Steady(store, failures=1, retry_s=0)
    assert steady.get(ANN) == ""
    store.error = None
    assert steady.get(ANN) == "treatment"
    assert steady.health == ("up", 1, 0, "OSError")


def test_an_interrupt_passes_and_leaves_the_store_in_use() -> None:
    store = Broken(error=OSError())
    steady = Steady(store, failures=1, retry_s=0)
    steady.get(ANN)
    store.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        steady.get(ANN)
    store.error = None
    assert steady.get(ANN) == "treatment"


def test_an_answer_that_is_no_name_is_a_failure() -> None:
    steady = Steady(Broken(answer=b"treatment"))
    assert steady.get(ANN) == ""
    assert steady.health.last_error == "TypeError"


def test_each_unit_is_one_question() -> None:
    store = Broken()
    steady = Steady(store)
    assert steady.get(ANN) == steady.get(ANN) == "treatment"
    assert store.asked == 1


def test_a_server_that_is_gone_fails_no_call() -> None:
    steady = Steady(RedisStickyStore("redis://127.0.0.1:1/0"))
    assert steady.get(ANN) == ""
    assert steady.health.failed == 1


def test_a_file_that_is_none_fails_no_call_and_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "sticky.sqlite"
    path.write_bytes(b"this is no database, whatever its name may say")
    store = SqliteStickyStore(path)
    steady = Steady(store, failures=1, retry_s=0)
    assert steady.get(ANN) == ""
    assert steady.health.last_error == sqlite3.DatabaseError.__name__
    path.unlink()
    steady.set(ANN, "control")
    assert store.get(ANN) == "control"
    store.close()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MemoryStickyStore(max_units=0), r"max_units=0\): must be a whole number above zero"),
        (lambda: SqliteStickyStore(":memory:"), "path=':memory:'\\): must be the path of a file"),
        (lambda: SqliteStickyStore(""), "must be the path of a file"),
        (lambda: SqliteStickyStore("x", timeout_s=-1), "timeout_s=-1"),
        (lambda: RedisStickyStore("localhost:6379"), "must be such as 'redis://localhost:6379/0'"),
        (lambda: RedisStickyStore("redis://u:secret@x:99999"), r"^RedisStickyStore\(server='a URL'\): must be such as"),
        (lambda: RedisStickyStore("redis://[::1"), "must be such as"),
        (lambda: RedisStickyStore("redis://"), "must be such as"),
        (lambda: RedisStickyStore(object()), "takes a URL such as"),
        (lambda: RedisStickyStore("redis://x", prefix="a b"), "prefix='a b'"),
        (lambda: RedisStickyStore("redis://x", timeout_s=0), "timeout_s=0"),
        (lambda: RedisStickyStore("redis://x", ttl_s=0.5), "ttl_s=0.5"),  # type: ignore[arg-type]
        (lambda: Steady({}), "must be a store, such as SqliteStickyStore"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_work_is_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build()


def test_a_unit_keeps_its_variant_in_every_process_whatever_becomes_of_the_weights(make: Callable[[], Any]) -> None:
    before = Experiment("e", Variant("a", weight=9), Variant("b", weight=1), sticky=True)
    after = Experiment("e", Variant("a", weight=1), Variant("b", weight=9), sticky=True)
    store = make()
    units = list(map("u-{}".format, range(40)))
    kept = {unit: ExperimentRouter(before, sticky=store).assign(unit).variant for unit in units}
    router = ExperimentRouter(after, sticky=store if isinstance(store, MemoryStickyStore) else make())
    assert {unit: router.assign(unit).variant for unit in units} == kept
    assert {router.assign(unit).reason for unit in units} == {Reason.STICKY}


def test_a_router_whose_store_is_down_goes_by_the_hash() -> None:
    experiment = Experiment("e", Variant("a"), Variant("b"), sticky=True)
    router = ExperimentRouter(experiment, sticky=Broken(error=OSError()))
    plain = ExperimentRouter(Experiment("e", Variant("a"), Variant("b")))
    assert router.assign("ann").variant == plain.assign("ann").variant
    assert router.sticky is not None
    assert router.sticky.health.failed == 2
