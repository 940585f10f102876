"""The short form of the benchmark: what the pages say of false alarms and of medians can be simulated."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_every_line_of_the_benchmark_is_as_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numpy")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    benchmark = importlib.import_module("statistics_canary")
    rows = list(benchmark.simulate(quick=True))
    assert [row.what for row in rows if not row.good] == []
    assert {row.table for row in rows} >= {"false alarms", "sticky users", "controllers", "detection", "sample ratio"}
