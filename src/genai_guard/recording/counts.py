"""The exact counters of a window: what alerts are decided from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from genai_guard.recording.dimensions import Key
from genai_guard.recording.series import ERRORS, NANO, Hit
from genai_guard.recording.sketch import merge
from genai_guard.recording.tallies import Tally

__all__ = ["Counts", "grouped"]


class Counts:
    """The exact counters of a window, of all calls or of those of a slice.

    Attributes:
        seconds: Length of the part of the window in which calls were counted.
        calls: All of them.
        errors: Those with a status in `ERRORS`.
        statuses: Calls by status.
        reached: Those that reached the model.
        tokens: Input plus output.
        slow: For each declared threshold in seconds, how many of those that reached the model took longer.
        hits: Guardrail hits.
    """

    __slots__ = ("_nano_usd", "calls", "errors", "hits", "reached", "seconds", "slow", "statuses", "tokens")

    def __init__(self, thresholds_s: Iterable[float] = (), *, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.calls = 0
        self.errors = 0
        self.statuses: dict[str, int] = {}
        self.reached = 0
        self.tokens = 0
        self._nano_usd = 0
        self.slow = dict.fromkeys(thresholds_s, 0)
        self.hits: dict[Hit, int] = {}

    @property
    def usd(self) -> float:
        """What the calls cost whose model has a price."""
        return self._nano_usd / NANO

    def add(self, status: str, tally: Tally) -> None:
        """Add calls with this status."""
        self.calls += tally.calls
        if status in ERRORS:
            self.errors += tally.calls
        self.statuses[status] = self.statuses.get(status, 0) + tally.calls
        self.reached += tally.reached
        self.tokens += tally.tokens
        self._nano_usd += tally.cost_nano_usd
        if tally.slow:
            merge(self.slow, tally.slow)
        if tally.hits:
            merge(self.hits, tally.hits)


def grouped(
    tallies: Mapping[Key, Tally], places: Sequence[int], *, thresholds_s: Sequence[float], seconds: float
) -> dict[Key, Counts]:
    """Return the counters of each combination of the values at `places` of the keys; without places, of all together."""
    groups: dict[Key, Counts] = {}
    for key, tally in tallies.items():
        group = tuple([key[place] for place in places])
        counts = groups.get(group)
        if counts is None:
            counts = groups[group] = Counts(thresholds_s, seconds=seconds)
        counts.add(key[0], tally)
    return groups
