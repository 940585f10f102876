"""Pending, firing, resolved; slices; silences; clocks that go back."""

from __future__ import annotations

from itertools import pairwise

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller
from genai_guard.recording import Alert, AlertEvent, MetricsRecorder, Silence
from genai_guard.recording.alerting.board import Seat, Watch, step
from genai_guard.recording.alerts import Reading
from recorders import Clock, call, recorder

SILENCED, HEARD = Seat(key="k", silenced=True), Seat(key="k")


class Told:
    """One alert and who is told of it."""

    def __init__(self, alert: Alert) -> None:
        self.alert, self.watch, self.wall_s = alert, Watch(), 1e9

    def look(self, firing: bool, at_s: float, seat: Seat = HEARD) -> str:
        """Return what is told."""
        reading = Reading(firing, 1.0, "much")
        taken = step(self.watch, self.alert, reading, now_s=at_s, wall_s=self.wall_s + at_s, seat=seat)
        self.watch = taken.watch
        return taken.event.state if taken.tell and taken.event else ""

    @property
    def state(self) -> str:
        return self.watch.event.state if self.watch.event else "ok"


# --- pending -----------------------------------------------------------------------------------------------------


def test_an_alert_is_pending_until_it_has_been_too_much_for_long_enough() -> None:
    told = Told(Alert.budget(usd=1, for_s=60))

    assert (told.look(True, 0), told.state) == ("", "pending")
    assert (told.look(True, 59), told.state) == ("", "pending")
    assert (told.look(True, 60), told.state) == ("firing", "firing")
    assert told.watch.event is not None
    assert told.watch.event.fired_at_s == 1e9 + 60


def test_what_is_well_for_a_moment_waits_anew() -> None:
    told = Told(Alert.budget(usd=1, for_s=60))

    assert [told.look(firing, at_s) for firing, at_s in ((True, 0), (False, 50), (True, 55), (True, 100))] == [""] * 4
    assert told.look(True, 115) == "firing"


def test_an_alert_keeps_firing_through_moments_in_which_all_is_well() -> None:
    told = Told(Alert.budget(usd=1, keep_firing_s=30))
    told.look(True, 0)

    assert [told.look(firing, at_s) for firing, at_s in ((False, 1), (True, 20), (False, 25), (False, 54))] == [""] * 4
    assert told.look(False, 55) == "resolved"


# --- clocks ------------------------------------------------------------------------------------------------------


def test_a_clock_that_goes_back_ends_a_cooldown() -> None:
    told = Told(Alert.budget(usd=1, cooldown_s=100))

    assert [told.look(True, 1e6), told.look(False, 1e6 + 1), told.look(True, 5)] == ["firing", "resolved", "firing"]


def test_a_clock_that_goes_back_begins_a_wait_anew() -> None:
    told = Told(Alert.budget(usd=1, for_s=60, keep_firing_s=60))

    assert [told.look(True, at_s) for at_s in (1000, 0, 59, 60)] == ["", "", "", "firing"]
    assert [told.look(False, at_s) for at_s in (90, 10, 69, 70)] == ["", "", "", "resolved"]


def test_nothing_is_over_before_it_began() -> None:
    told = Told(Alert.budget(usd=1))
    told.look(True, 0)
    told.wall_s = 5e8
    taken = step(told.watch, told.alert, Reading(False, 0, ""), now_s=1, wall_s=5e8)

    assert taken.event is not None
    assert taken.event.resolved_at_s == taken.event.fired_at_s


@given(
    st.lists(st.tuples(st.floats(0, 500), st.booleans(), st.booleans()), max_size=60),
    st.sampled_from([0.0, 20.0]),
    st.sampled_from([0.0, 20.0]),
    st.booleans(),
)
def test_whatever_happens_what_is_told_alternates(
    looks: list[tuple[float, bool, bool]], for_s: float, keep_s: float, in_order: bool
) -> None:
    told = Told(Alert.budget(usd=1, for_s=for_s, keep_firing_s=keep_s, cooldown_s=50))
    heard: list[tuple[str, float]] = []
    for at_s, firing, silenced in sorted(looks) if in_order else looks:
        if state := told.look(firing, at_s, SILENCED if silenced else HEARD):
            heard.append((state, at_s))

    assert [state for state, _ in heard] == [("firing", "resolved")[number % 2] for number in range(len(heard))]
    if in_order and for_s == 0 and not any(silenced for *_, silenced in looks):
        fired = [at_s for state, at_s in heard if state == "firing"]
        assert all(later - earlier >= 50 for earlier, later in pairwise(fired))


