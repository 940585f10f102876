"""What happened step by step: values, tables, rows and frames."""

from __future__ import annotations

import importlib
import math
import pickle
import random
import re
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller, Usage
from genai_guard.recording import Event, Quantiles, TimeSeries
from genai_guard.recording.dimensions import OTHER
from genai_guard.verdicts import Action, Verdict
from recorders import DAY_S, Clock, call, recorder

HIT = (Verdict(Action.REDACT, guard="pii"),)

events = st.builds(
    call,
    status=st.sampled_from(["ok", "error", "blocked", "rate_limited"]),
    model=st.sampled_from(["small", "large"]),
    latency_s=st.sampled_from([0.1, 0.6, 3.0]),
    usage=st.builds(Usage, st.integers(0, 100), st.integers(0, 100)),
    cost_usd=st.sampled_from([None, 0.25]),
    verdicts=st.sampled_from([(), HIT]),
)


def filled(clock: Clock, *, calls: int = 600, every_s: float = 5.0, **values: object) -> TimeSeries:
    metrics = recorder(clock, dimensions=("model", "user"))
    source = random.Random(3)
    for number in range(calls):
        clock.now_s += every_s
        model = "ab"[number % 3 == 0]
        metrics.record(
            call(model=model, latency_s=source.lognormvariate(0, 1), status="error" if model == "b" else "ok")
        )
    return metrics.timeseries(**values)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 2 * DAY_S), events), max_size=30),
    st.sampled_from(
        [(10.0, 600.0), (60.0, 3600.0), (300.0, 3600.0), (300.0, 7200.0), (3600.0, DAY_S), (7200.0, 3 * DAY_S)]
    ),
    st.floats(0, 4000),
)
def test_every_call_of_the_window_stands_in_its_step_and_in_its_line(
    made: list[tuple[float, Event]], lengths: tuple[float, float], later_s: float
) -> None:
    clock, (step_s, window_s) = Clock(), lengths
    metrics = recorder(clock)
    for clock.now_s, event in sorted(made, key=lambda pair: pair[0]):
        metrics.record(event)
    clock.now_s += later_s

    whole = metrics.timeseries(step_s, window_s=window_s)
    lines = metrics.timeseries(step_s, window_s=window_s, by="model")

    assert len(whole.points) == math.ceil(window_s / step_s)
    assert all(at_s % step_s == 0 for at_s in whole.times_s)
    assert whole.times_s[-1] <= clock.wall() < whole.times_s[-1] + step_s
    for begins_s, point in zip(whole.times_s, whole.points, strict=True):
        inside = [event for at_s, event in made if begins_s <= clock.midnight_s + at_s < begins_s + step_s]
        assert point.calls == len(inside)
        assert point.errors == sum(event.status == "error" for event in inside)
        assert point.cost_usd == sum(event.cost_usd or 0.0 for event in inside)
        assert point.guardrail_hits.get("pii", {}).get("redact", 0) == sum(bool(event.verdicts) for event in inside)
        assert point.latency_ms.count == len(inside)
        assert (point.latency_ms.p50 is None) == (not inside or window_s > 3600)
        by_model = [line[whole.times_s.index(begins_s)] for line in lines.lines.values()]
        assert sum(each.calls for each in by_model) == point.calls
        assert sum(each.input_tokens for each in by_model) == point.input_tokens


def test_quantiles_of_a_step_are_those_of_its_calls(clock: Clock) -> None:
    found = filled(clock, step_s=600.0)

    source = random.Random(3)
    latencies = [source.lognormvariate(0, 1) for _ in range(600)]
    second = sorted(latencies[119:239])  # 120 calls in ten minutes, the first of them after five seconds
    assert found.points[-5].latency_ms.p95 == pytest.approx(second[113] * 1e3, rel=0.01)


def test_the_last_step_says_how_much_of_it_is_over(clock: Clock) -> None:
    clock.now_s = 3600.0 + 90.0
    found = recorder(clock).timeseries(60.0, window_s=300.0)

    assert [point.window_s for point in found.points] == [60, 60, 60, 60, 30]
    assert found.window_s == 270
    assert found.lines[""][0].latency_ms == Quantiles()


def test_a_slice_and_a_line_may_be_asked_for_together(clock: Clock) -> None:
    found = filled(clock, step_s=600.0, by="status", model="b")

    assert list(found.lines) == ["error"]
    assert sum(point.calls for point in found.points) == 200
    assert found.points[0].slice == {"model": "b", "status": "error"}
    assert found.slice == {"model": "b"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"step_s": 15.0}, "multiple of 10"),
        ({"step_s": 60.0, "window_s": 7200.0}, "multiple of 300"),
        ({"step_s": 0.0}, "multiple of 10"),
        ({"step_s": math.nan}, "multiple of 10"),
        ({"window_s": 4 * DAY_S}, "at most 259200 seconds"),
        ({"by": "tenant"}, "'tenant' is not counted apart"),
        ({"tenant": "acme"}, "'tenant' is not counted apart"),
    ],
)
def test_what_is_not_kept_cannot_be_asked_for(asked: dict[str, Any], said: str, clock: Clock) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        recorder(clock, dimensions=("model",)).timeseries(**asked)


