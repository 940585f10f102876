"""What a canary has seen and decided, for many threads, and together with other processes if there is a store.

Rule 1: A lock is held while anything changes, and never over I/O.
Rule 2: With a store, evidence is what everybody has counted, as the store says. Without an answer of the store a process
    goes by what it knows, and may hold the ramp or roll back; it tells the store later.
Rule 3: A decision that somebody else made first holds.
Rule 4: A store that has lost everything is told where the canary stands, and units count anew: what was withdrawn stays
    withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any, Final, TypeAlias

from genai_guard.routing.canary.design import Design
from genai_guard.routing.canary.observations import Observations
from genai_guard.routing.canary.progress import Progress, State
from genai_guard.routing.canary.together import Together, Unreachable

__all__ = ["Change", "Course"]

Change: TypeAlias = Callable[[Progress, Mapping[str, int], float], Progress]
"""Takes where the canary stands, the counts and the time; returns where it is to stand, or the same object."""

_DOWN: Final = frozenset({State.HELD, State.ROLLED_BACK})


class Course:
    """Progress and observations of one canary.

    Args:
        design: The plan.
        max_units: Most units that are remembered.
        clock: Seconds since 1970. Where it steps back, time stands still until it has caught up.
        changed: Called with progress before and after, under the lock.

    Attributes:
        progress: Where the canary stands.
        seen: What was seen in this run.
        trouble: Class of what the store raised last; empty while all is well.
    """

    def __init__(
        self,
        design: Design,
        *,
        max_units: int,
        clock: Callable[[], float],
        changed: Callable[[Progress, Progress], None],
    ) -> None:
        self._design: Final = design
        self._max_units: Final = max_units
        self._clock: Final = clock
        self._changed: Final = changed
        self._remembers = True
        self._latest_s = 0.0
        self._wanted: Progress | None = None
        self.together: Together | None = None
        self.progress = Progress()
        self.trouble = ""
        self.seen = self._observations()
        self.begin()

    def begin(self) -> None:
        """Have new locks: at the start, and in a child process, which has seen nothing that is not the parent's."""
        self.lock = Lock()
        self._meeting = Lock()
        self.seen.take()
        if self.together is not None:
            self.together.begin()

    def settle(self, *, remembers: bool, together: Together | None) -> None:
        """Say what is known once a router is bound; the first one counts."""
        self._remembers = remembers
        self.together = together
        self.seen = self._observations()

    @property
    def now_s(self) -> float:
        """The time, which does not step back."""
        self._latest_s = max(self._latest_s, self._clock())
        return self._latest_s

    def count(self, arrivals: Mapping[tuple[int, int], int]) -> None:
        """Count calls that are units of their own. For whoever holds the lock."""
        for (place, arm), times in arrivals.items():
            self.seen.arrive(place, arm, times)

    def step(self, change: Change) -> bool:
        """Change where the canary stands; return whether the change was made, by this process or another before it."""
        if self.together is not None:
            with self._meeting:
                return self._meet(self.together, change)
        with self.lock:
            before = self.progress
            self._adopt(change(before, self.seen.counts, self.now_s))
            return self.progress is not before

    def fall_back(self, reason: str) -> None:
        """Give everybody the control, whatever the store says."""
        with self.lock:
            if not self.progress.state.is_final:
                after = self.progress.to(State.ROLLED_BACK, reason, since_s=self._latest_s)
                self._wanted = None if self.together is None else after
                self._adopt(after)

    def snapshot(self) -> dict[str, Any]:
        """Return everything as JSON knows it."""
        with self.lock:
            return {"progress": self.progress.written(), "latest_s": self._latest_s, "seen": self.seen.snapshot()}

    def restore(self, values: Mapping[str, Any]) -> None:
        """Take what was returned by `snapshot`.

        Raises:
            ValueError: it is something else.
        """
        progress, seen = Progress.read(values["progress"]), self._observations()
        seen.restore(values["seen"])
        with self.lock:
            self._latest_s = float(values["latest_s"])
            before, self.progress, self.seen = self.progress, progress, seen
            self._changed(before, progress)

    def _meet(self, together: Together, change: Change) -> bool:
        try:
            self._follow(together)
            with self.lock:
                run, claims = self.progress.run, self.seen.take()
            counts = together.push(run, claims)
            with self.lock:
                if self.progress.run == run:
                    self.seen.replace(counts)
            made = self._propose(together, change)
            self.trouble = ""
            return made
        except Unreachable as trouble:
            self.trouble = str(trouble)
        with self.lock:
            wanted = change(self.progress, self.seen.counts, self.now_s)
            if wanted is self.progress or wanted.state not in _DOWN:
                return False
            self._wanted = wanted
            self._adopt(wanted)
            return True

    def _propose(self, together: Together, change: Change) -> bool:
        while True:  # until nobody else was quicker
            with self.lock:
                wanted = change(self.progress, self.seen.counts, self.now_s)
                if wanted is self.progress:
                    return False
            wanted = together.proposal(wanted)
            holding = together.decide(wanted)
            with self.lock:
                self._adopt(holding)
            if holding == wanted:
                return True

    def _follow(self, together: Together) -> None:
        """Take what was decided, and tell what this process decided by itself."""
        holding, own = together.decided(), self._wanted
        if own is None and self._was_lost(holding):
            own = self.progress
        while own is not None and holding.run <= own.run and _outdoes(own.state, holding.state):
            stage = holding.stage if holding.version else own.stage
            proposal = together.proposal(replace(own, version=holding.version + 1, stage=stage, origin=holding.origin))
            holding = together.decide(proposal)
            own = None if holding == proposal else own
        self._wanted = None
        with self.lock:
            self._adopt(holding)

    def _was_lost(self, holding: Progress) -> bool:
        """Whether the store has lost what it had."""
        return self.progress.version > 0 and holding.origin != self.progress.origin

    def _adopt(self, after: Progress) -> None:
        before = self.progress
        if after == before:
            return
        self.progress = after
        if (after.run, after.origin) != (before.run, before.origin):
            self.seen = self._observations()
        self._changed(before, after)

    def _observations(self) -> Observations:
        return Observations(
            self._design,
            max_units=self._max_units,
            remembers=self._remembers,
            claims=self.together is not None,
        )


def _outdoes(own: State, holding: State) -> bool:
    """Whether what a process decided by itself is to hold, whatever the others have decided meanwhile."""
    if holding is State.DRAFT:  # nothing was decided, or it was lost
        return own is not State.DRAFT
    if own is State.ROLLED_BACK:
        return holding is not State.ROLLED_BACK
    return own in {State.HELD, State.PROMOTED} and holding is State.RUNNING
