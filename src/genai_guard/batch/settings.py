"""What a run of rows is told, checked once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeAlias, TypedDict, Unpack

from genai_guard.batch.checkpoint import Checkpoint, checkpoint_of
from genai_guard.errors import ConfigurationError

__all__ = ["Key", "OnBudget", "OnErrors", "Options", "Settings"]

Key: TypeAlias = str | Callable[[Any], str | int]
"""What identifies a row: the name of a field of mappings, or a function of the row."""

OnErrors: TypeAlias = Literal["collect", "raise"]
"""What becomes of an error of a row: it is its result, or ends the run."""

OnBudget: TypeAlias = Literal["collect", "stop"]
"""What becomes of a spent budget: an error of each row, or no row is begun any more."""

_MOST: Final = 1_024


class Options(TypedDict, total=False):
    """What `Pipeline.map` and `Pipeline.amap` take besides rows and function.

    Attributes:
        concurrency: Most calls at a time; 8 unless said.
        ordered: Whether results come in the order of the rows, as they do unless said, or as calls end.
        progress: Whether a line on standard error tells how far it is, if that is a terminal; so unless said.
        checkpoint: Where to note what is done, and to go on from: a `Checkpoint`, or its path.
        key: What rows are known by in the checkpoint, in place of their order: a field of mappings, or a function of a
            row that returns a text or a whole number. No two rows may have the same.
        errors: `collect`, unless said: an error is the result of its row. `raise`: the first one ends the run.
        on_budget: `collect`, unless said: every row that finds a budget spent has that as its error. `stop`: after the
            first no row begins; what had begun is handed out, and then the `BudgetExceeded` is raised.
        wait_s: Most seconds that a row waits for limits, all its waits together, before `RateLimited` or `BreakerOpen`
            is its error; 600 unless said. It holds no place among the calls meanwhile. 0 for no waiting.
        buffer: How many rows may be under way, waiting or finished and not taken, beyond `concurrency`; as many again
            unless said.
    """

    concurrency: int
    ordered: bool
    progress: bool
    checkpoint: Checkpoint | str | os.PathLike[str] | None
    key: Key | None
    errors: OnErrors
    on_budget: OnBudget
    wait_s: float
    buffer: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`Options`, all of them, and checked.

    Raises:
        ConfigurationError: something is out of range.
    """

    concurrency: int = 8
    ordered: bool = True
    progress: bool = True
    checkpoint: Checkpoint | None = None
    key: Key | None = None
    errors: OnErrors = "collect"
    on_budget: OnBudget = "collect"
    wait_s: float = 600.0
    buffer: int | None = None

    @classmethod
    def of(cls, **options: Unpack[Options]) -> Self:
        """Return what options say, and the usual for the rest."""
        given: dict[str, Any] = {**options, "checkpoint": checkpoint_of(options.get("checkpoint"))}
        return cls(**given)

    def __post_init__(self) -> None:
        _whole("concurrency", self.concurrency, 1, _MOST)
        if self.buffer is not None:
            _whole("buffer", self.buffer, 0, 10**6)
        if isinstance(self.wait_s, bool) or not isinstance(self.wait_s, int | float) or not self.wait_s >= 0:
            raise ConfigurationError(f"map(wait_s={self.wait_s!r}): must be a number of seconds, zero or more")
        for name, value, allowed in (
            ("errors", self.errors, ("collect", "raise")),
            ("on_budget", self.on_budget, ("collect", "stop")),
        ):
            if value not in allowed:
                raise ConfigurationError(f"map({name}={value!r}): must be {allowed[0]!r} or {allowed[1]!r}")
        if self.key is not None and not (isinstance(self.key, str) and self.key) and not callable(self.key):
            raise ConfigurationError("map(key=...): takes the name of a field, or a function of a row")

    @property
    def window(self) -> int:
        """Most rows that are under way, or wait to be taken."""
        return self.concurrency + (self.concurrency if self.buffer is None else self.buffer)


def _whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigurationError(f"map({name}={value!r}): must be a whole number from {least} to {most}")
