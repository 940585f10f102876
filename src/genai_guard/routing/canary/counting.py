"""What a canary does with the event of every call.

Rule 1: Nothing here raises, waits or performs I/O. A call that went well costs a look-up, and no lock.
Rule 2: What was not left to chance does not count: overrides, forced variants, units outside of the experiment.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Final

from genai_guard.recording.event import Event
from genai_guard.routing.canary.baseline import Baseline
from genai_guard.routing.canary.course import Course
from genai_guard.routing.canary.design import Design
from genai_guard.routing.canary.intake import Intake, Place
from genai_guard.routing.canary.metrics import ThumbsDown
from genai_guard.routing.canary.progress import Progress, State
from genai_guard.routing.canary.ramp import Ramp
from genai_guard.routing.canary.replies import Replies
from genai_guard.routing.experiment import Assignment, Reason

__all__ = ["Counting"]

_SPLIT: Final = Reason.SPLIT
_STAGE: Final = 255
_BATCH: Final = 128
_MANY_CLAIMS: Final = 1_000
_REPLIES: Final = 100_000
_NOTHING: Final[Mapping[float, Place]] = {}
_NOWHERE: Final[Mapping[str, Mapping[float, Place]]] = {}


class Counting:
    """Takes events, and counts what has to be counted.

    Args:
        experiment: Name of the experiment.
        design: The plan.
        ramp: The experiment.
        course: Where is counted.
        baseline: What takes calls before the canary begins.
        first: Called with the first event.
        wake: Called when a decision may be due.
        broke: Called with what should not have been raised.
    """

    def __init__(
        self,
        experiment: str,
        design: Design,
        ramp: Ramp,
        course: Course,
        baseline: Baseline,
        *,
        first: Callable[[], None],
        wake: Callable[[], None],
        broke: Callable[[Exception], None],
    ) -> None:
        self._experiment: Final = experiment
        self._design: Final = design
        self._ramp: Final = ramp
        self._course: Final = course
        self._baseline: Final = baseline
        self._first: Final = first
        self._wake: Final = wake
        self._broke: Final = broke
        self._thumbs: Final = sum(
            1 << place for place, each in enumerate(design.metrics) if isinstance(each, ThumbsDown)
        )
        self._replies: Final = Replies(_REPLIES)
        self._arrivals: Final[deque[Place]] = deque()
        self._is_first = True
        self.prepare(course.progress)

    def begin(self) -> None:
        """Forget calls that may be given feedback, and those that are not counted yet."""
        self._replies.begin()
        self._arrivals.clear()
        self._is_first = True

    def prepare(self, progress: Progress) -> None:
        """Get ready for the events of a stage."""
        self._state = progress.state
        self._places = self._ramp.places if progress.state in {State.RUNNING, State.HELD} else _NOWHERE
        self._intake = intake = Intake(self._design, progress.thresholds)
        is_plain = not (self._thumbs or intake.asks)
        # What `record` needs, in one go.
        self._quick = (self._experiment, self._course.seen, progress.stage, intake.slow_s, intake.cost_usd, is_plain)

    def record(self, event: Event, /) -> None:
        """Take the event of a call, whatever became of it."""
        try:
            name, seen, stage, slow_s, cost_usd, is_plain = self._quick
            # By place: asking a named tuple for names takes three times as long.
            for given in event[9]:
                if given[0] == name:
                    break
            else:
                return
            if (
                is_plain
                and event[4] == "ok"
                and seen.marks.get(given[4] or 0, 0) & _STAGE > stage
                and event[13] <= slow_s
            ):
                cost = event[12]
                if cost is None or cost <= cost_usd:
                    return
            self._take(event, given)
        except Exception as error:  # noqa: BLE001  whatever is wrong here, the call goes on
            self._broke(error)

    def feedback(self, request_id: str, *, is_failure: bool) -> bool:
        """Take what somebody thinks of a reply; return whether the call is known."""
        found = self._replies.take(request_id)
        if found is not None and is_failure:
            try:
                self._see(*found, self._thumbs)
            except Exception as error:  # noqa: BLE001  as above
                self._broke(error)
        return found is not None

    def drain(self) -> None:
        """Count calls that are units of their own."""
        arrivals, course = self._arrivals, self._course
        with course.lock:
            course.count(Counter([arrivals.popleft() for _ in range(len(arrivals))]))

    def _take(self, event: Event, given: Assignment) -> None:
        """Take a call that has to be counted, or may have."""
        if self._is_first:
            self._is_first = False
            self._first()
        bucket = given[4]  # by place, as above
        if bucket is None or given[3] is not _SPLIT:
            return
        place = self._places.get(given[1], _NOTHING).get(given[5])
        if place is None:
            if self._state is State.DRAFT and self._baseline.add(event):
                self._wake()
            return
        failed = self._intake.failed(event)
        if self._thumbs:
            self._replies.keep(event.request_id, bucket, place)
        if not failed and self._ramp.by_request:
            self._arrivals.append(place)
            if len(self._arrivals) >= _BATCH:
                self.drain()
        elif failed or not self._course.seen.knows(bucket, place[0]):
            self._see(bucket, place, failed)

    def _see(self, bucket: int, place: Place, failed: int) -> None:
        course = self._course
        with course.lock:
            seen = course.seen
            is_due = seen.see(bucket, place[0], place[1], failed) or len(seen.claims) >= _MANY_CLAIMS
        if is_due:
            self._wake()
