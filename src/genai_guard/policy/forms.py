"""How parts are written in a policy, read off the parts themselves.

A part is made by a class, a classmethod or a function. Its signature says which fields a policy has for it, of which
types and with which defaults; its docstring says what they mean. So a new parameter, and a new guard, have their place
in policy files with nothing to do here.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache
from types import GenericAlias, ModuleType, SimpleNamespace
from typing import Any, Final, cast, get_type_hints

from genai_guard import guards, recording
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import Classifier, Guard
from genai_guard.limits import Adaptive, Limit, MemoryStore, RateLimiter, SqliteStore, Store
from genai_guard.limits.stores.leased import LeasedStore
from genai_guard.limits.stores.redis import AsyncRedisStore, RedisStore
from genai_guard.limits.stores.tallies import TallyStore
from genai_guard.policy.docstrings import arguments, summary
from genai_guard.recording import (
    Alert,
    AlertSink,
    InferenceLog,
    Log,
    MetricsRecorder,
    Sink,
    SqliteInferenceLog,
    StructlogSink,
)
from genai_guard.recording.feedback import FeedbackStore, MemoryFeedbackStore, SqliteFeedbackStore
from genai_guard.routing import ExperimentRouter, canary
from genai_guard.routing.canary import Canary, CanaryMetric
from genai_guard.routing.sticky import MemoryStickyStore, RedisStickyStore, SqliteStickyStore, StickyStore

__all__ = ["REQUIRED", "Form", "LimiterOptions", "Parameter", "RouterOptions", "forms_of"]


class _Required:
    def __repr__(self) -> str:
        return "<required>"


REQUIRED: Final = _Required()
NOTHING: Final[Mapping[str, str]] = {}
_CLOCKS: Final = frozenset({"clock", "wall_clock", "now"})
_STORES: Final[Mapping[str, type]] = {
    "memory": MemoryStore,
    "sqlite": SqliteStore,
    "redis": RedisStore,
    "async_redis": AsyncRedisStore,
    "leased": LeasedStore,
}
_TALLYING: Final[Mapping[str, type]] = {"memory": MemoryStore, "sqlite": SqliteStore, "redis": RedisStore}
_STICKY: Final[Mapping[str, type]] = {
    "memory": MemoryStickyStore,
    "sqlite": SqliteStickyStore,
    "redis": RedisStickyStore,
}
_LOGS: Final[Mapping[str, type]] = {"jsonl": InferenceLog, "sqlite": SqliteInferenceLog}
_CLASSIFIERS: Final[Mapping[str, type]] = {
    "lexical": guards.LexicalClassifier,
    "learned": guards.LearnedClassifier,
    "profanity": guards.ProfanityClassifier,
    "transformers": guards.TransformersClassifier,
    "onnx": guards.OnnxClassifier,
    "openai_moderation": guards.OpenAIModeration,
    "moderation": guards.ModerationEndpoint,
    "cascade": guards.Cascade,
}
_FEEDBACK: Final[Mapping[str, type]] = {"memory": MemoryFeedbackStore, "sqlite": SqliteFeedbackStore}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a part.

    Attributes:
        name: What the part calls it.
        key: What a policy calls it.
        attribute: What the part keeps it as.
        annotation: Its type.
        default: What it is when it is left out; `REQUIRED` when it must not be.
        description: What it means.
        spread: Whether each of its items is an argument of its own: `PII("email", "iban")`.
        is_inner: Whether it is of no concern to a policy: a clock, or what the part hides from its `repr` and from
            comparisons.
    """

    name: str
    key: str
    attribute: str
    annotation: Any
    default: Any
    description: str
    spread: bool = False
    is_inner: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """How one kind of part is written: a mapping with a key for each parameter.

    Attributes:
        build: Makes the part out of its parameters.
        name: Name of the kind, for people.
        description: What the part does.
        parameters: In the order in which they are written: those that a class inherits come last.
        tag: Key and word that tell this kind from others: `guard` and `pii`. An empty word stands for the value of
            the first parameter, whose key alone tells the kinds apart; an empty key for the only kind there is.
        is_usual: Whether this kind is meant where the word is left out.
    """

    build: Callable[..., Any]
    name: str
    description: str
    parameters: tuple[Parameter, ...]
    tag: tuple[str, str] = ("", "")
    is_usual: bool = False

    @classmethod
    def of(
        cls,
        build: Callable[..., Any],
        *,
        tag: tuple[str, str] = ("", ""),
        keys: Mapping[str, str] = NOTHING,
        attributes: Mapping[str, str] = NOTHING,
        told_by: Callable[..., Any] | None = None,
    ) -> Form:
        """Read the form off a class, classmethod or function.

        Args:
            build: What makes the part.
            tag: See the attribute.
            keys: Parameters that a policy calls by another name.
            attributes: Parameters that the part keeps under another name.
            told_by: Whose docstring says what the parameters mean; that of `build` unless said.
        """
        own = inspect.get_annotations(build) if isinstance(build, type) else {}
        described = _described(build if told_by is None else told_by)
        parameters = sorted(_parameters(build, keys, attributes, described), key=lambda each: each.name not in own)
        return cls(build, build.__qualname__, _renamed(summary(build), keys), tuple(parameters), tag)

    def make(self, values: Mapping[str, Any]) -> Any:
        """Build the part out of values by key.

        Raises:
            ConfigurationError: the part refuses one of them.
        """
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.key in values:
                value = values[parameter.key]
                if parameter.spread:
                    args += value
                else:
                    kwargs[parameter.name] = value
        return self.build(*args, **kwargs)


