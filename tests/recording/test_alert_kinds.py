"""Threshold, rate of change, missing traffic, burn rate: what each makes of exact counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.recording import Alert, burn_rates
from genai_guard.recording.counts import Counts
from genai_guard.recording.feedback import FeedbackCounts
from genai_guard.recording.rare import Hit, Rare
from genai_guard.recording.spending import Period, Spent
from genai_guard.recording.tallies import Tally


def counted(
    seconds: float = 0.0, *, ok: int = 0, hits: int = 0, tokens: int = 0, usd: float = 0.0, slow: int = 0, **ended: int
) -> Counts:
    """Return counts of calls by the status in which they ended."""
    counts = Counts([0.5], seconds=seconds)
    for status, calls in {"ok": ok, **ended}.items():
        tally = Tally()
        tally.calls = tally.reached = calls
        if status == "ok":
            tally.input_tokens, tally.cost_nano_usd = tokens, int(usd * 1e9)
            tally.rare = Rare()
            tally.rare.hits |= {Hit("pii", "redact", "enforce"): hits, Hit("tone", "flag", "shadow"): 1000}
            tally.slow = {0.5: slow}
        counts.add(status, tally)
    return counts


class Windows:
    """Facts by window."""

    def __init__(self, windows: dict[float, Counts]) -> None:
        self.windows = windows

    def counts(self, window_s: float, /) -> Counts:
        return self.windows[window_s]

    def feedback(self, window_s: float, /) -> FeedbackCounts:
        return FeedbackCounts()

    def spent(self, period: Period, /) -> Spent:
        return Spent()


def fires(alert: Alert, **windows: Counts) -> bool:
    return alert.read(Windows({float(name[1:]): counts for name, counts in windows.items()})).firing


# --- threshold ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "firing"),
    [
        (counted(300, ok=95, rate_limited=5), False),
        (counted(300, ok=88, rate_limited=12), False),
        (counted(300, ok=80, rate_limited=15, budget_exceeded=5), True),
        (counted(300, rate_limited=9), False),
    ],
)
def test_a_share_fires_on_evidence_above_the_threshold(counts: Counts, firing: bool) -> None:
    assert fires(Alert.threshold_of(measure="denied", above=0.1), w300=counts) is firing


def test_a_share_may_be_too_small() -> None:
    alert = Alert.threshold_of(measure="blocked", below=0.05)

    assert fires(alert, w300=counted(300, ok=1000, blocked=20))
    assert not fires(alert, w300=counted(300, ok=1000, blocked=45))


@pytest.mark.parametrize(
    ("alert", "counts", "firing"),
    [
        (Alert.threshold_of(measure="usd", above=2), counted(usd=2.0), False),
        (Alert.threshold_of(measure="usd", above=2), counted(usd=2.01), True),
        (Alert.threshold_of(measure="tokens", above=99), counted(tokens=100), True),
        (Alert.threshold_of(measure="guardrail_hits", above=2), counted(hits=2), False),
        (Alert.threshold_of(measure="guardrail_hits", above=2), counted(hits=3), True),
        (Alert.threshold_of(measure="calls", below=5), counted(100, ok=1), False),
        (Alert.threshold_of(measure="calls", below=5), counted(300, ok=4), True),
        (Alert.threshold_of(measure="calls", below=5), counted(300, ok=5), False),
    ],
)
def test_a_sum_is_compared_as_it_is(alert: Alert, counts: Counts, firing: bool) -> None:
    assert fires(alert, w300=counts) is firing


# --- rate of change ----------------------------------------------------------------------------------------------


def changed(alert: Alert, now: Counts, both: Counts) -> bool:
    return fires(alert, w300=now, w3600=both)


def test_a_surge_is_told_from_chance() -> None:
    alert = Alert.rate_of_change(above=2)  # twice as many calls a second

    assert not changed(alert, counted(300, ok=25), counted(3600, ok=25 + 110))
    assert changed(alert, counted(300, ok=60), counted(3600, ok=60 + 110))


def test_a_decline_to_nothing_fires_without_a_call() -> None:
    alert = Alert.rate_of_change(below=0.5)

    assert alert.reads_when_idle
    assert changed(alert, counted(300), counted(3600, ok=330))
    assert not changed(alert, counted(300, ok=28), counted(3600, ok=358))


def test_errors_are_compared_per_call() -> None:
    alert = Alert.rate_of_change(measure="errors", above=3)

    assert changed(alert, counted(300, ok=80, error=20), counted(3600, ok=1060, error=40))
    assert not changed(alert, counted(300, ok=4000, error=100), counted(3600, ok=8000, error=300))


def test_what_does_not_come_one_by_one_is_compared_by_its_plain_ratio() -> None:
    alert = Alert.rate_of_change(measure="usd", above=2)

    assert not changed(alert, counted(300, ok=10, usd=2), counted(3600, ok=120, usd=2 + 11))
    assert changed(alert, counted(300, ok=10, usd=2.2), counted(3600, ok=120, usd=2.2 + 11))


@pytest.mark.parametrize("both", [counted(3599, ok=1000), counted(3600, ok=519)])
def test_it_waits_for_a_whole_baseline_with_calls_in_it(both: Counts) -> None:
    assert not changed(Alert.rate_of_change(above=2), counted(300, ok=500), both)


@given(st.integers(0, 2000), st.integers(0, 2000), st.floats(0.1, 10))
def test_a_rise_and_a_decline_are_never_seen_at_once(now: int, before: int, bound: float) -> None:
    facts = Windows({300.0: counted(300, ok=now), 3600.0: counted(3600, ok=now + before)})

    rises = Alert.rate_of_change(above=bound).read(facts).firing
    assert not (rises and Alert.rate_of_change(below=bound).read(facts).firing)
    assert rises <= Alert.rate_of_change(above=bound, confidence=None).read(facts).firing


# --- missing traffic ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "firing"),
    [(counted(299), False), (counted(300), True), (counted(305, ok=1), True), (counted(305, ok=2), False)],
)
def test_traffic_is_missing_after_a_whole_window_without_enough_of_it(counts: Counts, firing: bool) -> None:
    alert = Alert.missing_traffic(at_least=2)

    assert alert.reads_when_idle
    assert fires(alert, w300=counts) is firing


# --- burn rate ---------------------------------------------------------------------------------------------------


def test_the_usual_three_look_at_the_usual_windows() -> None:
    three = burn_rates(0.999, by="model")

    assert [(each.burn, each.window_s, each.short_window_s, each.severity) for each in three] == [
        (14.4, 3600, 300, "critical"),
        (6, 21_600, 1800, "critical"),
        (1, 259_200, 21_600, "warning"),
    ]
    assert three[0] == Alert.burn_rate(slo=0.999, by="model")
    assert [each.name for each in three] == [
        f"burn_rate_{burn}_of_slo_0.999_by_model" for burn in ("14.4", "6", "1")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("long", "short", "firing"),
    [
        (counted(ok=9_800, error=200), counted(ok=980, error=20), True),
        (counted(ok=9_800, error=200), counted(ok=990, error=10), False),  # over already
        (counted(ok=9_900, error=100), counted(ok=900, error=100), False),  # just begun
        (counted(ok=9_850, error=150), counted(ok=900, error=100), False),  # 15 times as fast, perhaps by chance
        (counted(error=19), counted(error=19), False),  # too few calls
        (counted(), counted(), False),
    ],
)
def test_a_burn_rate_fires_if_both_windows_are_above_it(long: Counts, short: Counts, firing: bool) -> None:
    assert fires(Alert.burn_rate(slo=0.999), w3600=long, w300=short) is firing


def test_slow_calls_may_be_the_bad_ones() -> None:
    alert = Alert.burn_rate(slo=0.99, above_ms=500)

    assert fires(alert, w3600=counted(ok=1000, slow=200), w300=counted(ok=100, slow=20))
    assert not fires(alert, w3600=counted(ok=1000, error=500), w300=counted(ok=100, error=50))


def test_the_value_is_the_rate_at_which_the_budget_burns() -> None:
    reading = Alert.burn_rate(slo=0.999).read(
        Windows({3600.0: counted(ok=980, error=20), 300.0: counted(ok=98, error=2)})
    )

    assert reading.value == pytest.approx(20)
    assert reading.message == (
        "20 of 1,000 calls were bad in the last 1 h, and 2 of 100 in the last 300 s: "
        "the error budget burns 20 times as fast as an SLO of 0.999 allows"
    )


# --- messages and checks -----------------------------------------------------------------------------------------


def test_messages_say_what_was_counted() -> None:
    now, both = counted(300, ok=60, blocked=4, usd=1.5, hits=2), counted(3600, ok=170)

    def message(alert: Alert) -> str:
        return alert.read(Windows({300.0: now, 3600.0: both})).message

    assert message(Alert.threshold_of(measure="blocked", above=0.1)) == ("4 of 64 calls were blocked in the last 300 s")
    assert message(Alert.threshold_of(measure="usd", above=1)) == "$1.50 in the last 300 s"
    assert message(Alert.threshold_of(measure="guardrail_hits", above=1)) == "2 guardrail hits in the last 300 s"
    assert message(Alert.rate_of_change(above=2)) == "6.6 times as many calls in the last 300 s as in the 3300 s before"
    assert message(Alert.missing_traffic()) == "64 calls in the last 300 s"


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: Alert.threshold_of(measure="fun", above=1), "measure='fun'"),  # type: ignore[arg-type]
        (lambda: Alert.threshold_of(measure="usd"), "either above= or below="),
        (lambda: Alert.threshold_of(measure="usd", above=1, below=2), "either above= or below="),
        (lambda: Alert.threshold_of(measure="errors", above=2), r"above=.*at most 1, not 2"),
        (Alert.rate_of_change, "either above= or below="),
        (lambda: Alert.rate_of_change(above=0), "above=.*above 0"),
        (lambda: Alert.rate_of_change(above=2, baseline_s=100), "baseline_s=.*at least 300"),
        (lambda: Alert.rate_of_change(above=2, baseline_s=300_000), "baseline_s=.*at most 258900"),
        (lambda: Alert.missing_traffic(window_s=7200), "window_s=.*at most 3600"),
        (lambda: Alert.missing_traffic(at_least=0), "at_least="),
        (lambda: Alert.burn_rate(slo=1), "slo=.*below 1"),
        (lambda: Alert.burn_rate(slo=0.9), r"burn=.*below 10: at an slo of 0\.9"),
        (lambda: Alert.burn_rate(slo=0.99, short_window_s=7200), "short_window_s=.*at most 3600"),
        (lambda: Alert.burn_rate(slo=0.99, window_s=300_000), "window_s=.*at most 259200"),
        (lambda: Alert.missing_traffic(by=""), r"by=.*'model'"),
        (lambda: Alert.missing_traffic(by=["model", "model"]), "by="),
        (lambda: Alert.missing_traffic(where={"model": 1}), "where="),  # type: ignore[dict-item]
        (lambda: Alert.missing_traffic(by="model", where={"model": "large"}), "where= leaves one value"),
        (lambda: Alert.budget(usd=1, by="tenant"), "not kept by dimensions"),
        (lambda: Alert.missing_traffic(for_s=-1), "for_s="),
        (lambda: Alert.missing_traffic(on_fire=1), "on_fire="),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_alert_is_refused_when_it_is_built(build: Callable[[], Alert], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        build()
