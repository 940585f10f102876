from __future__ import annotations

import json
import pickle
import re
from dataclasses import asdict

from genai_guard.recording import Quantiles, Snapshot

EMPTY = Snapshot(3600.0)
BUSY = Snapshot(
    300.0,
    slice={"model": "<b>large</b>"},
    calls=1204,
    errors=12,
    error_rate=12 / 1204,
    blocked=8,
    denied=20,
    statuses={"ok": 1164, "rate_limited": 20, "error": 12, "blocked": 8},
    latency_ms=Quantiles(1176, 812.4, 1900.0, 2412.3),
    overhead_ms=Quantiles(1204, 0.0412, 0.08, 0.1),
    input_tokens=120_000,
    output_tokens=30_000,
    cost_usd=1.23456,
    unpriced=3,
    guardrail_hits={"pii": {"redact": 12, "block": 1}},
    shadow_hits={"tone": {"flag": 2}},
    error_types={"APIError": 12},
    denials={"per-user": 20},
    shadow_denials={"per-day": 3},
    retries=4,
    fallbacks={"backup": 2},
    cache_hits=1,
    inter_token_ms=Quantiles(9, 12.5, 30.0, 41.0),
    queue_ms=Quantiles(6, 250.0, 400.0, 400.0),
    overflowed=7,
    dropped={"log.queue_full": 5},
)


def test_nothing_recorded_is_all_zeros_and_no_percentiles() -> None:
    assert (EMPTY.calls, EMPTY.errors, EMPTY.error_rate, EMPTY.cost_usd) == (0, 0, 0.0, 0.0)
    assert EMPTY.latency_ms == Quantiles(0, None, None, None)
    assert "0 calls in the last 3600 s" in str(EMPTY)


def test_it_prints_as_a_table() -> None:
    assert str(BUSY) == (
        "1,204 calls in the last 300 s, model '<b>large</b>'\n"
        "  errors             12 (1.00%): APIError 12\n"
        "  blocked            8\n"
        "  denied             20: per-user 20\n"
        "  denied in shadow   per-day 3\n"
        "  statuses           ok 1,164, rate_limited 20, error 12, blocked 8\n"
        "  latency            p50       812 ms  p95     1,900 ms  p99     2,412 ms\n"
        "  of it model        p50            -  p95            -  p99            -\n"
        "  overhead           p50    0.0412 ms  p95      0.08 ms  p99       0.1 ms\n"
        "  first token        p50            -  p95            -  p99            -\n"
        "  between tokens     p50      12.5 ms  p95        30 ms  p99        41 ms\n"
        "  waited             p50       250 ms  p95       400 ms  p99       400 ms  of 6 calls\n"
        "  tokens             in 120,000, out 30,000, cached 0\n"
        "  cost               $1.2346 (3 calls have no price)\n"
        "  answered           retries 4, cache hits 1, fallbacks backup 2\n"
        "  guardrail hits     pii: redact 12, block 1\n"
        "  in shadow mode     tone: flag 2\n"
        "  not in this slice  7 calls counted under __other__ may belong to it\n"
        "  dropped            log.queue_full 5"
    )


def test_a_notebook_shows_it_escaped() -> None:
    html = BUSY._repr_html_()

    assert "&lt;b&gt;large&lt;/b&gt;" in html
    assert "<b>" not in html
    assert html.count("<tr>") == 18
    assert re.search(r">p50 \d+ ms, p95 [\d,]+ ms, p99 ", html)
    assert "http" not in html


def test_a_row_is_flat_and_has_a_column_for_each_name() -> None:
    row = BUSY.row()

    assert row["latency_p95_ms"] == 1900.0
    assert (row["guardrail_hits.pii.redact"], row["error_types.APIError"], row["fallbacks.backup"]) == (12, 12, 2)
    assert all(value is None or isinstance(value, int | float | str) for value in row.values())


def test_it_is_a_value_that_travels() -> None:
    assert pickle.loads(pickle.dumps(BUSY)) == BUSY
    assert json.loads(json.dumps(asdict(BUSY)))["guardrail_hits"] == {"pii": {"redact": 12, "block": 1}}