@cache
def forms_of(kind: type) -> tuple[Form, ...]:
    """Return the ways in which a part of this type may be written; none if it has no place in a policy."""
    make = _FORMS.get(kind)
    if make is not None:
        return make()
    return (Form.of(kind),) if is_dataclass(kind) else ()


class LimiterOptions(FrozenDict[str, Any]):
    """Where the usage of limits is kept, and whatever else a limiter takes beside its limits."""

    __slots__ = ()


class RouterOptions(FrozenDict[str, Any]):
    """What the targeting of experiments may ask for, and where the variants of sticky ones are kept."""

    __slots__ = ()


def _beside(part: type, options: type, name: str) -> tuple[Form, ...]:
    """Whatever a part takes but what it is made of, such as its limits, which have a section of their own."""
    form = Form.of(part)
    rest = tuple(each for each in form.parameters if not each.spread and not each.is_inner)
    return (replace(form, build=options, name=name, description=summary(options), parameters=rest),)


def _limits() -> tuple[Form, ...]:
    tokens = (Limit.tokens, Limit.input_tokens, Limit.output_tokens)
    return _by_first_parameter(Limit.requests, *tokens, Limit.usd, Limit.concurrent)


def _by_kind(parts: Mapping[str, type]) -> tuple[Form, ...]:
    told_by: dict[type, type] = {AsyncRedisStore: RedisStore}
    attributes: dict[type, Mapping[str, str]] = {guards.LearnedClassifier: {"model": "name"}}
    return tuple(
        Form.of(part, tag=("kind", word), told_by=told_by.get(part), attributes=attributes.get(part, NOTHING))
        for word, part in parts.items()
    )


def _usual_first(forms: tuple[Form, ...]) -> tuple[Form, ...]:
    """Let the first be meant where no kind is named."""
    first, *others = forms
    return (replace(first, is_usual=True), *others)


def _by_first_parameter(*builds: Callable[..., Any]) -> tuple[Form, ...]:
    """`Limit.requests(60, per="minute")` is written `{requests: 60, per: minute}`."""
    names = [(build, build.__name__, next(iter(inspect.signature(build).parameters))) for build in builds]
    return tuple(Form.of(build, tag=(name, ""), keys={first: name}) for build, name, first in names)


def _catalogue(module: ModuleType, key: str, base: type) -> tuple[Form, ...]:
    """Every class that a module exports and that has a `kind` of its own, which is its name in a policy."""
    exported = [getattr(module, name) for name in module.__all__]
    kinds = {
        vars(part)["kind"]: part
        for part in exported
        if isinstance(part, type) and issubclass(part, base) and "kind" in vars(part) and not inspect.isabstract(part)
    }
    return tuple(Form.of(kinds[kind], tag=(key, kind)) for kind in sorted(kinds))


