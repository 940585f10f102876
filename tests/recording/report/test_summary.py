"""A log comes to the same whatever the order of its rows, and no log is too long, too wide or too damaged to be read."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import traffic
from genai_guard.errors import ConfigurationError
from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.feedback import Feedback
from genai_guard.recording.report import Arm, Summary, summarize
from genai_guard.recording.report.calls import call_of
from genai_guard.recording.report.counting import MOST_BINS, TimeBins
from genai_guard.recording.rows import day_and_time
from genai_guard.recording.series import Hit

T = 1_795_219_200.0


def row(time_s: float = T, **values: Any) -> dict[str, Any]:
    found = {"request_id": "r", "request_time": day_and_time(time_s)[1], "status": "ok", "stage": "done"}
    return found | {"model": "m", "latency_ms": 10.0, "model_ms": 9.0, "overhead_ms": 1.0, **values}


def test_a_call_is_counted_in_everything_it_belongs_to() -> None:
    hit = {"guard": "pii", "action": "redact", "mode": "enforce", "findings": [{"rule": "e", "category": "EMAIL"}]}
    arms = [{"experiment": "x", "variant": "b", "mode": "enforce"}]
    values: dict[str, Any] = {
        "input_tokens": 5,
        "output_tokens": 3,
        "cached_tokens": 2,
        "cost_usd": 0.25,
        "attempts": 2,
        "tenant": "t",
    }
    found = summarize([row(verdicts=[hit], assignments=arms, first_token_ms=4.0, queue_ms=2.0, **values)])
    for each in (
        found.total,
        next(slot for slot in found.slots if slot.calls),
        found.models["m"],
        found.tenants["t"],
        found.arms[Arm("x", "b", "enforce")],
    ):
        assert (each.calls, each.statuses, each.tokens, each.cached_tokens, each.usd) == (1, {"ok": 1}, 8, 2, 0.25)
        assert (each.hits, each.rules) == ({Hit("pii", "redact", "enforce"): 1}, {("e", "EMAIL"): 1})
        assert (each.retried, each.usd_by_model, each.unpriced) == (1, {"m": 0.25}, 0)
        assert each.latency_ms.p99 == pytest.approx(10, rel=0.01)
        assert each.first_token_ms.p50 == pytest.approx(4, rel=0.01)
        assert each.queue_ms.p50 == pytest.approx(2, rel=0.01)


def test_refusals_have_no_latency_and_their_limit_is_named() -> None:
    denied: dict[str, Any] = {
        "status": "rate_limited",
        "stage": "limits",
        "denied_by": "tokens",
        "shadow_denials": ["other"],
    }
    blocked: dict[str, Any] = {"status": "blocked", "stage": "input"}
    total = summarize(
        [row(**denied), row(**blocked), row(status="timeout", stage="call", error_type="APITimeoutError")]
    ).total
    assert (total.denied, total.blocked, total.errors[:2]) == (1, 1, (1, 3))
    assert (total.denials, total.shadow_denials) == ({"tokens": 1}, {"other": 1})
    assert (total.error_types, total.latency_ms.count) == ({"APITimeoutError": 1}, 1)


@given(st.lists(st.floats(0, 1e6) | st.floats(0, 7e9), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_every_call_is_in_one_slot(
    times: list[float], chance: random.Random
) -> None:
    rows = [row(time_s, model=f"m{number % 3}", cost_usd=0.5) for number, time_s in enumerate(times)]
    found = summarize(rows)
    chance.shuffle(rows)
    assert summarize(rows) == found
    assert sum(slot.calls for slot in found.slots) == len(times) == found.total.calls
    assert len(found.slots) <= MOST_BINS // 2
    assert found.span.seconds == len(found.slots) * found.width_s
    assert found.calls_span is not None
    assert found.span.since_s <= found.calls_span.since_s <= found.calls_span.until_s < found.span.until_s


@pytest.mark.parametrize(
    ("span_s", "width_s"), [(0, 1), (3599, 30), (86_399, 1200), (7 * 86_400, 7200), (30 * 86_400 - 1, 21_600)]
)
def test_slots_have_a_length_that_a_day_is_cut_into(span_s: float, width_s: int) -> None:
    found = summarize([row(T), row(T + span_s)])
    assert (found.width_s, len(found.slots) <= 120) == (width_s, True)


def test_an_hour_asked_for_is_shown_whole_and_nothing_beyond() -> None:
    found = summarize([row(T - 1), row(T + 60), row(T + 3600)], since_s=T, until_s=T + 3600)
    assert (found.span, found.total.calls, found.outside) == ((T, T + 3600), 1, 2)
    with pytest.raises(ConfigurationError, match="since is not before until"):
        summarize([], since_s=T, until_s=T)


def test_an_empty_log_has_no_slots_unless_a_time_is_asked_for() -> None:
    assert summarize([]).slots == ()
    assert summarize([], since_s=T, until_s=T + 60).calls_span is None


def test_very_many_names_are_counted_together() -> None:
    rows = [
        row(
            model=f"m{n}",
            tenant=f"t{n}",
            status="error",
            error_type=f"E{n}",
            assignments=[{"experiment": "x", "variant": f"v{n}"}],
        )
        for n in range(500)
    ]
    found = summarize(rows)
    assert (len(found.models), found.models[OTHER].calls) == (201, 300)
    assert (len(found.tenants), len(found.arms), len(found.total.error_types)) == (201, 201, 65)
    assert found.total.error_types[OTHER] == 436
    assert len(found.slots[11].usd_by_model) <= 65


@given(
    st.dictionaries(
        st.sampled_from(
            sorted({*row(), "verdicts", "assignments", "shadow_denials", "cost_usd", "sampling_fraction", "tenant"})
        ),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.just(10**400) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["findings", "guard", "variant"]), inner)
            ),
            max_leaves=6,
        ),
    )
)
def test_no_row_is_too_strange_to_be_read(values: dict[str, Any]) -> None:
    found = summarize([row() | json.loads(json.dumps(values))])
    assert found.rows == 1 == found.undated + found.total.seen


def test_rows_of_a_sample_stand_for_all_calls() -> None:
    kept = [row(sampling_fraction=0.1, cost_usd=0.5) for _ in range(9)]
    found = summarize([*kept, row(status="error", stage="call", error_type="E")])
    total = found.total
    assert (total.calls, total.seen, found.sampled, total.usd) == (91, 10, 9, 45)
    assert total.errors.value < 0.2
    assert total.errors.trials == 9  # as sure as nine calls, not as 91


def test_thumbs_find_their_calls_by_either_id() -> None:
    said = [
        Feedback(each, name="thumbs", value=value, time_s=T)
        for each, value in (("a", "up"), ("mine", "down"), ("?", "up"))
    ]
    rows = [row(request_id="a"), row(request_id="b", client_request_id="mine"), row(request_id="c")]
    found = summarize(rows, feedback=said)
    assert (found.total.up, found.total.down, found.feedback, found.unplaced) == (1, 1, 3, 1)
    assert found.models["m"].thumbs[:2] == (1, 2)


def test_memory_is_bounded_by_the_bins_and_not_by_the_calls() -> None:
    bins = TimeBins()
    for number in range(5000):
        bins.at(T + number * 997.0)
    assert len(bins.bins) <= MOST_BINS


def test_no_text_is_read() -> None:
    call = call_of(row(request="SECRET", response="SECRET", tags={"a": "SECRET"}, session="SECRET"))
    assert "SECRET" not in repr(call)


def test_a_day_of_traffic() -> None:
    found: Summary = summarize(traffic.rows(2000))
    assert (found.total.calls, found.width_s, len(found.slots)) == (2000, 1200, 72)
    assert list(found.models) == ["gpt-5-mini", "gpt-5", "claude-haiku"]
