from __future__ import annotations

from threading import Thread

import pytest

from genai_guard.recording.event import Event
from genai_guard.recording.sinks import Sink
from genai_guard.testing import MemoryLog


def event(name: str) -> Event:
    return Event(0.0, name)


def test_events_are_kept_in_order() -> None:
    log = MemoryLog()
    log.write(event("a"))
    log.record(event("b"))
    assert [one.request_id for one in log] == ["a", "b"]
    assert (log.last, len(log), len(log.events)) == (event("b"), 2, 2)


def test_it_is_a_sink() -> None:
    assert isinstance(MemoryLog(), Sink)
    assert MemoryLog(wants_text=True).wants_text
    assert not MemoryLog().wants_text


def test_nothing_recorded_is_an_error_to_ask_for() -> None:
    with pytest.raises(LookupError, match="nothing was recorded yet"):
        _ = MemoryLog().last


def test_a_test_waits_for_events_of_another_thread() -> None:
    log = MemoryLog()
    thread = Thread(target=lambda: any(map(log.write, map(event, "abc"))))
    thread.start()
    assert len(log.wait(3)) == 3
    thread.join()


def test_waiting_ends() -> None:
    log = MemoryLog()
    log.write(event("a"))
    with pytest.raises(TimeoutError, match=r"1 of 2 events arrived within 0\.001 s"):
        log.wait(2, timeout_s=0.001)


def test_a_log_can_be_cleared() -> None:
    log = MemoryLog()
    log.write(event("a"))
    log.clear()
    assert log.events == ()


def test_the_repr_shows_no_event() -> None:
    log = MemoryLog()
    log.write(event("private"))
    assert repr(log) == "<MemoryLog of 1 events>"
