"""The shell around a policy under test: calls go through it to a scripted model, and what comes out is noted.

The guards, limits and experiments are those of the policy. Its recorder is left out, so a test writes no log; limits and
escalations count from nothing in every case, on a clock that stands still and begins at the same moment for each;
experiments run whatever their schedule says; targets of variants are not called, nor sticky stores asked. So what comes
out does not depend on the day.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from genai_guard.context import caller
from genai_guard.errors import ComponentFailed, ConfigurationError, Rejected
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import Guard, MatchingGuard
from genai_guard.guards.seat import Seat
from genai_guard.limits import MemoryStore, RateLimiter
from genai_guard.messages import Caller
from genai_guard.pipeline import Pipeline
from genai_guard.policy.problems import listed, quoted, suggestion
from genai_guard.routing import Experiment, ExperimentRouter
from genai_guard.testing.cases.case import Case, CaseSide
from genai_guard.testing.cases.results import KnownRule, Observed
from genai_guard.testing.cases.tallies import CaseTally, counting_in
from genai_guard.testing.cases.texts import content_of, last_text, reply_texts, reply_value, texts_of
from genai_guard.testing.clock import FakeClock
from genai_guard.testing.log import MemoryLog
from genai_guard.verdicts import gravest

if TYPE_CHECKING:
    import asyncio

    from genai_guard.recording.event import Event

__all__ = ["Bench", "guard_name"]

T = TypeVar("T")
_START_S: Final = 1_767_268_800.0
"""Noon of 2026-01-01, UTC: far from where a day or month begins."""


class Bench:
    """A policy under test. Cases may follow each other in any order; none leaves anything behind for the next.

    What a guard of one's own carries from call to call is the exception: give such cases sessions of their own.

    Args:
        pipeline: The policy.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._input = pipeline.input
        self._output = pipeline.output
        self._limits = () if pipeline.limiter is None else pipeline.limiter.limits
        self._experiments = () if pipeline.router is None else tuple(map(_without_effects, pipeline.router.experiments))
        self._expected_output_tokens = pipeline.expected_output_tokens
        self._lanes: dict[tuple[CaseSide, str], _Lane] = {}
        self._runner: asyncio.Runner | None = None
        self._lock = RLock()

    @property
    def known(self) -> tuple[KnownRule, ...]:
        """The guards, and the rules of those that find spans by rules."""
        sides: tuple[tuple[CaseSide, Sequence[Guard]], ...] = (("input", self._input), ("output", self._output))
        return tuple(rule for side, guards in sides for guard in guards for rule in _known(guard, side))

    def observe(self, case: Case) -> Observed:
        """Return what the policy makes of a case.

        Raises:
            ConfigurationError: the case is about a guard, limit or experiment that the policy does not have.
        """
        self._check(case)
        with self._lock:
            return self._observed(self._lane(case.side, case.guard), case)

    def _observed(self, lane: _Lane, case: Case) -> Observed:
        lane.begin(case)
        start = time.perf_counter()
        calls = 0
        event: Event | None = None
        while calls < case.calls and (event is None or not event.denied_by):
            if calls and case.every_s:
                lane.clock.advance(case.every_s)
            calls += 1
            event = self._call(lane, case)
        assert event is not None  # noqa: S101  a case makes at least one call
        return replace(lane.observed(case, event, calls), elapsed_s=time.perf_counter() - start)

    @contextmanager
    def running(self) -> Generator[None]:
        """Keep one event loop for all asynchronous guards, rather than one for each case."""
        try:
            yield
        finally:
            if self._runner is not None:
                self._runner.close()
                self._runner = None

    def _call(self, lane: _Lane, case: Case) -> Event:
        if not lane.is_async:
            return lane.call(case)
        return self._await(lane.acall(case))

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        import asyncio  # noqa: PLC0415  for policies with asynchronous guards

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._runner = self._runner or asyncio.Runner()
            return self._runner.run(coroutine)
        return _in_thread(lambda: asyncio.run(coroutine))

    def _lane(self, side: CaseSide, guard: str) -> _Lane:
        lane = self._lanes.get((side, guard))
        if lane is None:
            lane = self._lanes[side, guard] = self._new_lane(side, guard)
        return lane

    def _new_lane(self, side: CaseSide, guard: str) -> _Lane:
        guards = {
            name: [each for each in all_guards if not guard or guard_name(each) == guard]
            for name, all_guards in (("input", self._input), ("output", self._output))
            if side in {name, ""}
        }
        if guard and not any(guards.values()):
            known = [guard_name(each) for each in (*self._input, *self._output)]
            where = f" among the {side} guards" if side else ""
            raise ConfigurationError(
                f"no guard is named {quoted(guard)}{where}{suggestion(guard, known) or f'; there are {listed(known)}'}"
            )
        clock, log, tally = FakeClock(wall_s=_START_S), MemoryLog(), CaseTally()
        store = MemoryStore(clock=clock.monotonic_ns, wall_clock=lambda: round(clock.time() * 1e9))
        limits = () if side else self._limits
        guards = {name: [counting_in(each, tally, clock.time) for each in chosen] for name, chosen in guards.items()}
        pipeline = Pipeline(
            name="policy-test",
            input=guards.get("input", ()),
            output=guards.get("output", ()),
            limiter=RateLimiter(*limits, store=store) if limits else None,
            router=ExperimentRouter(*self._experiments) if self._experiments else None,
            recorder=log,
            expected_output_tokens=self._expected_output_tokens,
        )
        is_async = any(Seat.of(each).is_async for chosen in guards.values() for each in chosen)
        return _Lane(pipeline, clock, log, tally, is_async)

    def _check(self, case: Case) -> None:
        """Refuse labels that no policy of this shape could meet."""
        limits = [limit.name for limit in self._limits]
        if case.expect.limit and case.expect.limit not in limits:
            raise _unknown("limit", case.expect.limit, limits)
        names = [experiment.name for experiment in self._experiments]
        for name, variant in case.expect.variants.items():
            if name not in names and not (name == "" and len(names) == 1):
                raise _unknown("experiment", name, names)
            experiment = self._experiments[names.index(name) if name else 0]
            if variant not in experiment.shares:
                raise _unknown("variant", variant, experiment.shares)


