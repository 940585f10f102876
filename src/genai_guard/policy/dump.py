"""From a pipeline to the policy that describes it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from enum import Enum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Guard
from genai_guard.guards.custom import FunctionGuard
from genai_guard.limits import RateLimiter
from genai_guard.policy.assembly import policy_form
from genai_guard.policy.data import is_list, is_mapping
from genai_guard.policy.forms import REQUIRED, Form, forms_of
from genai_guard.policy.load import load
from genai_guard.policy.problems import Path, written
from genai_guard.policy.references import reference_of
from genai_guard.policy.shapes import entry_of, is_writable
from genai_guard.prices import Prices
from genai_guard.recording import Alert, MetricsRecorder
from genai_guard.routing import ExperimentRouter
from genai_guard.routing.shadow import Shadow

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline

__all__ = ["dump"]

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
    policy = _mapping(form, _given(form, _sections(pipeline)), ())
    load(policy)
    return policy


def _sections(pipeline: Pipeline) -> SimpleNamespace:
    """Return what `assemble` would be called with."""
    for name in ("reader", "on_reject", "resilience"):
        if getattr(pipeline, name) is not None:
            raise _homeless(getattr(pipeline, name), (name,))
    limiter = _expected(pipeline.limiter, RateLimiter, "limits")
    router = _expected(pipeline.router, ExperimentRouter, "experiments")
    prices, unknown_model = _prices(pipeline)
    return SimpleNamespace(
        version=1,
        schema="",
        name=pipeline.name,
        input=pipeline.input,
        output=pipeline.output,
        limits=() if limiter is None else limiter.limits,
        upstream=() if limiter is None or limiter.adapt is None else limiter.adapt.limits,
        experiments=() if router is None else router.experiments,
        shadow=_expected(pipeline.shadow, Shadow, "shadow"),
        metrics=_expected(pipeline.recorder, MetricsRecorder, "metrics"),
        prices=prices,
        unknown_model=unknown_model,
        expected_output_tokens=pipeline.expected_output_tokens,
    )


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
    return {**({key: word} if word else {}), **{key: _plain(value, (*path, key)) for key, value in given.items()}}


def _given(form: Form, part: object) -> dict[str, Any]:
    """Return the parameters that are not at their defaults. Clocks and the like, which parts hide, count as such."""
    values = {each.key: (getattr(part, each.attribute, each.default), each.default) for each in form.parameters}
    return {key: value for key, (value, default) in values.items() if value is not default and value != default}


def _drop_derived(form: Form, given: dict[str, Any], part: object) -> None:
    """Take out what the part works out by itself, such as a name that was not given."""
    optional = {parameter.key for parameter in form.parameters if parameter.default is not REQUIRED}
    for key in optional.intersection(given):
        without = {other: value for other, value in given.items() if other != key}
        if _makes(form, without, part):
            del given[key]


def _makes(form: Form, values: Mapping[str, Any], part: object) -> bool:
    try:
        return bool(form.make(values) == part)
    except ConfigurationError:
        return False


def _plain(value: Any, path: Path) -> Any:
    """Return a value as JSON knows it: functions and classes by a reference."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(cast("os.PathLike[str]", value))
    if is_mapping(value):
        return {key: _plain(inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, frozenset | set):
        value = sorted(cast("frozenset[Any]", value))
    if is_list(value):
        return [_plain(inner, (*path, index)) for index, inner in enumerate(value)]
    built = isinstance(value, Guard) and not isinstance(value, FunctionGuard)
    return (None if built else reference_of(value)) or _part(value, path)


def _part(part: object, path: Path) -> dict[str, Any]:
    """Write a part by the first of its forms that says all of it."""
    family: type = next((kind for kind in (Alert, Guard) if isinstance(part, kind)), type(part))
    for form in filter(is_writable, forms_of(family)):
        if form.build is type(part) or getattr(form.build, "__self__", None) is type(part):
            given = _given(form, part)
            _drop_derived(form, given, part)
            entry = _mapping(form, given, path)
            if _says(form, entry, part):
                return entry
    raise _homeless(part, path)


def _says(form: Form, entry: Mapping[str, Any], part: object) -> bool:
    """Whether an entry makes the part: other kinds may not take its parameters, as requests do not take half ones."""
    try:
        return bool(TypeAdapter(entry_of(form)).validate_python(entry) == part)
    except ValidationError:
        return False


def _homeless(part: object, path: Path) -> ConfigurationError:
    name = getattr(part, "name", None) or getattr(part, "__name__", None) or type(part).__name__
    return ConfigurationError(f"{written(path)}: {name} has no place in a policy file; build the pipeline in Python")
