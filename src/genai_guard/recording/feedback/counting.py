"""How much of what was said lately, by the dimensions of the calls that it was said of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, NamedTuple

from genai_guard.recording.dimensions import OTHER, Key
from genai_guard.recording.feedback.values import Feedback, Opinion

__all__ = ["FEEDBACK_KEPT_S", "SLICE_S", "FeedbackCounts", "FeedbackSeries", "add_up", "tally"]

FEEDBACK_KEPT_S: Final = 3 * 86_400.0
"""How far back feedback is counted, in seconds."""

SLICE_S: Final = 60.0
"""How finely it is counted."""

_OPINIONS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackCounts:
    """What was said of the calls of a slice.

    Of the opinions of one source about one call, the latest counts, in the place of those before.

    Attributes:
        up: Thumbs up.
        down: Thumbs down.
        ratings: How many ratings.
        mean_rating: Their mean; None without any.
        corrections: Replies that somebody wrote as they should have been, several of one call included.
        comments: Comments.
        rankings: Rankings.
        others: Scores by names of the caller's own.
        unknown: How many of all these are about a call that is none of the latest 50 000 of this process.
    """

    up: int = 0
    down: int = 0
    ratings: int = 0
    mean_rating: float | None = None
    corrections: int = 0
    comments: int = 0
    rankings: int = 0
    others: int = 0
    unknown: int = 0

    @property
    def thumbs_down_rate(self) -> float | None:
        """Share of thumbs that are down; None without any."""
        thumbs = self.up + self.down
        return self.down / thumbs if thumbs else None

    @property
    def total(self) -> int:
        """Everything together."""
        return (
            self.up + self.down + self.ratings + self.corrections + self.comments + self.rankings + self.others
        )  # fmt: skip


_NAMES: Final[Mapping[str, str]] = {
    "rating": "ratings", "correction": "corrections", "comment": "comments", "ranking": "rankings"
}  # fmt: skip


def tally(feedback: Feedback) -> dict[str, float]:
    """Return what one opinion adds to the counts."""
    value = feedback.value
    if value is None:
        return {}
    if feedback.name == "thumbs":
        return {str(value): 1}
    adds: dict[str, float] = {_NAMES.get(feedback.name, "others"): 1}
    return adds | {"sum": float(value)} if feedback.name == "rating" and isinstance(value, float) else adds


def add_up(tallies: Iterable[Mapping[str, float]]) -> FeedbackCounts:
    """Return the counts of several opinions, rounded: an opinion may stand for several."""
    total: dict[str, float] = {}
    for each in tallies:
        for name, number in each.items():
            total[name] = total.get(name, 0) + number
    points, ratings = total.pop("sum", 0), total.get("ratings", 0)
    counts = {name: round(times) for name, times in total.items()}
    return FeedbackCounts(**counts, mean_rating=points / ratings if ratings else None)


class _Counted(NamedTuple):
    """An opinion, and where it was counted."""

    version: tuple[float, str]
    slice: int
    key: Key
    adds: Mapping[str, float]


class FeedbackSeries:
    """Counts feedback in slices of a minute for three days, each opinion once.

    The latest 100 000 opinions can still change what was counted for them; one that was said before them all counts as
    new.

    Args:
        places: How many values a key has.
        max_series: Most keys counted apart; what is beyond counts as `__other__`.

    Attributes:
        counted: How much was new since the beginning.
    """

    def __init__(self, *, places: int, max_series: int) -> None:
        self._nobody: Final[Key] = ("",) * places
        self._others: Final[Key] = (OTHER,) * places
        self._max_series: Final = max_series
        self.begin()

    def begin(self) -> None:
        """Forget everything, locks included."""
        self._lock = Lock()
        self._slices: dict[int, dict[Key, dict[str, float]]] = {}
        self._keys: set[Key] = set()
        self.counted = 0
        self._counted: OrderedDict[Opinion, _Counted] = OrderedDict()

    def add(self, feedback: Feedback, key: Key | None, *, now_s: float) -> bool:
        """Count what was said of a call with this key, or of an unknown one; return whether that is anything new."""
        with self._lock:
            before = self._counted.get(feedback.opinion)
            if before is not None and feedback.version <= before.version:
                return False
            if before is not None and before.version[1] == feedback.digest:
                self._counted[feedback.opinion] = before._replace(version=feedback.version)
                return False
            self._expire(now_s)
            if before is not None:
                self._change(before, -1)
            self._note(feedback, key, now_s)
            self.counted += 1
            return True

    def read(self, window_s: float, wanted: Mapping[int, str], *, now_s: float) -> FeedbackCounts:
        """Return what was said in the last `window_s` seconds of calls whose keys have these values in these places."""
        with self._lock:
            self._expire(now_s)
            return add_up(self._tallies(int((now_s - window_s) // SLICE_S), wanted))

    def _tallies(self, first: int, wanted: Mapping[int, str]) -> Iterator[Mapping[str, float]]:
        for number, keys in self._slices.items():
            if number >= first:
                for key, adds in keys.items():
                    if all(key[place] == value for place, value in wanted.items()):
                        yield adds

    def _note(self, feedback: Feedback, key: Key | None, now_s: float) -> None:
        adds = tally(feedback)
        if key is None and adds:
            adds["unknown"] = 1
        counted = _Counted(feedback.version, int(now_s // SLICE_S), self._admitted(key), adds)
        self._slices.setdefault(counted.slice, {})
        self._change(counted, 1)
        self._counted[feedback.opinion] = counted
        self._counted.move_to_end(feedback.opinion)
        if len(self._counted) > _OPINIONS:
            self._counted.popitem(last=False)

    def _change(self, counted: _Counted, sign: int) -> None:
        """Count an opinion, or take it back unless the slice is over and forgotten."""
        if counted.slice in self._slices:
            counts = self._slices[counted.slice].setdefault(counted.key, {})
            for name, number in counted.adds.items():
                counts[name] = counts.get(name, 0) + sign * number

    def _admitted(self, key: Key | None) -> Key:
        key = key or self._nobody
        if key not in self._keys:
            if len(self._keys) >= self._max_series:
                return self._others
            self._keys.add(key)
        return key

    def _expire(self, now_s: float) -> None:
        first = int((now_s - FEEDBACK_KEPT_S) // SLICE_S)
        old = [number for number in self._slices if number < first]
        for number in old:
            del self._slices[number]
        if old:
            self._keys = {key for keys in self._slices.values() for key in keys}
