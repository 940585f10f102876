from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.recording import Alert, Reading
from genai_guard.recording.alerts import Facts
from genai_guard.recording.counts import Counts
from genai_guard.recording.feedback import FeedbackCounts
from genai_guard.recording.series import Hit
from genai_guard.recording.spending import Period, Spent


@dataclass
class Seen:
    """Facts, made up."""

    calls: int = 0
    errors: int = 0
    slow: dict[float, int] = field(default_factory=dict[float, int])
    hits: dict[Hit, int] = field(default_factory=dict[Hit, int])
    usd: float = 0.0
    tokens: int = 0
    said: FeedbackCounts = field(default_factory=FeedbackCounts)

    def counts(self, window_s: float, /) -> Counts:
        counts = Counts()
        counts.calls = counts.reached = self.calls
        counts.errors, counts.slow, counts.hits = self.errors, self.slow, self.hits
        return counts

    def feedback(self, window_s: float, /) -> FeedbackCounts:
        return self.said

    def spent(self, period: Period, /) -> Spent:
        return Spent(self.usd, self.tokens)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_the_p99_alert_fires_exactly_if_more_than_one_in_a_hundred_calls_is_slower(calls: int, slow: int) -> None:
    slow = min(slow, calls)

    reading = Alert.latency_p99(above_ms=500).read(Seen(calls=calls, slow={0.5: slow}))

    assert reading.firing is (calls >= 20 and slow > 1 and slow * 100 > calls)


def test_one_slow_call_alone_is_no_percentile() -> None:
    alert = Alert.latency_p99(above_ms=500, min_calls=1)

    assert not alert.read(Seen(calls=20, slow={0.5: 1})).firing
    assert alert.read(Seen(calls=20, slow={0.5: 2})).firing


def test_with_a_confidence_the_p99_alert_waits_for_evidence() -> None:
    at_once, certain = Alert.latency_p99(above_ms=500), Alert.latency_p99(above_ms=500, confidence=0.95)
    little, much = Seen(calls=1000, slow={0.5: 12}), Seen(calls=1000, slow={0.5: 17})

    assert (at_once.read(little).firing, certain.read(little).firing) == (True, False)
    assert (at_once.read(much).firing, certain.read(much).firing) == (True, True)


@pytest.mark.parametrize(
    ("calls", "errors", "firing"),
    [
        (0, 0, False),
        (9, 9, False),
        (20, 1, False),
        (20, 2, True),
        (1000, 10, False),
        (1000, 12, False),
        (1000, 20, True),
    ],
)
def test_the_error_rate_alert_fires_on_evidence_not_on_noise(calls: int, errors: int, firing: bool) -> None:
    assert Alert.error_rate(above=0.01).read(Seen(calls=calls, errors=errors)).firing is firing


def test_without_a_confidence_the_error_rate_alert_compares_shares() -> None:
    alert = Alert.error_rate(above=0.01, confidence=None)

    assert alert.read(Seen(calls=1000, errors=11)).firing
    assert not alert.read(Seen(calls=1000, errors=10)).firing


def test_an_error_rate_above_nothing_fires_on_any_error() -> None:
    assert Alert.error_rate(above=0).read(Seen(calls=10_000, errors=1)).firing


@given(st.integers(10, 2000), st.integers(0, 2000), st.floats(0.001, 0.5))
def test_more_errors_never_silence_the_alert(calls: int, errors: int, above: float) -> None:
    errors = min(errors, calls - 1)
    alert = Alert.error_rate(above=above)

    assert (
        alert.read(Seen(calls=calls, errors=errors)).firing <= alert.read(Seen(calls=calls, errors=errors + 1)).firing
    )


@pytest.mark.parametrize(
    ("alert", "seen", "firing"),
    [
        (Alert.budget(usd=50), Seen(usd=49.99), False),
        (Alert.budget(usd=50), Seen(usd=50.0), True),
        (Alert.budget(tokens=1000, per="hour"), Seen(tokens=999), False),
        (Alert.budget(tokens=1000, per="hour"), Seen(tokens=1000), True),
    ],
)
def test_a_budget_fires_when_it_is_spent(alert: Alert, seen: Seen, firing: bool) -> None:
    assert alert.read(seen).firing is firing


HITS = {
    Hit("pii", "redact", "enforce"): 2,
    Hit("pii", "block", "enforce"): 1,
    Hit("tone", "flag", "shadow"): 9,
    Hit("judge", "error", "enforce"): 1,
}


@pytest.mark.parametrize(
    ("alert", "value"),
    [
        (Alert.guardrail_hits(), 4),
        (Alert.guardrail_hits(guard="pii"), 3),
        (Alert.guardrail_hits(guard="pii", action="block"), 1),
        (Alert.guardrail_hits(action="error"), 1),
        (Alert.guardrail_hits(guard="tone"), 0),
    ],
)
def test_guardrail_hits_are_those_enforced_by_the_guard_and_action_asked_for(alert: Alert, value: int) -> None:
    reading = alert.read(Seen(hits=HITS))

    assert (reading.value, reading.firing) == (value, value > 0)


