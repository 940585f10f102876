"""`Canary`: moves an experiment from stage to stage, or back.

Rule 1: `record` never raises and performs no I/O. A call that went well costs a look-up, and no lock.
Rule 2: Whatever breaks in here gives everybody the control, and is told.
Rule 3: Callbacks have a thread of their own; what they raise is counted and told, and changes nothing.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Final, Literal

from genai_guard.changes import Changing
from genai_guard.errors import ComponentFailed, ConfigurationError
from genai_guard.limits.stores.tallies import TallyStore
from genai_guard.recording.event import Event
from genai_guard.recording.lifecycle import watch_over
from genai_guard.recording.worker import TICK, Worker, tell
from genai_guard.routing import checks
from genai_guard.routing.canary import settings
from genai_guard.routing.canary.baseline import Baseline
from genai_guard.routing.canary.counting import Counting
from genai_guard.routing.canary.course import Change, Course
from genai_guard.routing.canary.design import Design
from genai_guard.routing.canary.metrics import DEFAULT_METRICS, CanaryMetric, checked_metrics
from genai_guard.routing.canary.progress import Progress, State, abort, decide, hold, promote, restart, resume
from genai_guard.routing.canary.ramp import Ramp
from genai_guard.routing.canary.settings import OnTransition
from genai_guard.routing.canary.stages import DEFAULT_STAGES, Stage, checked_stages
from genai_guard.routing.canary.status import CanaryStatus, status_of, transition
from genai_guard.routing.canary.together import Together
from genai_guard.routing.experiment import Experiment
from genai_guard.routing.router import ExperimentRouter
from genai_guard.routing.srm import SRM_ALPHA

__all__ = ["Canary"]

_WAITING: Final = 256


class Canary(Changing):
    """Gives a new variant to more and more units, and takes it from all of them when it does harm.

    Works on an experiment of two variants, whose weights it sets: 1, 5, 25, 50 and 100 % unless said otherwise. Nobody who
    has the canary loses it as it grows. Evidence of harm is carried on through all stages. It may be looked at after every
    call: the probability of ever rolling back a canary that is not worse is at most `alpha`, over all metrics, whatever
    the ramp does, however the error rate of both drifts, and also if failures come in clusters for some units.

    States: `DRAFT` (nobody has the canary; thresholds are learned), `RUNNING`, `HELD` (the share stays, harm still ends in
    a rollback), `PROMOTED` (everybody has it), `ROLLED_BACK` (nobody has it).

    Give it to a pipeline, `Pipeline(router=..., canary=...)`, which tells it of every call.

    Args:
        experiment: Name of the experiment, in the router.
        stages: The steps of the ramp.
        metrics: What must not get worse.
        control: Variant that everybody had before; the first of the experiment if empty.
        canary: Variant that is tried; the other one if empty.
        alpha: Probability of a false rollback, at most.
        promotion_alpha: Probability of promoting a canary that is as much worse as the margin of a metric, at most.
        sample_ratio_alpha: Probability of holding the ramp for units that are assigned as planned, at most.
        baseline_calls: Calls of the control from which the thresholds of slow calls are learned, before the canary begins.
        autostart: Whether it begins by itself, as soon as nothing is left to learn.
        version: What is tried, if it is another thing under the same name: processes whose canaries have another
            version, other stages or other metrics do not decide together.
        store: Where the processes of an application meet: a `MemoryStore`, `SqliteStore` or `RedisStore`, which may be
            that of the limits. It is asked from the first call on; until it has answered everybody has the control.
            None: each process decides by itself, and forgets when it ends.
        check_s: Seconds between looks at the clock and the store, on a thread of its own that begins with the first call;
            None leaves that to `refresh()`.
        max_units: Most units that are remembered; beyond that every second one is looked at, then every fourth.
        on_transition: Called with a `Transition` on each change, on a thread of its own. Logged through structlog besides.
        clock: Seconds since 1970.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    def __init__(
        self,
        experiment: str,
        *,
        stages: Sequence[Stage] = DEFAULT_STAGES,
        metrics: Sequence[CanaryMetric] = DEFAULT_METRICS,
        control: str = "",
        canary: str = "",
        alpha: float = 0.05,
        promotion_alpha: float = 0.05,
        sample_ratio_alpha: float = SRM_ALPHA,
        baseline_calls: int = 1_000,
        autostart: bool = True,
        version: str = "",
        store: TallyStore | None = None,
        check_s: float | None = 1.0,
        max_units: int = 200_000,
        on_transition: OnTransition | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        checks.name(experiment, of="experiment", where="Canary")
        self.experiment: Final = experiment
        self.stages: Final = checked_stages(stages)
        self.metrics: Final = checked_metrics(metrics)
        self.control: Final = control
        self.canary: Final = canary
        self.alpha: Final = alpha
        self.promotion_alpha: Final = promotion_alpha
        self.sample_ratio_alpha: Final = sample_ratio_alpha
        self.baseline_calls: Final = settings.positive("baseline_calls", baseline_calls)
        self.autostart: Final = autostart
        self.version: Final = version
        self.store: Final = settings.store_of(store)
        self.check_s: Final = settings.interval(check_s)
        self.max_units: Final = settings.positive("max_units", max_units)
        self.on_transition: Final = settings.callback(on_transition)
        self._design: Final = Design(
            self.stages,
            self.metrics,
            alpha=alpha,
            promotion_alpha=promotion_alpha,
            sample_ratio_alpha=sample_ratio_alpha,
        )
        self._ramp = Ramp(experiment, self._design, control=control, canary=canary)
        self._course = Course(self._design, max_units=max_units, clock=clock or time.time, changed=self._changed)
        self._baseline = Baseline(self._design.learned, calls=baseline_calls)
        self._counting = Counting(
            experiment,
            self._design,
            self._ramp,
            self._course,
            self._baseline,
            first=self._watch,
            wake=self._wake,
            broke=self._broke,
        )
        self._may_start = autostart
        self._watcher = Worker("canary", settings.watching(weakref.WeakMethod(self._tick)), size=_WAITING)
        self._teller = Worker("on_transition", settings.telling(self.on_transition), size=_WAITING)
        watch_over(self)

    # --- what a pipeline does ---------------------------------------------------------------------------------------

    def bind(self, router: ExperimentRouter) -> None:
        """Move the experiment of this router from now on; a pipeline does this when it is built.

        Raises:
            ConfigurationError: the router has no such experiment, or it has not two variants.
        """
        first = not self._ramp.places
        self._ramp.bind(router)
        if first:
            names = (self.experiment, self.version, self.control, self.canary)
            name = f"canary.{self.experiment}.{self._design.digest(*names)}"
            together = None if self.store is None else Together(self.store, name)
            self._course.settle(remembers=not self._ramp.by_request, together=together)
            self._counting.prepare(self._course.progress)
        self._ramp.move(self.percent)
        if self.store is None:  # else nothing is connected before the first call
            self.refresh()

    @property
    def record(self) -> Callable[[Event], None]:
        """What takes the event of each call, whatever became of it. Never raises."""
        return self._counting.record

    def feedback(self, request_id: str, *, thumbs: Literal["up", "down"]) -> bool:
        """Take what somebody thinks of a reply; return whether the call was one of the latest 100 000 of this process.

        Only with a metric `ThumbsDown`. A reply counts once.
        """
        return self._counting.feedback(request_id, is_failure=thumbs == "down")

    # --- by hand ----------------------------------------------------------------------------------------------------

    def start(self) -> bool:
        """Begin, once all thresholds are learned; or begin anew after the end. Return whether that has happened.

        Raises:
            ComponentFailed: the store cannot be reached; so do the others that lead upwards.
        """
        self._may_start = True

        def change(progress: Progress, counts: Mapping[str, int], now_s: float) -> Progress:
            anew = restart(progress, now_s, learned=self._baseline.fits(progress.thresholds))
            return self._look(progress, counts, now_s) if anew is progress else anew

        return self._by_hand(change)

    def hold(self) -> bool:
        """Stay at this stage until `resume`; return whether that changes anything. Harm still ends in a rollback."""
        return self._by_hand(hold)

    def resume(self) -> bool:
        """Go on with the stage that is held, whose time begins anew; return whether there was one.

        After a wrong sample ratio, whose counts are of no use, the canary begins anew from the first stage.
        """
        return self._by_hand(resume)

    def promote(self) -> bool:
        """Give the canary to everybody, without proof; return whether that changes anything."""
        return self._by_hand(promote)

    def abort(self) -> bool:
        """Give the control to everybody, after a promotion as well; return whether that changes anything."""
        return self._by_hand(abort)

    # --- how it is doing --------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What becomes of the canary."""
        return self._course.progress.state

    @property
    def original(self) -> Experiment | None:
        """The experiment as it was before the canary moved it; None before a router is bound."""
        return self._ramp.original

    @property
    def percent(self) -> float:
        """Share of the units that the canary has."""
        return self._course.progress.percent(self.stages)

    def refresh(self) -> CanaryStatus:
        """Look at the clock, the counts and the store now, and return how the canary is doing. Never raises."""
        try:
            self._counting.drain()
            self._course.step(self._look)
        except Exception as error:  # noqa: BLE001  as above
            self._broke(error)
        return self.status()

    def status(self) -> CanaryStatus:
        """Return how the canary is doing; its `repr` is a table."""
        course = self._course
        with course.lock:
            draft = course.progress.state is State.DRAFT
            more = self._baseline.missing if draft else ()
            return status_of(
                self._design,
                course.progress,
                course.seen.counts,
                experiment=self.experiment,
                percent=self.percent,
                now_s=course.now_s,
                more=(*more, "start()") if draft and not self._may_start else more,
                store="none" if course.together is None else course.trouble or "up",
            )

    def snapshot(self) -> dict[str, Any]:
        """Return all that is known as JSON knows it, to go on from in another process. Holds no unit, only buckets.

        Replies that may still be given feedback are not part of it. With a store there is no need for it.
        """
        self._counting.drain()
        course = self._course.snapshot()
        return {
            "plan": self._design.digest(self.experiment, self.version),
            **course,
            "latencies_s": [*self._baseline.latencies_s],
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot, after a router is bound.

        Raises:
            ConfigurationError: it is none, or that of a canary with other stages, metrics or another version.
        """
        try:
            if snapshot["plan"] != self._design.digest(self.experiment, self.version):
                raise ConfigurationError("Canary.restore: the snapshot is that of a canary with another plan")
            self._course.restore(snapshot)
            self._baseline.restore(snapshot["latencies_s"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, ConfigurationError):
                raise
            raise ConfigurationError("Canary.restore: takes what snapshot() returned") from error

    def flush(self, *, timeout_s: float = 2.0) -> bool:
        """Check, and wait for callbacks; return whether that was done in time."""
        self.refresh()
        return self._teller.flush(until_s=monotonic() + timeout_s)

    def close(self, *, timeout_s: float = 2.0) -> bool:
        """Check once more, and end all threads; return whether that was done in time. Done at exit as well."""
        until_s = monotonic() + timeout_s
        self.refresh()
        return all([self._watcher.close(until_s=until_s), self._teller.close(until_s=until_s)])

    def after_fork(self) -> None:
        """Begin anew in a child process, with what was decided. Called by itself."""
        self._course.begin()
        self._counting.begin()
        for worker in (self._watcher, self._teller):
            worker.after_fork()

    def __eq__(self, other: object) -> bool:
        return self._config == other._config if isinstance(other, Canary) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.experiment, self.stages))

    def __repr__(self) -> str:
        return f"<Canary {self.experiment}: {self.state}, {self.percent:g} %>"

    @property
    def _config(self) -> tuple[object, ...]:
        return (
            self.experiment, self.stages, self.metrics, self.control, self.canary, self.alpha, self.promotion_alpha,
            self.sample_ratio_alpha, self.baseline_calls, self.autostart, self.version, self.store, self.check_s,
            self.max_units, self.on_transition,
        )  # fmt: skip

    def _look(self, progress: Progress, counts: Mapping[str, int], now_s: float) -> Progress:
        """Decide by what is known."""
        if progress.state is not State.DRAFT:
            return decide(self._design, progress, counts, now_s)
        if not (self._may_start and self._baseline.is_complete and self._ramp.places):
            return progress
        return progress.began(now_s, "started", thresholds=self._baseline.thresholds())

    def _wake(self) -> None:
        """Look now, or let the thread look that may ask the store."""
        if self._course.together is None:
            self._course.step(self._look)
        else:
            self._watch()

    def _tick(self) -> float | None:
        self.refresh()
        return None if self._course.together is None and self.state.is_final else self.check_s

    def _by_hand(self, change: Change) -> bool:
        self._counting.drain()
        done = self._course.step(change)
        if self._course.trouble and not done:
            raise ComponentFailed("the store of the canary", "assign", self._course.trouble)
        self._watch()
        return done

    def _watch(self) -> None:
        if self.check_s is not None:
            self._watcher.put(TICK)

    def _changed(self, before: Progress, after: Progress) -> None:
        """Do what a decision says, while the course holds its lock."""
        if after.run != before.run:
            self._counting.begin()
        self._counting.prepare(after)
        self._ramp.move(after.percent(self.stages), withdrawn=after.state is State.ROLLED_BACK)
        told = transition(self.experiment, self.stages, before, after)
        if (before.state, before.reason, before.percent(self.stages)) != (told.after, told.reason, told.percent):
            self._teller.put(told)
            facts = {"before": told.before, "after": told.after, "percent": told.percent, "reason": told.reason}
            self._announce("canary_transition", experiment=self.experiment, **facts)

    def _broke(self, error: Exception) -> None:
        with suppress(Exception):
            self._course.fall_back(f"error: {type(error).__name__}")
        with suppress(Exception):
            tell("canary broke; everybody has the control", experiment=self.experiment, error=type(error).__name__)
