"""What is decided once, when a function is wrapped: where its request stands, what kind it is, what applies to it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from genai_guard.context import current_caller
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller

if TYPE_CHECKING:
    from genai_guard.clients.base import Client
    from genai_guard.errors import Rejected
    from genai_guard.guards.pseudonyms.calls import Vaults
    from genai_guard.guards.screen import Screen
    from genai_guard.limits import OutputEstimates, RateLimiter
    from genai_guard.outcome import Call
    from genai_guard.prices import Prices
    from genai_guard.recording.event import Event
    from genai_guard.recording.telemetry.tracing import Tracing
    from genai_guard.relay import Source
    from genai_guard.routing import ExperimentRouter
    from genai_guard.routing.shadow.copies import Copies

__all__ = [
    "CONTENT_NAMES",
    "Args",
    "Kwargs",
    "Parameter",
    "Plan",
    "Signature",
    "awaits_limits",
    "first_position",
    "limit_keys",
]

Args: TypeAlias = tuple[Any, ...]
Kwargs: TypeAlias = Mapping[str, Any]

CONTENT_NAMES: Final = ("messages", "input", "prompt", "contents", "inputs")
"""Parameters that carry a request, in the order they are looked for; else it is the first one."""

_BY_NAME: Final = frozenset({"input", "contents", "system", "instructions", "suffix", "prediction", "images", "config"})
"""Parameters with texts that clients read by their names."""
CALLER_NAMES: Final = ("user", "tenant", "session", "request_id")
_POSITIONAL: Final = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
_NOWHERE: Final = 1 << 30


class _Missing:
    def __repr__(self) -> str:
        return "<not given>"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Parameter:
    """Where a call carries one of its arguments. `inspect.Signature.bind` takes far too long for every call.

    Attributes:
        name: Name of the parameter.
        position: Its place among the positional arguments; beyond all of them when it has none.
        default: What the function takes when the call does not say.
    """

    name: str
    position: int = _NOWHERE
    default: Any = MISSING

    def read(self, args: Args, kwargs: Kwargs) -> Any:
        """Return the argument, the default, or `MISSING`."""
        if self.position < len(args):
            return args[self.position]
        return kwargs.get(self.name, self.default)

    def write(self, args: Args, kwargs: Kwargs, value: Any) -> tuple[Args, Kwargs]:
        """Return the arguments with `value` put in place; nothing is changed in place."""
        if self.position < len(args):
            return (*args[: self.position], value, *args[self.position + 1 :]), kwargs
        return args, {**kwargs, self.name: value}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Signature:
    """What a function looks like from outside.

    Attributes:
        name: Its qualified name.
        content: The parameter that carries the request.
        parameters: Every parameter by name.
        open: Whether it takes any keyword.
        kind: `def`, `async def`, `generator` or `async generator`.
        callers: Those of `CALLER_NAMES` that a call may state as an argument.
        named_from: Place from which on positional arguments are given by name, since clients read one of them by its
            name; beyond all where there is none, or they cannot be.
        rivals: Parameters that may carry a request as well, which no client reads beside this one.
    """

    name: str
    content: Parameter
    parameters: Mapping[str, Parameter]
    open: bool
    kind: str
    callers: tuple[Parameter, ...]
    named_from: int
    rivals: tuple[Parameter, ...]

    @classmethod
    def of(cls, fn: Callable[..., Any], prompt: str = "") -> Signature:
        """Look at `fn` once.

        Raises:
            ConfigurationError: it is not callable, or has no parameter `prompt`.
        """
        name = _name(fn)
        if not callable(fn):
            raise ConfigurationError(f"a pipeline wraps a callable, not an object of type {type(fn).__name__}")
        try:
            found = inspect.signature(fn).parameters.values()
        except (TypeError, ValueError):  # some builtins have none
            found = inspect.signature(_anything).parameters.values()
        parameters = {
            p.name: Parameter(
                p.name,
                index if p.kind in _POSITIONAL else _NOWHERE,
                MISSING if p.default is inspect.Parameter.empty else p.default,
            )
            for index, p in enumerate(found)
            if p.kind not in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
        }
        kinds = {p.kind for p in found}
        is_open = inspect.Parameter.VAR_KEYWORD in kinds
        content = _content(parameters, prompt, kinds, name)
        callers = tuple(parameters.get(each, Parameter(each)) for each in CALLER_NAMES if each in parameters or is_open)
        return cls(
            name,
            content,
            parameters,
            is_open,
            _kind(fn),
            tuple(c for c in callers if c.name != content.name),
            _NOWHERE if inspect.Parameter.VAR_POSITIONAL in kinds else _named_from(found),
            () if prompt else tuple(p for p in parameters.values() if p.name in CONTENT_NAMES and p != content),
        )

    @property
    def is_async(self) -> bool:
        """Whether a call of it is awaited, or iterated with `async for`."""
        return self.kind.startswith("async")

    def accepts(self, name: str) -> bool:
        """Whether a call may name this keyword."""
        return self.open or name in self.parameters

    def parameter(self, name: str) -> Parameter:
        """Return where a call carries the argument `name`."""
        return self.parameters.get(name) or Parameter(name)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a flow needs, resolved when the function is wrapped.

    Attributes:
        pipeline: Name of the pipeline.
        signature: What the wrapped function looks like.
        reader: The caller's own client, asked before the built-in ones.
        input: Guards of requests.
        output: Guards of replies.
        vaults: Opens the vault of each call; None if no guard pseudonymises.
        limiter: Limits; None for none.
        limit_keys: Returns whose call it is, by the names that limits go by, and how urgent it is; a new mapping.
        awaits_limits: Whether limits have to be awaited: for their store, or for room.
        router: Experiments; None for none.
        expected_output_tokens: Reserved for a reply whose request states no `max_tokens` while no others are known.
        estimates: What replies have been like, once some are known; None without a limiter.
        adapts: Whether the limits of the provider are told what it says.
        prices: Price of each model.
        on_reject: Answers in place of raising a rejection.
        on_reject_is_async: Whether that is a coroutine function.
        record: Takes the event.
        wants_text: Whether the recorder needs the texts.
        now: Monotonic clock, in seconds.
        name: Qualified name of the wrapped function.
        content: Its parameter that carries the request.
        states_caller: Whether a call of it may state on whose behalf it is made.
        is_lazy: Whether that is a generator function: nothing happens before the first chunk is asked for.
        awaits: Whether that is a coroutine function.
        model: Its parameter `model`.
        first_param: Place of the first of its parameters, but for the request, that an experiment may set.
        withstand: Calls the model in place of the flow, with attempts and limits; None without `Resilience`.
        shadow: Copies of its calls; None without `Shadow`.
        tracing: Makes the spans and metrics of its calls; None without `OpenTelemetry`.
    """

    pipeline: str
    signature: Signature
    reader: Client | None
    input: Screen
    output: Screen
    vaults: Vaults | None
    limiter: RateLimiter | None
    limit_keys: Callable[[Call], dict[str, Any]]
    awaits_limits: bool
    router: ExperimentRouter | None
    expected_output_tokens: int
    estimates: OutputEstimates | None
    adapts: bool
    prices: Prices
    on_reject: Callable[[Rejected], Any] | None
    on_reject_is_async: bool
    record: Callable[[Event], object]
    wants_text: bool
    now: Callable[[], float]
    name: str
    content: Parameter
    states_caller: bool
    is_lazy: bool
    awaits: bool
    model: Parameter
    first_param: int
    withstand: Callable[..., Generator[object, Any, tuple[Any, Source | None]]] | None = None
    shadow: Copies | None = None
    tracing: Tracing | None = None

    def merge(self, params: Kwargs, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        """Return the arguments with what experiments set put in place."""
        if len(args) <= self.first_param:
            return args, {**kwargs, **params}
        for name, value in params.items():
            args, kwargs = self.signature.parameter(name).write(args, kwargs, value)
        return args, kwargs

    def caller(self, args: Args, kwargs: Kwargs) -> Caller:
        """Return on whose behalf the call is made: its own arguments beat the context."""
        context = current_caller()
        stated: dict[str, str] | None = None
        for parameter in self.signature.callers:
            value = parameter.read(args, kwargs)
            if value and (type(value) is str or type(value) is int):
                stated = stated or {}
                stated[parameter.name] = str(value)
        if stated is None:
            return context
        return Caller(
            stated.get("user", context.user),
            stated.get("tenant", context.tenant),
            stated.get("session", context.session),
            stated.get("request_id", context.request_id),
            context.tags,
        )


def first_position(signature: Signature) -> int:
    """Return the place of the first positional parameter that does not carry the request: any may be set some day."""
    others = [each.position for each in signature.parameters.values() if each.name != signature.content.name]
    return min(others, default=_NOWHERE)


def awaits_limits(limiter: RateLimiter | None, signature: Signature) -> bool:
    """Return whether the limits of a function's calls have to be awaited. A synchronous function waits where it is.

    Raises:
        ConfigurationError: they do, and the function is synchronous.
    """
    if signature.is_async:
        return getattr(limiter, "may_wait", False)
    if getattr(limiter, "is_async", False):
        raise ConfigurationError(
            f"the store of the limiter is asynchronous and {signature.name} is not: "
            "give the limiter a store that blocks, such as RedisStore"
        )
    return False


def limit_keys(limiter: RateLimiter | None) -> Callable[[Call], dict[str, Any]]:
    """Return a function of a call that says whose it is, by the names that limits go by now; they may be replaced."""
    if limiter is None:
        return lambda _: {}

    known = (limiter.keys, _readers(limiter.keys))

    def keys(call: Call) -> dict[str, Any]:
        nonlocal known
        names, readers = known
        if names is not limiter.keys:
            names, readers = known = (limiter.keys, _readers(limiter.keys))
        return {name: read(call) for name, read in readers}

    def with_priority(call: Call) -> dict[str, Any]:
        priority = call.caller.tags.get("priority")
        return keys(call) if priority is None else {"priority": _seconds(priority), **keys(call)}

    return keys if getattr(limiter, "wait_s", None) is None else with_priority


def _seconds(priority: str) -> float:
    """Return how urgent a call is, as the tag `priority` of its caller says.

    Raises:
        ConfigurationError: it is no number.
    """
    try:
        return float(priority)
    except ValueError:
        raise ConfigurationError("caller(tags={'priority': ...}): must be a number of seconds, such as '5'") from None


def _readers(names: Iterable[str]) -> tuple[tuple[str, Callable[[Call], str]], ...]:
    return tuple((name, _reader(name)) for name in names)


def _reader(name: str) -> Callable[[Call], str]:
    """Return what reads a key of limits off a call."""
    if name == "model":
        return attrgetter("model")
    if name == "variant":
        return _variant
    if name in CALLER_NAMES:
        return attrgetter(f"caller.{name}")
    return lambda call: call.caller.tags.get(name, "")


def _variant(call: Call) -> str:
    return "+".join(assignment.variant for assignment in call.assignments if assignment.mode == "enforce")


def _named_from(found: Iterable[inspect.Parameter]) -> int:
    places = [(at, p) for at, p in enumerate(found) if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    return next((at for at, parameter in places if parameter.name in _BY_NAME), _NOWHERE)


def _anything(*_args: Any, **_kwargs: Any) -> None: ...


def _content(parameters: Mapping[str, Parameter], prompt: str, kinds: set[Any], name: str) -> Parameter:
    if prompt:
        if prompt not in parameters and inspect.Parameter.VAR_KEYWORD not in kinds:
            raise ConfigurationError(f"{name} has no parameter {prompt!r}; it has {', '.join(parameters) or 'none'}")
        return parameters.get(prompt, Parameter(prompt))
    for candidate in CONTENT_NAMES:
        if candidate in parameters:
            return parameters[candidate]
    for parameter in parameters.values():
        if parameter.name not in {"self", "cls"} and parameter.position != _NOWHERE:
            return parameter
    if inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.VAR_KEYWORD in kinds:
        return Parameter("", len(parameters) if inspect.Parameter.VAR_POSITIONAL in kinds else _NOWHERE)
    keywords = list(parameters.values())
    if len(keywords) == 1:
        return keywords[0]
    raise ConfigurationError(
        f"cannot tell which parameter of {name} carries the prompt: name one of its parameters 'prompt' or 'messages', "
        f"or say which it is: pipeline.wrap(fn, prompt={(keywords[0].name if keywords else 'question')!r})"
    )


def _kind(fn: Callable[..., Any]) -> str:
    routine = _routine(fn)
    if inspect.isasyncgenfunction(routine):
        return "async generator"
    if inspect.isgeneratorfunction(routine):
        return "generator"
    # The methods of SDK clients are often plain functions around a coroutine function: look through the decorators.
    if inspect.iscoroutinefunction(routine) or inspect.iscoroutinefunction(inspect.unwrap(routine)):
        return "async def"
    return "def"


def _routine(fn: Any) -> Any:
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn if inspect.isroutine(fn) or isinstance(fn, type) else type(fn).__call__


def _name(fn: Any) -> str:
    while isinstance(fn, functools.partial):
        fn = fn.func
    return cast("str", getattr(fn, "__qualname__", type(fn).__qualname__))
