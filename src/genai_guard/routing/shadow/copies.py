"""The copy of a call: drawn and set aside before the call is made, made once the call was answered."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from genai_guard.context import caller
from genai_guard.drive import adrive, drive
from genai_guard.effects import OPENED, Chunk, Flow
from genai_guard.flow import stages
from genai_guard.guards.screen import Screen
from genai_guard.outcome import NO_USAGE, Abandoned, Call
from genai_guard.plan import Args, Kwargs, Plan, Signature, awaits_limits, limit_keys
from genai_guard.prices.book import book_of
from genai_guard.routing.assignment import bucket_of, hash_prefix, identify, threshold

if TYPE_CHECKING:
    from genai_guard.limits import RateLimiter
    from genai_guard.recording.event import Event
    from genai_guard.routing.shadow.traffic import Shadow

__all__ = ["Copies", "Copy", "plan_of_copies"]

_copying: Final[ContextVar[bool]] = ContextVar("genai_guard.routing.shadow", default=False)
"""Whether this is a copy already. What it calls through a pipeline is not copied again."""


def plan_of_copies(plan: Plan, target: Signature, limiter: RateLimiter | None) -> Plan:
    """Return how copies of the calls of a plan are made.

    The request is as the guards left it, so none is asked again. The reply is judged by the guards of the pipeline.
    Experiments, resilience, `on_reject` and spans are left out, and the limits are the copies' own.
    """
    return replace(
        plan,
        name=target.name,
        content=target.content,
        states_caller=bool(target.callers),
        is_lazy=target.kind.endswith("generator"),
        awaits=target.kind == "async def",
        signature=target,
        model=target.parameter("model"),
        input=Screen((), "input"),
        limiter=limiter,
        limit_keys=limit_keys(limiter),
        awaits_limits=awaits_limits(limiter, target),
        estimates=None if limiter is None else limiter.estimates,
        adapts=False,
        prices=book_of(plan.prices, limiter),
        router=None,
        on_reject=None,
        on_reject_is_async=False,
        wants_text=True,
        withstand=None,
        tracing=None,
        shadow=None,
    )


class Copies:
    """The copies of the calls of one wrapped function."""

    __slots__ = ("_below", "_by", "_plan", "_prefix", "_shadow")

    def __init__(self, shadow: Shadow, plan: Plan) -> None:
        self._shadow = shadow
        self._plan = plan
        self._by = shadow.by
        self._prefix = hash_prefix(shadow.salt or shadow.name, purpose="shadow", by=shadow.by)
        self._below = threshold(shadow.sample)

    def draw(self, call: Call, fn: Callable[..., Any], args: Args, kwargs: Kwargs) -> Copy | None:
        """Return the copy of a call that is about to be made, if it is drawn. Never raises an `Exception`.

        The arguments are copied as far as they are lists and mappings: the function and its caller may go on to change
        them.
        """
        shadow = self._shadow
        if not shadow.is_on or not self._is_drawn(call):
            return None
        try:
            args, kwargs = _copied((args, dict(kwargs)), {})
            for name, value in shadow.params.items():
                args, kwargs = self._plan.signature.parameter(name).write(args, kwargs, value)
            made = (shadow.target or fn, args, kwargs)
            return None if _copying.get() else Copy(shadow, self._plan, made)
        except Exception as error:  # noqa: BLE001  a copy is never in the way
            shadow.tally.drop(type(error).__name__)
            return None

    def _is_drawn(self, call: Call) -> bool:
        unit = identify(call.request_id if self._by == "request" else call.caller.value(self._by))
        return bool(unit) and bucket_of(self._prefix + unit.encode("utf-8", "surrogatepass")) < self._below


class Copy:
    """A copy of one call. `Work` for a pool."""

    __slots__ = (
        "_call",
        "_ending",
        "_event",
        "_is_late",
        "_made",
        "_original",
        "_plan",
        "_shadow",
        "context",
        "is_over",
    )

    _original: Event
    """The call; not there before that was answered."""

    def __init__(self, shadow: Shadow, plan: Plan, made: tuple[Callable[..., Any], Args, Kwargs]) -> None:
        self._shadow = shadow
        self._plan = plan
        self._made = made
        self._call: Call | None = None
        self._event: Event | None = None
        self._ending = Lock()
        self._is_late = False
        self.context = copy_context()
        self.is_over = False

    def begin(self, call: Call, event: Event) -> None:
        """Make the copy of a call that was answered, elsewhere. Never raises an `Exception`."""
        shadow = self._shadow
        if not event.attempts or not shadow.is_on:  # no attempt: an old reply was given again
            return
        try:
            self._original = event._replace(request=call.request.parts, response=call.response)
            if refused := shadow.pool.begin(self, is_async=self._plan.signature.is_async):
                shadow.tally.drop(refused)
        except Exception as error:  # noqa: BLE001  as above
            shadow.tally.drop(type(error).__name__)

    # --- elsewhere --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Make the copy, in this thread, and say what became of it."""
        self.context.run(self._make)
        self.end()

    async def arun(self) -> None:
        """Make the copy, in this task."""
        import asyncio  # noqa: PLC0415  already loaded by whoever awaits; not worth 46 ms of everybody's import

        try:
            await asyncio.sleep(0)  # an eager task would run, up to here, before the call is answered
            async with asyncio.timeout(self._shadow.deadline_s):
                await self._amake()
        except TimeoutError:
            self._is_late = True
        except asyncio.CancelledError:
            raise
        except BaseException:  # noqa: BLE001, S110  it stands on the event; raised here, some would end the event loop
            pass

    def end(self) -> None:
        """Say what became of the copy, unless that was said."""
        event = self._event
        if event is not None and self._is_late:
            event = event._replace(status="timeout", error_type="TimeoutError")
        self._end(event)

    def give_up(self) -> None:
        """End the copy now, however far it is; what is still running is not heard any more."""
        if self._call is not None:
            self._call.ended = self._plan.now()
            event = self._call.event(NO_USAGE)
            self._end(event._replace(status="timeout", error_type="TimeoutError", model_s=event.latency_s))

    def _end(self, event: Event | None) -> None:
        with self._ending:
            if self.is_over:
                return
            self.is_over = True
        if event is None:  # the event loop was closed before it could begin
            self._shadow.tally.drop("cancelled")
        else:
            self._shadow.take(self._original, event)
        self._call = self._event = None  # they hold this copy, and texts

    def _make(self) -> None:
        with suppress(BaseException), self._as_caller():  # it stands on the event
            flow = self._begun()
            step = drive(flow)
            while step is OPENED or type(step) is Chunk:
                step = drive(flow, Abandoned() if self.is_over else None)

    async def _amake(self) -> None:
        with self._as_caller():
            flow = self._begun()
            step = await adrive(flow)
            while step is OPENED or type(step) is Chunk:
                step = await adrive(flow)

    @contextmanager
    def _as_caller(self) -> Generator[None]:
        """Let the event have the request id of the call, and a tag that tells it is a copy."""
        copying = _copying.set(True)
        try:
            with caller(request_id=self._original.request_id, tags={"shadow": self._shadow.name}):
                yield
        finally:
            _copying.reset(copying)

    def _begun(self) -> Flow[Any]:
        self._call = call = Call(replace(self._plan, record=self._keep))
        return stages(call, *self._made)

    def _keep(self, event: Event) -> None:
        """Take the event. Its request is left out: what guards found in that stands on the event of the call alone."""
        self._event = event._replace(request=())


def _copied(value: Any, done: dict[int, Any]) -> Any:
    """Return a copy of lists, mappings and tuples, and of such as are in them; all else is shared."""
    kind: type[object] = cast("Any", type)(value)
    if id(value) in done:
        return done[id(value)]
    if kind is tuple:
        return tuple([_copied(each, done) for each in value])
    if kind is list:
        items: list[Any] = []
        done[id(value)] = items
        items += [_copied(each, done) for each in value]
        return items
    if kind is dict:
        pairs: dict[Any, Any] = {}
        done[id(value)] = pairs
        pairs |= {name: _copied(each, done) for name, each in value.items()}
        return pairs
    return value
