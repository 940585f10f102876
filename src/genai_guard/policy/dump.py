"""From a pipeline to the policy that describes it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from enum import Enum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from genai_guard.environment import FromEnv, remember, remembering
from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Classifier, Guard
from genai_guard.limits import Limit, RateLimiter, Store
from genai_guard.policy.assembly import policy_form
from genai_guard.policy.data import is_list, is_mapping
from genai_guard.policy.forms import REQUIRED, Form, LimiterOptions, Parameter, RouterOptions, forms_of
from genai_guard.policy.load import load
from genai_guard.policy.problems import Path, written
from genai_guard.policy.references import reference_of
from genai_guard.policy.secrets import is_secret
from genai_guard.policy.shapes import entry_of, is_writable
from genai_guard.prices import Prices
from genai_guard.recording import Alert, AlertSink, Log, MetricsRecorder, Sink
from genai_guard.recording.feedback import FeedbackStore
from genai_guard.routing import Experiment, ExperimentRouter
from genai_guard.routing.canary import Canary, CanaryMetric
from genai_guard.routing.shadow import Shadow
from genai_guard.routing.sticky import StickyStore

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline

__all__ = ["as_given", "dump", "given_of"]

T = TypeVar("T")


def dump(pipeline: Pipeline) -> dict[str, Any]:
    """Return the policy that `load` would build an equal pipeline from.

    The policy is canonical: sections and fields come in one order, and nothing is in it that could be left out. It
    holds what JSON knows: mappings, lists, texts, numbers, booleans and None.

    Raises:
        ConfigurationError: a part has no place in a policy, such as a guard made from a function, or the parts do not
            go together by the rules of policies, which are stricter about names.
    """
    form = policy_form()
    with remembering():
        policy = _mapping(form, given_of(form, _sections(pipeline)), ())
        load(policy)
    return policy


def _sections(pipeline: Pipeline) -> SimpleNamespace:
    """Return what `assemble` would be called with."""
    for name in ("reader", "on_reject"):
        if getattr(pipeline, name) is not None:
            raise _homeless(getattr(pipeline, name), (name,))
    limiter = _expected(pipeline.limiter, RateLimiter, "limits")
    router = _expected(pipeline.router, ExperimentRouter, "experiments")
    prices, unknown_model = _prices(pipeline)
    upstream, options = _beside_limits(limiter)
    return SimpleNamespace(
        version=1,
        schema="",
        name=pipeline.name,
        input=pipeline.input,
        output=pipeline.output,
        limits=() if limiter is None else limiter.limits,
        limiter=options,
        upstream=upstream,
        experiments=() if router is None else as_given(router, pipeline.canary),
        canary=_expected(pipeline.canary, Canary, "canary"),
        router=_beside_experiments(router),
        shadow=_expected(pipeline.shadow, Shadow, "shadow"),
        metrics=_expected(pipeline.recorder, MetricsRecorder, "metrics"),
        prices=prices,
        unknown_model=unknown_model,
        expected_output_tokens=pipeline.expected_output_tokens,
        resilience=pipeline.resilience,
    )


def as_given(router: ExperimentRouter, canary: Canary | None) -> tuple[Experiment, ...]:
    """Return the experiments as they were before a canary moved one of them."""
    original = None if canary is None else canary.original
    return tuple(original if original and original.name == each.name else each for each in router.experiments)


def _beside_experiments(router: ExperimentRouter | None) -> dict[str, Any] | None:
    if router is None:
        return None
    (form,) = forms_of(RouterOptions)
    given = {key: value for key, value in given_of(form, router).items() if value != {}}  # as good as None
    if router.sticky is not None:  # as calls use it, the store itself is inside
        given["sticky"] = router.sticky.store
    return _mapping(form, given, ("router",)) or None


def _beside_limits(limiter: RateLimiter | None) -> tuple[tuple[Limit, ...], dict[str, Any] | None]:
    """Return the limits of the provider, where nothing else is said of them, and what there is beside the limits."""
    if limiter is None:
        return (), None
    (form,) = forms_of(LimiterOptions)
    written = _mapping(form, given_of(form, limiter), ("limiter",))
    if written.get("store") == {"kind": "memory"}:
        del written["store"]
    if limiter.adapt is None or written["adapt"].keys() != {"limits"}:
        return (), written or None
    del written["adapt"]
    return limiter.adapt.limits, written or None


def _prices(pipeline: Pipeline) -> tuple[Any, Any]:
    prices = pipeline.prices
    if isinstance(prices, Mapping):
        return prices, "zero"
    if not isinstance(prices, Prices) or prices.source is not None:
        raise _homeless(prices, ("prices",))
    return prices.table, prices.unknown_model


def _expected(part: Any, kind: type[T], section: str) -> T | None:
    if part is not None and type(part) is not kind:
        raise _homeless(part, (section,))
    return part


def _mapping(form: Form, given: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Write the parameters of a part."""
    words = entry_of(form).words
    for key in given:
        if key not in words:
            raise _homeless(given[key], (*path, key))
    key, word = form.tag
    return {
        **({key: word} if word and not form.is_usual else {}),
        **{key: _plain(value, (*path, key)) for key, value in given.items()},
    }


