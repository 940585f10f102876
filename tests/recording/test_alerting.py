from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.recording import Alert, Reading
from genai_guard.recording.alerting import AlertBoard, AlertEvent
from genai_guard.recording.alerts import Facts
from genai_guard.recording.counts import Counts
from genai_guard.recording.feedback import FeedbackCounts
from genai_guard.recording.spending import Period, Spent

BUDGET = Alert.budget(usd=50, cooldown_s=100)


@dataclass
class Spending:
    usd: float

    def counts(self, window_s: float, /) -> Counts:
        return Counts()

    def feedback(self, window_s: float, /) -> FeedbackCounts:
        return FeedbackCounts()

    def spent(self, period: Period, /) -> Spent:
        return Spent(self.usd, 0)

    def within(self, where: Mapping[str, str], /) -> Facts:
        return self

    def values(self, by: Sequence[str], window_s: float, /, where: Mapping[str, str]) -> list[tuple[str, ...]]:
        return []


def told(board: AlertBoard, usd: float, at_s: float) -> list[str]:
    return [event.state for event in board.update(Spending(usd), now_s=at_s, wall_s=1e9 + at_s)]


def test_an_alert_that_keeps_firing_is_told_once() -> None:
    board = AlertBoard([BUDGET])

    assert [told(board, 60, at_s) for at_s in (0, 1, 2)] == [["firing"], [], []]


def test_an_alert_is_resolved_when_it_no_longer_fires() -> None:
    board = AlertBoard([BUDGET])
    told(board, 60, 0)

    assert [told(board, usd, at_s) for usd, at_s in ((0, 5), (0, 6))] == [["resolved"], []]


def test_an_alert_does_not_fire_again_before_its_cooldown_has_passed() -> None:
    board = AlertBoard([BUDGET])
    for usd, at_s in ((60, 0), (0, 5)):
        told(board, usd, at_s)

    assert [told(board, 60, at_s) for at_s in (6, 99.9, 100)] == [[], [], ["firing"]]


@given(st.lists(st.tuples(st.floats(0, 500), st.booleans()), max_size=60))
def test_firing_and_resolved_alternate_and_fire_no_more_often_than_the_cooldown(
    looks: list[tuple[float, bool]],
) -> None:
    board = AlertBoard([BUDGET])
    fired: list[float] = []
    states: list[str] = []
    for at_s, firing in sorted(looks):
        for state in told(board, 60 if firing else 0, at_s):
            states.append(state)
            if state == "firing":
                fired.append(at_s)

    assert states == [("firing", "resolved")[index % 2] for index in range(len(states))]
    assert all(later - earlier >= 100 for earlier, later in pairwise(fired))


def test_events_tell_what_was_seen_when_it_fired_and_when_it_was_over() -> None:
    board = AlertBoard([BUDGET])
    for usd, at_s in ((60, 0), (70, 1), (0, 2)):
        told(board, usd, at_s)

    assert board.events() == (
        AlertEvent(
            name="budget_50_usd_per_day",
            state="resolved",
            message="$60.00 of $50.00 spent this day",
            value=60,
            threshold=50,
            severity="critical",
            mode="enforce",
            fired_at_s=1e9,
            resolved_at_s=1e9 + 2,
            key=board.events()[0].key,
        ),
    )
    assert not board.firing


def test_an_alert_in_shadow_mode_shows_and_tells_nobody() -> None:
    board = AlertBoard([Alert.budget(usd=50, mode="shadow")])

    assert told(board, 60, 0) == []
    assert [event.mode for event in board.events()] == ["shadow"]


def test_only_the_last_hundred_that_are_over_are_kept() -> None:
    board = AlertBoard([Alert.budget(usd=50, cooldown_s=0)])
    for at_s in range(300):
        told(board, 60 * (at_s % 2), at_s)

    assert len(board.events()) == 101
    assert board.firing


@dataclass(frozen=True, kw_only=True)
class Broken(Alert):
    kind = "broken"

    @property
    def threshold(self) -> float:
        return 1.0

    def read(self, facts: Facts, /) -> Reading:
        raise ZeroDivisionError


@pytest.mark.parametrize("first", [True, False])
def test_an_alert_that_breaks_is_counted_and_does_not_silence_the_others(first: bool) -> None:
    board = AlertBoard([Broken(), BUDGET] if first else [BUDGET, Broken()])

    assert told(board, 60, 0) == ["firing"]
    assert board.failures == {"ZeroDivisionError": 1}
