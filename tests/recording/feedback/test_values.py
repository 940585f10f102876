"""What can be said of a reply, and what holds of it in the end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.recording.feedback import Feedback, MemoryFeedbackStore, history, latest
from genai_guard.recording.feedback.values import feedback_of

ENTRIES = st.builds(
    Feedback,
    st.sampled_from(["r1", "r2"]),
    name=st.just("thumbs"),
    value=st.sampled_from(["up", "down", None]),
    time_s=st.sampled_from([1.0, 2.0, 3.0]),
    source=st.sampled_from(["", "ann"]),
)


def thumbs(value: str | None, time_s: float, **values: Any) -> Feedback:
    return Feedback("r", name="thumbs", value=value, time_s=time_s, **values)


def test_the_latest_opinion_of_a_source_holds() -> None:
    assert [each.value for each in latest([thumbs("down", 2.0), thumbs("up", 1.0)])] == ["down"]


def test_sources_have_opinions_of_their_own() -> None:
    held = latest([thumbs("down", 2.0, source="ann"), thumbs("up", 1.0, source="bob")])

    assert [(each.source, each.value) for each in held] == [("bob", "up"), ("ann", "down")]


def test_what_is_withdrawn_holds_no_longer_and_can_be_said_again() -> None:
    said = [thumbs("up", 1.0), thumbs(None, 2.0)]

    assert latest(said) == ()
    assert latest([*said, thumbs("up", 3.0)]) == (thumbs("up", 3.0),)


def test_the_history_has_every_change_and_no_repetition() -> None:
    said = [thumbs("up", 1.0), thumbs("up", 2.0), thumbs("down", 3.0), thumbs("up", 4.0)]

    assert [(each.value, each.time_s) for each in history(said)] == [("up", 1.0), ("down", 3.0), ("up", 4.0)]


@settings(max_examples=30)
@given(st.lists(ENTRIES, max_size=8), st.randoms(use_true_random=False))
def test_order_of_arrival_and_repetition_do_not_matter(entries: list[Feedback], random: Any) -> None:
    arrivals = entries + random.choices(entries, k=3) if entries else []
    random.shuffle(arrivals)
    store = MemoryFeedbackStore()
    for each in arrivals:
        store.add(each)

    assert latest(store.read()) == latest(entries)
    assert history(store.read()) == history(entries)


def test_everything_that_is_said_at_once_becomes_an_opinion_of_its_own() -> None:
    entries = feedback_of(
        "r", time_s=1.0, thumbs="up", rating=4, comment="good", ranking=["r", "q"], scores={"tone": 0.5}, source="ann"
    )

    assert {each.name: each.value for each in entries} == {
        "thumbs": "up", "rating": 4.0, "comment": "good", "ranking": ("r", "q"), "tone": 0.5
    }  # fmt: skip
    assert {each.source for each in entries} == {"ann"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "says nothing"),
        ({"thumbs": "sideways"}, "thumbs=.*'up' or 'down'"),
        ({"thumbs": ["up"]}, "thumbs="),
        ({"rating": float("nan")}, "rating=.*a number"),
        ({"rating": True}, "rating="),
        ({"rating": "4"}, "rating="),
        ({"correction": " "}, "correction or comment="),
        ({"comment": 3}, "correction or comment="),
        ({"ranking": ["r"]}, "at least two"),
        ({"ranking": ["r", "r"]}, "at least two different"),
        ({"ranking": "ab"}, "ranking="),
        ({"scores": {"tone": float("inf")}}, "value="),
        ({"scores": {"a b": 1}}, "name="),
        ({"scores": {"rating": 1}}, "'rating' has a parameter of its own"),
        ({"thumbs": "up", "source_type": "robot"}, "source_type='robot'"),
        ({"thumbs": "up", "source": "\ud800"}, "source="),
        ({"thumbs": "up", "time_s": -1.0}, "time_s="),
    ],
)
def test_what_cannot_be_said_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        feedback_of("r", **({"time_s": 1.0} | said))


@pytest.mark.parametrize("request_id", ["", "x" * 1025, "\ud800", 7])
def test_a_request_id_is_a_text_that_can_be_written(request_id: Any) -> None:
    with pytest.raises(ConfigurationError, match="request_id="):
        Feedback(request_id, name="thumbs", value="up", time_s=1.0)


def test_neither_a_refusal_nor_a_repr_has_anything_of_the_text() -> None:
    entry = Feedback("r", name="comment", value="planted secret", time_s=1.0)

    assert repr(entry) == "<Feedback comment of r>"
    with pytest.raises(ConfigurationError) as refused:
        Feedback("r", name="thumbs", value="planted secret", time_s=1.0)
    assert "planted" not in str(refused.value)
