"""Which units met which variant, and when for the first time.

A unit is exposed to a variant by a call that got as far as its treatment: the model was called, or an old reply of the
variant was given again. To be assigned, or refused before that, is no exposure. An analysis of all who were assigned
would dilute every difference by those who never saw one.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.recording.erasing import checked_user
from genai_guard.recording.event import Event
from genai_guard.recording.inference_log import erase_rows, folder_of, read_rows
from genai_guard.recording.listening import Tap
from genai_guard.recording.rows import day_and_time, encode, hash_of_unit, unit_hash
from genai_guard.recording.segments import OnSkip, SegmentWriter, segments

if TYPE_CHECKING:
    from pathlib import Path

    from genai_guard.routing.experiment import Assignment

__all__ = ["Exposure", "ExposureLog", "Exposures"]

_MEGABYTE: Final = 1 << 20


class Exposure(NamedTuple):
    """The first call of a unit that got as far as its variant.

    Attributes:
        event: The call.
        assignment: What the experiment gave to the unit.
    """

    event: Event
    assignment: Assignment


class Exposures:
    """Tells which calls expose a unit for the first time. For one thread: give it to `MetricsRecorder.listen`.

    Args:
        max_units: Most units that are remembered, all experiments together, the latest seen. One that was forgotten
            counts as new: an analysis takes its first.
    """

    __slots__ = ("_max_units", "_seen")

    def __init__(self, *, max_units: int = 100_000) -> None:
        self._max_units: Final = max_units
        self._seen: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def of(self, event: Event) -> list[Exposure]:
        """Return the exposures that a call brings: one for an experiment, its version and a unit.

        Those of experiments in shadow mode do not count: nothing was applied. A request that is a unit is not
        remembered.
        """
        if not event.assignments or not (event.attempts or event.answered_by):
            return []
        return [Exposure(event, each) for each in event.assignments if self._is_new(event, each)]

    def forget(self, exposures: Iterable[Exposure]) -> None:
        """Let these units be new again."""
        for _, given in exposures:
            self._seen.pop(_key(given), None)

    def _is_new(self, event: Event, given: Assignment) -> bool:
        if not given.variant or given.mode != "enforce":
            return False
        if given.unit == event.request_id:
            return True
        key, seen = _key(given), self._seen
        if key in seen:
            seen.move_to_end(key)
            return False
        seen[key] = None
        if len(seen) > self._max_units:
            seen.popitem(last=False)
        return True


@dataclass(frozen=True)
class ExposureLog:
    """A table of exposures in JSON lines in a folder, written like an `InferenceLog`.

    A row has the columns `time`, `experiment`, `variant`, `config_version`, `reason`, `propensity`, `bucket`,
    `unit_hash`, `request_id` and `pipeline`. Units are not named: `unit_hash` is that of the inference log.

    Args:
        path: The folder; made when the first row is written.
        max_units: Most units that are remembered, so as not to be written again: some 250 bytes each.
        max_segment_mb: A segment that would grow beyond is followed by the next.
        fsync: Wait for the disk after every row.

    Raises:
        ConfigurationError: the path is a file, or another value is not what it must be.
    """

    path: str | os.PathLike[str]
    max_units: int = field(default=100_000, kw_only=True)
    max_segment_mb: float = field(default=64.0, kw_only=True)
    fsync: bool = field(default=False, kw_only=True)
    _folder: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        folder = folder_of(self.path, where="ExposureLog")
        if isinstance(self.max_units, bool) or not isinstance(self.max_units, int) or self.max_units < 1:
            raise ConfigurationError(f"ExposureLog(max_units={self.max_units!r}) must be a whole number above 0")
        if isinstance(self.max_segment_mb, bool) or not self.max_segment_mb > 0:
            raise ConfigurationError(f"ExposureLog(max_segment_mb={self.max_segment_mb!r}) must be a number above 0")
        settle(self, path=str(folder), _folder=folder.absolute())

    def tap(self) -> Tap:
        """Return what listens to a recorder and writes; it opens nothing before the first exposure."""
        writer = _Writer(self, self._folder)
        return Tap(writer.write, name="exposures", finish=writer.close)

    def segments(self) -> tuple[Path, ...]:
        """Return the files that hold rows, by day, process and number."""
        return segments(self._folder)

    def read(self, *, on_skip: OnSkip | None = None) -> Iterator[dict[str, Any]]:
        """Yield every row of every segment; see `InferenceLog.read`."""
        for segment in self.segments():
            yield from read_rows(segment, on_skip)

    def erase(self, *, user: str) -> int:
        """Overwrite every row in which the user is the unit, and return how many there were.

        Raises:
            ConfigurationError: there is no such user to be named.
            OSError: a segment cannot be read or written.
        """
        checked_user(user, of="ExposureLog.erase")
        return erase_rows(
            self.segments(), lambda row: row.get("unit_hash") == hash_of_unit(str(row.get("experiment")), user)
        )


class _Writer:
    def __init__(self, log: ExposureLog, folder: Path) -> None:
        self._exposures = Exposures(max_units=log.max_units)
        self._segment = SegmentWriter(folder, max_bytes=int(log.max_segment_mb * _MEGABYTE), fsync=log.fsync)

    def write(self, event: Event) -> None:
        exposures = self._exposures.of(event)
        day, time = day_and_time(event.time_s)
        for exposure in exposures:
            try:
                self._segment.append(encode(_row(exposure, time)), day=day)
            except BaseException:
                self._exposures.forget(exposures)  # the next call of the unit is written, if it can be
                raise

    def close(self) -> None:
        self._segment.close()


def _key(given: Assignment) -> tuple[str, str, str]:
    return given.experiment, given.config_version, given.unit


def _row(exposure: Exposure, time: str) -> dict[str, Any]:
    event, given = exposure
    return {
        "time": time,
        "experiment": given.experiment,
        "variant": given.variant,
        "config_version": given.config_version,
        "reason": str(given.reason),
        "propensity": given.propensity,
        "bucket": given.bucket,
        "unit_hash": unit_hash(given),
        "request_id": event.request_id,
        "pipeline": event.pipeline,
    }
