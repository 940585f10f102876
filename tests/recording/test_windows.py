from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.messages import Caller, Usage
from genai_guard.recording.dimensions import OTHER, STATUSES
from genai_guard.recording.event import Event
from genai_guard.recording.series import Hit
from genai_guard.recording.snapshot import Snapshot, snapshot
from genai_guard.recording.windows import Windows
from genai_guard.verdicts import Action, Finding, Verdict


def call(**values: Any) -> Event:
    return Event(time_s=0.0, request_id="r", **values)


def seen(windows: Windows, now: float, window_s: float = 3600.0, **wanted: str) -> Snapshot:
    places = {windows.dimensions.index(name): value for name, value in wanted.items()}
    series = windows.series(now, window_s)
    return snapshot(series, window_s=window_s, wanted=places, dimensions=windows.dimensions, dropped={})


events = st.builds(
    call,
    status=st.sampled_from(STATUSES),
    model=st.sampled_from(["small", "large"]),
    stage=st.sampled_from(["input", "limits", "call", "done"]),
    latency_s=st.floats(1e-6, 1e3),
    usage=st.builds(Usage, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)),
    cost_usd=st.none() | st.floats(0, 10),
)


@given(st.lists(st.tuples(st.floats(0, 3000), events), max_size=60))
def test_every_event_is_counted_once_in_all_and_once_in_its_slice(calls: list[tuple[float, Event]]) -> None:
    windows = Windows(("status", "model"))
    for now, event in sorted(calls, key=lambda pair: pair[0]):
        windows.add(now, event)

    parts = [seen(windows, 3000.0, model=model, status=status) for model in ("small", "large") for status in STATUSES]

    total = seen(windows, 3000.0)
    assert total.calls == sum(part.calls for part in parts) == len(calls)
    assert total.input_tokens == sum(event.usage.input_tokens for _, event in calls)
    assert sum(total.statuses.values()) == len(calls)


@given(st.lists(st.floats(1e-6, 100), min_size=1, max_size=200), st.floats(0, 1))
def test_latency_model_time_and_overhead_are_within_one_percent(latencies: list[float], share: float) -> None:
    windows = Windows(("status",))
    for latency_s in latencies:
        windows.add(0.0, call(latency_s=latency_s, model_s=latency_s * share))

    found = seen(windows, 0.0)

    def exact(values: list[float], at: float) -> float:
        return sorted(values)[math.ceil(at * len(values) - 1e-9) - 1] * 1e3

    own = [latency_s - latency_s * share for latency_s in latencies]
    for quantiles, values in (
        (found.latency_ms, latencies),
        (found.model_ms, [latency_s * share for latency_s in latencies]),
        (found.overhead_ms, own),
    ):
        ours = (quantiles.p50, quantiles.p95, quantiles.p99)
        assert ours == pytest.approx([exact(values, at) for at in (0.5, 0.95, 0.99)], rel=0.01, abs=1.1e-6)


def test_a_window_forgets_what_is_older() -> None:
    windows = Windows(("status",))
    for now in range(0, 7200, 10):
        windows.add(float(now), call())

    assert [seen(windows, 7190.0, window_s).calls for window_s in (10.0, 300.0, 3600.0)] == [2, 31, 361]


def test_what_is_older_than_an_hour_is_not_kept() -> None:
    windows = Windows(("status", "user"))
    for now in range(0, 36_000, 10):
        windows.add(float(now), call(caller=Caller(user=f"u{now}")))

    assert len(list(windows.series(1e9, 2e9))) == 361
    assert len(windows) == 361


def test_an_event_late_by_a_moment_is_still_counted() -> None:
    windows = Windows(("status",))
    windows.add(10.0, call())
    windows.add(9.999, call())

    assert seen(windows, 10.0).calls == 2


def test_refused_calls_do_not_make_latency_look_good() -> None:
    windows = Windows(("status",))
    windows.add(0.0, call(latency_s=2.0, model_s=1.9))
    for _ in range(99):
        windows.add(0.0, call(status="rate_limited", stage="limits", latency_s=1e-5))

    found = seen(windows, 0.0)

    assert found.latency_ms.count == 1
    assert found.latency_ms.p50 == pytest.approx(2000, rel=0.01)
    assert found.overhead_ms.count == 100


def test_only_what_broke_counts_as_an_error() -> None:
    windows = Windows(("status",))
    for status in STATUSES:
        windows.add(0.0, call(status=status))

    found = seen(windows, 0.0)

    assert (found.errors, found.error_rate) == (4, 4 / 10)
    assert (found.blocked, found.denied) == (1, 2)
    assert found.statuses == dict.fromkeys(STATUSES, 1)


def test_durations_above_a_threshold_are_counted_exactly() -> None:
    windows = Windows(("status",), thresholds_s=(0.5, 1.0))
    for latency_s in (0.4, 0.5, 0.500001, 1.0, 1.1):
        windows.add(0.0, call(latency_s=latency_s))
    windows.add(0.0, call(latency_s=9.0, stage="input", status="blocked"))

    counts = windows.counts(0.0, 300.0)

    assert counts.reached == 5
    assert counts.slow == {0.5: 3, 1.0: 1}