# --- silences ----------------------------------------------------------------------------------------------------


def test_what_fires_in_silence_is_told_when_that_is_over() -> None:
    told = Told(Alert.budget(usd=1))

    assert [told.look(True, 0, SILENCED), told.look(True, 1, SILENCED), told.state] == ["", "", "firing"]
    assert [told.look(True, 2), told.look(True, 3), told.look(False, 4)] == ["firing", "", "resolved"]


def test_what_fires_and_is_over_in_silence_is_not_told() -> None:
    told = Told(Alert.budget(usd=1))

    assert [told.look(True, 0, SILENCED), told.look(False, 1, SILENCED)] == ["", ""]


def test_what_was_told_before_a_silence_is_told_to_be_over_in_it() -> None:
    told = Told(Alert.budget(usd=1))

    assert [told.look(True, 0), told.look(True, 1, SILENCED), told.look(False, 2, SILENCED)] == [
        "firing",
        "",
        "resolved",
    ]


@pytest.mark.parametrize(
    ("silence", "covered"),
    [
        (Silence(until="2001-09-09T01:46:41Z"), True),
        (Silence(until="2001-09-09T01:46:40Z"), False),
        (Silence(until="2001-09-09T03:46:41+02:00", name="error_*"), True),
        (Silence(until="2030-01-01T00:00:00Z", name="errors"), False),
        (Silence(until="2030-01-01T00:00:00Z", labels={"model": "large"}), True),
        (Silence(until="2030-01-01T00:00:00Z", labels={"model": "small"}), False),
        (Silence(until="2030-01-01T00:00:00Z", labels={"tenant": "large"}), False),
    ],
)
def test_a_silence_is_about_names_and_labels_until_a_time(silence: Silence, covered: bool) -> None:
    assert silence.covers("error_rate", {"model": "large"}, 1e9) is covered


@pytest.mark.parametrize("until", ["tomorrow", "2030-01-01", "2030-01-01T00:00:00", "", 5])
def test_a_silence_needs_a_time_with_an_offset(until: str) -> None:
    with pytest.raises(ConfigurationError, match="until="):
        Silence(until=until)


def test_a_recorder_is_silenced_for_a_while_and_tells_afterwards(clock: Clock) -> None:
    told: list[AlertEvent] = []
    metrics = recorder(clock, alerts=[Alert.budget(usd=1)], on_alert=told.append)
    with structlog.testing.capture_logs() as logs:
        metrics.silence("budget*", for_s=600)
        metrics.record(call(cost_usd=2.0))
        metrics.flush()
        assert [(event.state, event.silenced) for event in metrics.alerts()] == [("firing", True)]
        assert not told
        assert not logs

        clock.now_s += 601
        metrics.flush()
    assert [event.state for event in told] == ["firing"]
    assert [log["alert"] for log in logs] == ["budget_1_usd_per_day"]


def test_a_silence_may_be_ended_and_may_be_about_one_slice(clock: Clock) -> None:
    told: list[AlertEvent] = []
    metrics = recorder(clock, alerts=[Alert.error_rate(above=0.1, by="model")], on_alert=told.append)
    silence = metrics.silence(for_s=600, model="large")
    for model in ("small", "large"):
        for _ in range(20):
            metrics.record(call(model=model, status="error"))
    metrics.flush()
    assert [event.labels for event in told] == [{"model": "small"}]

    metrics.unsilence(silence)
    metrics.flush()
    assert [event.labels for event in told] == [{"model": "small"}, {"model": "large"}]


@pytest.mark.parametrize("for_s", [0, -1, float("inf"), float("nan"), True, "1"])
def test_a_silence_has_a_length(clock: Clock, for_s: float) -> None:
    with pytest.raises(ConfigurationError, match="for_s="):
        recorder(clock).silence(for_s=for_s)


# --- slices ------------------------------------------------------------------------------------------------------


