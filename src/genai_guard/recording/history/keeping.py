"""The thread that keeps the counts of a recorder."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from genai_guard.recording.history.keeper import Keeper
from genai_guard.recording.worker import TICK, Worker

if TYPE_CHECKING:
    from genai_guard.recording.dimensions import Key
    from genai_guard.recording.history.history import MetricsHistory
    from genai_guard.recording.ledger import Ledger

__all__ = ["Keeping"]

_PATIENCE_S: Final = 10.0


class Keeping:
    """A keeper and its thread, which does not keep this alive.

    Args:
        history: Where, and for how long.
        dimensions: What stands in the keys.
        max_series: Most combinations of values that the recorder tells apart.
        ledger: What counts. Before it is read for the first time, it waits until what was counted before is known.
    """

    __slots__ = ("__weakref__", "_keeper", "_worker", "name")

    def __init__(self, history: MetricsHistory, *, dimensions: Key, max_series: int, ledger: Ledger) -> None:
        self.name: Final = "history"
        self._keeper = Keeper(history, dimensions=dimensions, max_series=max_series, ledger=ledger)
        self._worker = Worker(self.name, self._keeper.tick, size=1, flush=self._keeper.save, finish=self._keeper.close)
        ledger.before_reading = _weakly(weakref.WeakMethod(self.wait))

    @property
    def failures(self) -> dict[str, int]:
        """How often it could not write, by class of what was raised."""
        return self._worker.failures

    def wake(self) -> None:
        """Have what was counted written, if it is time."""
        self._worker.put(TICK)

    def wait(self, timeout_s: float) -> None:
        """Wait until what was counted before is known, some seconds at most: a disk may hang."""
        known = self._keeper.known
        if not known.is_set() and self._worker.put(TICK) != "closed":
            known.wait(min(timeout_s, _PATIENCE_S))

    def leave(self) -> None:
        """Let nobody wait any more."""
        self._keeper.known.set()

    def flush(self, *, until_s: float) -> bool:
        """Write what was counted; return whether it was done until the monotonic time `until_s`."""
        return self._worker.flush(until_s=until_s)

    def close(self, *, until_s: float) -> bool:
        """Write what was counted and let another process take over; return whether that was done in time."""
        return self._worker.close(until_s=until_s)

    def after_fork(self) -> None:
        """Begin anew in a child."""
        self._keeper.after_fork()
        self._worker.after_fork()


def _weakly(wait: weakref.WeakMethod[Callable[[float], object]]) -> Callable[[float], object]:
    """Return what waits while there is something to wait for; the thread, which knows the ledger, must not keep it alive."""

    def before_reading(timeout_s: float) -> None:
        waits = wait()
        if waits is not None:
            waits(timeout_s)

    return before_reading
