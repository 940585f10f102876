from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from recorders import Clock, Hung


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock whose recorders are closed at the end of the test."""
    clock = Clock()
    with structlog.testing.capture_logs():
        yield clock
        for each in clock.recorders:
            each.close()


@pytest.fixture
def hung() -> Iterator[Hung]:
    sink = Hung()
    yield sink
    sink.let_go.set()
