"""Two processes and a store that comes and goes: whatever happens, they count together and come to one decision."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from genai_guard.errors import ComponentFailed
from genai_guard.routing import ExperimentRouter
from genai_guard.routing.canary import Canary, Errors, Stage, State
from genai_guard.testing import FakeClock
from routing.canary.calls import Fragile, event, make_router

STAGES = (Stage(20, min_units=1, min_s=10), Stage(50, min_units=2, min_s=10, timeout_s=50))
processes = st.integers(0, 1)


class TogetherMachine(RuleBasedStateMachine):
    """No harm here: `alpha` is too small for a rollback that nobody asked for."""

    @initialize()
    def begin(self) -> None:
        self.clock, self.store = FakeClock(), Fragile()
        self.pairs = [self.make() for _ in range(2)]
        self.failed: set[str] = set()
        self.served: set[str] = set()
        self.aborted = False

    def make(self) -> tuple[ExperimentRouter, Canary]:
        router, metrics = make_router(), [Errors(margin=9.0)]
        canary = Canary(
            "model", stages=STAGES, metrics=metrics, alpha=1e-300, sample_ratio_alpha=1e-300, promotion_alpha=1e-300,
            check_s=None, store=self.store, clock=self.clock.time,
        )  # fmt: skip
        canary.bind(router)
        canary.refresh()
        return router, canary

    @rule(process=processes, calls=st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=8))
    def call(self, process: int, calls: list[tuple[int, bool]]) -> None:
        router, canary = self.pairs[process]
        for number, fails in calls:
            if canary.state in {State.RUNNING, State.HELD}:
                self.served.add(f"u{number}")
                self.failed |= {f"u{number}"} if fails else set()
            canary.record(event(router, f"u{number}", status="error" if fails else "ok"))

    @rule(seconds=st.sampled_from([1.0, 11.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(down=st.booleans(), mute=st.booleans())
    def change_the_store(self, down: bool, mute: bool) -> None:
        self.store.down, self.store.mute = down, mute

    @rule(process=processes)
    def look(self, process: int) -> None:
        before = self.pairs[process][1].percent
        reached = not (self.store.down or self.store.mute)
        after = self.pairs[process][1].refresh().percent
        assert reached or after <= before

    @rule(process=processes, what=st.sampled_from(["resume", "resume", "hold", "promote", "abort"]))
    def decide(self, process: int, what: str) -> None:
        with suppress(ComponentFailed):
            done = getattr(self.pairs[process][1], what)()
            self.aborted = self.aborted or (what == "abort" and done)

    @rule()
    def lose(self) -> None:
        """The store forgets everything, at a moment at which everybody knows it."""
        self.meet()
        self.store.lose()
        for _ in range(3):
            for _, canary in self.pairs:
                canary.refresh()
        self.failed.clear()
        self.served.clear()

    @rule()
    def meet(self) -> None:
        self.store.down = self.store.mute = False
        for _ in range(3):
            for _, canary in self.pairs:
                canary.refresh()
        one, other = (canary.status() for _, canary in self.pairs)
        assert one == other
        assert (one.state is State.ROLLED_BACK) == self.aborted
        assert self.pairs[0][0].experiments == self.pairs[1][0].experiments
        assert one.metrics[0].control + one.metrics[0].canary == len(self.failed)
        counts = self.pairs[0][1].snapshot()["seen"]["counts"]
        assert sum(count for key, count in counts.items() if key.startswith("n.")) == len(self.served)

    @invariant()
    def everybody_gets_what_the_state_of_their_process_says(self) -> None:
        for router, canary in self.pairs:
            assert router.experiments[0].shares.get("new", 0.0) == canary.percent / 100


TestTogether = TogetherMachine.TestCase
TestTogether.settings = settings(max_examples=25, stateful_step_count=30)
