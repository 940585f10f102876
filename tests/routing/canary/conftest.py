"""A router with two variants, and a clock that stands still."""

from __future__ import annotations

import pytest

from genai_guard.routing import ExperimentRouter
from genai_guard.testing import FakeClock
from routing.canary.calls import make_router


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def router() -> ExperimentRouter:
    return make_router()
