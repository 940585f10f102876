"""How far a canary is, and the decisions about it. Pure: counts and the time in, progress out.

Rule 1: Harm is looked at first, in every stage and while the ramp is held; it ends in a rollback.
Rule 2: Units that are not assigned as planned hold the ramp: no comparison can be trusted then.
Rule 3: A stage ends when its minima are reached. One of 100 % begins only after proof, or by the policy of a timeout.
Rule 4: Whatever is decided has the next version. Who has the older one, gives way.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from genai_guard.frozen import FrozenDict

if TYPE_CHECKING:
    from genai_guard.routing.canary.design import Design
    from genai_guard.routing.canary.stages import Stage

__all__ = ["Progress", "State", "abort", "decide", "hold", "missing", "promote", "restart", "resume"]

_NOTHING: Final[FrozenDict[str, float]] = FrozenDict()


class State(StrEnum):
    """What becomes of a canary."""

    DRAFT = "draft"
    RUNNING = "running"
    HELD = "held"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"

    @property
    def is_final(self) -> bool:
        """Whether nothing more is decided."""
        return self in {State.PROMOTED, State.ROLLED_BACK}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a canary stands: all that is decided, and what processes have to agree on.

    Attributes:
        state: What becomes of it.
        stage: Place of the stage, from 0.
        run: How often it has begun anew; each run has counts of its own.
        version: Number of decisions so far.
        since_s: When the stage began, in seconds since 1970.
        reason: Why it stands there.
        thresholds: What was learned before it began, by the name of the metric.
        origin: Drawn with the first decision in a store. Another one tells that the store has lost what it had.
    """

    state: State = State.DRAFT
    stage: int = 0
    run: int = 0
    version: int = 0
    since_s: float = 0.0
    reason: str = ""
    thresholds: Mapping[str, float] = field(default=_NOTHING)
    origin: str = ""

    def to(self, state: State, reason: str, **changes: Any) -> Progress:
        """Return the next version."""
        return replace(self, state=state, reason=reason, version=self.version + 1, **changes)

    def began(self, now_s: float, reason: str, **changes: Any) -> Progress:
        """Return a run that begins at the first stage; everything is counted anew if this is not the first."""
        return self.to(State.RUNNING, reason, stage=0, since_s=now_s, run=self.run + (self.version > 0), **changes)

    def percent(self, stages: Sequence[Stage]) -> float:
        """Return the share of the units that the canary has."""
        if self.state in {State.DRAFT, State.ROLLED_BACK}:
            return 0.0
        return 100.0 if self.state is State.PROMOTED else float(stages[self.stage].percent)

    def written(self) -> str:
        """Return it as JSON, always in the same way."""
        return json.dumps(asdict(self) | {"thresholds": dict(self.thresholds)}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Progress:
        """Return what was written; the first version of all if nothing was.

        Raises:
            ValueError: it is something else.
        """
        if not text:
            return cls()
        try:
            values = json.loads(text)
            thresholds = FrozenDict(values.pop("thresholds"))
            return cls(**values | {"state": State(values["state"])}, thresholds=thresholds)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("no progress of a canary") from error


def decide(design: Design, progress: Progress, counts: Mapping[str, int], now_s: float) -> Progress:
    """Return where the canary stands by these counts; the same object if that is where it stood."""
    if progress.state not in {State.RUNNING, State.HELD}:
        return progress
    for index, metric in enumerate(design.metrics):
        if design.harm(index, counts) >= design.alarm[index]:
            return progress.to(State.ROLLED_BACK, f"harm: {metric.name}", since_s=now_s)
    if progress.state is State.HELD:
        return progress
    if design.mismatch(counts) >= design.mismatch_alarm:
        return progress.to(State.HELD, "sample_ratio", since_s=now_s)
    if not missing(design, progress, counts, now_s):
        return _next(design, progress, now_s, "proved" if design.is_last_comparison(progress.stage) else "advanced")
    return _waited(design, progress, now_s)


def _waited(design: Design, progress: Progress, now_s: float) -> Progress:
    stage = design.stages[progress.stage]
    if stage.timeout_s is None or now_s - progress.since_s < stage.timeout_s:
        return progress
    if stage.on_timeout == "advance":
        return _next(design, progress, now_s, "timeout")
    state = State.HELD if stage.on_timeout == "hold" else State.ROLLED_BACK
    return progress.to(state, "timeout", since_s=now_s)


def missing(design: Design, progress: Progress, counts: Mapping[str, int], now_s: float) -> tuple[str, ...]:
    """Return what the next stage still needs, in words."""
    if progress.state is State.DRAFT or progress.state.is_final:
        return ()
    stage = design.stages[progress.stage]
    found: list[str] = []
    units = design.units(progress.stage, counts)[1]
    if units < stage.min_units:
        found.append(f"{stage.min_units - units:,} more units with the canary")
    left_s = stage.min_s - max(0.0, now_s - progress.since_s)
    if left_s > 0:
        found.append(f"{math.ceil(left_s):,} more seconds")
    if design.is_last_comparison(progress.stage):
        for index, metric in enumerate(design.metrics):
            proof = design.proof(index, counts)
            if proof is not None and proof < design.proof_at:
                found.append(f"proof that {metric.name} are less than {1 + (metric.margin or 0):g} times as frequent")
    return tuple(found)


def hold(progress: Progress, counts: Mapping[str, int], now_s: float) -> Progress:
    """Stop the ramp where it is."""
    del counts
    return progress.to(State.HELD, "by hand", since_s=now_s) if progress.state is State.RUNNING else progress


def resume(progress: Progress, counts: Mapping[str, int], now_s: float) -> Progress:
    """Go on with what was held; from the first stage if its counts are of no use."""
    del counts
    if progress.state is not State.HELD:
        return progress
    if progress.reason == "sample_ratio":
        return progress.began(now_s, "by hand")
    return progress.to(State.RUNNING, "by hand", since_s=now_s)


def promote(progress: Progress, counts: Mapping[str, int], now_s: float) -> Progress:
    """Give the canary to everybody."""
    del counts
    may = progress.state in {State.RUNNING, State.HELD}
    return progress.to(State.PROMOTED, "by hand", since_s=now_s) if may else progress


def abort(progress: Progress, counts: Mapping[str, int], now_s: float) -> Progress:
    """Give the control to everybody."""
    del counts
    done = progress.state is State.ROLLED_BACK
    return progress if done else progress.to(State.ROLLED_BACK, "by hand", since_s=now_s)


def restart(progress: Progress, now_s: float, *, learned: bool) -> Progress:
    """Begin anew after the end: with what was learned, or by learning it."""
    if not progress.state.is_final:
        return progress
    if learned:
        return progress.began(now_s, "by hand")
    return progress.to(State.DRAFT, "by hand", stage=0, since_s=now_s)


def _next(design: Design, progress: Progress, now_s: float, reason: str) -> Progress:
    following = progress.stage + 1
    if following == len(design.stages):
        return progress.to(State.PROMOTED, reason, since_s=now_s)
    return progress.to(State.RUNNING, reason, stage=following, since_s=now_s)
