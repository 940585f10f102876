"""Exact counts of three days, beside the slices of an hour."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.messages import Caller, Usage
from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.event import Event
from genai_guard.recording.series import Hit
from genai_guard.recording.windows import COARSE_S, COUNTED_S, KEPT_S, SLICE_S, Windows
from genai_guard.verdicts import Action, Verdict

HIT = (Verdict(Action.REDACT, guard="pii"),)
DAY_S = 86_400.0


def call(**values: Any) -> Event:
    return Event(time_s=0.0, request_id="r", **values)


calls = st.builds(
    call,
    status=st.sampled_from(["ok", "error", "blocked"]),
    model=st.sampled_from(["small", "large"]),
    stage=st.sampled_from(["input", "done"]),
    latency_s=st.sampled_from([0.1, 0.6, 3.0]),
    usage=st.builds(Usage, st.integers(0, 100), st.integers(0, 100)),
    cost_usd=st.sampled_from([None, 0.25]),
    verdicts=st.sampled_from([(), HIT]),
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 2 * DAY_S), calls), max_size=40),
    st.sampled_from([10.0, 300.0, KEPT_S, 6 * 3600.0, COUNTED_S]),
    st.floats(0, 4000),
)
def test_counts_are_those_of_the_calls_in_the_cells_that_the_window_touches(
    made: list[tuple[float, Event]], window_s: float, later_s: float
) -> None:
    windows = Windows(("status", "model"), thresholds_s=[0.5, 2.0])
    made = sorted(made, key=lambda pair: pair[0])
    for at_s, event in made:
        windows.add(at_s, event)
    now_s = (made[-1][0] if made else 0.0) + later_s

    cell_s = SLICE_S if window_s <= KEPT_S else COARSE_S
    begins_s = (now_s - window_s) // cell_s * cell_s
    inside = [event for at_s, event in made if at_s >= begins_s]
    for model in (None, "small", "large"):
        wanted = [event for event in inside if model in {None, event.model}]
        reached = [event for event in wanted if event.stage == "done"]
        groups = windows.grouped(now_s, window_s, () if model is None else (1,))
        found = groups.get(() if model is None else (model,)) or windows.none(now_s, window_s)
        assert found.calls == len(wanted)
        assert found.errors == sum(event.status == "error" for event in wanted)
        assert found.reached == len(reached)
        assert found.slow == {bound: sum(event.latency_s > bound for event in reached) for bound in (0.5, 2.0)}
        assert found.tokens == sum(sum(event.usage[:2]) for event in wanted)
        assert found.usd == sum(event.cost_usd or 0.0 for event in wanted)
        assert found.hits.get(Hit("pii", "redact", "enforce"), 0) == sum(bool(event.verdicts) for event in wanted)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 3.0, 10.0, 299.0, 3600.0, 90_000.0]), st.sampled_from(["add", 60.0, 3600.0, 86_400.0])
        ),
        max_size=60,
    )
)
def test_what_is_remembered_of_earlier_reads_is_never_wrong(steps: list[tuple[float, str | float]]) -> None:
    windows = Windows(("status",))
    now_s, made = 0.0, list[float]()
    for later_s, what in steps:
        now_s += later_s
        if isinstance(what, str):
            windows.add(now_s, call())
            made.append(now_s)
        else:
            cell_s = SLICE_S if what <= KEPT_S else COARSE_S
            begins_s = (now_s - what) // cell_s * cell_s
            assert windows.counts(now_s, what).calls == sum(at_s >= begins_s for at_s in made)


def test_reading_changes_nothing() -> None:
    windows = Windows(("status",))
    for at_s in range(0, 4000, 7):
        windows.add(float(at_s), call())
        first = [windows.counts(float(at_s), window_s).calls for window_s in (60.0, KEPT_S, DAY_S)]
        assert first == [windows.counts(float(at_s), window_s).calls for window_s in (60.0, KEPT_S, DAY_S)]


def test_counts_say_how_much_of_the_window_they_are_of() -> None:
    windows = Windows(("status",))
    assert windows.counts(100.0, 60.0).seconds == 0
    windows.add(100.0, call())

    assert windows.counts(130.0, 60.0).seconds == 30
    assert windows.counts(1005.0, 60.0).seconds == 65
    assert windows.counts(100.0 + 2 * DAY_S, DAY_S).seconds == pytest.approx(DAY_S, abs=COARSE_S)


def test_what_is_older_than_three_days_is_forgotten() -> None:
    windows = Windows(("status",))
    windows.add(0.0, call())
    for hour in range(1, 80):
        windows.add(hour * 3600.0, call())

    assert windows.counts(79 * 3600.0, COUNTED_S).calls == 73
    assert len(windows._coarse._cells) <= COUNTED_S / COARSE_S + 1
    assert len(windows._fine._cells) <= KEPT_S / SLICE_S + 1


def test_ten_thousand_users_make_no_more_series_than_the_cap_allows() -> None:
    windows = Windows(("status", "model", "user"), max_series=100)
    for number in range(10_000):
        windows.add(number * 0.1, call(model="large", caller=Caller(user=f"u{number}")))

    for window_s in (KEPT_S, DAY_S):
        by_user = windows.grouped(1000.0, window_s, (2,))
        assert (OTHER,) in by_user
        assert len(by_user) <= 101
        assert sum(counts.calls for counts in by_user.values()) == 10_000
        assert windows.grouped(1000.0, window_s, (1,))["large",].calls == 10_000


def test_a_clock_that_goes_back_loses_no_call() -> None:
    windows = Windows(("status",))
    for at_s in (1000.0, 10.0, 1000.5, -5.0, 2000.0):
        windows.add(at_s, call())

    assert windows.counts(2000.0, KEPT_S).calls == windows.counts(2000.0, DAY_S).calls == 5
    assert windows.counts(-100.0, 60.0).seconds == 0
    assert math.isfinite(windows.counts(-100.0, 60.0).seconds)


def test_three_days_of_ten_series_take_a_few_megabytes() -> None:
    windows = Windows(("status", "model"))
    events = [call(model=f"m{number}") for number in range(10)]
    tracemalloc.start()
    try:
        for cell in range(865):
            for event in events:
                windows.add(cell * COARSE_S, event)
        windows.counts(864 * COARSE_S, COUNTED_S)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert taken < 4e6
