"""Retries, by an injected clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.recording import AlertEvent, DeliveryError
from genai_guard.recording.alerting.delivery import MOST_WAITING, Outbox, backoff_s
from genai_guard.recording.worker import TICK


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def event(name: str) -> AlertEvent:
    return AlertEvent(name, "firing", "", 1.0, 1.0, "info", "enforce", 0.0)


class Line:
    """A sink that fails as it is told, behind an outbox whose clock stands still."""

    def __init__(self, *errors: BaseException | None, attempts: int = 3) -> None:
        self.errors, self.sent, self.now_s = list(errors), list[str](), 0.0
        self.box = Outbox("line", self.send, attempts=attempts, clock=lambda: self.now_s, chance=lambda: 0.0)

    def send(self, event: AlertEvent) -> None:
        self.sent.append(event.name)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error

    def at(self, now_s: float) -> float | None:
        self.now_s = now_s
        return self.box.handle(TICK)


DOWN = DeliveryError("http_503")


def test_what_fails_is_tried_again_after_waits_that_double() -> None:
    line = Line(DOWN, OSError(), attempts=3)

    assert line.box.handle(event("a")) == 1.0
    assert line.at(0.5) == 0.5
    assert line.at(1.0) == 2.0
    assert line.at(3.0) is None
    assert line.sent == ["a"] * 3
    assert line.box.failures == {}


def test_what_is_given_up_is_counted_by_reason_and_the_next_has_its_turn() -> None:
    line = Line(DOWN, DOWN, ValueError("secret"), attempts=3)
    line.box.handle(event("a"))
    line.box.handle(event("b"))
    for at_s in (1.0, 3.0):
        line.at(at_s)

    assert line.sent == ["a", "a", "a", "b"]
    assert line.box.failures == {"ValueError": 1}


def test_the_next_waits_behind_what_is_tried_again() -> None:
    line = Line(DOWN)

    assert [line.box.handle(event("a")), line.box.handle(event("b"))] == [1.0, 1.0]
    assert line.sent == ["a"]
    line.at(1.0)
    assert line.sent == ["a", "a", "b"]


def test_what_never_will_work_is_not_tried_again() -> None:
    line = Line(DeliveryError("http_404", is_final=True))

    assert line.box.handle(event("a")) is None
    assert (line.sent, line.box.failures) == (["a"], {"http_404": 1})


def test_the_other_side_may_ask_for_a_longer_wait_of_a_minute_at_most() -> None:
    assert Line(DeliveryError("http_429", retry_after_s=20)).box.handle(event("a")) == 20.0
    assert Line(DeliveryError("http_429", retry_after_s=9999)).box.handle(event("a")) == 60.0


def test_not_even_an_exit_ends_the_thread() -> None:
    line = Line(SystemExit(), attempts=1)

    assert line.box.handle(event("a")) is None
    assert line.box.failures == {"SystemExit": 1}


def test_there_is_room_for_so_many_and_no_more() -> None:
    line = Line(*[DOWN] * 3)
    for number in range(MOST_WAITING + 5):
        line.box.handle(event(str(number)))

    assert line.box.failures == {"queue_full": 5}


def test_at_the_end_each_is_tried_once_more_until_one_fails() -> None:
    line = Line(DOWN, None, DOWN)
    for name in "abcd":
        line.box.handle(event(name))
    line.box.finish()

    assert line.sent == ["a", "a", "b"]
    assert line.box.failures == {"http_503": 1, "closed": 2}


def test_a_clock_that_goes_back_holds_nothing_up() -> None:
    line = Line(DOWN)
    line.now_s = 1e6
    line.box.handle(event("a"))

    assert line.at(0.0) is None
    assert line.sent == ["a", "a"]


@given(st.integers(1, 20), st.floats(0, 1), st.floats(0, 1e6))
def test_a_wait_is_between_half_of_its_step_and_a_minute(tried: int, chance: float, asked_s: float) -> None:
    step_s = min(2.0 ** (tried - 1), 60.0)

    assert step_s / 2 <= backoff_s(tried, chance=chance) <= step_s
    assert backoff_s(tried, chance=chance, asked_s=asked_s) == max(backoff_s(tried, chance=chance), min(asked_s, 60.0))
