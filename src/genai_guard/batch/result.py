"""What became of one row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

if TYPE_CHECKING:
    from genai_guard.outcome import Outcome

__all__ = ["Later", "RowResult"]

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, repr=False)
class RowResult(Generic[R_co]):
    """A row and what became of it: a value or an error. Its `repr` shows neither, nor the row.

    Attributes:
        index: Place of the row in the input, from 0.
        key: What `key` made of the row; None without one.
        row: The row as it was given.
        value: What the function returned, guarded; the chunks of a stream as a tuple. None after an error.
        error: What was raised: by the policy, or by the function itself.
        outcome: What is known of the call, of the last one if it was made again; None for a row of an earlier run.
        waited_s: Seconds that it waited for limits before it was called again.
        resumed: Whether the result is that of an earlier run, out of its checkpoint.
    """

    index: int
    key: str | int | None = None
    row: Any = None
    value: R_co | None = None
    error: BaseException | None = None
    outcome: Outcome[Any] | None = field(default=None, compare=False)
    waited_s: float = 0.0
    resumed: bool = False

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.error is None

    def unwrap(self) -> R_co:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return cast("R_co", self.value)

    def __repr__(self) -> str:
        became = "ok" if self.error is None else type(self.error).__name__
        return f"<RowResult {self.index} {became}{', resumed' if self.resumed else ''}>"


class Later(NamedTuple):
    """Nothing became of a row yet: it is to be tried again.

    Attributes:
        wait_s: Seconds until then.
    """

    wait_s: float