def test_guardrail_hits_fire_from_their_number_on() -> None:
    assert Alert.guardrail_hits(at_least=4).read(Seen(hits=HITS)).firing
    assert not Alert.guardrail_hits(at_least=5).read(Seen(hits=HITS)).firing


@pytest.mark.parametrize(
    ("alert", "name"),
    [
        (Alert.latency_p99(above_ms=500), "latency_p99_above_500_ms"),
        (Alert.error_rate(above=0.01), "error_rate_above_0.01"),
        (Alert.budget(usd=50), "budget_50_usd_per_day"),
        (Alert.budget(tokens=1000, per="hour"), "budget_1000_tokens_per_hour"),
        (Alert.guardrail_hits(), "guardrail_hits"),
        (Alert.guardrail_hits(guard="pii", action="block"), "guardrail_hits_pii_block"),
        (Alert.budget(usd=5, name="mine"), "mine"),
    ],
)
def test_an_alert_is_named_after_what_it_watches(alert: Alert, name: str) -> None:
    assert alert.name == name


def test_messages_say_what_was_counted() -> None:
    seen = Seen(calls=1200, errors=60, slow={0.5: 24}, hits=HITS, usd=50.5, tokens=1000)

    def message(alert: Alert) -> str:
        return alert.read(seen).message

    assert message(Alert.latency_p99(above_ms=500)) == "24 of 1,200 calls took longer than 500 ms in the last 300 s"
    assert message(Alert.error_rate(above=0.01)) == "60 of 1,200 calls failed in the last 300 s"
    assert message(Alert.budget(usd=50)) == "$50.50 of $50.00 spent this day"
    assert message(Alert.budget(tokens=900, per="month")) == "1,000 of 900 tokens spent this month"
    assert message(Alert.guardrail_hits()) == (
        "4 guardrail hits in the last 300 s: judge error 1, pii block 1, pii redact 2"
    )


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: Alert.latency_p99(above_ms=0), "above_ms.*above 0, not 0"),
        (lambda: Alert.latency_p99(above_ms=float("nan")), "above_ms"),
        (lambda: Alert.latency_p99(above_ms="500"), "above_ms.*not str"),  # type: ignore[arg-type]
        (lambda: Alert.latency_p99(above_ms=500, window_s=5), "window_s.*at least 10 and at most 259200, not 5"),
        (lambda: Alert.error_rate(above=1), "above.*below 1"),
        (lambda: Alert.error_rate(above=0.1, window_s=300_000), "window_s"),
        (lambda: Alert.error_rate(above=0.1, min_calls=0), "min_calls"),
        (lambda: Alert.error_rate(above=0.1, confidence=1), "confidence"),
        (lambda: Alert.error_rate(above=True), "above.*not bool"),
        (Alert.budget, "either usd= or tokens="),
        (lambda: Alert.budget(usd=1, tokens=1), "either usd= or tokens="),
        (lambda: Alert.budget(usd=-1), "usd.*above 0"),
        (lambda: Alert.budget(usd=1, per="week"), "per='week'.*'day', 'hour', 'month'"),  # type: ignore[arg-type]
        (lambda: Alert.guardrail_hits(at_least=0), "at_least"),
        (lambda: Alert.guardrail_hits(action="shout"), "action='shout'"),
        (lambda: Alert.guardrail_hits(mode="off"), "mode='off'"),  # type: ignore[arg-type]
        (lambda: Alert.guardrail_hits(severity="bad"), "severity='bad'"),  # type: ignore[arg-type]
        (lambda: Alert.guardrail_hits(cooldown_s=-1), "cooldown_s"),
    ],
)
def test_a_wrong_alert_is_refused_when_it_is_built(build: Callable[[], Alert], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        build()


def test_alerts_are_values() -> None:
    alert = Alert.latency_p99(above_ms=500)

    assert alert == Alert.latency_p99(above_ms=500)
    assert hash(alert) == hash(Alert.latency_p99(above_ms=500))
    assert replace(alert, above_ms=600, name="") == Alert.latency_p99(above_ms=600)
    assert alert != Alert.latency_p99(above_ms=501)


def test_an_alert_of_ones_own_is_a_class_with_a_reading() -> None:
    @dataclass(frozen=True, kw_only=True)
    class NoCalls(Alert):
        kind = "no_calls"

        @property
        def threshold(self) -> float:
            return 1.0

        def read(self, facts: Facts, /) -> Reading:
            calls = facts.counts(60.0).calls
            return Reading(calls < 1, calls, f"{calls} calls in the last minute")

    assert NoCalls().name == "no_calls"
    assert NoCalls().read(Seen()).firing
