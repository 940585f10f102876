"""`Pipeline`: holds the parts, and wraps callables."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, Unpack, cast, overload
from weakref import WeakKeyDictionary, WeakSet

from genai_guard.changes import report_changes
from genai_guard.clients.surfaces import surface_for
from genai_guard.context import current_caller
from genai_guard.drive import reap
from genai_guard.errors import ConfigurationError, Rejected
from genai_guard.guards.base import Guard, Side
from genai_guard.guards.pseudonyms.calls import Vaults
from genai_guard.guards.screen import Screen
from genai_guard.messages import Part
from genai_guard.outcome import Call, Outcome
from genai_guard.plan import Plan, Signature, awaits_limits, first_position, limit_keys
from genai_guard.prices import Priced, PriceSource
from genai_guard.prices.book import book_of
from genai_guard.recording.taking import taker
from genai_guard.recording.telemetry.settings import tracing_of
from genai_guard.screening import scanned
from genai_guard.shells import arun, run, shell_of
from genai_guard.verdicts import Verdict
from genai_guard.wrapping import Guarding, guarded_client

if TYPE_CHECKING:
    from os import PathLike

    from genai_guard.batch import AsyncBatch, Batch
    from genai_guard.batch.settings import Options
    from genai_guard.clients.base import Client
    from genai_guard.limits import RateLimiter
    from genai_guard.recording import Recorder
    from genai_guard.resilience import Resilience
    from genai_guard.routing import ExperimentRouter
    from genai_guard.routing.canary import Canary
    from genai_guard.routing.shadow import Shadow

__all__ = ["Pipeline"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., Any])
"""A function of any kind. Kept as it is, overloads included, which `Callable[P, R]` would reduce to the first."""


class Pipeline:
    """Guardrails, limits, experiments and metrics around any callable that asks a model.

    A call goes through input guards, assignment, limits, the wrapped function, output guards, settlement and one event,
    in this order. The same pipeline may wrap many functions, from many threads and event loops at once.

    Args:
        name: Name on events.
        input: Guards of requests.
        output: Guards of replies.
        limiter: Limits on requests and tokens.
        router: Experiments, whose parameters are merged into the call.
        recorder: Takes one event a call.
        reader: Reads calls of a shape that is not built in; see `genai_guard.clients.custom`.
        on_reject: Called with the `Rejected` in place of raising it; what it returns is the reply, or the last chunk
            of a stream that has begun. May be a coroutine function if only asynchronous functions are wrapped.
        prices: Dollars for a million tokens, by the name of the model that answers, or else was asked:
            `{"small": (0.15, 0.60)}`. Or a source of prices, such as `genai_guard.prices.GenAIPrices()`, or
            `genai_guard.prices.Prices`, which says as well what becomes of models of which none is known.
        expected_output_tokens: Reserved with every token limit for a reply whose request states no maximum.
        resilience: What is done about a model that is slow, fails or is down.
        canary: Moves an experiment of the router from stage to stage, or back.
        shadow: A sample of the calls, made a second time to another target once they were answered.

    Raises:
        ConfigurationError: a part is not what it should be.
    """

    def __init__(
        self,
        *,
        name: str = "pipeline",
        input: Sequence[Guard] = (),  # noqa: A002  the word of the field, and a keyword only
        output: Sequence[Guard] = (),
        limiter: RateLimiter | None = None,
        router: ExperimentRouter | None = None,
        recorder: Recorder | None = None,
        reader: Client | None = None,
        on_reject: Callable[[Rejected], Any] | None = None,
        prices: Mapping[str, Priced | tuple[float, ...]] | PriceSource | None = None,
        expected_output_tokens: int = 256,
        resilience: Resilience | None = None,
        canary: Canary | None = None,
        shadow: Shadow | None = None,
    ) -> None:
        _check(limiter, "limiter", "reserve", "a RateLimiter")
        _check(router, "router", "route", "an ExperimentRouter")
        _check(recorder, "recorder", "record", "a MetricsRecorder")
        _check(resilience, "resilience", "bind", "a Resilience")
        _check(canary, "canary", "feedback", "a Canary")
        _check(shadow, "shadow", "bind", "a Shadow")
        if shadow is not None and recorder is not None and shadow.recorder is recorder:
            raise ConfigurationError("Pipeline(shadow=...): its recorder must be another one: copies are no calls")
        if on_reject is not None and not callable(on_reject):
            raise ConfigurationError("Pipeline(on_reject=...) takes a function of one Rejected")
        if not isinstance(expected_output_tokens, int) or expected_output_tokens < 0:
            raise ConfigurationError(f"Pipeline(expected_output_tokens={expected_output_tokens!r}): zero or more")
        self.name: Final = name
        self.input: Final = _guards(input, "input")
        self.output: Final = _guards(output, "output")
        self.limiter: Final = limiter
        self.router: Final = router
        self.recorder: Final = recorder
        self.reader: Final = reader
        self.on_reject: Final = on_reject
        self._prices = book_of(prices, limiter)
        self.prices: Final = self._prices.table if prices is None or isinstance(prices, Mapping) else prices
        self.expected_output_tokens: Final = expected_output_tokens
        self.resilience: Final = resilience
        self.shadow: Final = shadow
        self._input = Screen(self.input, "input")
        self._output = Screen(self.output, "output")
        self._vaults = Vaults.of(self.input, self.output)
        self.canary: Final = canary
        if canary is not None:
            canary.bind(_needed(router))
        self._record = taker(recorder, canary)
        report_changes(recorder, limiter, router, canary)
        self._plans: WeakKeyDictionary[Callable[..., Any], Plan] = WeakKeyDictionary()
        self._methods: WeakKeyDictionary[Callable[..., Any], Plan] = WeakKeyDictionary()
        self._shells: WeakSet[Callable[..., Any]] = WeakSet()
        self.when_used: Callable[[], object] = lambda: None

    # --- wrapping ---------------------------------------------------------------------------------------------------

    @overload
    def wrap(self, fn: F, /, *, prompt: str = ..., reader: Client | None = ...) -> F: ...

    @overload
    def wrap(self, fn: None = None, /, *, prompt: str = ..., reader: Client | None = ...) -> Callable[[F], F]: ...

    def wrap(self, fn: Any = None, /, *, prompt: str = "", reader: Client | None = None) -> Any:
        """Return `fn` with this pipeline around it: the same kind of function, of the same signature.

        Takes a `def`, an `async def`, a generator function, an async generator function, a `def` or `async def` that
        returns the stream object of an SDK, a bound method, a `functools.partial`, and an object with `__call__`. A
        generator function stays lazy: nothing happens before the first chunk is asked for.

        Args:
            fn: What to wrap; without it, a decorator is returned.
            prompt: Name of the parameter that carries the request. Found by itself when it is called `messages` or
                `prompt`, or is the first one.
            reader: As for the pipeline, for this function only.

        Raises:
            ConfigurationError: `fn` is not callable, or is synchronous while a guard or the store of the limiter is
                asynchronous, or does not take what an experiment sets.
        """
        if fn is None:
            return functools.partial(self._wrapped, prompt=prompt, reader=reader)
        return self._wrapped(fn, prompt, reader)

    def wrap_client(self, client: C, /, *, methods: Sequence[str] = (), reader: Client | None = None) -> C:
        """Return a copy of an SDK's client in which every method that asks a model is guarded.

        It has the class and the attributes of the client, which stays as it is, and shares its connections: closing
        either closes both. Its copies, such as `with_options` makes them, are guarded as well. What asks a model in a way
        that cannot be read raises `ConfigurationError`.

        Args:
            client: A client of OpenAI or Anthropic, synchronous or asynchronous, or another one of
                `genai_guard.clients.SURFACES`.
            methods: Dotted paths of further methods to guard, such as `chat.complete`: all there are, for a client that is
                not known.
            reader: As for the pipeline, for the calls of this client only.

        Raises:
            ConfigurationError: the client is not known and `methods` is empty, it has none of the methods that it should
                have, or they cannot be wrapped, see `wrap`.
        """
        wrap = functools.partial(self._wrapped, reader=reader)
        plan = functools.partial(self._plan, reader=reader)
        return guarded_client(client, surface_for(client, methods), Guarding(wrap, plan))

    def __call__(self, fn: F, /) -> F:
        """Wrap `fn`: `@pipeline`."""
        return cast("F", self._wrapped(fn))

    def run(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Outcome[R]:
        """Call `fn` through the pipeline and return its value with everything known about the call.

        Raises:
            Rejected: the policy said no, and there is no `on_reject`.
            ConfigurationError: `fn` is asynchronous; use `arun`.
        """
        plan = self._cached_plan(fn)
        if plan.awaits:
            raise ConfigurationError(f"{plan.name} is asynchronous: await pipeline.arun(...) instead")
        call = Call(plan)
        return Outcome(run(call, fn, args, kwargs), call)

    async def arun(self, fn: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> Outcome[R]:
        """Await `fn` through the pipeline; otherwise like `run`."""
        plan = self._cached_plan(fn)
        if not plan.awaits:
            raise ConfigurationError(f"{plan.name} is not a coroutine function: use pipeline.run(...)")
        call = Call(plan)
        return Outcome(await arun(call, fn, args, kwargs), call)

    def map(self, rows: Iterable[Any], fn: Callable[..., Any] | None = None, **options: Unpack[Options]) -> Batch[Any]:
        """Call a function through the pipeline for each row, several at a time, and return the results as they are read.

        A row that is a mapping stands for keyword arguments, a tuple for positional ones, anything else for the first
        argument. An error is the result of its row. Rows may be endless; few are in memory at a time.

        Args:
            rows: The rows.
            fn: The function, wrapped by this pipeline or not; the one that it wraps if that is the only one.
            options: See `genai_guard.batch.settings.Options`.

        Raises:
            ConfigurationError: an option is wrong, there is no such function, it is asynchronous, or the checkpoint is
                that of another run.
        """
        from genai_guard.batch.mapping import batch_of  # noqa: PLC0415  few have rows

        return batch_of(rows, fn, self._shells, self._cached_plan, options)

    def amap(
        self, rows: Iterable[Any] | AsyncIterable[Any], fn: Callable[..., Any] | None = None, **options: Unpack[Options]
    ) -> AsyncBatch[Any]:
        """Await an asynchronous function for each row, to be read with `async for`; otherwise like `map`."""
        from genai_guard.batch.amapping import async_batch_of  # noqa: PLC0415  as above

        return async_batch_of(rows, fn, self._shells, self._cached_plan, options)

    # --- without a call ---------------------------------------------------------------------------------------------

    def scan_input(self, text: str) -> Verdict:
        """Return what the input guards say about `text`, as one verdict; no call is made, and nothing recorded.

        Raises:
            ConfigurationError: `text` is not a string, or a guard is asynchronous.
        """
        return self._scan(self._input, Part(text, "user"))

    def scan_output(self, text: str) -> Verdict:
        """Return what the output guards say about `text`; otherwise like `scan_input`."""
        return self._scan(self._output, Part(text, "assistant", where="response"))

    # --- policy files -----------------------------------------------------------------------------------------------

    @classmethod
    def from_policy(cls, source: str | PathLike[str] | Mapping[str, Any]) -> Pipeline:
        """Build the pipeline that a policy describes.

        Args:
            source: Path of a `.toml`, `.json`, `.yaml` or `.yml` file, or the policy itself as a mapping.

        Raises:
            ConfigurationError: the policy is wrong; the message names the file, the line where there is one, the
                field, and what would be right.
        """
        from genai_guard.policy import load  # noqa: PLC0415  pydantic is needed by those who have a policy file

        return load(source)

    def policy(self) -> dict[str, Any]:
        """Return the policy that `from_policy` would build an equal pipeline from.

        Raises:
            ConfigurationError: a part has no place in a policy file, such as a guard made from a function.
        """
        from genai_guard.policy import dump  # noqa: PLC0415  as above

        return dump(self)

    # --- the rest ---------------------------------------------------------------------------------------------------

    def reap(self) -> None:
        """Settle and record streams that were dropped unread; every call does this first."""
        reap()

    def __eq__(self, other: object) -> bool:
        """Two pipelines are equal when they are made of equal parts."""
        return isinstance(other, Pipeline) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((self.name, len(self.input), len(self.output)))

    def __repr__(self) -> str:
        sides = [f"{side}=[{', '.join(_name(g) for g in guards)}]" for side, guards in self._sides() if guards]
        parts = [
            f"{name}={part!r}"
            for name in ("limiter", "router", "recorder", "resilience", "shadow", "canary")
            if (part := getattr(self, name)) is not None
        ]
        return f"Pipeline({', '.join([f'name={self.name!r}', *sides, *parts])})"

    def _sides(self) -> tuple[tuple[Side, tuple[Guard, ...]], ...]:
        return (("input", self.input), ("output", self.output))

    def _parts(self) -> tuple[Any, ...]:
        return (
            self.name, self.input, self.output, self.limiter, self.router, self.recorder, self.reader,
            self.on_reject, self.prices, self.expected_output_tokens, self.resilience, self.canary, self.shadow,
        )  # fmt: skip

    def _wrapped(self, fn: Any, prompt: str = "", reader: Client | None = None) -> Any:
        shell = shell_of(self._plan(fn, prompt, reader), fn)
        self._shells.add(shell)
        return shell

    def _plan(self, fn: Callable[..., Any], prompt: str = "", reader: Client | None = None) -> Plan:
        signature = Signature.of(fn, prompt)
        self.when_used()
        if self.router is not None:
            self.router.bind(signature)
        for screen in (self._input, self._output):
            screen.prepare(signature.name, is_async=signature.is_async)
        on_reject_is_async = inspect.iscoroutinefunction(self.on_reject)
        if on_reject_is_async and not signature.is_async:
            raise ConfigurationError(f"on_reject is asynchronous and {signature.name} is not: make it a plain function")
        plan = Plan(
            pipeline=self.name,
            name=signature.name,
            content=signature.content,
            states_caller=bool(signature.callers),
            is_lazy=signature.kind.endswith("generator"),
            awaits=signature.kind == "async def",
            signature=signature,
            reader=reader or self.reader,
            input=self._input,
            output=self._output,
            vaults=self._vaults,
            limiter=self.limiter,
            limit_keys=limit_keys(self.limiter),
            awaits_limits=awaits_limits(self.limiter, signature),
            router=self.router,
            expected_output_tokens=self.expected_output_tokens,
            estimates=getattr(self.limiter, "estimates", None),
            adapts=getattr(self.limiter, "adapt", None) is not None,
            prices=self._prices,
            on_reject=self.on_reject,
            on_reject_is_async=on_reject_is_async,
            record=self._record,
            wants_text=self.recorder is not None and self.recorder.wants_text,
            now=time.perf_counter,
            model=signature.parameter("model"),
            first_param=first_position(signature),
            withstand=None if self.resilience is None else self.resilience.bind(signature),
            tracing=tracing_of(self.recorder, fn),
        )
        return plan if self.shadow is None else replace(plan, shadow=self.shadow.bind(plan, prompt))

    def _scan(self, screen: Screen, part: Part) -> Verdict:
        if not isinstance(part.text, str):
            raise ConfigurationError(f"a text to scan must be a string, not {type(part.text).__name__}")
        for guard in screen.async_guards:
            raise ConfigurationError(f"the guard {guard} is asynchronous: call it with a wrapped function")
        return scanned(screen, part, current_caller(), self._vaults, self.router)

    def _cached_plan(self, fn: Callable[..., Any]) -> Plan:
        """`run` gets the same functions again and again; looking at one takes longer than calling it."""
        plans, key = (self._methods, fn.__func__) if inspect.ismethod(fn) else (self._plans, fn)
        try:
            plan = plans.get(key)
            if plan is None:
                plan = plans[key] = self._plan(fn)
        except TypeError:  # not hashable, or no weak references to it
            return self._plan(fn)
        return plan


# --- checks -----------------------------------------------------------------------------------------------------------


def _guards(guards: Sequence[Guard], side: str) -> tuple[Guard, ...]:
    if isinstance(guards, str) or not isinstance(guards, Sequence):
        raise ConfigurationError(f"Pipeline({side}=...) takes a list of guards, not {type(guards).__name__}")
    return tuple(guards)


def _check(part: object, name: str, method: str, what: str) -> None:
    if part is not None and not callable(getattr(part, method, None)):
        raise ConfigurationError(f"Pipeline({name}=...) takes {what}, not {type(part).__name__}")


def _needed(router: ExperimentRouter | None) -> ExperimentRouter:
    if router is None:
        raise ConfigurationError("Pipeline(canary=...) needs a router that has its experiment: add router=")
    return router


def _name(guard: Guard) -> str:
    return cast("str", getattr(guard, "name", "") or type(guard).__name__)
