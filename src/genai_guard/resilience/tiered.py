"""Tiers: a cheap model first, and a dearer one where its reply is not good enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from genai_guard.errors import ConfigurationError
from genai_guard.resilience.fallback import TargetLike, targets_of

__all__ = ["Tiered"]


@dataclass(frozen=True)
class Tiered:
    """Ask again at the next tier for as long as a rule says that the reply is not good enough.

    The call as it is made is the first tier. What the guards made of its whole reply is shown to the rule; a stream is
    handed out as it comes, and never escalated. The last tier has the last word. All tiers are counted, in limits and
    in the cost.

    A tier that fails is not escalated: its error is raised, or a `Fallback` sees to it.

    Args:
        targets: The further tiers, in their order: arguments to put in place of the call's own, functions, or `Target`s.
        escalate: Tells whether a reply is not good enough. Called in the course of the call: it must not take long. If
            it raises, the call fails with `ComponentFailed`.

    Raises:
        ConfigurationError: there is no target, or one is not what it should be.
    """

    targets: Sequence[TargetLike]
    escalate: Callable[[Any], bool] = field(kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", targets_of("Tiered(targets=...)", self.targets))
        if not callable(self.escalate):
            raise ConfigurationError("Tiered(escalate=...): takes a function of one reply")