def test_each_slice_goes_its_own_way(clock: Clock) -> None:
    metrics = recorder(clock, alerts=[Alert.error_rate(above=0.1, by=("model", "variant"), cooldown_s=0)])
    for model, status in (("a", "ok"), ("b", "error"), ("c", "error")):
        for _ in range(20):
            metrics.record(call(model=model, status=status))
    first = metrics.alerts()
    assert [(event.labels, event.state) for event in first] == [
        ({"model": "b", "variant": ""}, "firing"),
        ({"model": "c", "variant": ""}, "firing"),
    ]
    assert len({event.key for event in first}) == 2

    clock.now_s += 200
    for _ in range(20):
        metrics.record(call(model="c", status="error"))
    clock.now_s += 200
    assert {(event.labels["model"], event.state) for event in metrics.alerts()} == {("b", "resolved"), ("c", "firing")}


def test_a_slice_is_judged_by_its_own_calls_alone(clock: Clock) -> None:
    alerts = [
        Alert.latency_p99(above_ms=500, where={"model": "slow"}),
        Alert.latency_p99(above_ms=500, where={"model": "fast"}),
        Alert.threshold_of(measure="usd", above=1, where={"model": "slow"}),
        Alert.guardrail_hits(where={"model": "slow"}),
        Alert.burn_rate(slo=0.99, above_ms=500, by="model"),
    ]
    metrics = recorder(clock, alerts=alerts)
    for _ in range(50):
        metrics.record(call(model="slow", latency_s=1.0, cost_usd=0.1))
        metrics.record(call(model="fast", latency_s=0.1))

    assert [(event.name, dict(event.labels)) for event in metrics.alerts()] == [
        ("latency_p99_above_500_ms_model_slow", {"model": "slow"}),
        ("usd_above_1_model_slow", {"model": "slow"}),
        ("burn_rate_14.4_of_slo_0.99_500_ms_by_model", {"model": "slow"}),
    ]


def test_a_model_that_is_no_longer_called_is_missed_and_after_an_hour_forgotten(clock: Clock) -> None:
    metrics = recorder(clock, alerts=[Alert.missing_traffic(by="model")])
    metrics.record(call(model="old"))
    states: list[list[tuple[str, str]]] = []
    for at_s in (100, 400, 3700):
        clock.now_s = at_s
        metrics.record(call(model="new"))
        states.append([(event.labels["model"], event.state) for event in metrics.alerts()])

    assert states == [[], [("old", "firing")], [("old", "resolved")]]


def test_missing_traffic_is_seen_though_nothing_happens(clock: Clock) -> None:
    told: list[AlertEvent] = []
    metrics = recorder(clock, alerts=[Alert.missing_traffic()], on_alert=told.append)
    metrics.record(call())
    metrics.flush()
    assert metrics._desk._tick() == metrics._desk._tick() == 1.0

    clock.now_s += 320
    metrics._desk._tick()
    metrics.flush()
    assert [event.message for event in told] == ["0 calls in the last 300 s"]


def test_a_pending_alert_is_read_again_though_nothing_happens(clock: Clock) -> None:
    metrics = recorder(clock, alerts=[Alert.budget(usd=1, for_s=60)])
    metrics.record(call(cost_usd=2.0))
    metrics._desk._tick()
    assert metrics._desk._tick() == 1.0

    clock.now_s += 60
    assert [event.state for event in metrics.alerts()] == ["firing"]


def test_ten_thousand_users_make_no_more_alerts_than_series(clock: Clock) -> None:
    metrics = recorder(
        clock, dimensions=("user",), max_series=50, alerts=[Alert.threshold_of(measure="calls", above=0, by="user")]
    )
    for number in range(10_000):
        metrics.record(call(caller=Caller(user=f"u{number}")))

    events = metrics.alerts()
    assert 0 < len(events) <= 50 + 10
    assert {"user": "__other__"} in [event.labels for event in events]


def test_an_alert_by_a_dimension_that_is_not_counted_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"dimensions=.*lacks 'user'"):
        MetricsRecorder(alerts=[Alert.missing_traffic(by="user")])


def test_a_label_is_redacted_and_its_key_tells_it_apart(clock: Clock) -> None:
    metrics = recorder(clock, dimensions=("user",), alerts=[Alert.threshold_of(measure="calls", above=0, by="user")])
    for user in ("jo.harper@example.com", "al.smith@example.com", "u-1"):
        metrics.record(call(caller=Caller(user=user)))

    events = metrics.alerts()
    assert sorted(event.labels["user"] for event in events) == ["[EMAIL]", "[EMAIL]", "u-1"]
    assert len({event.key for event in events}) == 3
    assert "harper" not in repr(events)
