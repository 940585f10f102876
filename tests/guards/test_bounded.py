"""Calls that end in time."""

from __future__ import annotations

import multiprocessing
import threading
import time

import pytest

from genai_guard.guards import bounded
from genai_guard.guards.bounded import BoundedCalls, TooManyStuck


def workers() -> int:
    return sum(thread.name == "genai-guard-call" for thread in threading.enumerate())


def test_threads_that_have_nothing_to_do_end_and_lose_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_IDLE_S", 0.001)
    before = workers()
    call = BoundedCalls(str.upper, timeout_s=5, max_stuck=1)
    for number in range(150):
        assert call(f"a{number}") == f"A{number}"
        time.sleep(0.0005 * (number % 4))
    for _ in range(500):
        if workers() <= before:
            break
        time.sleep(0.01)
    assert workers() <= before


def test_a_call_that_comes_back_late_makes_room_for_another() -> None:
    let_go = threading.Event()
    call = BoundedCalls(lambda text: text and let_go.wait(20), timeout_s=0.01, max_stuck=1)
    with pytest.raises(TimeoutError):
        call("x")
    with pytest.raises(TooManyStuck) as caught:
        call("x")
    assert caught.value.stuck == 1
    let_go.set()
    for _ in range(500):
        try:
            assert call("x")
        except TooManyStuck:
            time.sleep(0.01)
        else:
            return
    raise AssertionError("there was never room again")


FORKED: BoundedCalls[str] = BoundedCalls(str.upper, timeout_s=5, max_stuck=1)


def answer_in_child(queue: multiprocessing.SimpleQueue[str]) -> None:
    queue.put(FORKED("child"))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    assert FORKED("parent") == "PARENT"
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=answer_in_child, args=(queue,))
    child.start()
    child.join(10)
    assert child.exitcode == 0
    assert queue.get() == "CHILD"
