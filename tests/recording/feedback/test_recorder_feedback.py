"""Feedback through a recorder: found by the id of a call, never in the way, and redacted before it goes anywhere."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import structlog

from genai_guard import ConfigurationError, InferenceLog, Pipeline, caller
from genai_guard.messages import Caller
from genai_guard.recording import MetricsRecorder, Redactor
from genai_guard.recording.feedback import (
    Feedback,
    FeedbackCounts,
    FeedbackStore,
    MemoryFeedbackStore,
    SqliteFeedbackStore,
    latest,
)
from genai_guard.recording.redaction import FAILED, TOO_LONG
from genai_guard.routing.canary import ThumbsDown
from genai_guard.testing import FakeLLM
from recorders import Clock, call
from routing.canary.calls import make_canary, make_router


def recorder(clock: Clock, store: FeedbackStore | None = None, **values: Any) -> MetricsRecorder:
    made = MetricsRecorder(feedback=store, clock=clock, wall_clock=clock.wall, **values)
    clock.recorders.append(made)
    return made


class HungStore(MemoryFeedbackStore):
    """Hangs until it is let go."""

    let_go = threading.Event()

    def add(self, feedback: Feedback, /) -> bool:
        self.let_go.wait()
        return super().add(feedback)


def test_feedback_on_a_call_is_kept_with_its_user_and_counted_by_its_dimensions(clock: Clock) -> None:
    store = MemoryFeedbackStore()
    metrics = recorder(clock, store)
    ask = Pipeline(recorder=metrics)
    with caller(user="u-1", tenant="acme"):
        outcome = ask.run(FakeLLM("hello"), "hi")

    assert metrics.feedback(outcome.request_id, thumbs="down", rating=2)
    assert metrics.flush()
    assert [(each.name, each.value, each.user) for each in latest(store.read())] == [
        ("rating", 2.0, "u-1"), ("thumbs", "down", "u-1")
    ]  # fmt: skip
    assert metrics.feedback.counts(3600, tenant="acme").thumbs_down_rate == 1.0
    assert metrics.feedback.counts(tenant="other") == FeedbackCounts()


def test_the_id_that_the_caller_gave_finds_the_call_as_well(clock: Clock) -> None:
    store = MemoryFeedbackStore()
    metrics = recorder(clock, store)
    with caller(request_id="mine"):
        outcome = Pipeline(recorder=metrics).run(FakeLLM("hello"), "hi")

    assert metrics.feedback("mine", thumbs="up")
    metrics.flush()
    assert [each.request_id for each in store.read()] == [outcome.request_id]


def test_feedback_for_an_unknown_call_is_kept_and_counted(clock: Clock) -> None:
    store = MemoryFeedbackStore()
    metrics = recorder(clock, store)

    assert not metrics.feedback("nobody knows", thumbs="up", user="u-1")
    metrics.flush()
    assert [(each.request_id, each.user) for each in store.read()] == [("nobody knows", "u-1")]
    assert metrics.feedback.counts() == FeedbackCounts(up=1, unknown=1)
    assert dict(metrics.dropped) == {}


def test_calls_are_forgotten_before_they_fill_the_memory(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genai_guard.recording.feedback.desk._REMEMBERED", 10)
    metrics = recorder(clock, MemoryFeedbackStore())
    for number in range(25):
        metrics.record(call(request_id=str(number)))

    known = [number for number in range(25) if metrics.feedback(str(number), thumbs="up")]
    assert known == list(range(10, 25))


def test_a_clock_that_is_ahead_does_not_win_for_ever(clock: Clock) -> None:
    store = MemoryFeedbackStore()
    metrics = recorder(clock, store)
    metrics.feedback("r", thumbs="up", time_s=clock.wall() + 1e9)
    clock.now_s += 1
    metrics.feedback("r", thumbs="down")
    metrics.flush()

    assert [each.value for each in latest(store.read())] == ["down"]


def test_what_is_withdrawn_is_taken_from_the_counts(clock: Clock) -> None:
    metrics = recorder(clock, MemoryFeedbackStore())
    metrics.feedback("r", thumbs="down")
    clock.now_s += 1
    metrics.feedback("r", withdraw="thumbs")

    assert metrics.feedback.counts() == FeedbackCounts()


def test_listeners_are_told_of_what_is_new_once(clock: Clock) -> None:
    told: list[Feedback] = []
    metrics = recorder(clock, on_feedback=told.append)
    for thumbs in ("up", "up", "down"):
        clock.now_s += 1
        metrics.feedback("r", thumbs=thumbs, comment="mail bob@example.com")
    metrics.flush()

    assert [each.value for each in told] == ["up", "mail [EMAIL]", "down"]


def test_a_canary_that_counts_thumbs_is_told_by_the_recorder_of_its_pipeline(clock: Clock) -> None:
    metrics = recorder(clock)
    canary = make_canary(metrics=[ThumbsDown(margin=0.1)])
    pipeline = Pipeline(router=make_router(), canary=canary, recorder=metrics)
    answer = FakeLLM("hello")
    for number in range(40):
        with caller(user=f"u{number}"):
            outcome = pipeline.run(answer, "hi")
        metrics.feedback(outcome.request_id, thumbs="down" if number % 2 else "up", comment="so")
    metrics.flush()
    (counted,) = canary.status().metrics

    assert counted.control + counted.canary == 20
    assert dict(metrics.dropped) == {}


def test_a_user_is_erased_from_feedback_that_came_after_their_call_was_forgotten(clock: Clock, tmp_path: Path) -> None:
    store, log = MemoryFeedbackStore(), InferenceLog(tmp_path)
    metrics = recorder(clock, log=log)
    for user in ("u-1", "u-2"):
        metrics.record(call(request_id=f"of {user}", caller=Caller(user=user, request_id=f"mine {user}")))
    metrics.flush()
    later = recorder(clock, store, log=log)
    for request_id in ("of u-1", "mine u-1", "of u-2"):
        later.feedback(request_id, comment="so", source="reviewer")

    assert later.erase(user="u-1") == {"feedback": 2, "log": 1}
    assert [each.request_id for each in store.read()] == ["of u-2"]


def test_feedback_that_nobody_keeps_is_counted_as_lost(clock: Clock) -> None:
    metrics = recorder(clock)

    metrics.feedback("r", thumbs="up")
    assert metrics.dropped == {"feedback.not_kept": 1}
    assert metrics.feedback.counts().up == 1


def test_a_disk_that_cannot_be_written_to_is_counted_and_told_once(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    metrics = recorder(clock, SqliteFeedbackStore(tmp_path / "file" / "f.sqlite"))
    with structlog.testing.capture_logs() as logs:
        for number in range(3):
            metrics.feedback(str(number), comment="planted secret")
        metrics.flush()

    assert sum(metrics.dropped.values()) == 3
    assert [log["event"] for log in logs] == ["recording failed; calls go on"]
    assert "planted" not in repr(logs)


def test_a_full_store_is_counted_and_listeners_are_told_all_the_same(clock: Clock) -> None:
    told: list[Feedback] = []
    metrics = recorder(clock, MemoryFeedbackStore(max_entries=1), on_feedback=told.append)
    for number in range(3):
        metrics.feedback(str(number), thumbs="up")
    metrics.flush()

    assert metrics.dropped == {"feedback.OSError": 2}
    assert len(told) == 3


def test_a_file_that_is_no_database_is_counted(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "f.sqlite").write_bytes(b"not a database at all" * 200)
    metrics = recorder(clock, SqliteFeedbackStore(tmp_path / "f.sqlite"))
    metrics.feedback("r", thumbs="up")
    metrics.flush()

    assert metrics.dropped == {"feedback.DatabaseError": 1}


def test_a_store_that_hangs_holds_up_nobody(clock: Clock) -> None:
    store = HungStore()
    metrics = recorder(clock, store, queue_size=2)
    try:
        for number in range(10):
            metrics.feedback(str(number), thumbs="up")
        assert metrics.feedback.counts().up == 10
        assert metrics.dropped["feedback.queue_full"] >= 7
    finally:
        store.let_go.set()


def test_feedback_after_the_close_is_counted_as_lost(clock: Clock) -> None:
    metrics = recorder(clock, MemoryFeedbackStore())
    metrics.close()
    metrics.feedback("r", thumbs="up")

    assert metrics.dropped == {"feedback.closed": 1}


def test_threads_say_everything_once(clock: Clock, tmp_path: Path) -> None:
    store = SqliteFeedbackStore(tmp_path / "f.sqlite")
    metrics = recorder(clock, store)
    for number in range(20):
        metrics.record(call(request_id=str(number)))
    with ThreadPoolExecutor(4) as pool:
        known = list(pool.map(lambda number: metrics.feedback(str(number % 8), thumbs="up", time_s=1.0), range(32)))

    assert all(known)
    assert metrics.feedback.counts() == FeedbackCounts(up=8)
    assert metrics.flush(timeout_s=30)
    assert len(list(store.read())) == 8


def test_a_planted_secret_is_in_nothing_that_was_kept_told_shown_or_raised(clock: Clock, tmp_path: Path) -> None:
    secret = "jo.harper@example.com"
    told: list[Feedback] = []
    metrics = recorder(clock, SqliteFeedbackStore(tmp_path / "f.sqlite"), on_feedback=told.append)
    with structlog.testing.capture_logs() as logs:
        metrics.feedback("r", correction=f"write to {secret}", comment=f"I am {secret}", scores={"why": secret})
        metrics.feedback("q", comment=f"again {secret}")
        with pytest.raises(ConfigurationError) as refused:
            metrics.feedback("r", thumbs=secret)  # type: ignore[arg-type]
        metrics.flush()
    shown = [repr(each.value) for each in told] + [repr(told), repr(logs), repr(refused.value), repr(metrics)]
    shown += [repr(metrics.feedback.counts()), repr(metrics.dropped)]
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert len(told) == 4
    assert b"write to [EMAIL]" in written
    assert secret not in "".join(shown)
    assert secret.encode() not in written


def test_what_cannot_be_redacted_is_withheld(clock: Clock) -> None:
    def broken(text: str) -> list[tuple[int, int, str]]:
        raise ValueError(text)

    store = MemoryFeedbackStore(redact=Redactor(scan=broken, max_chars=20))
    metrics = recorder(clock, store)
    metrics.feedback("r", comment="short", correction="longer than what is searched")
    metrics.flush()

    assert {each.name: each.value for each in store.read()} == {"comment": FAILED, "correction": TOO_LONG}
    assert dict(metrics.dropped) == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"feedback": InferenceLog("folder")}, "feedback=.*InferenceLog is no store"),
        ({"feedback": MemoryFeedbackStore}, "feedback="),
        ({"on_feedback": 7}, "on_feedback="),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MetricsRecorder(**values)


def test_windows_that_are_not_kept_and_dimensions_that_are_not_declared_are_refused(clock: Clock) -> None:
    metrics = recorder(clock, MemoryFeedbackStore())

    with pytest.raises(ConfigurationError, match="window_s=1e"):
        metrics.feedback.counts(1e9)
    with pytest.raises(ConfigurationError, match="'user' is not counted apart"):
        metrics.feedback.counts(user="u-1")