def given_of(form: Form, part: object) -> dict[str, Any]:
    """Return the parameters that are not at their defaults. Clocks and the like, which parts hide, count as such."""
    values = {each.key: (_kept(part, each), each.default) for each in form.parameters}
    return {key: value for key, (value, default) in values.items() if value is not default and value != default}


def _kept(part: object, parameter: Parameter) -> Any:
    """Return what a part was given for a parameter, which it may keep to itself."""
    own = parameter.default if parameter.is_inner else getattr(part, f"_{parameter.attribute}", parameter.default)
    return getattr(part, parameter.attribute, own)


def _drop_derived(form: Form, given: dict[str, Any], part: object) -> None:
    """Take out what the part works out by itself, such as a name that was not given."""
    for parameter in form.parameters:
        if parameter.key in given and parameter.default is not REQUIRED:
            without = {key: value for key, value in given.items() if key != parameter.key}
            if _makes(form, without, part, parameter):
                del given[parameter.key]


def _makes(form: Form, values: Mapping[str, Any], part: object, parameter: Parameter) -> bool:
    """Whether values make an equal part, with the same for a parameter that does not count for its equality."""
    try:
        made = form.make(values)
    except ConfigurationError:
        return False
    return bool(made == part and _kept(made, parameter) == _kept(part, parameter))


def _plain(value: Any, path: Path) -> Any:
    """Return a value as JSON knows it: functions and classes by a reference, secrets by the variable that holds them."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | bytes | os.PathLike):
        return _text(os.fspath(cast("str", value)), path)
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if is_mapping(value):
        return {key: _plain(inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, frozenset | set):
        value = sorted(cast("frozenset[Any]", value))
    if is_list(value):
        return [_plain(inner, (*path, index)) for index, inner in enumerate(value)]
    return (None if _is_built(value, Guard) else reference_of(value)) or _part(value, path)


def _text(value: str | bytes, path: Path) -> Any:
    if isinstance(value, FromEnv):
        remember(value)
        return {"env": value.variable}
    if is_secret(path, value):
        raise ConfigurationError(
            f"{written(path)}: is a secret, and stands in no policy file: keep it in an environment variable, and write "
            "{env: NAME} in a policy, or genai_guard.environment.env('NAME') in Python"
        )
    if isinstance(value, str):
        return value
    raise _homeless(value, path)


def _is_built(part: object, kind: type) -> bool:
    """Whether a part is one of the library's own of its kind."""
    return any(form.build is type(part) for form in forms_of(kind))


def _part(part: object, path: Path) -> dict[str, Any]:
    """Write a part by the first of its forms that says all of it."""
    for form in filter(is_writable, forms_of(_family(part))):
        if isinstance(part, _class_of(form)):  # or of a class that one turns into, such as an asynchronous one
            given = given_of(form, part)
            _drop_derived(form, given, part)
            entry = _mapping(form, given, path)
            if _says(form, entry, part, path):
                return entry
    raise _homeless(part, path)


def _family(part: object) -> type:
    """Return the kind of part, of which others may only look like one."""
    for kind in (Store, StickyStore, FeedbackStore, Log, Sink):
        if _is_built(part, kind):
            return kind
    if isinstance(part, tuple(map(_class_of, forms_of(Classifier)))):
        return Classifier
    kinds = (Alert, AlertSink, CanaryMetric, Guard)
    family: type = next((kind for kind in kinds if isinstance(part, kind)), type(part))
    return family


def _class_of(form: Form) -> type:
    return getattr(form.build, "__self__", None) or cast("type", form.build)


def _says(form: Form, entry: Mapping[str, Any], part: object, path: Path) -> bool:
    """Whether an entry makes the part: other kinds may not take its parameters, as requests do not take half ones.

    Parts that are like no other, such as stores, are compared by what is written of them.
    """
    try:
        made = TypeAdapter(entry_of(form)).validate_python(entry)
    except ValidationError:
        return False
    if type(made) is not type(part):
        return False
    if type(part).__eq__ is object.__eq__ or isinstance(part, Canary):  # which has a store in it
        return _mapping(form, given_of(form, made), path) == entry
    return bool(made == part)


def _homeless(part: object, path: Path) -> ConfigurationError:
    name = getattr(part, "name", None) or getattr(part, "__name__", None) or type(part).__name__
    return ConfigurationError(f"{written(path)}: {name} has no place in a policy file; build the pipeline in Python")