@dataclass(slots=True)
class _Lane:
    """A pipeline of the guards that a kind of case asks, and its model."""

    pipeline: Pipeline
    clock: FakeClock
    log: MemoryLog
    tally: CaseTally
    is_async: bool
    content: Any = None
    replies: Sequence[Any] = ()
    asked: int = 0
    received: Any = None
    answered: Any = None

    def begin(self, case: Case) -> None:
        self.content = content_of(case)
        self.replies = [reply_value(reply) for reply in (case.reply, *case.retries)]
        self.tally.reset()
        self.clock.shift_wall(_START_S - self.clock.time())
        if self.pipeline.limiter is not None:
            self.pipeline.limiter.reset()

    def ask(self, messages: Any, **params: Any) -> Any:
        """The model."""
        del params
        self.received = messages if self.asked == 0 else self.received
        self.asked += 1
        return self.replies[min(self.asked, len(self.replies)) - 1]

    async def aask(self, messages: Any, **params: Any) -> Any:
        """The model, for guards that are asynchronous."""
        return self.ask(messages, **params)

    def call(self, case: Case) -> Event:
        """Make one call, and return what is recorded of it."""
        self._reset()
        with _calling(case.caller), suppress(Rejected, ComponentFailed):
            self.answered = self.pipeline.run(self.ask, self.content).value
        return self.log.last

    async def acall(self, case: Case) -> Event:
        """As `call`."""
        self._reset()
        with _calling(case.caller), suppress(Rejected, ComponentFailed):
            self.answered = (await self.pipeline.arun(self.aask, self.content)).value
        return self.log.last

    def observed(self, case: Case, event: Event, calls: int) -> Observed:
        """Return what came out of the last call."""
        verdicts = event.verdicts
        counted = (each.action for each in verdicts if case.guard or each.mode == "enforce")
        reply = None if self.answered is None else "\n".join(reply_texts(self.answered).values())
        after = None if self.received is None else last_text(self.received)
        is_reply = case.side == "output" and not case.messages
        broken = next((each.error for each in verdicts if each.error), "")
        return Observed(
            action=gravest(counted),
            verdicts=verdicts,
            texts=FrozenDict(texts_of(case)),
            after=reply if is_reply else after,
            reply_after=reply,
            variants=FrozenDict({each.experiment: each.variant for each in event.assignments}),
            denied_by=event.denied_by,
            denied_call=calls if event.denied_by else 0,
            error=broken or (event.error_type if event.status == "component_failed" else ""),
        )

    def _reset(self) -> None:
        self.received = self.answered = None
        self.asked = 0
        self.log.clear()


def guard_name(guard: Guard) -> str:
    """Return the name that verdicts of a guard have."""
    return Seat.of(guard).name


def _known(guard: Guard, side: CaseSide) -> Iterator[KnownRule]:
    seat = Seat.of(guard)
    yield KnownRule(seat.name, "", "", side)
    if isinstance(seat.guard, MatchingGuard):
        yield from (KnownRule(seat.name, rule.id, rule.category, side) for rule in seat.guard.rules)


@contextmanager
def _calling(on_behalf: Caller) -> Generator[None]:
    given: Mapping[str, Any] = {name: getattr(on_behalf, name) or None for name in _IDENTIFIERS}
    with caller(**given, tags=on_behalf.tags or None):
        yield


_IDENTIFIERS: Final = ("user", "tenant", "session", "request_id")


def _without_effects(experiment: Experiment) -> Experiment:
    """Return what calls no target, sets no prompt, keeps no variant and has no schedule: a unit goes by its hash."""
    variants = tuple(replace(variant, target=None, prompt=None) for variant in experiment.variants)
    if variants == experiment.variants and not experiment.sticky and experiment.schedule is None:
        return experiment
    return replace(experiment, variants=variants, sticky=False, schedule=None)


def _unknown(what: str, name: str, known: Iterable[str]) -> ConfigurationError:
    names = list(known)
    there = suggestion(name, names) or (f"; there are {listed(names)}" if names else "; there is none")
    return ConfigurationError(f"the policy has no {what} {quoted(name)}{there}")


def _in_thread(work: Callable[[], T]) -> T:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  where a loop is running already

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()
