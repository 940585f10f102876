from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from genai_guard import ConfigurationError, MetricsRecorder
from genai_guard.messages import Part
from genai_guard.recording import Event
from genai_guard.recording.listening import Tap


def event(name: str = "r") -> Event:
    return Event(0.0, name, request=(Part("a prompt"),))


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """A gate that opens at the end of the test, so that no thread hangs beyond it."""
    event = threading.Event()
    yield event
    event.set()


def test_a_listener_hears_every_event_in_order_on_another_thread() -> None:
    heard: list[tuple[str, str]] = []
    recorder = MetricsRecorder()
    recorder.listen(lambda each: heard.append((each.request_id, threading.current_thread().name)), name="ear")
    for number in range(500):
        recorder.record(event(str(number)))

    assert recorder.flush()
    assert heard == [(str(number), "genai_guard ear") for number in range(500)]


def test_a_listener_is_told_without_being_flushed() -> None:
    told = threading.Event()
    recorder = MetricsRecorder()
    recorder.listen(lambda each: told.set() if each.request_id == "last" else None)
    for name in ("first", "last"):
        recorder.record(event(name))

    assert told.wait(10)


def test_a_listener_is_given_no_texts() -> None:
    heard: list[Event] = []
    recorder = MetricsRecorder()
    recorder.listen(heard.append)
    recorder.record(event())

    assert recorder.flush()
    assert heard[0].request == ()


def test_what_a_listener_raises_is_counted_and_the_next_event_is_told() -> None:
    heard: list[str] = []

    def broken(each: Event) -> None:
        heard.append(each.request_id)
        raise SystemExit

    recorder = MetricsRecorder()
    recorder.listen(broken)
    recorder.record(event("1"))
    recorder.record(event("2"))

    assert recorder.flush()
    assert heard == ["1", "2"]
    assert recorder.dropped == {"broken.SystemExit": 2}


def test_no_thread_runs_before_the_first_event() -> None:
    before = threading.active_count()
    recorder = MetricsRecorder()
    recorder.listen(print)

    assert recorder.flush()
    assert threading.active_count() == before


def test_what_finds_no_room_is_refused(gate: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genai_guard.recording.listening._MOST_WAITING", 2)
    started = threading.Event()

    def hang(_: Event) -> None:
        started.set()
        gate.wait()

    recorder = MetricsRecorder()
    recorder.listen(hang)
    recorder.record(event())
    assert started.wait(10)
    for _ in range(5):
        recorder.record(event())

    assert recorder.dropped == {"hang.queue_full": 3}
    began = monotonic()
    assert not recorder.flush(timeout_s=0.01)
    assert monotonic() - began < 5


def test_a_listener_that_was_stopped_hears_nothing_more() -> None:
    heard: list[str] = []
    recorder = MetricsRecorder()
    stop = recorder.listen(lambda each: heard.append(each.request_id))
    recorder.record(event("1"))
    recorder.flush()
    stop()
    stop()
    recorder.record(event("2"))

    assert recorder.flush()
    assert heard == ["1"]
    assert recorder.dropped == {}


def test_closing_tells_what_waits_and_refuses_the_rest() -> None:
    heard: list[str] = []
    recorder = MetricsRecorder()
    recorder.listen(lambda each: heard.append(each.request_id), name="ear")
    recorder.record(event("1"))

    assert recorder.close()
    recorder.record(event("2"))
    assert heard == ["1"]
    assert recorder.dropped == {"ear.closed": 1}


def test_only_a_function_can_listen() -> None:
    with pytest.raises(ConfigurationError, match="takes a function of one Event"):
        MetricsRecorder().listen("ear")  # type: ignore[arg-type]


def test_a_forgotten_tap_ends_its_thread() -> None:
    tap = Tap(lambda _: None, name="ear")
    tap.put(event())
    thread = next(each for each in threading.enumerate() if each.name == "genai_guard ear")
    del tap
    gc.collect()
    thread.join(10)

    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_hears_its_own_events_alone() -> None:
    heard: list[str] = []
    recorder = MetricsRecorder()
    recorder.listen(lambda each: heard.append(each.request_id))
    recorder.record(event("parent"))
    recorder.flush()
    heard.clear()
    child = os.fork()
    if child == 0:
        recorder.record(event("child"))
        recorder.flush()
        os._exit(0 if heard == ["child"] else 1)

    assert os.waitpid(child, 0)[1] == 0
