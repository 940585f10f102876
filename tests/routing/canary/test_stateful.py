"""Law 8, for the controller: whatever happens, in whatever order, with a crash and a restart at every step."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from genai_guard.routing import ExperimentRouter
from genai_guard.routing.canary import Canary, Errors, Stage, State, ThumbsDown, Timeouts
from genai_guard.routing.canary.evalues import FailureRatioTest, Failures
from genai_guard.testing import FakeClock
from routing.canary.calls import event, make_router

STAGES = (
    Stage(20, min_units=1, min_s=10),
    Stage(50, min_units=2, min_s=10, timeout_s=300, on_timeout="hold"),
    Stage(100, min_units=0, min_s=5),
)
HARM = FailureRatioTest()
STATUSES = {"error": "errors", "timeout": "timeouts"}
units = st.integers(0, 9).map("u{}".format)


class CanaryMachine(RuleBasedStateMachine):
    """Beside the canary stands a model of it: every first failure of a unit, with the share it was assigned at."""

    @initialize(crashes=st.booleans(), alpha=st.sampled_from([0.2, 1e-9]))
    def begin(self, crashes: bool, alpha: float) -> None:
        self.crashes, self.alpha = crashes, alpha
        self.clock = FakeClock()
        self.under_way: list[tuple[float, Any]] = []
        self.router, self.canary = self.make()
        self.forget()

    def make(self) -> tuple[ExperimentRouter, Canary]:
        router = make_router()
        metrics = [Errors(), Timeouts(), ThumbsDown()]
        canary = Canary("model", stages=STAGES, metrics=metrics, alpha=self.alpha, check_s=None, clock=self.clock.time)
        canary.bind(router)
        return router, canary

    def forget(self) -> None:
        self.run = self.canary.status().run
        self.failed: dict[str, dict[str, tuple[float, bool]]] = defaultdict(dict)
        self.served: set[str] = set()

    def crash(self) -> None:
        """Go on in what might be another process."""
        if self.crashes:
            written = json.dumps(self.canary.snapshot())
            self.router, self.canary = self.make()
            self.canary.restore(json.loads(written))
            assert json.dumps(self.canary.snapshot()) == written

    def live(self) -> bool:
        return self.canary.state in {State.RUNNING, State.HELD}

    @rule(calls=st.lists(st.tuples(units, st.sampled_from(["ok", "ok", "error", "timeout", "cancelled"])), max_size=8))
    def call(self, calls: list[tuple[str, str]]) -> None:
        for unit, status in calls:
            self.end(self.share(), event(self.router, unit, status=status))
        self.crash()

    @rule(unit=units, status=st.sampled_from(["ok", "error"]))
    def begin_a_long_call(self, unit: str, status: str) -> None:
        self.under_way.append((self.share(), event(self.router, unit, status=status)))

    @rule()
    def end_long_calls(self) -> None:
        for share, made in self.under_way:
            self.end(share, made)
        self.under_way.clear()
        self.crash()

    def share(self) -> float:
        """What a call is assigned with: also after the end, where it may end in the next run."""
        return self.canary.percent / 100

    def end(self, share: float, made: Any) -> None:
        live = self.live()
        self.canary.record(made)
        if live and share:
            self.served.add(made.request_id)
            if made.status in STATUSES:
                failure = (share, made.assignments[0].variant == "new")
                self.failed[STATUSES[made.status]].setdefault(made.request_id, failure)

    @rule(seconds=st.sampled_from([1.0, 300.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-3_600.0, 3_600.0]))
    def shift(self, seconds: float) -> None:
        self.clock.shift_wall(seconds)

    @rule(seconds=st.sampled_from([0.0, 11.0, 11.0]))
    def look(self, seconds: float) -> None:
        self.clock.advance(seconds)
        before = self.canary.status()
        after = self.canary.refresh()
        if before.state is State.RUNNING and after.state is State.RUNNING:
            assert after.stage - before.stage in {0, 1}
        self.crash()

    @rule(what=st.sampled_from(["resume", "start", "start", "start", "hold", "promote", "abort"]))
    def decide(self, what: str) -> None:
        ended = self.canary.state.is_final
        getattr(self.canary, what)()
        if ended and what == "start":
            assert (self.canary.state, self.canary.status().run) == (State.RUNNING, self.run + 1)
        if self.canary.status().run != self.run:
            self.forget()
        self.crash()

    @rule(unit=units)
    def dislike(self, unit: str) -> None:
        found = self.canary.feedback(unit, thumbs="down")
        assert not found or unit in self.served

    @invariant()
    def everybody_gets_what_the_state_says(self) -> None:
        percent = self.canary.percent
        assert self.router.experiments[0].shares.get("new", 0.0) == percent / 100
        if self.canary.state in {State.DRAFT, State.ROLLED_BACK}:
            assert percent == 0
        if self.canary.state is State.PROMOTED:
            assert percent == 100

    @invariant()
    def a_unit_is_new_once(self) -> None:
        counts = self.canary.snapshot()["seen"]["counts"]
        assert sum(count for key, count in counts.items() if key.startswith("n.")) == len(self.served)

    @invariant()
    def evidence_is_that_of_first_failures(self) -> None:
        for metric in self.canary.status().metrics[:2]:
            seen = Failures.of((share, int(not new), int(new)) for share, new in self.failed[metric.name].values())
            assert (metric.control, metric.canary) == (seen.control, seen.canary)
            assert math.log(metric.evidence) == pytest.approx(HARM.log_value(seen), abs=1e-9)
            if metric.evidence >= metric.rollback_at * (1 + 1e-9):
                assert self.canary.state is not State.RUNNING


TestCanary = CanaryMachine.TestCase
TestCanary.settings = settings(max_examples=25, stateful_step_count=40)