def test_hits_errors_and_denials_are_counted_by_name() -> None:
    windows = Windows(("status",))
    hits = (Verdict(Action.REDACT, guard="pii"), Verdict(Action.FLAG, guard="tone", mode="shadow"))
    anonymous = Verdict(Action.BLOCK, findings=(Finding("r", "C", guard="length"),))
    windows.add(0.0, call(verdicts=(*hits, anonymous), status="error", error_type="ValueError"))
    windows.add(0.0, call(verdicts=hits, status="rate_limited", error_type="RateLimited", denied_by="per-user"))

    found = seen(windows, 0.0)

    assert found.guardrail_hits == {"length": {"block": 1}, "pii": {"redact": 2}}
    assert found.shadow_hits == {"tone": {"flag": 2}}
    assert found.error_types == {"ValueError": 1}
    assert found.denials == {"per-user": 1}
    assert windows.counts(0.0, 60.0).hits[Hit("pii", "redact", "enforce")] == 2


def test_what_few_calls_have_is_counted() -> None:
    windows = Windows(("status",))
    windows.add(0.0, call(attempts=3, retries=2, answered_by="backup", shadow_denials=("per-user", "per-day")))
    windows.add(0.0, call(answered_by="cache", shadow_denials=("per-user",)))
    windows.add(0.0, call(attempts=1, queue_s=0.5, latency_s=1.0, model_s=0.4))
    windows.add(0.0, call(first_token_s=0.2, inter_token_s=0.04, latency_s=1.0))
    windows.add(0.0, call(first_token_s=0.3, latency_s=1.0))

    found = seen(windows, 0.0)

    assert (found.retries, found.cache_hits, found.fallbacks) == (2, 1, {"backup": 1})
    assert found.shadow_denials == {"per-user": 2, "per-day": 1}
    assert found.queue_ms.p50 == pytest.approx(500, rel=0.01)
    assert found.inter_token_ms.p99 == pytest.approx(40, rel=0.01)
    assert (found.queue_ms.count, found.inter_token_ms.count, found.first_token_ms.count) == (1, 1, 2)


def test_error_classes_made_up_by_calls_do_not_pile_up() -> None:
    windows = Windows(("status",))
    for number in range(1000):
        windows.add(0.0, call(status="error", error_type=f"Error{number}"))

    types = seen(windows, 0.0).error_types

    assert len(types) == 65
    assert types[OTHER] == 1000 - 64


def test_money_adds_up_exactly() -> None:
    windows = Windows(("status",))
    for _ in range(500):
        windows.add(0.0, call(cost_usd=0.1))

    assert seen(windows, 0.0).cost_usd == 50.0


def test_calls_with_tokens_but_no_price_are_told() -> None:
    windows = Windows(("status",))
    windows.add(0.0, call(usage=Usage(10, 5)))
    windows.add(0.0, call(usage=Usage(10, 5), cost_usd=0.0))
    windows.add(0.0, call(status="blocked", stage="input"))

    assert seen(windows, 0.0).unpriced == 1


def test_ten_thousand_users_stay_under_the_cap_and_no_call_is_lost() -> None:
    windows = Windows(("status", "user"), max_series=100)
    for number in range(10_000):
        windows.add(number / 100, call(caller=Caller(user=f"u{number}"), status="error" if number % 10 else "ok"))

    found = seen(windows, 100.0)

    assert len(windows) <= 102
    assert (found.calls, found.errors) == (10_000, 9_000)


def test_a_slice_tells_how_many_calls_it_may_lack() -> None:
    windows = Windows(("status", "user"), max_series=1)
    for user in ("a", "b", "c", "a"):
        windows.add(0.0, call(caller=Caller(user=user)))

    assert (seen(windows, 0.0, user="a").calls, seen(windows, 0.0, user="a").overflowed) == (2, 2)
    assert (seen(windows, 0.0, user=OTHER).calls, seen(windows, 0.0).overflowed) == (2, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency_s": math.nan},
        {"model_s": -math.inf},
        {"first_token_s": math.nan},
        {"first_token_s": 0.1, "inter_token_s": math.inf},
        {"queue_s": math.nan},
        {"cost_usd": math.inf},
        {"usage": None},
    ],
)
def test_a_malformed_event_is_not_half_counted(wrong: dict[str, Any]) -> None:
    windows = Windows(("status",))

    with pytest.raises((ValueError, OverflowError, TypeError)):
        windows.add(0.0, call(**wrong))

    assert seen(windows, 0.0) == Snapshot(3600.0)


def test_reading_an_hour_of_ten_series_is_quick_and_right() -> None:
    source = random.Random(9)
    windows = Windows(("status", "model"))
    values: list[float] = []
    for second in range(0, 3600, 10):
        for model in range(10):
            values.append(source.lognormvariate(-0.7, 0.8))
            windows.add(float(second), call(model=f"m{model}", latency_s=values[-1]))

    p99 = seen(windows, 3599.0).latency_ms.p99

    assert p99 == pytest.approx(sorted(values)[math.ceil(0.99 * 3600) - 1] * 1e3, rel=0.01)