def test_ten_thousand_users_are_some_lines_and_the_rest(clock: Clock) -> None:
    metrics = recorder(clock, dimensions=("user",), max_series=100)
    for number in range(10_000):
        clock.now_s = number / 10
        metrics.record(call(caller=Caller(user=f"u{number}")))

    for step_s, window_s in ((600.0, 3600.0), (3600.0, DAY_S)):
        found = metrics.timeseries(step_s, window_s=window_s, by="user")
        assert next(iter(found.lines)) == OTHER
        assert len(found.lines) <= 101
        assert sum(point.calls for point in found.points) == 10_000
    one = metrics.timeseries(600.0, by="user").lines["u7"]
    assert sum(point.calls for point in one) == 1
    assert sum(point.overflowed for point in one) > 9_000


def test_a_clock_that_goes_back_loses_no_call(clock: Clock) -> None:
    metrics = recorder(clock)
    for clock.now_s in (5000.0, 10.0, 5000.5, 4000.0, 5100.0, 4990.0):
        clock.midnight_s -= 1e6
        metrics.record(call())

    assert sum(point.calls for point in metrics.timeseries().points) == 6
    assert sum(point.calls for point in metrics.timeseries(300.0, window_s=DAY_S).points) == 6


def test_it_prints_as_a_table(clock: Clock) -> None:
    lines = str(filled(clock, step_s=1200.0, window_s=3600.0, by="model")).splitlines()

    assert lines[0] == "600 calls in steps of 1200 s"
    assert lines[1].split()[:5] == ["begins", "(UTC)", "model", "calls", "errors"]
    assert re.match(r"  2024-10-04 00:00:00  a +159 +0 ", lines[2])
    assert len(lines) == 2 + 2 * 3


def test_a_notebook_shows_it_escaped_and_in_its_own_colours(clock: Clock) -> None:
    metrics = recorder(clock)
    metrics.record(call(model="<script>alert(1)</script>"))

    for html in (metrics.timeseries(by="model")._repr_html_(), metrics.breakdown("model")._repr_html_()):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert not re.search(r"<script|https?:|url\(|background|[^-]color:", html)
        assert html.count("<table") == html.count("</table>") == 1


def test_a_breakdown_is_a_mapping_and_a_table(clock: Clock) -> None:
    metrics = recorder(clock)
    for model in ("large", "large", "small"):
        metrics.record(call(model=model, usage=Usage(10, 5)))
    found = metrics.breakdown("model", status="ok")

    assert dict(found) == {"large": found["large"], "small": found["small"]}
    assert str(found).splitlines()[0] == "3 calls in the last 3600 s"
    assert [line.split()[:2] for line in str(found).splitlines()[2:]] == [["large", "2"], ["small", "1"]]
    assert repr(found) == "<Breakdown by model: 2 values>"


def test_frames_hold_what_the_values_say(clock: Clock) -> None:
    metrics = recorder(clock)
    for number in range(100):
        clock.now_s += 30.0
        metrics.record(
            call(model="ab"[number % 2], verdicts=HIT if number == 99 else (), error_type="", usage=Usage(7, 1))
        )
    found = metrics.timeseries(300.0, by="model")
    frame = found.to_pandas()

    pd: Any = importlib.import_module("pandas")  # has no types
    assert frame.index.name == "time"
    assert frame.index[0] == pd.Timestamp(found.times_s[0], unit="s", tz="UTC")
    assert list(frame["calls"]) == [point.calls for point in found.points]
    assert frame.groupby("model")["input_tokens"].sum().to_dict() == {"a": 350, "b": 350}
    assert frame["guardrail_hits.pii.redact"].sum() == 1
    assert frame["latency_p95_ms"].dtype == frame["queue_p95_ms"].dtype == "float64"
    assert frame["queue_p95_ms"].isna().all()
    assert list(metrics.breakdown("model").to_pandas()["model"]) == ["a", "b"]
    assert metrics.snapshot().to_pandas()["calls"].item() == 100


def test_without_pandas_one_is_told_what_to_install(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ConfigurationError, match=re.escape("pip install 'genai_guard[pandas]'")):
        recorder(clock).snapshot().to_pandas()


def test_it_is_a_value_that_travels(clock: Clock) -> None:
    found = filled(clock, calls=10, by="model")

    assert pickle.loads(pickle.dumps(found)) == found
    assert (TimeSeries(60.0, 3600.0).times_s, TimeSeries(60.0, 3600.0).points) == ((), ())