def _parameters(
    build: Callable[..., Any], keys: Mapping[str, str], attributes: Mapping[str, str], described: Mapping[str, str]
) -> Iterator[Parameter]:
    hints, factories, inner = _hints(build), _factories(build), _inner(build)
    for name, parameter in inspect.signature(build).parameters.items():
        if name in hints and parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            spread = parameter.kind is inspect.Parameter.VAR_POSITIONAL
            default = () if spread else factories[name]() if name in factories else parameter.default
            required = default is inspect.Parameter.empty
            yield Parameter(
                name=name,
                key=keys.get(name, name),
                attribute=attributes.get(name, name),
                annotation=hints[name],
                default=REQUIRED if required else default,
                description=_renamed(described.get(name, ""), keys),
                spread=spread,
                is_inner=name in inner,
            )


def _renamed(text: str, keys: Mapping[str, str]) -> str:
    """Return a description that calls the parameters, where it has them in backticks, what a policy calls them."""

    def rename(code: re.Match[str]) -> str:
        return re.sub(r"\w+", lambda word: keys.get(word[0], word[0]), code[0])

    return re.sub(r"`[^`]*`", rename, text)


def _hints(build: Callable[..., Any]) -> dict[str, Any]:
    """Return the types of the parameters: of a dataclass those of its fields, whatever its `__init__` takes besides."""
    if isinstance(build, type) and is_dataclass(build):
        return _field_hints(build)
    function = cast("Any", build)
    if isinstance(build, type):
        function = function.__init__
    hints = get_type_hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        if name in hints and parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            hints[name] = GenericAlias(tuple, (hints[name], ...))  # the type is that of one of them
    return hints


def _field_hints(build: type) -> dict[str, Any]:
    """Return the types of the fields that are parameters: those of others may be known to type checkers alone."""
    taken = {field.name for field in fields(cast("Any", build)) if field.init}
    hints: dict[str, Any] = {}
    for owner in reversed(build.__mro__):
        own = {name: hint for name, hint in inspect.get_annotations(owner).items() if name in taken}
        hints |= get_type_hints(SimpleNamespace(__annotations__=own), vars(sys.modules[owner.__module__]))
    return hints


def _inner(build: Callable[..., Any]) -> set[str]:
    hidden = fields(build) if isinstance(build, type) and is_dataclass(build) else ()
    return {*_CLOCKS, *(field.name for field in hidden if not field.repr and not field.compare)}


def _factories(build: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    if not isinstance(build, type) or not is_dataclass(build):
        return {}
    return {field.name: field.default_factory for field in fields(build) if field.default_factory is not MISSING}


def _described(build: Callable[..., Any]) -> dict[str, str]:
    """What the class says of a parameter holds for its classmethods, unless they say something else."""
    owner = getattr(build, "__self__", None)
    return {**(arguments(owner) if isinstance(owner, type) else {}), **arguments(build)}


_FORMS: Final[Mapping[type, Callable[[], tuple[Form, ...]]]] = {
    Guard: lambda: _catalogue(guards, "guard", Guard),
    Alert: lambda: _catalogue(recording, "alert", Alert),
    AlertSink: lambda: _catalogue(recording, "sink", AlertSink),
    CanaryMetric: lambda: _catalogue(canary, "metric", CanaryMetric),
    Canary: lambda: (Form.of(Canary),),
    TallyStore: lambda: _by_kind(_TALLYING),
    Limit: _limits,
    Store: lambda: _by_kind(_STORES),
    StickyStore: lambda: _by_kind(_STICKY),
    FeedbackStore: lambda: _by_kind(_FEEDBACK),
    Classifier: lambda: _by_kind(_CLASSIFIERS),
    Adaptive: lambda: (Form.of(Adaptive),),
    LimiterOptions: lambda: _beside(RateLimiter, LimiterOptions, "Limiter"),
    RouterOptions: lambda: _beside(ExperimentRouter, RouterOptions, "Router"),
    Log: lambda: _usual_first(_by_kind(_LOGS)),
    Sink: lambda: (Form.of(StructlogSink, tag=("sink", "structlog")),),
    MetricsRecorder: lambda: (
        Form.of(MetricsRecorder, attributes={"alerts": "watched", "feedback": "feedback_store"}),
    ),
}
"""What is no dataclass, or of several kinds."""
