"""What whoever reads an inference log needs of it, wherever its rows are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from genai_guard.recording.logs.retention import Pruned
from genai_guard.recording.segments import OnSkip
from genai_guard.recording.sinks import Sink

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LogRow", "RowLog", "Sealed"]

LogRow: TypeAlias = dict[str, Any]
"""A row with the columns of `LOG_COLUMNS`, and values that JSON has."""


class Sealed(NamedTuple):
    """Rows to which none will be added.

    Attributes:
        name: Of these rows, and never of others in the same log.
        size_bytes: About how much they are.
        rows: Reads them. Told of each line that is none.
    """

    name: str
    size_bytes: int
    rows: Callable[[OnSkip | None], Iterator[LogRow]]


@runtime_checkable
class RowLog(Protocol):
    """A log that holds a row for every call: `InferenceLog`, `SqliteInferenceLog`."""

    @property
    def exports(self) -> Path:
        """The folder in which exports note what they have taken."""
        ...

    def writer(self) -> Sink:
        """Return a sink that writes to it."""
        ...

    def read(self, *, on_skip: OnSkip | None = None) -> Iterator[LogRow]:
        """Yield every row; those of one process in the order in which its calls ended."""
        ...

    def follow(self, *, since_s: float | None = None) -> Iterator[LogRow | None]:
        """Yield every row that comes from now on, of whatever process, and None whenever there is none at the moment.

        With `since_s`, begin with the latest rows: those that were written since then, and some that are older.
        """
        ...

    def erase(self, *, user: str) -> int:
        """Take out every row of a user, and return how many there were."""
        ...

    def prune(self, *, now_s: float | None = None) -> Pruned:
        """Delete what is too old or too much by the settings of the log; return what that was."""
        ...

    def sealed(self, *, done: Collection[str] = ()) -> Iterator[Sealed]:
        """Yield what can be exported, the oldest first, without what is done."""
        ...

    def part(self, name: str) -> Sealed:
        """Return sealed rows by their name; what was deleted meanwhile is not among them."""
        ...

    def holds(self, name: str) -> bool:
        """Whether any of the rows with this name, or older ones, may still be there."""
        ...
