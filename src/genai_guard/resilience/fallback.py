"""Fallbacks: what answers when the model does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.resilience.signs import may_be_elsewhere

__all__ = ["CUT_OFF", "PRIMARY", "Fallback", "Target", "TargetLike", "targets_of"]

CUT_OFF: Final = frozenset({"length", "max_tokens", "model_length", "model_context_window_exceeded"})
"""Finish reasons, in lower case, that say that a reply ends before its end."""


@dataclass(frozen=True)
class Target:
    """Something that can answer a call.

    Args:
        params: Arguments to put in place of the call's own, such as another model.
        call: What to call in place of the wrapped function, with the same arguments; it must be of the same kind
            (`def`, `async def`, generator). The wrapped function when None.
        name: Its name on events; the model or the name of the function unless said.
    """

    params: Mapping[str, Any] = field(default_factory=FrozenDict[str, Any])
    call: Callable[..., Any] | None = field(default=None, kw_only=True)
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.params, Mapping) or not all(isinstance(name, str) for name in self.params):
            raise ConfigurationError("Target(...): takes arguments by name, such as {'model': 'small'}")
        if self.call is not None and not callable(self.call):
            raise ConfigurationError(f"Target(call=...): takes a function, not {type(self.call).__name__}")
        if not self.name:
            model = self.params.get("model")
            named = getattr(self.call, "__qualname__", type(self.call).__qualname__) if self.call else ""
            stated = model if isinstance(model, str) else ", ".join(f"{key}" for key in self.params)
            object.__setattr__(self, "name", named or stated)
        object.__setattr__(self, "params", FrozenDict[str, Any](self.params))


TargetLike: TypeAlias = Target | Mapping[str, Any] | Callable[..., Any]
"""A target, or its `params` or `call` alone."""

PRIMARY: Final = Target()
"""The call as it was made."""


def targets_of(where: str, targets: object) -> tuple[Target, ...]:
    """Return targets from what stands for them.

    Raises:
        ConfigurationError: there is none, or one is something else, or two have the same name.
    """
    if isinstance(targets, str | Mapping) or not hasattr(targets, "__iter__"):
        raise ConfigurationError(f"{where}: takes a list of targets, such as [{{'model': 'small'}}]")
    found = tuple(_target(where, each) for each in cast("Any", targets))
    if not found:
        raise ConfigurationError(f"{where}: takes at least one target, such as {{'model': 'small'}}")
    names = ["cache", *(each.name for each in found)]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"{where}: more than one target is named {name!r}; give one a name: Target(..., name=...)"
            )
    return found


def _target(where: str, value: Any) -> Target:
    if isinstance(value, Target):
        found = value
    elif isinstance(value, Mapping):
        found = Target(cast("Mapping[str, Any]", value))
    elif callable(value):
        found = Target(call=value)
    else:
        raise ConfigurationError(f"{where}: takes arguments by name, functions or Targets, not {type(value).__name__}")
    if not found.params and found.call is None:
        raise ConfigurationError(f"{where}: a target must differ from the call: give it params or a function")
    return found


@dataclass(frozen=True)
class Fallback:
    """Let something else answer when a call fails: another model, another provider, a canned reply.

    The targets are tried in their order, each with the retries and the breaker of the pipeline, until one answers. The
    error of the last one that was tried is raised when none does. Which one answered stands on the event as
    `answered_by`, and the cost of all is counted.

    What a limit or an input guard refuses is refused: no other target is tried. A stream falls back until its first
    chunk is there.

    Args:
        targets: Arguments to put in place of the call's own, functions, or `Target`s.
        on_block: Also when an output guard blocks a whole reply.
        on_truncation: Also when a whole reply was cut off (`finish_reason` `length` or `max_tokens`).
        when: Tells whether an exception of the function is a reason; `may_be_elsewhere` when None. An open breaker and
            a `CallTimeout` always are.

    Raises:
        ConfigurationError: there is no target, or one is not what it should be.
    """

    targets: Sequence[TargetLike]
    on_block: bool = field(default=False, kw_only=True)
    on_truncation: bool = field(default=False, kw_only=True)
    when: Callable[[Exception], bool] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", targets_of("Fallback(targets=...)", self.targets))
        if self.when is not None and not callable(self.when):
            raise ConfigurationError("Fallback(when=...): takes a function of one exception")

    def takes(self, error: Exception) -> bool:
        """Whether an exception of the function is a reason to ask the next target."""
        return may_be_elsewhere(error) if self.when is None else self.when(error)
