"""`kill -9` at random moments, of processes that log and of those that export: nothing acknowledged is lost, no row is
torn, and exports neither lose nor double any."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from recording.killing import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

SCRIPT = """
import gc, json, math, os, random, sys
from itertools import count
from genai_guard.recording import *
from genai_guard.recording.exports import export_delta, export_parquet
from genai_guard.recording.exports.arrow import arrow_batches
from recording.killing import kill_at_random

kind, rounds, folder, to = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
chance = random.Random(7)

def log():
    redact = Redactor(scan=no_scan)
    if kind == "jsonl":
        return InferenceLog(folder, max_segment_mb=0.03, redact=redact)
    return SqliteInferenceLog(folder + "/log.sqlite", redact=redact)

def load(acknowledge):
    recorder = MetricsRecorder(log=log())
    name, width = os.getpid(), chance.choice([1, 3, 20])
    for number in count():
        recorder.record(Event(1.7e9, f"{name}-{number}"))
        if number % width == 0:
            assert recorder.flush(timeout_s=30)
            acknowledge(str(number))

def export(acknowledge):
    acknowledge("begun")
    return {"parquet": export_parquet, "delta": export_delta}[to](log(), folder + "/" + to)

with MetricsRecorder(log=log()) as warm:
    warm.record(Event(1.7e9, f"{os.getpid()}-0"))
if to != "none":
    import pyarrow.parquet
    list(arrow_batches(log().read(), print))  # pyarrow imports the half of what it needs when it is first used
gc.freeze()

acknowledged = []
for round in range(rounds):
    acknowledged.append(kill_at_random(load, within_s=0.008, chance=chance))
    if to != "none":
        within_s = 0.03 if round % 8 else math.inf  # some get through, however slow the machine is
        kill_at_random(export, within_s=within_s, chance=chance)
skipped = []
rows = list(log().read(on_skip=lambda segment, number: skipped.append(segment.name)))
last = export(len) if to != "none" else None
print(json.dumps({
    "acknowledged": [int(said[-1]) + 1 for said in acknowledged],
    "ids": [row["request_id"] for row in rows],
    "whole": all(len(row) == len(rows[0]) for row in rows),
    "skipped": skipped,
    "last": last and last.rows,
}))
"""


def check(found: dict[str, Any], rounds: int) -> None:
    """What was acknowledged is there, in order, once and whole."""
    ids = found["ids"]
    assert len(set(ids)) == len(ids)
    assert found["whole"]
    assert len(found["skipped"]) <= rounds
    assert len(found["skipped"]) == len(set(found["skipped"]))
    by_child: dict[str, list[int]] = {}
    for each in ids:
        child, number = each.split("-")
        by_child.setdefault(child, []).append(int(number))
    assert all(numbers == list(range(len(numbers))) for numbers in by_child.values())
    kept = sorted(map(len, by_child.values()), reverse=True)
    acknowledged = sorted(found["acknowledged"], reverse=True)
    assert all(rows >= said for rows, said in zip([*kept, *([0] * rounds)], acknowledged, strict=False))
    assert sum(acknowledged) > rounds


def test_200_kills_lose_no_acknowledged_row_and_exports_to_parquet_lose_and_double_none(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")

    found = run(SCRIPT, "jsonl", 100, tmp_path, "parquet")  # a hundred that log, a hundred that export

    check(found, 100)
    exported = parquet.read_table(tmp_path / "parquet", columns=["request_id"]).column(0).to_pylist()
    assert Counter(exported) == Counter(found["ids"])
    assert found["last"] < len(found["ids"])  # those that were killed have done most of it


def test_a_log_in_sqlite_loses_and_doubles_none_either(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")

    found = run(SCRIPT, "sqlite", 25, tmp_path, "parquet")

    check(found, 25)
    exported = parquet.read_table(tmp_path / "parquet", columns=["request_id"]).column(0).to_pylist()
    assert Counter(exported) == Counter(found["ids"])


@pytest.mark.parametrize("kind", ["jsonl", "sqlite"])
def test_an_export_to_delta_that_is_killed_loses_and_doubles_none(tmp_path: Path, kind: str) -> None:
    deltalake = pytest.importorskip("deltalake", reason="needs deltalake: nox -s tables")

    found = run(SCRIPT, kind, 30, tmp_path, "delta")

    check(found, 30)
    table = deltalake.DeltaTable(str(tmp_path / "delta"))
    exported = table.to_pyarrow_table(columns=["request_id"]).column(0).to_pylist()
    assert Counter(exported) == Counter(found["ids"])
