"""What a part of a pipeline was given, to tell what of it nobody has translated."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, cast

from genai_guard.guards.seat import Seat
from genai_guard.pipeline import Pipeline
from genai_guard.policy.dump import given_of
from genai_guard.policy.forms import REQUIRED, Form
from genai_guard.policy.load import load

__all__ = ["kind_of", "pipeline_of", "place_of", "unsaid"]

_ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "MetricsRecorder": {"alerts": "watched", "feedback": "feedback_store"},
}


def pipeline_of(policy: object) -> Pipeline:
    """Return the pipeline that a policy file or mapping stands for; one that is built already is what it is.

    Raises:
        ConfigurationError: the policy is wrong.
    """
    from genai_guard.environment import elsewhere  # noqa: PLC0415  beside what needs it

    if isinstance(policy, Pipeline):
        return policy
    with elsewhere():  # what it needs where it runs, such as a secret, need not be here
        return load(policy)  # type: ignore[arg-type]  # it says what it takes instead


def unsaid(part: object, said: Collection[str] = ()) -> list[str]:
    """Return the names of the parameters that a part was given and that are not among `said`."""
    form = _form(cast("Any", type(part)))
    given = given_of(form, part)
    spoken = {each.key: each for each in form.parameters if not each.is_inner and each.default is not REQUIRED}
    return [
        name
        for name, value in given.items()
        if name in spoken and name not in said and not _is_as_good_as(spoken[name].default, value)
    ]


def place_of(side: str, number: int, seat: Seat) -> str:
    """Return how a guard is called in what is left over."""
    return f"{side}[{number}] {seat.name}"


def kind_of(guard: Any) -> str:
    """Return what kind of guard it is."""
    return getattr(guard, "kind", "") or type(guard).__name__


def _is_as_good_as(default: object, value: object) -> bool:
    """Whether a value is what a part makes of the default: a tuple of a list, nothing of None."""
    if default is None or default is False:
        return (not value and not isinstance(value, int | float)) or value is False
    if isinstance(default, Sequence) and isinstance(value, Sequence):
        return list(cast("Sequence[object]", default)) == list(cast("Sequence[object]", value))
    return False


@cache
def _form(kind: Any) -> Form:
    return Form.of(kind, attributes=_ATTRIBUTES.get(kind.__name__, {}))
