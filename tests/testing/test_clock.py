from __future__ import annotations

import asyncio
import math

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.testing import FakeClock


def test_time_stands_still_until_it_is_moved() -> None:
    clock = FakeClock()
    assert clock.monotonic_ns() == clock.monotonic_ns()
    assert clock.monotonic_ns() > 0


def test_all_clocks_move_together() -> None:
    clock = FakeClock(wall_s=100.0)
    ns, s = clock.monotonic_ns(), clock.monotonic()

    clock.advance(1.5)
    clock.sleep(0.25)

    assert clock.monotonic_ns() - ns == 1_750_000_000
    assert clock.monotonic() - s == 1.75
    assert clock.time() == 101.75


def test_only_the_wall_clock_is_ever_set_back() -> None:
    clock = FakeClock(wall_s=100.0)
    before = clock.monotonic_ns()
    clock.shift_wall(-40)
    assert (clock.time(), clock.monotonic_ns()) == (60.0, before)


@pytest.mark.parametrize("seconds", [-1, -1e-9, math.nan, math.inf])
def test_time_does_not_go_back(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="zero or more"):
        FakeClock().advance(seconds)


async def test_other_tasks_run_while_a_task_sleeps() -> None:
    clock = FakeClock()
    order: list[str] = []

    async def sleeper() -> None:
        order.append("asleep")
        await clock.asleep(3600)
        order.append("awake")

    async def other() -> None:
        order.append("other")

    await asyncio.gather(sleeper(), other())
    assert order == ["asleep", "other", "awake"]


def test_a_clock_tells_how_far_it_was_moved() -> None:
    clock = FakeClock()
    clock.advance(90)
    assert repr(clock) == "<FakeClock 90 s after its start>"
