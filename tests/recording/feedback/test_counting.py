"""Counts of feedback: every opinion once, in whatever order it comes, for three days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.recording.feedback import Feedback, FeedbackCounts, latest
from genai_guard.recording.feedback.counting import FEEDBACK_KEPT_S, FeedbackSeries

NOWHERE: Mapping[int, str] = {}
DAY_S = 86_400.0

ENTRIES = st.builds(
    Feedback,
    st.sampled_from(["r1", "r2", "r3"]),
    name=st.just("thumbs"),
    value=st.sampled_from(["up", "down", None]),
    time_s=st.sampled_from([1.0, 2.0, 3.0]),
)


def series(max_series: int = 100) -> FeedbackSeries:
    return FeedbackSeries(places=2, max_series=max_series)


def thumbs(value: str | None, request_id: str = "r", **values: Any) -> Feedback:
    return Feedback(request_id, name="thumbs", value=value, **({"time_s": 1.0} | values))


@settings(max_examples=30)
@given(st.lists(ENTRIES, max_size=10))
def test_the_counts_are_those_of_what_holds_whatever_came_before(entries: list[Feedback]) -> None:
    counting = series()
    for number, each in enumerate(entries):
        counting.add(each, ("a", "b"), now_s=60.0 * number)
    held = [each.value for each in latest(entries)]

    counts = counting.read(DAY_S, NOWHERE, now_s=600.0)
    assert (counts.up, counts.down) == (held.count("up"), held.count("down"))


def test_what_is_not_new_says_so() -> None:
    counting = series()
    said = [
        thumbs("up"),
        thumbs("up"),
        thumbs("up", time_s=2.0),
        thumbs("down", time_s=1.5),
        thumbs("down", time_s=3.0),
    ]

    assert [counting.add(each, None, now_s=0.0) for each in said] == [True, False, False, False, True]


def test_ratings_have_a_mean_and_unknown_calls_are_counted() -> None:
    counting = series()
    for number, value in enumerate([1.0, 2.0, 4.5]):
        counting.add(Feedback(str(number), name="rating", value=value, time_s=1.0), None, now_s=0.0)

    assert counting.read(60, NOWHERE, now_s=0.0) == FeedbackCounts(ratings=3, mean_rating=2.5, unknown=3)


def test_slices_and_windows_are_read_apart() -> None:
    counting = series()
    counting.add(thumbs("up", "1"), ("ok", "a"), now_s=0.0)
    counting.add(thumbs("down", "2"), ("ok", "b"), now_s=600.0)

    assert counting.read(DAY_S, {1: "a"}, now_s=600.0).thumbs_down_rate == 0.0
    assert counting.read(DAY_S, {1: "b"}, now_s=600.0).thumbs_down_rate == 1.0
    assert counting.read(DAY_S, {1: "c"}, now_s=600.0).thumbs_down_rate is None
    assert counting.read(300, NOWHERE, now_s=600.0) == FeedbackCounts(down=1)


def test_what_is_older_than_three_days_is_forgotten() -> None:
    counting = series()
    counting.add(thumbs("up"), None, now_s=0.0)
    late_s = FEEDBACK_KEPT_S + 120

    assert counting.read(FEEDBACK_KEPT_S, NOWHERE, now_s=late_s).total == 0
    counting.add(thumbs("down", time_s=2.0), None, now_s=late_s)
    assert counting.read(FEEDBACK_KEPT_S, NOWHERE, now_s=late_s) == FeedbackCounts(down=1, unknown=1)


def test_keys_beyond_the_most_are_counted_together() -> None:
    counting = series(max_series=10)
    for number in range(1_000):
        counting.add(thumbs("up", str(number)), ("ok", str(number)), now_s=0.0)

    assert counting.read(60, NOWHERE, now_s=0.0).up == 1_000
    assert counting.read(60, {1: "__other__"}, now_s=0.0).up == 990
