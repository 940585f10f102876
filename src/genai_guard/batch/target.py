"""The function that is called for each row, and how a row becomes its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.plan import Args, Kwargs, Plan
from genai_guard.shells import inner_of

__all__ = ["Target", "target_of"]

_Function: TypeAlias = Callable[..., Any]
_NOTHING: Final[Kwargs] = {}


class Target(NamedTuple):
    """A function and what was decided when it was wrapped.

    Attributes:
        plan: How its calls go through the pipeline.
        fn: The function itself, unguarded.
        leading: Arguments before those of the row: the object of a method.
    """

    plan: Plan
    fn: _Function
    leading: Args = ()

    @property
    def name(self) -> str:
        """Where the function is defined, and its name there."""
        return f"{getattr(self.fn, '__module__', None) or '?'}.{self.plan.name}"

    def arguments(self, row: Any) -> tuple[Args, Kwargs]:
        """Return the arguments that a row stands for."""
        if isinstance(row, Mapping):
            return self.leading, dict(cast("Mapping[str, Any]", row))
        if isinstance(row, tuple):
            return (*self.leading, *cast("Iterable[Any]", row)), _NOTHING
        return (*self.leading, row), _NOTHING


def target_of(
    fn: _Function | None, shells: Collection[_Function], plan_of: Callable[[_Function], Plan], *, is_async: bool
) -> Target:
    """Return what to call for each row.

    Args:
        fn: The function, wrapped or not; None for the only one that the pipeline wraps.
        shells: The functions that it wraps, as they are called.
        plan_of: Makes the plan of a function that is not among them.
        is_async: Whether calls are awaited.

    Raises:
        ConfigurationError: there is no such function, or it is of the other kind.
    """
    target = _found(fn if fn is not None else _only(shells), shells, plan_of)
    if target.plan.signature.is_async is not is_async:
        raise ConfigurationError(
            f"{target.plan.name} is asynchronous: use pipeline.amap(...)"
            if target.plan.signature.is_async
            else f"{target.plan.name} is not asynchronous: use pipeline.map(...)"
        )
    return target


def _only(shells: Collection[_Function]) -> _Function:
    found = list(shells)
    if len(found) != 1:
        wraps = f"{len(found)} functions" if found else "no function"
        raise ConfigurationError(f"this pipeline wraps {wraps}: say which one to call, map(rows, fn)")
    return found[0]


def _found(fn: _Function, shells: Collection[_Function], plan_of: Callable[[_Function], Plan]) -> Target:
    """A function that is wrapped already must not be guarded twice."""
    shell = fn.__func__ if inspect.ismethod(fn) else fn
    if inspect.isfunction(shell) and shell in shells:
        plan, inner = inner_of(shell)
        return Target(plan, inner, (fn.__self__,) if inspect.ismethod(fn) else ())
    return Target(plan_of(fn), fn)
