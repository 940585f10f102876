"""The thresholds of a policy: where they are, and the guard that results from another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Guard, Side
from genai_guard.guards.conditions import When
from genai_guard.guards.escalation import Escalate
from genai_guard.pipeline import Pipeline
from genai_guard.policy.problems import Path
from genai_guard.testing.cases.bench import guard_name

__all__ = ["Knob", "knobs_of"]

_LOWEST: Final = (0.0, 0.01, 0.05, 0.1, 0.2)
_HIGHEST: Final = (1.0, 0.99, 0.95, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class Knob:
    """One threshold of one guard.

    Attributes:
        guard: The guard.
        place: Where the policy file has it.
        side: Whose guard it is.
        field: The parameter.
        key: The category that it is for, in a mapping of thresholds; empty for a single one.
        value: What it is now; None if the guard decides.
    """

    guard: Guard
    place: Path
    side: Side
    field: str
    key: str
    value: float | None

    @property
    def name(self) -> str:
        """Name of the guard."""
        return guard_name(self.guard)

    @property
    def path(self) -> Path:
        """The field of the policy file."""
        return (*self.place, self.field, *([self.key] if self.key else []))

    def turned(self, value: float) -> Guard:
        """Return the guard with another threshold.

        Raises:
            ConfigurationError: the guard does not take it.
        """
        new: Any = value
        if self.key:
            new = {**getattr(self.guard, self.field), self.key: value}
        return cast("Guard", replace(cast("Any", self.guard), **{self.field: new}))

    def alone(self, others: Iterable[Knob]) -> Knob:
        """Return this threshold of a guard whose other thresholds let through as little as they can."""
        guard = self.guard
        for other in others:
            closed = _first(replace(other, guard=guard), _HIGHEST)
            guard = guard if closed is None else closed
        return replace(self, guard=guard)

    def lowest(self) -> float:
        """Return the lowest threshold that the guard takes.

        Raises:
            ConfigurationError: it takes none that is low enough to tell scores apart.
        """
        for value in _LOWEST:
            if _first(self, (value,)) is not None:
                return value
        raise ConfigurationError(f"{self.name}: takes no {self.field} that is low enough to compare scores")


def knobs_of(pipeline: Pipeline) -> Iterator[Knob]:
    """Yield the thresholds of the guards of a pipeline: fields of numbers, or mappings to them, that are named so."""
    sides: tuple[tuple[Side, Sequence[Guard]], ...] = (("input", pipeline.input), ("output", pipeline.output))
    for side, guards in sides:
        for index, guard in enumerate(guards):
            place: Path = (side, index)
            inner: Any = guard
            while isinstance(inner, When | Escalate):
                inner, place = inner.then, (*place, "then")
            if is_dataclass(inner):
                yield from _knobs(inner, place, side)


def _knobs(guard: Any, place: Path, side: Side) -> Iterator[Knob]:
    for field in fields(guard):
        if "threshold" not in field.name or not field.init:
            continue
        value = getattr(guard, field.name)
        if isinstance(value, Mapping):
            numbers = cast("Mapping[str, Any]", value).items()
            yield from (Knob(guard, place, side, field.name, key, float(each)) for key, each in numbers)
        elif _is_number(value):
            yield Knob(guard, place, side, field.name, "", float(value))
        elif value is None and "float" in str(field.type):
            yield Knob(guard, place, side, field.name, "", None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _first(knob: Knob, values: Sequence[float]) -> Guard | None:
    """Return the guard with the first of some thresholds that it takes."""
    for value in values:
        try:
            return knob.turned(value)
        except ConfigurationError:
            continue
    return None
