from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
import structlog

from genai_guard.recording.worker import TICK, Worker


def soon() -> float:
    return monotonic() + 10.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """A gate that opens at the end of the test, so that no thread hangs beyond it."""
    event = threading.Event()
    yield event
    event.set()


def test_items_are_handled_in_order_on_another_thread() -> None:
    handled: list[tuple[object, str]] = []
    worker = Worker("w", lambda item: handled.append((item, threading.current_thread().name)), size=10)
    for number in range(5):
        assert worker.put(number) == ""

    assert worker.flush(until_s=soon())
    assert handled == [(number, "genai_guard w") for number in range(5)]


def test_no_thread_runs_before_the_first_item() -> None:
    before = threading.active_count()
    worker = Worker("w", print, size=10)

    assert threading.active_count() == before
    assert worker.flush(until_s=soon())
    assert threading.active_count() == before


def test_what_finds_no_room_is_refused(gate: threading.Event) -> None:
    started = threading.Event()

    def hang(_: object) -> None:
        started.set()
        gate.wait()

    worker = Worker("w", hang, size=2)
    worker.put("handled")
    started.wait()

    assert [worker.put(number) for number in range(4)] == ["", "", "queue_full", "queue_full"]


def test_flush_and_close_give_up_when_the_time_is_over(gate: threading.Event) -> None:
    worker = Worker("w", lambda _: gate.wait() and None, size=2)
    worker.put("x")

    began = monotonic()
    assert not worker.flush(until_s=monotonic() + 0.01)
    assert not worker.close(until_s=monotonic() + 0.01)
    assert monotonic() - began < 5


def test_closing_handles_what_waits_and_then_finishes() -> None:
    done: list[object] = []
    worker = Worker("w", done.append, size=10, finish=lambda: done.append("finished"))
    for number in range(3):
        worker.put(number)

    assert worker.close(until_s=soon())
    assert done == [0, 1, 2, "finished"]
    assert worker.put(4) == "closed"
    assert worker.close(until_s=soon())
    assert done == [0, 1, 2, "finished"]


def test_flushing_flushes_what_is_behind() -> None:
    done: list[object] = []
    worker = Worker("w", done.append, size=10, flush=lambda: done.append("flushed"))
    worker.put(1)

    assert worker.flush(until_s=soon())
    assert done == [1, "flushed"]


@pytest.mark.parametrize("error", [ValueError("a SECRET"), SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_what_a_handler_raises_is_counted_and_ends_nothing(error: BaseException) -> None:
    done: list[object] = []

    def handle(item: object) -> None:
        if item == "bad":
            raise error
        done.append(item)

    worker = Worker("w", handle, size=10)
    with structlog.testing.capture_logs() as logs:
        for item in ("bad", 1, "bad", 2):
            worker.put(item)
        worker.flush(until_s=soon())

    assert done == [1, 2]
    assert worker.failures == {type(error).__name__: 2}
    assert logs == [
        {"event": "recording failed; calls go on", "log_level": "warning", "sink": "w", "error": type(error).__name__}
    ]


def test_an_error_of_the_system_is_told_by_its_code() -> None:
    def handle(_: object) -> None:
        open("/nonexistent/SECRET")  # noqa: PTH123, SIM115  the plain error of the system

    worker = Worker("w", handle, size=10)
    with structlog.testing.capture_logs() as logs:
        worker.put(1)
        worker.flush(until_s=soon())

    assert logs[0]["code"] == "ENOENT"
    assert "SECRET" not in str(logs)


def test_a_handler_gets_the_tick_that_it_asks_for() -> None:
    ticked = threading.Event()

    def handle(item: object) -> float | None:
        if item is TICK:
            ticked.set()
            return None
        return 0.001

    worker = Worker("w", handle, size=10)
    worker.put("begin")

    assert ticked.wait(10)
    assert worker.close(until_s=soon())


def test_a_worker_that_is_forgotten_finishes_and_ends() -> None:
    done: list[Any] = []
    finished = threading.Event()
    worker = Worker("w", done.append, size=10, finish=finished.set)
    worker.put(1)
    del worker
    gc.collect()

    assert finished.wait(10)
    assert done == [1]


def test_many_threads_start_one_thread_and_lose_nothing() -> None:
    done: list[object] = []
    worker = Worker("w", done.append, size=100_000)
    barrier = threading.Barrier(8)

    def put() -> None:
        barrier.wait()
        for number in range(500):
            worker.put(number)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert worker.flush(until_s=soon())
    assert len(done) == 4000
    assert [thread.name for thread in threading.enumerate()].count("genai_guard w") == 1
    assert worker.close(until_s=soon())
