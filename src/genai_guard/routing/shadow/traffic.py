"""`Shadow`: what is copied, whereto, and what a copy may take."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from genai_guard.errors import ConfigurationError
from genai_guard.limits import Limit, RateLimiter
from genai_guard.plan import Signature
from genai_guard.recording.recorder import MetricsRecorder
from genai_guard.routing import checks
from genai_guard.routing.experiment import NO_PARAMS
from genai_guard.routing.shadow.comparing import COMPARISONS, Comparer, Measure, compared
from genai_guard.routing.shadow.pool import Pool
from genai_guard.routing.shadow.summary import ShadowResult, ShadowSummary, Tally

if TYPE_CHECKING:
    from genai_guard.plan import Plan
    from genai_guard.recording.event import Event
    from genai_guard.recording.snapshot import Snapshot
    from genai_guard.routing.shadow.copies import Copies

__all__ = ["Shadow"]


@dataclass(frozen=True)
class Shadow:
    """A sample of calls, made a second time to another target, to see what it would answer.

    A call is copied once it was answered; of a stream, once that was read to its end. Its caller waits for nothing and
    hears of nothing: no failure of a copy leaves it, and what finds no place is dropped and counted. The copy has the
    arguments that the function was given, redacted by the guards of requests, and its reply is judged by those of
    replies, then compared and thrown away.

    Only the function is called again: it must do nothing but ask the model. Tools that the caller runs on the reply are
    not run again; a function that runs some itself would, so give a `target` that does not. Copies cost what calls cost.

    Synchronous functions are copied in threads, asynchronous ones in tasks of the event loop that made the call. A
    thread cannot be stopped: a copy that hangs is given up at its deadline, and takes one of the places until it ends.

    Args:
        name: Name of the shadow, the salt of its sample, and the tag `shadow` of its events.
        target: Called in place of the function, with the same arguments: asynchronous if that is.
        params: Arguments put in place of those of the call, such as another model.
        sample: Part of the calls that are copied, from 0 to 1.
        by: What is sampled: `request`, or `user`, `tenant`, `session` or the name of a tag, for all calls of some.
        salt: Salt in place of the name.
        max_concurrent: Most copies made at a time. What comes meanwhile is dropped: nothing queues.
        deadline_s: Seconds that a copy may take.
        limits: Limits of the copies, on requests, tokens or dollars, counted in this process: their own budget.
        compare: What is compared; see `Measure`.
        comparer: Compares what else matters: takes the `Event` of the call and that of the copy, with the texts as the
            model wrote them; returns a number, several by name, or None.
        on_result: Called with the `ShadowResult` of every copy, in a thread of its own.
        recorder: Takes the event of each copy, whose request id is that of the call. Not the recorder of the pipeline,
            which counts calls. One of its own when None: see `snapshot`.
        enabled: Whether anything is copied; see `pause` as well.

    Raises:
        ConfigurationError: one of them is not what it must be, or the copy would not differ from the call.
    """

    name: str
    target: Callable[..., Any] | None = field(default=None, kw_only=True, hash=False)
    params: Mapping[str, Any] = field(default=NO_PARAMS, kw_only=True)
    sample: float = field(default=0.05, kw_only=True)
    by: str = field(default="request", kw_only=True)
    salt: str = field(default="", kw_only=True)
    max_concurrent: int = field(default=4, kw_only=True)
    deadline_s: float = field(default=60.0, kw_only=True)
    limits: Sequence[Limit] = field(default=(), kw_only=True)
    compare: Sequence[Measure] = field(default=tuple(COMPARISONS), kw_only=True)
    comparer: Comparer | None = field(default=None, kw_only=True)
    on_result: Callable[[ShadowResult], object] | None = field(default=None, kw_only=True)
    recorder: MetricsRecorder | None = field(default=None, kw_only=True)
    enabled: bool = field(default=True, kw_only=True)
    is_on: bool = field(init=False, repr=False, compare=False)
    """Whether calls are copied now."""
    tally: Tally = field(init=False, repr=False, compare=False)
    pool: Pool = field(init=False, repr=False, compare=False)
    _limiter: RateLimiter | None = field(init=False, repr=False, compare=False)
    _events: MetricsRecorder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks.name(self.name, of="name", where="Shadow")
        where = f"Shadow({self.name!r})"
        checks.name(self.by, of="by", where=where)
        if self.salt != "":
            checks.name(self.salt, of="salt", where=where)
        checks.target(self.target, where=where)
        checks.one_of(self.enabled, (True, False), of="enabled", where=where)
        for name in ("comparer", "on_result"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise ConfigurationError(f"{where}: {name} must be a function")
        if self.recorder is not None and not isinstance(cast("object", self.recorder), MetricsRecorder):
            raise ConfigurationError(f"{where}: recorder must be a MetricsRecorder of its own")
        params, limits = checks.params(self.params, where=where), _limits(self.limits, where=where)
        if self.target is None and not params:
            raise ConfigurationError(f"{where}: give it a target or params, such as params={{'model': 'large'}}")
        limiter = RateLimiter(*limits) if limits else None
        most = _most(self.max_concurrent, where=where)
        deadline_s = _seconds(self.deadline_s, where=where)
        values: dict[str, Any] = {
            "params": params,
            "sample": checks.share(self.sample, of="sample", where=where),
            "deadline_s": deadline_s,
            "limits": limits,
            "compare": _measures(self.compare, where=where),
            "is_on": self.enabled,
            "tally": Tally(),
            "pool": Pool(self.name, max_concurrent=most, deadline_s=deadline_s),
            "_limiter": limiter,
            "_events": self.recorder or MetricsRecorder(),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    # --- what came of it --------------------------------------------------------------------------------------------

    def summary(self) -> ShadowSummary:
        """Return what came of the copies of this process so far, and how they compare with their calls."""
        return self.tally.summary(self.name, running=self.pool.running)

    def snapshot(self, window_s: float = 3600.0, **slice: str) -> Snapshot:  # noqa: A002  the word for it
        """Return what the recorder of the copies counted; see `MetricsRecorder.snapshot`."""
        return self._events.snapshot(window_s, **slice)

    # --- its life ---------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Copy nothing from now on; what is being made is finished."""
        object.__setattr__(self, "is_on", False)

    def resume(self) -> None:
        """Copy calls again, whatever `enabled` says."""
        object.__setattr__(self, "is_on", True)

    def flush(self, *, timeout_s: float = 2.0) -> bool:
        """Wait until no copy is being made and all is recorded; return whether that was so in time.

        It blocks: in an event loop, which has to make the copies, `await asyncio.to_thread(shadow.flush)`.
        """
        until_s = monotonic() + timeout_s
        is_idle = self.pool.flush(timeout_s=timeout_s)
        return self._events.flush(timeout_s=max(0.0, until_s - monotonic())) and is_idle

    def close(self, *, timeout_s: float = 2.0) -> bool:
        """Copy nothing any more, then flush; return whether that was done in time. At its exit a process does not wait."""
        self.pool.close()
        return self.flush(timeout_s=timeout_s)

    # --- for the pipeline -------------------------------------------------------------------------------------------

    def bind(self, plan: Plan, prompt: str = "") -> Copies:
        """Return the copies of calls of one function.

        Raises:
            ConfigurationError: the target is of another kind, something does not take an argument that is set, or
                limits are in dollars while there are no prices.
        """
        from genai_guard.routing.shadow.copies import Copies, plan_of_copies  # noqa: PLC0415  it imports what imports this

        where, function = f"Shadow({self.name!r})", plan.signature
        target = function if self.target is None else Signature.of(self.target, prompt)
        if target.is_async is not function.is_async:
            kind = "asynchronous" if function.is_async else "synchronous"
            raise ConfigurationError(f"{where}: its target must be {kind}, as {function.name} is")
        for name in self.params:
            if not target.accepts(name):
                raise ConfigurationError(
                    f"{where} sets {name}, which {target.name} does not take: add the parameter, or take it out of params"
                )
        return Copies(self, plan_of_copies(plan, target, self._limiter))

    def take(self, call: Event, copy: Event) -> None:
        """Compare and record what became of a copy. Raises nothing: what somebody else's functions raise is counted."""
        values: dict[str, float] = {}
        if copy.ok:
            values.update(compared(call, copy, cast("tuple[Measure, ...]", self.compare)))
            values.update(self._told(call, copy))
        self.tally.over(copy.status, values)
        self._events.record(copy)
        if self.on_result is not None:
            try:
                self.on_result(ShadowResult(self.name, call, copy, values))
            except BaseException as error:  # noqa: BLE001  not even SystemExit may pass
                self.tally.fail("on_result", error)

    def _told(self, call: Event, copy: Event) -> dict[str, float]:
        """Return what the comparer says."""
        if self.comparer is None:
            return {}
        try:
            said = self.comparer(call, copy)
            if said is None:
                return {}
            if isinstance(said, Mapping):
                return {str(name): _number(value) for name, value in said.items()}
            return {getattr(self.comparer, "__name__", type(self.comparer).__name__): _number(said)}
        except BaseException as error:  # noqa: BLE001  as above
            self.tally.fail("comparer", error)
            return {}


def _number(value: object) -> float:
    number = float(cast("float", value))
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _most(value: object, *, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{where}: max_concurrent={value!r} must be a whole number above 0")
    return value


def _seconds(value: object, *, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigurationError(f"{where}: deadline_s={value!r} must be a number of seconds above 0")
    return float(value)


def _limits(value: object, *, where: str) -> tuple[Limit, ...]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        limits = tuple(cast("Sequence[object]", value))
        if all(isinstance(each, Limit) for each in limits):
            return cast("tuple[Limit, ...]", limits)
    raise ConfigurationError(f"{where}: limits must be a list of limits, such as [Limit.usd(5, per='day')]")


def _measures(value: object, *, where: str) -> tuple[Measure, ...]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        measures = tuple(dict.fromkeys(cast("Sequence[Measure]", value)))
        if all(each in COMPARISONS for each in measures):
            return measures
    raise ConfigurationError(
        f"{where}: compare={value!r} must be a list of some of {', '.join(COMPARISONS)}; a function goes to comparer="
    )
